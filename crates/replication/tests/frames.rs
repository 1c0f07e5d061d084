//! Frames: what is written is read again, and nothing else is a frame.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use bytes::Bytes;
use proptest::{collection::vec, prelude::*};
use replication::{
    Codec, Frame, FrameError, Leaf, LeafKey, Range,
    codec::Packer,
    digest,
    frame::{Extent, ExtentError, Failed, HEAD_BYTES, Head, Hello, MAX_BODY, Settings, Welcome},
};

const KEY: LeafKey = LeafKey::new([3; 32]);

fn read(bytes: &[u8]) -> Result<Frame, FrameError> {
    let head = Head::read(*bytes.first_chunk::<HEAD_BYTES>().unwrap())?;
    Frame::read(head, Bytes::copy_from_slice(&bytes[HEAD_BYTES..]))
}

fn written(frame: &Frame) -> Vec<u8> {
    let mut bytes = vec![];
    frame.write(&mut bytes);
    bytes
}

fn extent(data: &[u8], codec: Codec) -> Extent {
    let payload = match codec {
        Codec::Raw => data.to_vec(),
        Codec::Zstd => Packer::new(1).unwrap().pack(data).unwrap().unwrap(),
    };
    Extent {
        sequence: 9,
        disk: 2,
        range: Range::new(8192, data.len() as u64, 1 << 20).unwrap(),
        codec,
        digest: digest::over(&KEY.leaves(data)),
        payload: payload.into(),
    }
}

fn any_range(most: u64) -> impl Strategy<Value = Range> {
    (0..1_u64 << 40, 1..=most).prop_map(move |(leaf, length)| Range::new(leaf * 4096, length, most).unwrap())
}

