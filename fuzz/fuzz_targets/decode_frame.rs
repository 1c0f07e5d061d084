//! Arbitrary bytes as a stream of frames: never a panic; a frame that is read means the same after a second trip; and an
//! extent that opens holds exactly the bytes that its range and its digest say.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use replication::frame::{HEAD_BYTES, Head, MAX_BODY};
use replication::{Frame, LeafKey, digest};

const KEY: LeafKey = LeafKey::new([7; 32]);

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    while let Some((head, after)) = rest.split_first_chunk::<HEAD_BYTES>() {
        let Ok(head) = Head::read(*head) else { return };
        assert!(head.body_length() <= MAX_BODY);
        let Some((body, after)) = after.split_at_checked(head.body_length()) else { return };
        rest = after;
        let Ok(frame) = Frame::read(head, Bytes::copy_from_slice(body)) else { continue };

        let mut written = Vec::new();
        frame.write(&mut written);
        let (again, body) = written.split_first_chunk::<HEAD_BYTES>().expect("a frame has a head");
        let again = Head::read(*again).expect("a frame that was read has a good head");
        let again = Frame::read(again, Bytes::copy_from_slice(body)).expect("a frame that was written is read");
        assert_eq!(again, frame);

        if let Frame::Extent(extent) = &frame
            && let Ok((content, leaves)) = extent.open(&KEY)
        {
            assert_eq!(content.len() as u64, extent.range.length());
            assert_eq!(leaves, KEY.leaves(&content));
            assert_eq!(digest::over(&leaves), extent.digest);
        }
    }
});
