//! Arbitrary filesystems: their allocation map is made of ordered ranges on the disk, takes bounded work, and calls nothing
//! free of a filesystem that it does not believe.
//!
//! The first byte chooses the format, the second how much larger than its bytes the disk is; behind its bytes it is zero.

#![no_main]

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use blockdev::allocation::{InUse, Method, ReadAt, map};
use blockdev::{Contents, Disk, Format, PartitionTable, Stack};
use libfuzzer_sys::fuzz_target;

struct Zeros<'a> {
    front: &'a [u8],
    read: AtomicU64,
}

impl ReadAt for Zeros<'_> {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.read.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        buffer.fill(0);
        let rest = usize::try_from(offset).ok().and_then(|at| self.front.get(at..)).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(())
    }
}

fuzz_target!(|data: &[u8]| {
    let [format, growth, front @ ..] = data else { return };
    let formats = [Format::Ext4, Format::Xfs, Format::Vfat, Format::Swap];
    let size_bytes = (front.len() as u64) << (growth % 12);
    let disk = Disk {
        path: "disk".into(),
        kernel_name: "disk".to_owned(),
        size_bytes,
        logical_sector_bytes: 512,
        physical_sector_bytes: 512,
        rotational: false,
        read_only: false,
        removable: false,
        model: None,
        serial: None,
        wwn: None,
        stack: Stack::Image,
        table: PartitionTable::None,
        partitions: Vec::new(),
        contents: Contents { format: formats[usize::from(format % 4)], ..Contents::default() },
        problems: Vec::new(),
    };
    let source = Zeros { front, read: AtomicU64::new(0) };
    let found = map(&source, &disk, InUse::Settled);
    let mut end = 0;
    for range in found.allocated() {
        assert!(range.start >= end && range.start < range.end && range.end <= size_bytes);
        end = range.end;
    }
    let free: u64 = found.free().map(|range| range.end - range.start).sum();
    assert_eq!(free + found.allocated_bytes(), size_bytes);
    if matches!(found.regions()[0].method, Method::Everything { .. }) {
        assert_eq!(free, 0);
    }
    // Three attempts, each of which may read everything a few times, and a block for each of many tiny groups.
    assert!(source.read.into_inner() <= 64 * 1024 * 1024 + size_bytes * 64, "reads without end");
});
