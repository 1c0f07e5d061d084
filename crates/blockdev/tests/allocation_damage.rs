//! Allocation maps of damaged filesystems: real ones with bits flipped where maps look. Nothing panics or runs on without
//! end, and where records carry checksums, damage never makes anything free that was not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code outside #[test] functions")]

mod kit;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use blockdev::allocation::{Allocation, InUse, Method, ReadAt, map};
use blockdev::{Disk, image_disk};
use kit::{MIB, blank, format_at};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// An image with some bytes changed.
struct Damaged<'a> {
    file: &'a File,
    flips: &'a [(u64, u8)],
}

impl ReadAt for Damaged<'_> {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        ReadAt::read_exact_at(self.file, buffer, offset)?;
        for (at, mask) in self.flips {
            if let Some(byte) =
                at.checked_sub(offset).and_then(|at| buffer.get_mut(usize::try_from(at).unwrap()))
            {
                *byte ^= mask;
            }
        }
        Ok(())
    }
}

fn make(directory: &Path, kind: (&str, &str), bytes: u64, options: &str) -> PathBuf {
    let image = directory.join("disk");
    blank(&image, 0);
    format_at(&image, 0, bytes, kind, &options.split(' ').collect::<Vec<_>>());
    image
}

/// Flips bits in `places` of an image; `protected` says that every record in them has a checksum.
fn check(image: &Path, places: &[Range<u64>], protected: bool) {
    let file = File::open(image).unwrap();
    let disk = image_disk(image).unwrap();
    let whole = map(&file, &disk, InUse::Moving);
    assert_eq!(whole.regions()[0].method, Method::Blocks, "{:?}", whole.regions());
    assert!(whole.allocated_bytes() < disk.size_bytes / 2);
    let place = prop::sample::select(places.to_vec()).prop_flat_map(|range| range);
    let flips = prop::collection::vec((place, (0u32..8).prop_map(|bit| 1u8 << bit)), 1..4);
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&flips, |flips| {
            let damaged = map(&Damaged { file: &file, flips: &flips }, &disk, InUse::Moving);
            sound(&damaged, &disk);
            // Flips of the same bit undo each other; then there is no damage.
            if protected {
                let lost: u64 = whole.beyond(&damaged).map(|range| range.end - range.start).sum();
                prop_assert_eq!(lost, 0, "{:?}", damaged.regions());
            }
            Ok(())
        })
        .unwrap();
}

/// What holds of every map.
fn sound(map: &Allocation, disk: &Disk) {
    let mut end = 0;
    for range in map.allocated() {
        assert!(range.start >= end && range.start < range.end && range.end <= disk.size_bytes);
        end = range.end;
    }
    let free: u64 = map.free().map(|range| range.end - range.start).sum();
    assert_eq!(free + map.allocated_bytes(), disk.size_bytes);
    for region in map.regions() {
        if matches!(region.method, Method::Everything { .. }) {
            assert_eq!(region.allocated_bytes, region.size_bytes);
        }
    }
}

#[test]
fn damaged_ext4_never_frees_what_is_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let image = make(directory.path(), ("mkfs.ext4", "e2fsprogs"), 32 * MIB, "-q -F -b 1024 -g 1024");
    // Superblock, descriptors, and the bitmaps that flex_bg puts behind them.
    check(&image, &[1024..2048, 2048..8192, 8192..600 * 1024], true);
}

#[test]
fn damaged_ext2_is_sound() {
    let directory = tempfile::tempdir().unwrap();
    let image = make(directory.path(), ("mkfs.ext2", "e2fsprogs"), 8 * MIB, "-q -F -b 1024 -g 1024");
    check(&image, &[1024..1536, 2048..3072, 3072..64 * 1024], false);
}

#[test]
fn damaged_xfs_never_frees_what_is_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let image = make(directory.path(), ("mkfs.xfs", "xfsprogs"), 320 * MIB, "-q -f");
    let group = 80 * MIB;
    // Superblock, headers and trees of the first and second group.
    check(&image, &[0..512, 512..1024, 4096..12288, group..group + 1024, group + 4096..group + 12288], true);
}

#[test]
fn damaged_fat_is_sound() {
    let directory = tempfile::tempdir().unwrap();
    for options in ["-F 12", "-F 16"] {
        let image = make(directory.path(), ("mkfs.vfat", "dosfstools"), 16 * MIB, options);
        check(&image, &[0..64, 512..16384], false);
    }
}
