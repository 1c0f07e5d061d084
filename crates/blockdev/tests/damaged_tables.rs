//! Tables that are damaged, stale, circular or not tables at all: what is believed of them and what the operator is told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code outside #[test] functions")]

mod kit;

use std::fs::{self, OpenOptions};
use std::path::Path;

use blockdev::image_disk;
use kit::{MIB, blank, describe, partition, patch, tool};

const GPT: &str = "label: gpt\nlabel-id: 11111111-2222-3333-4444-555555555555\n\
    start=2048, size=20480, type=linux\nstart=22528, size=20480, type=swap\n";
const SIZE: u64 = 32 * MIB;

type Damage<'a> = &'a dyn Fn(&Path);

/// Damages a good GPT disk in one way and describes it.
fn damaged(damage: Damage<'_>) -> String {
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("disk.raw");
    blank(&image, SIZE);
    partition(&image, GPT);
    damage(&image);
    describe(&image_disk(&image).unwrap())
}

fn resize(image: &Path, bytes: u64) {
    OpenOptions::new().write(true).open(image).unwrap().set_len(bytes).unwrap();
}

#[test]
fn a_damaged_gpt_is_repaired_from_its_backup_or_called_damaged() {
    let flip = |at: u64| move |image: &Path| patch(image, at, &[0x5a]);
    let cases: [(&str, Damage<'_>); 10] = [
        ("primary header", &flip(512 + 60)),
        ("primary entries", &flip(1024 + 20)),
        ("backup header", &flip(SIZE - 512 + 60)),
        ("both headers", &|image| {
            patch(image, 512, &[0]);
            patch(image, SIZE - 512 + 60, &[0x5a]);
        }),
        ("cut short", &|image| resize(image, 16 * MIB)),
        ("grown", &|image| resize(image, 64 * MIB)),
        ("grown, primary wiped", &|image| {
            patch(image, 512, &[0; 512]);
            resize(image, 64 * MIB);
        }),
        ("no boot signature", &|image| patch(image, 510, &[0, 0])),
        ("relabelled to MBR", &|image| patch(image, 450, &[0x83])),
        ("copied header", &|image| {
            let bytes = fs::read(image).unwrap();
            patch(image, 512, &bytes[bytes.len() - 512..]);
        }),
    ];
    let seen: Vec<String> =
        cases.iter().map(|(name, damage)| format!("-- {name}\n{}", damaged(damage))).collect();
    insta::assert_snapshot!(seen.concat(), @"
    -- primary header
    image [Image] 33554432 bytes in 512, backup gpt 11111111-2222-3333-4444-555555555555; none
      1 1048576+10485760 (0fc63daf-8483-4772-8e79-3d69d8477de4 Linux filesystem); none
      2 11534336+10485760 (0657fd6d-a4ab-43c4-84e5-0933c84b4f4f Linux swap); none
      ! primary GPT damaged (wrong checksum of its header); the backup was used
    -- primary entries
    image [Image] 33554432 bytes in 512, backup gpt 11111111-2222-3333-4444-555555555555; none
      1 1048576+10485760 (0fc63daf-8483-4772-8e79-3d69d8477de4 Linux filesystem); none
      2 11534336+10485760 (0657fd6d-a4ab-43c4-84e5-0933c84b4f4f Linux swap); none
      ! primary GPT damaged (wrong checksum of its entries); the backup was used
    -- backup header
    image [Image] 33554432 bytes in 512, gpt 11111111-2222-3333-4444-555555555555; none
      1 1048576+10485760 (0fc63daf-8483-4772-8e79-3d69d8477de4 Linux filesystem); none
      2 11534336+10485760 (0657fd6d-a4ab-43c4-84e5-0933c84b4f4f Linux swap); none
    -- both headers
    image [Image] 33554432 bytes in 512, damaged: primary GPT: no signature; backup GPT: wrong checksum of its header; none
    -- cut short
    image [Image] 16777216 bytes in 512, gpt 11111111-2222-3333-4444-555555555555; none
      1 1048576+10485760 (0fc63daf-8483-4772-8e79-3d69d8477de4 Linux filesystem); none
      ! partition 2 (10485760 bytes at 11534336) reaches past the end of the disk
    -- grown
    image [Image] 67108864 bytes in 512, gpt 11111111-2222-3333-4444-555555555555; none
      1 1048576+10485760 (0fc63daf-8483-4772-8e79-3d69d8477de4 Linux filesystem); none
      2 11534336+10485760 (0657fd6d-a4ab-43c4-84e5-0933c84b4f4f Linux swap); none
    -- grown, primary wiped
    image [Image] 67108864 bytes in 512, damaged: primary GPT: no signature; backup GPT: no signature; none
    -- no boot signature
    image [Image] 33554432 bytes in 512, no table; unknown
    -- relabelled to MBR
    image [Image] 33554432 bytes in 512, mbr 00000000; none
      1 512+33553920 (0x83 Linux); unknown
    -- copied header
    image [Image] 33554432 bytes in 512, backup gpt 11111111-2222-3333-4444-555555555555; none
      1 1048576+10485760 (0fc63daf-8483-4772-8e79-3d69d8477de4 Linux filesystem); none
      2 11534336+10485760 (0657fd6d-a4ab-43c4-84e5-0933c84b4f4f Linux swap); none
      ! primary GPT damaged (the header belongs to another sector); the backup was used
    ");
}

/// A boot record with a signature and entries (kind, first sector, sectors).
fn boot_record(entries: &[(u8, u32, u32)]) -> Vec<u8> {
    let mut sector = vec![0; 512];
    sector[440..444].copy_from_slice(&0xfeed_f00d_u32.to_le_bytes());
    for (entry, (kind, first, sectors)) in sector[446..510].chunks_exact_mut(16).zip(entries) {
        entry[4] = *kind;
        entry[8..12].copy_from_slice(&first.to_le_bytes());
        entry[12..16].copy_from_slice(&sectors.to_le_bytes());
    }
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

fn with_sectors(sectors: &[(u64, Vec<u8>)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("disk.raw");
    blank(&image, MIB);
    for (at, bytes) in sectors {
        patch(&image, at * 512, bytes);
    }
    describe(&image_disk(&image).unwrap())
}

#[test]
fn a_chain_of_logical_partitions_ends() {
    let extended = || (0, boot_record(&[(0x05, 100, 1000)]));
    let mut active = boot_record(&[(0x83, 100, 100)]);
    active[446] = 0x7f;
    let cases = [
        ("to itself", vec![extended(), (100, boot_record(&[(0x83, 1, 10), (0x05, 0, 100)]))]),
        (
            "in a circle",
            vec![
                extended(),
                (100, boot_record(&[(0x83, 1, 10), (0x05, 50, 100)])),
                (150, boot_record(&[(0x83, 1, 10), (0x05, 50, 100)])),
            ],
        ),
        ("past the end", vec![extended(), (100, boot_record(&[(0x83, 1, 10), (0x0f, u32::MAX, u32::MAX)]))]),
        ("without a record", vec![extended()]),
        ("a partition past the end", vec![(0, boot_record(&[(0x83, 2000, 1000), (0x8e, 10, 20)]))]),
        ("a status byte that is code", vec![(0, active)]),
    ];
    let seen: Vec<String> =
        cases.iter().map(|(name, disk)| format!("-- {name}\n{}", with_sectors(disk))).collect();
    insta::assert_snapshot!(seen.concat(), @"
    -- to itself
    image [Image] 1048576 bytes in 512, mbr feedf00d; none
      1 51200+512000 (0x05 Extended) extended; none
      5 51712+5120 (0x83 Linux); none
      ! the chain of logical partitions comes back to sector 100; cut there
    -- in a circle
    image [Image] 1048576 bytes in 512, mbr feedf00d; none
      1 51200+512000 (0x05 Extended) extended; none
      5 51712+5120 (0x83 Linux); none
      6 77312+5120 (0x83 Linux); none
      ! the chain of logical partitions comes back to sector 150; cut there
    -- past the end
    image [Image] 1048576 bytes in 512, mbr feedf00d; none
      1 51200+512000 (0x05 Extended) extended; none
      5 51712+5120 (0x83 Linux); none
      ! extended boot record at sector 4294967395 lies beyond the end of the disk
    -- without a record
    image [Image] 1048576 bytes in 512, mbr feedf00d; none
      1 51200+512000 (0x05 Extended) extended; none
      ! no extended boot record at sector 100; logical partitions may be missing
    -- a partition past the end
    image [Image] 1048576 bytes in 512, mbr feedf00d; none
      2 5120+10240 (0x8e Linux LVM); none
      ! partition 1 (512000 bytes at 1024000) reaches past the end of the disk
    -- a status byte that is code
    image [Image] 1048576 bytes in 512, no table; unknown
    ");
}

#[test]
fn the_chain_is_followed_for_256_partitions_and_no_further() {
    let mut disk = vec![(0, boot_record(&[(0x05, 10, 2000)]))];
    disk.extend((0..300).map(|step| {
        let next = u32::try_from(step + 1).unwrap() * 2;
        (10 + step * 2, boot_record(&[(0x83, 1, 1), (0x05, next, 2)]))
    }));
    let seen = with_sectors(&disk);
    let (count, last) = (seen.matches("0x83").count(), seen.lines().last().unwrap());
    // The extended partition itself is one of the 256.
    assert_eq!((count, last), (255, "  ! more than 256 logical partitions; the rest left out"));
}

#[test]
fn a_filesystem_that_fills_the_disk_is_no_table() {
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("disk.raw");
    blank(&image, 8 * MIB);
    tool(
        "mkfs.ext4",
        "e2fsprogs",
        &["-q", "-U", "0f0e0d0c-0b0a-0908-0706-050403020100", image.to_str().unwrap()],
        "",
    );
    // Boot code in front of the superblock, as extlinux installs it.
    patch(&image, 0, &boot_record(&[]));
    let whole = describe(&image_disk(&image).unwrap());
    // The same superblock left over under a real table counts for nothing.
    patch(&image, 0, &boot_record(&[(0x83, 2048, 100)]));
    let stale = describe(&image_disk(&image).unwrap());
    let empty = with_sectors(&[(0, boot_record(&[]))]);
    insta::assert_snapshot!(format!("{whole}{stale}{empty}"), @"
    image [Image] 8388608 bytes in 512, no table; ext4 0f0e0d0c-0b0a-0908-0706-050403020100
    image [Image] 8388608 bytes in 512, mbr feedf00d; none
      1 1048576+51200 (0x83 Linux); none
    image [Image] 1048576 bytes in 512, mbr feedf00d; none
    ");
}
