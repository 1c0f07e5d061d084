//! Reads of devices and image files: everything asked for arrives once and is what is on the disk, by either engine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::cast_possible_truncation, reason = "small sizes of a 64-bit test")]

mod kit;
mod loops;

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use blockdev::direct::{Buffer, Engine, ReadError, Reader, StreamOptions};
use kit::{blank, patch};
use loops::Loop;

const BYTES: usize = 5 * 1024 * 1024 + 4096;

/// Bytes that differ everywhere, so that a chunk at the wrong place is seen.
fn pattern() -> Vec<u8> {
    (0..BYTES as u64 / 8).flat_map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes()).collect()
}

fn options(engine: Engine, chunk_bytes: usize) -> StreamOptions {
    StreamOptions { depth: 4, chunk_bytes, buffers: 6, engine }
}

fn check(path: &Path, content: &[u8], ranges: &[Range<u64>], options: StreamOptions) {
    let reader = Reader::open(path).unwrap();
    let mut stream = reader.stream(ranges.to_vec(), options).unwrap();
    assert_eq!(stream.engine(), options.engine, "this kernel has io_uring");
    let mut found = BTreeMap::new();
    while let Some(chunk) = stream.blocking_next() {
        let chunk = chunk.unwrap();
        let (start, end) = (chunk.range().start as usize, chunk.range().end as usize);
        assert!(*chunk == content[start..end], "{start}..{end} differs");
        assert!(found.insert(start as u64, end as u64).is_none());
    }
    for range in ranges {
        let mut at = range.start;
        while at < range.end {
            at = found.remove(&at).unwrap_or_else(|| panic!("nothing read at {at}"));
        }
        assert_eq!(at, range.end);
    }
    assert!(found.is_empty(), "more than was asked for: {found:?}");
}

#[test]
fn a_device_and_a_file_are_read_exactly_by_both_engines() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("disk");
    let content = pattern();
    fs::write(&image, &content).unwrap();
    let device = Loop::attach(&image);
    let whole = 0..BYTES as u64;
    let parts = [3..5, 4095..4097, 100_000..2_000_001, BYTES as u64 - 1..BYTES as u64];
    assert!(Reader::open(device.path()).unwrap().is_direct());
    for path in [device.path(), &image] {
        for engine in [Engine::Ring, Engine::Threads] {
            for chunk_bytes in [4096, 64 * 1024, 1024 * 1024] {
                check(path, &content, std::slice::from_ref(&whole), options(engine, chunk_bytes));
                check(path, &content, &parts, options(engine, chunk_bytes));
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
    reader.read_in_place(&mut locked, 8192, 1024 * 1024, 16384).unwrap();
    assert_eq!(locked[8192..24576], content[1024 * 1024..1024 * 1024 + 16384]);
    assert!(locked[..8192].iter().all(|byte| *byte == 0));
    for (at, offset, bytes) in [(1, 0, 512), (0, 1, 512), (0, 0, 511), (64 * 1024, 0, 512)] {
        let error = reader.read_in_place(&mut locked, at, offset, bytes).unwrap_err();
        assert!(matches!(error, ReadError::Unaligned { .. }), "{error}");
    }
    let error = reader.read_exact_at(&mut [0; 2], BYTES as u64 - 1).unwrap_err();
    assert!(matches!(error, ReadError::PastEnd { .. }), "{error}");
}

#[test]
fn a_disk_that_shrank_is_an_error_that_names_the_place() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("disk");
    fs::write(&image, pattern()).unwrap();
    for engine in [Engine::Ring, Engine::Threads] {
        fs::write(&image, pattern()).unwrap();
        let reader = Reader::open(&image).unwrap();
        fs::OpenOptions::new().write(true).open(&image).unwrap().set_len(1024 * 1024).unwrap();
        let mut stream =
            reader.stream([0..BYTES as u64, 0..10, 6 << 20..7 << 20], options(engine, 1 << 20)).unwrap();
        let (mut good, mut bad, mut past) = (0, 0, 0);
        while let Some(chunk) = stream.blocking_next() {
            match chunk {
                Ok(_) => good += 1,
                Err(ReadError::Read { path, offset, .. }) => {
                    assert!(path == image && offset >= 1024 * 1024);
                    bad += 1;
                }
                Err(ReadError::PastEnd { offset, .. }) => {
                    assert_eq!(offset, 6 << 20);
                    past += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!((good, bad, past), (2, 5, 1), "{engine:?}");
    }
}

#[test]
fn memory_is_bounded_and_a_dropped_stream_ends() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("disk");
    fs::write(&image, pattern()).unwrap();
    for engine in [Engine::Ring, Engine::Threads] {
        let reader = Reader::open(&image).unwrap();
        let mut stream =
            reader.stream(std::iter::repeat_n(0..BYTES as u64, 1_000_000), options(engine, 4096)).unwrap();
        let mut held: Vec<_> = (0..6).map(|_| stream.blocking_next().unwrap().unwrap()).collect();
        let waits = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            tokio::select! {
                biased;
                _ = stream.next() => false,
                () = std::future::ready(()) => true,
            }
        });
        assert!(waits, "a seventh chunk in six buffers");
        held.pop();
        assert!(stream.blocking_next().is_some());
        drop(stream);
        assert_eq!(held.len(), 5);
        assert!(held.iter().all(|chunk| chunk.len() == 4096));
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
