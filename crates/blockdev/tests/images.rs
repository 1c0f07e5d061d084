//! Disk images as the system's own tools make them: what is read is what was written.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code outside #[test] functions")]

mod kit;

use std::fs;
use std::path::Path;

use blockdev::{Format, image_disk};
use kit::{MIB, blank, describe, format_at, lvm_label, partition, patch, tool};

const GPT: &str = "label: gpt\nlabel-id: 11111111-2222-3333-4444-555555555555\n\
    start=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649, name=grub\n\
    start=4096, size=20480, type=uefi, name=\"EFI Sys\"\n\
    start=24576, size=40960, type=linux, name=\"Wurzel ünd\", attrs=LegacyBIOSBootable\n\
    start=65536, size=8192, type=swap\n\
    start=73728, size=8192, type=lvm\n";

const MBR: &str = "label: dos\nlabel-id: 0xdeadbeef\n\
    start=2048, size=20480, type=83, bootable\n\
    start=22528, size=40960, type=5\n\
    start=24576, size=8192, type=82\n\
    start=34816, size=8192, type=83\n\
    start=45056, size=8192, type=8e\n";

#[test]
fn a_gpt_disk_is_read_as_sfdisk_wrote_it() {
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("disk.raw");
    blank(&image, 64 * MIB);
    partition(&image, GPT);
    let ext4 = ["-q", "-L", "root", "-U", "0f0e0d0c-0b0a-0908-0706-050403020100"];
    format_at(&image, 12 * MIB, 20 * MIB, ("mkfs.ext4", "e2fsprogs"), &ext4);
    let swap = ["-L", "swp", "-U", "99999999-8888-7777-6666-555555555555"];
    format_at(&image, 32 * MIB, 4 * MIB, ("mkswap", "util-linux"), &swap);
    patch(&image, 36 * MIB + 512, &lvm_label());
    insta::assert_snapshot!(describe(&image_disk(&image).unwrap()), @r#"
    image [Image] 67108864 bytes in 512, gpt 11111111-2222-3333-4444-555555555555; none
      1 1048576+1048576 (21686148-6449-6e6f-744e-656564454649 BIOS boot) "grub" bios-boot; none
      2 2097152+10485760 (c12a7328-f81f-11d2-ba4b-00a0c93ec93b EFI System) "EFI Sys" esp; none
      3 12582912+20971520 (0fc63daf-8483-4772-8e79-3d69d8477de4 Linux filesystem) "Wurzel ünd" bootable; ext4 0f0e0d0c-0b0a-0908-0706-050403020100 root
      4 33554432+4194304 (0657fd6d-a4ab-43c4-84e5-0933c84b4f4f Linux swap); swap 99999999-8888-7777-6666-555555555555 swp
      5 37748736+4194304 (e6d6d379-f507-44c2-a23c-238f2a3df928 Linux LVM); LVM2_member aBcDeF-0123-4567-89aB-cDeF-0123-456789
    "#);
}

#[test]
fn an_mbr_disk_with_logical_partitions_is_read_as_sfdisk_wrote_it() {
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("disk.raw");
    blank(&image, 64 * MIB);
    partition(&image, MBR);
    let ext2 = ["-q", "-U", "0f0e0d0c-0b0a-0908-0706-050403020100"];
    format_at(&image, 17 * MIB, 4 * MIB, ("mkfs.ext2", "e2fsprogs"), &ext2);
    insta::assert_snapshot!(describe(&image_disk(&image).unwrap()), @"
    image [Image] 67108864 bytes in 512, mbr deadbeef; none
      1 1048576+10485760 (0x83 Linux) bootable; none
      2 11534336+20971520 (0x05 Extended) extended; none
      5 12582912+4194304 (0x82 Linux swap); none
      6 17825792+4194304 (0x83 Linux); ext2 0f0e0d0c-0b0a-0908-0706-050403020100
      7 23068672+4194304 (0x8e Linux LVM); none
    ");
}

#[test]
fn sectors_of_4096_bytes_are_found_in_an_image() {
    let dir = tempfile::tempdir().unwrap();
    let (image, narrow) = (dir.path().join("disk.raw"), dir.path().join("narrow.raw"));
    blank(&image, 64 * MIB);
    blank(&narrow, 64 * MIB);
    let head = "label: gpt\nlabel-id: 11111111-2222-3333-4444-555555555555\nfirst-lba: 256\n";
    partition(&narrow, &format!("{head}start=256, size=512, type=linux\n"));
    // Not every sfdisk can count in sectors of another size than the medium's (util-linux 2.40 and later).
    patch(&image, 0, &widen(&fs::read(&narrow).unwrap()[..512 * 34]));
    insta::assert_snapshot!(describe(&image_disk(&image).unwrap()), @"
    image [Image] 67108864 bytes in 4096, gpt 11111111-2222-3333-4444-555555555555; none
      1 1048576+2097152 (0fc63daf-8483-4772-8e79-3d69d8477de4 Linux filesystem); none
    ");
}

/// Moves protective MBR, primary header and entries of a table with 512-byte sectors to where 4096-byte sectors have them.
fn widen(table: &[u8]) -> Vec<u8> {
    let mut wide = table[..512].to_vec();
    wide.resize(4096, 0);
    wide.extend(&table[512..1024]);
    wide.resize(8192, 0);
    wide.extend(&table[1024..]);
    wide
}

/// Each format by the tool that makes it, or by hand where no tool is at hand; `blkid` is asked what it sees there.
#[test]
fn formats_are_named_as_blkid_names_them() {
    let dir = tempfile::tempdir().unwrap();
    let uuid = "0f0e0d0c-0b0a-0908-0706-050403020100";
    let made: &[(&str, &str, u64, &[&str])] = &[
        ("mkfs.ext2", "e2fsprogs", 8, &["-q", "-U", uuid, "-L", "two"]),
        ("mkfs.ext3", "e2fsprogs", 8, &["-q", "-U", uuid]),
        ("mkfs.ext4", "e2fsprogs", 8, &["-q", "-U", uuid, "-L", "sixteen letters!"]),
        ("mke2fs", "e2fsprogs", 8, &["-q", "-O", "journal_dev", "-U", uuid]),
        (
            "mkfs.xfs",
            "xfsprogs",
            320,
            &["-q", "-m", "uuid=0f0e0d0c-0b0a-0908-0706-050403020100", "-L", "data"],
        ),
        ("mkswap", "util-linux", 8, &["-U", uuid, "-L", "swp"]),
        ("mkswap", "util-linux", 8, &["-U", uuid, "-p", "65536"]),
    ];
    let mut seen = String::new();
    for (name, package, mebibytes, options) in made {
        let image = dir.path().join("made");
        blank(&image, mebibytes * MIB);
        let arguments: Vec<&str> = options.iter().copied().chain([image.to_str().unwrap()]).collect();
        tool(name, package, &arguments, "");
        seen.push_str(&agreed(&image));
    }
    for (name, patches) in handmade() {
        let image = dir.path().join(name);
        blank(&image, 16 * MIB);
        for (offset, bytes) in patches {
            patch(&image, offset, &bytes);
        }
        seen.push_str(&agreed(&image));
    }
    insta::assert_snapshot!(seen, @r#"
    Ext2 Some("0f0e0d0c-0b0a-0908-0706-050403020100") Some("two")
    Ext3 Some("0f0e0d0c-0b0a-0908-0706-050403020100") None
    Ext4 Some("0f0e0d0c-0b0a-0908-0706-050403020100") Some("sixteen letters!")
    ExtJournal Some("0f0e0d0c-0b0a-0908-0706-050403020100") None
    Xfs Some("0f0e0d0c-0b0a-0908-0706-050403020100") Some("data")
    Swap Some("0f0e0d0c-0b0a-0908-0706-050403020100") Some("swp")
    Swap Some("0f0e0d0c-0b0a-0908-0706-050403020100") None
    LvmMember Some("aBcDeF-0123-4567-89aB-cDeF-0123-456789") None
    RaidMember Some("07070707-0707-0707-0707-070707070707") Some("web1:0")
    RaidMember Some("07070707-0707-0707-0707-070707070707") Some("web1:0")
    RaidMember Some("07070707-0707-0707-0707-070707070707") Some("web1:0")
    RaidMember Some("01010101-0202-0202-0202-020202020202") None
    Luks Some("0f0e0d0c-0b0a-0908-0706-050403020100") Some("vault")
    Btrfs Some("09090909-0909-0909-0909-090909090909") Some("pool")
    Vfat Some("1234-5678") None
    Iso9660 Some("2024-05-06-07-08-09-00") Some("INSTALL")
    "#);
}

/// Describes what an image holds, after making sure that `blkid` sees the same.
fn agreed(image: &Path) -> String {
    let ours = image_disk(image).unwrap();
    let export = tool("blkid", "util-linux", &["-p", "-o", "export", image.to_str().unwrap()], "");
    let theirs = |key: &str| {
        let line = export.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.map(|value| value.replace('\\', ""))
    };
    let contents = &ours.contents;
    assert_eq!(Some(contents.format.as_str()), theirs("TYPE").as_deref(), "{export}");
    assert_eq!(contents.uuid, theirs("UUID"), "{export}");
    assert_eq!(contents.label, theirs("LABEL"), "{export}");
    format!("{:?} {:?} {:?}\n", contents.format, contents.uuid, contents.label)
}

type Patches = Vec<(u64, Vec<u8>)>;

fn handmade() -> Vec<(&'static str, Patches)> {
    let set = |length: usize, fields: &[(usize, &[u8])]| {
        let mut block = vec![0; length];
        for (at, bytes) in fields {
            block[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        block
    };
    let raid_v1 = |sector: u64| {
        let mut block =
            set(256, &[(0, &0xa92b_4efc_u32.to_le_bytes()), (4, &[1]), (16, &[7; 16]), (32, b"web1:0")]);
        block[144..152].copy_from_slice(&sector.to_le_bytes());
        // The checksum: the 32-bit words of the block added up, carries folded in.
        let sum: u64 =
            block.chunks_exact(4).map(|word| u64::from(u32::from_le_bytes(word.try_into().unwrap()))).sum();
        let folded = u32::try_from((sum & 0xffff_ffff) + (sum >> 32)).unwrap();
        block[216..220].copy_from_slice(&folded.to_le_bytes());
        block
    };
    let fat32: &[(usize, &[u8])] = &[
        (0, &[0xeb, 0x58, 0x90]),
        (3, b"mkfs.fat"),
        (11, &[0, 2, 1, 32, 0, 2]),
        (21, &[0xf8]),
        (32, &[0, 0x80, 0, 0]),
        (36, &[0xf8, 0, 0, 0]),
        (44, &[2]),
        (48, &[1]),
        (66, &[0x29, 0x78, 0x56, 0x34, 0x12]),
        (71, b"NO NAME    "),
        (82, b"FAT32   "),
        (510, &[0x55, 0xaa]),
    ];
    let iso: &[(usize, &[u8])] =
        &[(0, b"\x01CD001\x01"), (40, b"INSTALL"), (813, b"2024010203040506"), (830, b"2024050607080900")];
    let btrfs: &[(usize, &[u8])] = &[
        (32, &[9; 16]),
        (48, &65536u64.to_le_bytes()),
        (64, b"_BHRfS_M"),
        (0x90, &4096u32.to_le_bytes()),
        (299, b"pool"),
    ];
    let luks: &[(usize, &[u8])] = &[
        (0, b"LUKS\xba\xbe\0\x02"),
        (8, &16384u64.to_be_bytes()),
        (24, b"vault"),
        (168, b"0f0e0d0c-0b0a-0908-0706-050403020100"),
    ];
    let raid_v0: &[(usize, &[u8])] =
        &[(0, &0xa92b_4efc_u32.to_le_bytes()), (8, &90u32.to_le_bytes()), (20, &[1; 4]), (52, &[2; 12])];
    let sectors = 16 * MIB / 512;
    vec![
        ("lvm", vec![(512, lvm_label())]),
        ("raid-1.2", vec![(4096, raid_v1(8))]),
        ("raid-1.1", vec![(0, raid_v1(0))]),
        ("raid-1.0", vec![((sectors - 16) * 512, raid_v1(sectors - 16))]),
        ("raid-0.90", vec![((sectors - 128) * 512, set(128, raid_v0))]),
        ("luks", vec![(0, set(512, luks))]),
        ("btrfs", vec![(65536, set(4096, btrfs))]),
        (
            "vfat",
            vec![
                (0, set(512, fat32)),
                (512, set(512, &[(0, b"RRaA"), (484, b"rrAa"), (510, &[0x55, 0xaa])])),
            ],
        ),
        ("iso", vec![(32768, set(2048, iso))]),
    ]
}

/// `blkid` wants more of these than a boot sector, and their tools are not on every machine.
#[test]
fn boot_sectors_of_windows_filesystems_are_no_partition_table() {
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("disk.raw");
    let fat16: &[(u64, &[u8])] = &[
        (11, &[0, 2, 4, 4, 0, 2]),
        (21, &[0xf8]),
        (39, &[0x78, 0x56, 0x34, 0x12]),
        (43, b"USB STICK  "),
        (54, b"FAT16   "),
    ];
    let ntfs: &[(u64, &[u8])] = &[(3, b"NTFS    "), (72, &[0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01])];
    let exfat: &[(u64, &[u8])] = &[(3, b"EXFAT   "), (100, &[0x78, 0x56, 0x34, 0x12])];
    let mut seen = String::new();
    for fields in [fat16, ntfs, exfat] {
        blank(&image, MIB);
        for (at, bytes) in fields {
            patch(&image, *at, bytes);
        }
        patch(&image, 510, &[0x55, 0xaa]);
        seen.push_str(&describe(&image_disk(&image).unwrap()));
    }
    insta::assert_snapshot!(seen, @"
    image [Image] 1048576 bytes in 512, no table; vfat 1234-5678 USB STICK
    image [Image] 1048576 bytes in 512, no table; ntfs 0123456789ABCDEF
    image [Image] 1048576 bytes in 512, no table; exfat 1234-5678
    ");
}

#[test]
fn what_is_no_disk_image_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let mut qcow2 = b"QFI\xfb\0\0\0\x03".to_vec();
    qcow2.resize(1024, 0);
    let pipe = dir.path().join("pipe");
    tool("mkfifo", "coreutils", &[pipe.to_str().unwrap()], "");
    let cases = [
        file("a.qcow2", &qcow2),
        file("empty", b""),
        file("short", &[1; 511]),
        pipe,
        dir.path().join("absent"),
        "/".into(),
    ];
    let messages: Vec<String> = cases.iter().map(|path| image_disk(path).unwrap_err().to_string()).collect();
    let messages = messages.join("\n").replace(dir.path().to_str().unwrap(), "");
    insta::assert_snapshot!(messages, @"
    cannot use /a.qcow2 as a disk: it is a qcow2 image; convert it first: qemu-img convert -O raw FILE FILE.raw
    cannot use /empty as a disk: it is too small for a disk image (0 bytes)
    cannot use /short as a disk: it is too small for a disk image (511 bytes)
    cannot use /pipe as a disk: it is neither a block device nor a regular file
    cannot read /absent: No such file or directory (os error 2)
    cannot use / as a disk: it is neither a block device nor a regular file
    ");
}

#[test]
fn nothing_and_something_unknown_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("disk.raw");
    for (patches, expected) in [(&[][..], Format::None), (&[(4000, &b"data"[..])], Format::Unknown)] {
        blank(&image, MIB);
        for (offset, bytes) in patches {
            patch(&image, *offset, bytes);
        }
        assert_eq!(image_disk(&image).unwrap().contents.format, expected);
    }
}
