//! Arbitrary first kilobytes of a device: what it holds is told in bounded, printable words.

#![no_main]

use std::io::Cursor;
use std::path::Path;

use blockdev::image_disk_in;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // Most superblocks lie within the first 68 KiB; behind what is given, the disk is zero.
    let mut image = data.to_vec();
    image.resize(data.len().max(128 * 1024), 0);
    let size = image.len() as u64;
    let disk =
        image_disk_in(Path::new("disk"), &mut Cursor::new(&image), size).expect("memory does not fail");
    let parts = disk.partitions.iter().map(|partition| &partition.contents);
    for contents in parts.chain([&disk.contents]) {
        for text in [&contents.uuid, &contents.label].into_iter().flatten() {
            assert!(text.len() <= 3 * 256 && !text.chars().any(char::is_control), "{text:?}");
        }
    }
});