fn any_settings() -> impl Strategy<Value = Settings> {
    (any::<Option<u64>>(), any::<Option<i32>>(), any::<Option<bool>>()).prop_map(
        |(bandwidth_bytes_per_second, compression_level, audit)| Settings {
            bandwidth_bytes_per_second,
            compression_level,
            audit,
        },
    )
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let sequence = any::<u64>();
    prop_oneof![
        (".*", ".*", any::<u16>()).prop_map(|(agent_version, session, stream)| {
            Frame::Hello(Hello { agent_version, session, stream })
        }),
        (".*", any::<u64>(), any::<bool>(), any_settings()).prop_map(
            |(text, window_bytes, fresh, settings)| {
                let (center_version, leaf_key) = (text.clone(), text);
                Frame::Welcome(Welcome { center_version, window_bytes, leaf_key, fresh, settings })
            }
        ),
        any_settings().prop_map(Frame::Settings),
        (".*", ".*", any::<bool>()).prop_map(|(code, message, again)| Frame::Failed(Failed {
            code,
            message,
            again
        })),
        (sequence, any::<u16>(), any_range(1 << 20), any::<[u8; 32]>(), vec(any::<u8>(), 0..300)).prop_map(
            |(sequence, disk, range, digest, payload)| {
                let (codec, payload) = (Codec::Zstd, payload.into());
                Frame::Extent(Extent { sequence, disk, range, codec, digest, payload })
            }
        ),
        (any::<u64>(), any::<u16>(), any_range(1 << 50)).prop_map(|(sequence, disk, range)| Frame::Zero {
            sequence,
            disk,
            range
        }),
        (any::<u64>(), any::<u16>(), 0..1_u64 << 40, vec(any::<[u8; 16]>(), 1..40)).prop_map(
            |(sequence, disk, leaf, leaves)| {
                let leaves = leaves.into_iter().map(Leaf).collect();
                Frame::Offer { sequence, disk, offset: leaf * 4096, leaves }
            }
        ),
        (any::<u64>(), any::<u16>(), any_range(16 << 20), any::<[u8; 32]>())
            .prop_map(|(sequence, disk, range, digest)| Frame::Summary { sequence, disk, range, digest }),
        any::<u64>().prop_map(|sequence| Frame::Sync { sequence }),
        any::<u64>().prop_map(|sequence| Frame::Done { sequence }),
        any::<u64>().prop_map(|sequence| Frame::Durable { sequence }),
        (any::<u64>(), vec(any::<u8>(), 1..=512))
            .prop_map(|(sequence, wanted)| Frame::Want { sequence, wanted }),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(frame in any_frame()) {
        prop_assert_eq!(read(&written(&frame)).unwrap(), frame);
    }

    #[test]
    fn a_body_of_another_length_is_refused(frame in any_frame(), cut in 1_usize..40) {
        let bytes = written(&frame);
        let kept = bytes.len().saturating_sub(cut).max(HEAD_BYTES);
        if kept < bytes.len() {
            prop_assert!(read(&bytes[..kept]).is_err());
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        prop_assert!(read(&longer).is_err());
    }

    #[test]
    fn bytes_of_a_stranger_are_refused_or_a_frame(bytes in vec(any::<u8>(), HEAD_BYTES..400)) {
        if let Ok(frame) = read(&bytes) {
            prop_assert!(read(&written(&frame)).is_ok());
        }
    }

    /// One flipped bit of an extent is noticed, wherever it is: the frame cannot be read, or the place or the content
    /// is another than the source hashed. (The number of a frame and of its disk are TLS's to keep.)
    #[test]
    fn a_flipped_bit_of_an_extent_is_found(noise in any::<u64>(), bit in 0_usize..8 * 600, packed in any::<bool>()) {
        let data: Vec<u8> = (0..8192_u64).map(|n| if packed { (noise % 7 + n / 512).to_le_bytes()[0] } else { (noise ^ n.wrapping_mul(0x9e37_79b9)).to_le_bytes()[1] }).collect();
        let extent = extent(&data, if packed { Codec::Zstd } else { Codec::Raw });
        let mut bytes = written(&Frame::Extent(extent.clone()));
        let bit = 8 * (HEAD_BYTES + 8) + bit % (8 * (bytes.len() - HEAD_BYTES - 8));
        bytes[bit / 8] ^= 1 << (bit % 8);
        let found = match read(&bytes) {
            Err(_) => true,
            Ok(Frame::Extent(changed)) => changed.open(&KEY).is_err() || changed.range != extent.range
                || changed.open(&KEY).unwrap().0 == data,
            Ok(_) => false,
        };
        prop_assert!(found);
    }
}

#[test]
fn an_extent_opens_to_what_was_read_from_the_source() {
    let data: Vec<u8> = (0..100_000_u32).map(|n| (n / 1000).to_le_bytes()[0]).collect();
    for codec in [Codec::Raw, Codec::Zstd] {
        let sent = extent(&data, codec);
        let (opened, leaves) = sent.open(&KEY).unwrap();
        assert_eq!(opened, data);
        assert_eq!(leaves, KEY.leaves(&data));
    }
}

#[test]
fn changed_content_is_named_by_its_place() {
    let changed = Extent { payload: vec![1; 4096].into(), ..extent(&[2; 4096], Codec::Raw) };
    let refused = changed.open(&KEY).unwrap_err();
    assert!(matches!(refused, ExtentError::Digest { disk: 2, offset: 8192, length: 4096 }), "{refused}");
    let other_key = LeafKey::new([4; 32]);
    assert!(matches!(extent(&[2; 4096], Codec::Raw).open(&other_key), Err(ExtentError::Digest { .. })));
}

#[test]
fn heads_are_judged_before_room_is_made() {
    let most = u32::try_from(MAX_BODY).unwrap();
    let head = |length: u32, kind, reserved| {
        let [a, b, c, d] = length.to_le_bytes();
        Head::read([a, b, c, d, kind, reserved, 0, 0])
    };
    assert_eq!(head(most, 2, 0).unwrap().body_length(), MAX_BODY);
    assert!(matches!(head(most + 1, 2, 0), Err(FrameError::TooLong(_))));
    assert!(matches!(head(0, 2, 1), Err(FrameError::Reserved(1))));
    let unknown = Frame::read(head(0, 9, 0).unwrap(), Bytes::new()).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "a frame is of the unknown kind 9; the other side is newer: upgrade this one"
    );
}
