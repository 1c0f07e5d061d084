//! Arbitrary first and last kilobytes of a disk: partitions lie on the disk, are few, and the disk's allocation map is
//! sound.
//!
//! The first byte chooses whether a protective MBR and a GPT header with right checksums are put in front.

#![no_main]

use std::io::Cursor;
use std::path::Path;

use blockdev::allocation::{InUse, map};
use blockdev::image_disk_in;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, bytes)) = data.split_first() else { return };
    let mut image = bytes.to_vec();
    if choice & 1 == 1 && image.len() >= 2048 {
        image[510..512].copy_from_slice(&[0x55, 0xaa]);
        image[450] = if choice & 2 == 2 { 0xee } else { image[450] };
        sign(&mut image);
    }
    let size = image.len() as u64;
    let disk =
        image_disk_in(Path::new("disk"), &mut Cursor::new(&image), size).expect("memory does not fail");
    assert!(disk.partitions.len() <= 256 && disk.problems.len() <= 512);
    for partition in &disk.partitions {
        assert!(partition.start_bytes + partition.size_bytes <= size, "{partition:?}");
    }
    let found = map(&image[..], &disk, InUse::Settled);
    let free: u64 = found.free().map(|range| range.end - range.start).sum();
    assert_eq!(free + found.allocated_bytes(), size);
    let boot = disk.partitions.iter().map(|partition| partition.start_bytes).min().unwrap_or(0);
    let first = found.free().next().map_or(size, |range| range.start);
    assert!(first >= boot, "free space at {first} before the first partition at {boot}");
});

/// Makes the checksums of a GPT header in the second sector right.
fn sign(image: &mut [u8]) {
    image[512..520].copy_from_slice(b"EFI PART");
    image[524..528].copy_from_slice(&92u32.to_le_bytes());
    let number =
        |at: usize| u32::from_le_bytes([image[at], image[at + 1], image[at + 2], image[at + 3]]) as usize;
    let (count, length, start) = (number(592), number(596), number(584));
    let table = count.checked_mul(length).zip(start.checked_mul(512));
    let table = table.and_then(|(bytes, start)| image.get(start..)?.get(..bytes));
    let sum = crc32fast::hash(table.unwrap_or_default());
    image[600..604].copy_from_slice(&sum.to_le_bytes());
    image[528..532].fill(0);
    let sum = crc32fast::hash(&image[512..604]);
    image[528..532].copy_from_slice(&sum.to_le_bytes());
}
