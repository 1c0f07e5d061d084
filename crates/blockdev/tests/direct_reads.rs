//! Reads of devices and image files: what arrives is what is on the disk, through a ring and without one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::cast_possible_truncation, reason = "small sizes of a 64-bit test")]

mod kit;
mod loops;

use std::fs;

use blockdev::direct::{Buffer, NotRead, Place, Queue, ReadError, Reader};
use kit::{blank, patch};
use loops::Loop;

const BYTES: usize = 5 * 1024 * 1024 + 4096;

/// Bytes that differ everywhere, so that a chunk at the wrong place is seen.
fn pattern() -> Vec<u8> {
    (0..BYTES as u64 / 8).flat_map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes()).collect()
}

fn queues() -> [Queue; 2] {
    let ring = Queue::new();
    assert!(ring.is_ring(), "this kernel has io_uring");
    [ring, Queue::one_by_one()]
}

#[test]
fn many_places_of_a_device_and_of_a_file_are_read_exactly() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("disk");
    let content = pattern();
    fs::write(&image, &content).unwrap();
    let device = Loop::attach(&image);
    assert!(Reader::open(device.path()).unwrap().is_direct());
    // More than are in flight at once, in no order, short and long, one of them the last of the disk.
    let blocks = (0..100_u64).map(|number| (number * 37 % 1280 * 4096, 4096));
    let places: Vec<_> =
        blocks.chain([(1 << 20, 2 << 20), (512, 512), (BYTES as u64 - 4096, 4096)]).collect();
    for path in [device.path(), &image] {
        let reader = Reader::open(path).unwrap();
        for mut queue in queues() {
            for count in [0, 1, 2, 7, 8, 9, places.len()] {
                let mut buffer = Buffer::new(4 << 20).unwrap();
                let mut at = 0;
                let wanted: Vec<Place> = places[places.len() - count..]
                    .iter()
                    .map(|(offset, bytes)| {
                        let place = Place { at, offset: *offset, bytes: *bytes };
                        at += bytes + 4096;
                        place
                    })
                    .collect();
                reader.read_places(&mut queue, &mut buffer, &wanted).unwrap();
                let mut end = 0;
                for Place { at, offset, bytes } in wanted {
                    let offset = offset as usize;
                    assert!(buffer[end..at].iter().all(|byte| *byte == 0), "written before {at}");
                    assert!(buffer[at..at + bytes] == content[offset..offset + bytes], "{bytes} at {offset}");
                    end = at + bytes;
                }
                assert!(buffer[end..].iter().all(|byte| *byte == 0), "written after {end}");
            }
        }
    }
}

#[test]
fn single_reads_of_any_alignment_and_reads_in_place() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("disk");
    let content = pattern();
    fs::write(&image, &content).unwrap();
    let device = Loop::attach(&image);
    let reader = Reader::open(device.path()).unwrap();
    for (offset, length) in [(0, 1), (511, 2), (1024, 1024), (7, 3_000_000), (BYTES - 3, 3), (BYTES, 0)] {
        let mut buffer = vec![0; length];
        reader.read_exact_at(&mut buffer, offset as u64).unwrap();
        assert!(buffer == content[offset..offset + length], "{length} at {offset}");
    }
    let mut locked = Buffer::locked(64 * 1024).unwrap();
    reader.read_in_place(&mut locked, Place { at: 8192, offset: 1024 * 1024, bytes: 16384 }).unwrap();
    assert_eq!(locked[8192..24576], content[1024 * 1024..1024 * 1024 + 16384]);
    assert!(locked[..8192].iter().all(|byte| *byte == 0));
    for (at, offset, bytes) in [(1, 0, 512), (0, 1, 512), (0, 0, 511), (64 * 1024, 0, 512)] {
        let place = Place { at, offset, bytes };
        let error = reader.read_in_place(&mut locked, place).unwrap_err();
        assert!(matches!(error, ReadError::Unaligned { .. }), "{error}");
        let good = Place { at: 0, offset: 0, bytes: 4096 };
        for mut queue in queues() {
            let NotRead { number, error } =
                reader.read_places(&mut queue, &mut locked, &[good, place, good]).unwrap_err();
            assert!(number == 1 && matches!(error, ReadError::Unaligned { .. }), "{number}: {error}");
        }
    }
    let error = reader.read_exact_at(&mut [0; 2], BYTES as u64 - 1).unwrap_err();
    assert!(matches!(error, ReadError::PastEnd { .. }), "{error}");
}

#[test]
fn a_disk_that_shrank_is_an_error_that_names_the_place() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("disk");
    for mut queue in queues() {
        fs::write(&image, pattern()).unwrap();
        let reader = Reader::open(&image).unwrap();
        fs::OpenOptions::new().write(true).open(&image).unwrap().set_len(1024 * 1024).unwrap();
        let mut buffer = Buffer::new(5 << 20).unwrap();
        let mut places: Vec<_> = (0..5)
            .map(|number| Place { at: number << 20, offset: (number as u64) << 20, bytes: 1 << 20 })
            .collect();
        let NotRead { number, error } = reader.read_places(&mut queue, &mut buffer, &places).unwrap_err();
        assert!((1..5).contains(&number), "{number}");
        match error {
            ReadError::Read { path, offset, .. } => assert!(path == image && offset >= 1024 * 1024),
            error => panic!("{error}"),
        }
        places[2].offset = 6 << 20;
        let NotRead { number, error } =
            reader.read_places(&mut queue, &mut buffer, &places[2..]).unwrap_err();
        assert!(number == 0 && matches!(error, ReadError::PastEnd { .. }), "{number}: {error}");
        // What went wrong before is over.
        reader.read_places(&mut queue, &mut buffer, &[places[0], places[0]]).unwrap();
        assert!(buffer[..1 << 20] == pattern()[..1 << 20]);
    }
}

#[test]
fn holes_of_a_file_are_told_from_data() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("sparse");
    blank(&image, 16 << 20);
    patch(&image, 4 << 20, &vec![1; 65536]);
    patch(&image, 12 << 20, &vec![1; 65536]);
    let reader = Reader::open(&image).unwrap();
    let list = |within| reader.data_ranges(within).map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(list(0..u64::MAX), [4 << 20..(4 << 20) + 65536, 12 << 20..(12 << 20) + 65536]);
    assert_eq!(list((4 << 20) + 4096..12 << 20), vec![(4 << 20) + 4096..(4 << 20) + 65536; 1]);
    assert_eq!(list(0..1024), []);
}
