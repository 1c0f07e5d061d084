//! Machines whose disks are stacked in the ways Linux knows: each is a tree of files, and its inventory a snapshot.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code outside #[test] functions")]

mod kit;

use std::fs;
use std::os::unix::fs::MetadataExt;

use blockdev::{Inventory, Roots, SystemDisk, disk_at};
use kit::{MIB, Tree, blank, format_at, lvm_label, partition, patch};

const GPT: &str = "label: gpt\nlabel-id: 11111111-2222-3333-4444-555555555555\n\
    start=2048, size=20480, type=uefi\nstart=22528, size=20480, type=linux\nstart=43008, size=40960, type=lvm\n";

/// A machine as installers make it: EFI system partition, /boot, and a volume group over two disks.
fn lvm() -> Tree {
    let tree = Tree::new();
    fs::create_dir_all(tree.path("sys/firmware/efi")).unwrap();
    let sda = tree.device(
        "sda",
        "8:0",
        64 * MIB,
        &[("device/model", "QEMU HARDDISK   "), ("device/vendor", "ATA")],
    );
    fs::write(tree.path("sys/block/sda/device/vpd_pg80"), b"\0\x80\0\x08  SER123").unwrap();
    tree.put("sys/block/sda/device/wwid", "naa.5000c500a1b2c3d4\n");
    partition(&sda, GPT);
    format_at(&sda, 11 * MIB, 10 * MIB, ("mkfs.ext4", "e2fsprogs"), &["-q", "-L", "boot", "-U", UUID]);
    patch(&sda, 21 * MIB + 512, &lvm_label());
    tree.partition("sda", "sda1", "8:1", 1, (MIB, 10 * MIB));
    tree.partition("sda", "sda2", "8:2", 2, (11 * MIB, 10 * MIB));
    tree.partition("sda", "sda3", "8:3", 3, (21 * MIB, 20 * MIB));
    let sdb = tree.device("sdb", "8:16", 32 * MIB, &[]);
    patch(&sdb, 512, &lvm_label());
    for (name, number, dm_name, lowers) in [
        ("dm-0", "253:0", "vg0-root", &["sda/sda3"][..]),
        ("dm-1", "253:1", "vg0-swap", &["sda/sda3"]),
        ("dm-2", "253:2", "vg0-data--2024", &["sda/sda3", "sdb"]),
    ] {
        tree.device(name, number, 8 * MIB, &[("dm/name", dm_name), ("dm/uuid", "LVM-AAAABBBBCCCC")]);
        for lower in lowers {
            tree.stack(name, lower);
        }
    }
    for (number, point, kind, source) in [
        ("253:0", "/", "ext4", "/dev/mapper/vg0-root"),
        ("8:2", "/boot", "ext4", "/dev/sda2"),
        ("8:1", "/boot/efi", "vfat", "/dev/sda1"),
        ("253:2", "/srv/my\\040data", "xfs", "/dev/mapper/vg0-data--2024"),
    ] {
        tree.mount(number, point, kind, source);
    }
    tree.append("proc/swaps", "/dev/dm-1 partition 8188 100 -2");
    tree
}

const UUID: &str = "0f0e0d0c-0b0a-0908-0706-050403020100";

#[test]
fn logical_volumes_are_followed_to_their_disks() {
    insta::assert_snapshot!(lvm().report(), @r#"
    Uefi, system disk /dev/sda also []
    /boot on /dev/sda2 of ["/dev/sda"]
    /boot/efi on /dev/sda1 of ["/dev/sda"]
    /dev/sda [Plain] 67108864 bytes in 512, gpt 11111111-2222-3333-4444-555555555555; none
      1 /dev/sda1 1048576+10485760 (c12a7328-f81f-11d2-ba4b-00a0c93ec93b EFI System) esp; vfat at /boot/efi
      2 /dev/sda2 11534336+10485760 (0fc63daf-8483-4772-8e79-3d69d8477de4 Linux filesystem); ext4 0f0e0d0c-0b0a-0908-0706-050403020100 boot at /boot
      3 /dev/sda3 22020096+20971520 (e6d6d379-f507-44c2-a23c-238f2a3df928 Linux LVM); LVM2_member aBcDeF-0123-4567-89aB-cDeF-0123-456789 held by dm-0,dm-1,dm-2
    /dev/sdb [Plain] 33554432 bytes in 512, no table; LVM2_member aBcDeF-0123-4567-89aB-cDeF-0123-456789 held by dm-2
    /dev/mapper/vg0-root [LogicalVolume { group: "vg0", volume: "root", layer: None, members: ["sda3"] }] 8388608 bytes in 512, no table; ext4 at /
    /dev/mapper/vg0-swap [LogicalVolume { group: "vg0", volume: "swap", layer: None, members: ["sda3"] }] 8388608 bytes in 512, no table; none swapping
    /dev/mapper/vg0-data--2024 [LogicalVolume { group: "vg0", volume: "data-2024", layer: None, members: ["sda3", "sdb"] }] 8388608 bytes in 512, no table; xfs at /srv/my data
    swap /dev/dm-1 Device 102400/8384512
    "#);
}

#[test]
fn what_a_disk_says_of_itself_is_read() {
    let inventory = lvm().collect();
    let disk = &inventory.disks[0];
    assert_eq!(disk.model.as_deref(), Some("QEMU HARDDISK"));
    assert_eq!(disk.serial.as_deref(), Some("SER123"));
    assert_eq!(disk.wwn.as_deref(), Some("naa.5000c500a1b2c3d4"));
    insta::assert_json_snapshot!(inventory.machine, @r#"
    {
      "hostname": "web1",
      "os": {
        "pretty_name": "Debian GNU/Linux 12 (bookworm)",
        "id": "debian",
        "version": "12",
        "platform": "Debian"
      },
      "kernel_release": "6.1.0-18-amd64",
      "architecture": "x86_64",
      "cpu_model": "Example CPU",
      "cpu_count": 2,
      "memory_bytes": 4294967296,
      "ipv4": [],
      "ipv6": [],
      "identity": {
        "machine_id": "0123456789abcdef0123456789abcdef",
        "product_uuid": null,
        "board_serial": null
      }
    }
    "#);
}

#[test]
fn a_mirror_is_on_both_its_disks() {
    let tree = Tree::new();
    let table = "label: dos\nlabel-id: 0xcafe0001\nstart=2048, size=20480, type=fd, bootable\n";
    tree.device(
        "md0",
        "9:0",
        9 * MIB,
        &[("md/level", "raid1"), ("md/array_state", "clean"), ("md/degraded", "1")],
    );
    for (disk, number) in [("sdb", "8:16"), ("sda", "8:0")] {
        let image = tree.device(disk, number, 16 * MIB, &[]);
        partition(&image, table);
        let part = format!("{disk}1");
        tree.partition(disk, &part, &number.replace(":0", ":1").replace("16", "17"), 1, (MIB, 10 * MIB));
        tree.stack("md0", &format!("{disk}/{part}"));
    }
    tree.mount("9:0", "/", "ext4", "/dev/md0");
    insta::assert_snapshot!(tree.report(), @r#"
    Bios, system disk /dev/sda also ["/dev/sdb"]
    /dev/sda [Plain] 16777216 bytes in 512, mbr cafe0001; none
      1 /dev/sda1 1048576+10485760 (0xfd Linux RAID autodetect) bootable; none held by md0
    /dev/sdb [Plain] 16777216 bytes in 512, mbr cafe0001; none
      1 /dev/sdb1 1048576+10485760 (0xfd Linux RAID autodetect) bootable; none held by md0
    /dev/md0 [Raid { level: "raid1", state: Some("clean"), degraded: true, members: ["sda1", "sdb1"] }] 9437184 bytes in 512, no table; ext4 at /
    "#);
}

#[test]
fn a_multipath_disk_is_one_disk_and_its_paths_none() {
    let tree = Tree::new();
    let table = "label: dos\nlabel-id: 0xcafe0002\nstart=2048, size=20480, type=83, bootable\n";
    let map = [("dm/name", "mpatha"), ("dm/uuid", "mpath-3600140500000001")];
    let image = tree.device("dm-0", "253:0", 16 * MIB, &map);
    partition(&image, table);
    for (path, number) in [("sda", "8:0"), ("sdb", "8:16")] {
        tree.device(path, number, 16 * MIB, &[("device/model", "LUN"), ("device/vendor", "LIO-ORG")]);
        tree.stack("dm-0", path);
    }
    tree.device(
        "dm-1",
        "253:1",
        10 * MIB,
        &[("dm/name", "mpatha-part1"), ("dm/uuid", "part1-mpath-3600140500000001")],
    );
    tree.stack("dm-1", "dm-0");
    tree.mount("253:1", "/", "ext4", "/dev/mapper/mpatha-part1");
    insta::assert_snapshot!(tree.report(), @r#"
    Bios, system disk /dev/mapper/mpatha also []
    /dev/mapper/mpatha [Multipath { name: "mpatha", members: ["sda", "sdb"] }] 16777216 bytes in 512, mbr cafe0002; none held by dm-1
      1 /dev/mapper/mpatha-part1 1048576+10485760 (0x83 Linux) bootable; ext4 at /
    "#);
    assert_eq!(tree.collect().disks[0].model.as_deref(), Some("LIO-ORG LUN"));
}

#[test]
fn nvme_multipath_luks_and_btrfs_subvolumes_are_seen_through() {
    let tree = Tree::new();
    tree.device("nvme0n1", "259:0", 64 * MIB, &[("wwid", "eui.0025385b71b00001"), ("device/model", "NVM 1")]);
    for path in ["nvme0c0n1", "nvme0c1n1"] {
        tree.device(path, "0:0", 64 * MIB, &[("hidden", "1")]);
    }
    tree.device("nvme10n1", "259:8", 8 * MIB, &[]);
    tree.device("nvme2n1", "259:4", 8 * MIB, &[]);
    partition(
        &tree.path("dev/nvme0n1"),
        "label: gpt\nlabel-id: 11111111-2222-3333-4444-555555555555\nstart=2048, size=81920, type=linux\n",
    );
    tree.partition("nvme0n1", "nvme0n1p1", "259:1", 1, (MIB, 40 * MIB));
    tree.device(
        "dm-0",
        "253:0",
        38 * MIB,
        &[("dm/name", "crypt-root"), ("dm/uuid", "CRYPT-LUKS2-0f0e-crypt-root")],
    );
    tree.stack("dm-0", "nvme0n1/nvme0n1p1");
    let btrfs = "rw - btrfs /dev/mapper/crypt-root rw,subvol";
    tree.append("proc/self/mountinfo", &format!("30 1 0:31 /@ / {btrfs}=/@"));
    tree.append("proc/self/mountinfo", &format!("31 1 0:31 /@home /home {btrfs}=/@home"));
    // A second device of the same Btrfs carries / just as well.
    for member in ["dm-0", "nvme2n1"] {
        fs::create_dir_all(tree.path("sys/fs/btrfs/0f0e/devices").join(member)).unwrap();
    }
    insta::assert_snapshot!(tree.report(), @r#"
    Bios, system disk /dev/nvme0n1 also ["/dev/nvme2n1"]
    /dev/nvme0n1 [NvmeMultipath { members: ["nvme0c0n1", "nvme0c1n1"] }] 67108864 bytes in 512, gpt 11111111-2222-3333-4444-555555555555; none
      1 /dev/nvme0n1p1 1048576+41943040 (0fc63daf-8483-4772-8e79-3d69d8477de4 Linux filesystem); none held by dm-0
    /dev/nvme2n1 [Plain] 8388608 bytes in 512, no table; none
    /dev/nvme10n1 [Plain] 8388608 bytes in 512, no table; none
    /dev/mapper/crypt-root [Crypt { name: "crypt-root", members: ["nvme0n1p1"] }] 39845888 bytes in 512, no table; btrfs at / (/@) at /home (/@home)
    "#);
}

#[test]
fn what_is_no_disk_is_left_out() {
    let tree = Tree::new();
    for (name, number, bytes) in [
        ("loop0", "7:0", MIB),
        ("ram0", "1:0", MIB),
        ("zram0", "252:0", MIB),
        ("sr0", "11:0", MIB),
        ("fd0", "2:0", MIB),
        ("sdc", "8:32", 0),
        ("mmcblk0boot0", "179:8", MIB),
        ("xvda", "202:0", MIB),
        ("mmcblk0", "179:0", MIB),
        ("cciss!c0d0", "104:0", MIB),
    ] {
        tree.device(name, number, bytes, &[]);
    }
    tree.append("proc/swaps", "/dev/zram0 partition 1020 0 100");
    insta::assert_snapshot!(tree.report(), @"
    Bios, system disk none: nothing is mounted at / here; name the disks to migrate
    /dev/cciss/c0d0 [Plain] 1048576 bytes in 512, no table; none
    /dev/mmcblk0 [Plain] 1048576 bytes in 512, no table; none
    /dev/xvda [Plain] 1048576 bytes in 512, no table; none
    swap /dev/zram0 Memory 0/1044480
    ");
}

#[test]
fn a_container_has_no_system_disk_and_says_why() {
    let reasons = [
        ("0:50", "overlay", "overlay"),
        ("0:2", "tmpfs", "tmpfs"),
        ("0:60", "nfs4", "filer:/roots/web1"),
        ("0:61", "zfs", "rpool/ROOT/debian"),
        ("0:62", "btrfs", "/dev/sdz1"),
        ("7:0", "squashfs", "/dev/loop0"),
    ]
    .map(|(number, kind, source)| {
        let tree = Tree::new();
        tree.device("loop0", "7:0", MIB, &[]);
        tree.mount(number, "/", kind, source);
        match tree.collect().boot.system_disk {
            SystemDisk::None { reason } => reason,
            SystemDisk::Disk { path, .. } => panic!("{kind} on {path:?}"),
        }
    });
    insta::assert_snapshot!(reasons.join("\n"), @"
    / is an overlay, as in containers and live systems; name the disks to migrate
    / is in memory (tmpfs); name the disks to migrate
    / is nfs4 from filer:/roots/web1: on no disk of this machine; name the disks to migrate
    / is the ZFS dataset rpool/ROOT/debian, which is not followed to its disks; name the disks to migrate
    / is btrfs from /dev/sdz1, which is no block device seen here; name the disks to migrate
    / is on /dev/loop0, which stands on no disk seen here; name the disks to migrate
    ");
}

#[test]
fn half_an_inventory_is_better_than_none() {
    let tree = Tree::new();
    fs::remove_dir_all(tree.path("sys")).unwrap();
    let without_sysfs = tree.report();
    let tree = lvm();
    fs::remove_dir_all(tree.path("dev")).unwrap();
    fs::create_dir(tree.path("dev")).unwrap();
    fs::create_dir(tree.path("dev/sdb")).unwrap();
    insta::assert_snapshot!(format!("{without_sysfs}\n{}", tree.report()), @r#"
    Bios, system disk none: nothing is mounted at / here; name the disks to migrate
    ! no disks found: cannot read /sys/block: No such file or directory (os error 2); is sysfs mounted?

    Uefi, system disk /dev/sda also []
    /boot on /dev/sda2 of ["/dev/sda"]
    /boot/efi on /dev/sda1 of ["/dev/sda"]
    /dev/sda [Plain] 67108864 bytes in 512, table unread; unread
      1 /dev/sda1 1048576+10485760 (?); vfat at /boot/efi
      2 /dev/sda2 11534336+10485760 (?); ext4 at /boot
      3 /dev/sda3 22020096+20971520 (?); unread held by dm-0,dm-1,dm-2
      ! cannot read /dev/sda: No such file or directory (os error 2); in a container, share the host's /dev
    /dev/sdb [Plain] 33554432 bytes in 512, table unread; unread held by dm-2
      ! /dev/sdb is not the block device sdb; recreate it
    /dev/mapper/vg0-root [LogicalVolume { group: "vg0", volume: "root", layer: None, members: ["sda3"] }] 8388608 bytes in 512, table unread; ext4 at /
      ! cannot read /dev/dm-0: No such file or directory (os error 2); in a container, share the host's /dev
    /dev/mapper/vg0-swap [LogicalVolume { group: "vg0", volume: "swap", layer: None, members: ["sda3"] }] 8388608 bytes in 512, table unread; unread swapping
      ! cannot read /dev/dm-1: No such file or directory (os error 2); in a container, share the host's /dev
    /dev/mapper/vg0-data--2024 [LogicalVolume { group: "vg0", volume: "data-2024", layer: None, members: ["sda3", "sdb"] }] 8388608 bytes in 512, table unread; xfs at /srv/my data
      ! cannot read /dev/dm-2: No such file or directory (os error 2); in a container, share the host's /dev
    swap /dev/dm-1 Device 102400/8384512
    "#);
    fs::remove_dir_all(tree.path("proc")).unwrap();
    let error = Inventory::collect(&tree.roots()).unwrap_err().to_string();
    assert!(error.contains("proc/self/mountinfo: No such file"), "{error}");
}

#[test]
fn the_kernel_is_right_about_where_its_partitions_are() {
    let tree = Tree::new();
    let image = tree.device("vda", "254:0", 64 * MIB, &[]);
    partition(&image, GPT);
    tree.partition("vda", "vda1", "254:1", 1, (MIB, 10 * MIB));
    tree.partition("vda", "vda2", "254:2", 2, (12 * MIB, 10 * MIB));
    tree.partition("vda", "vda9", "254:9", 9, (50 * MIB, MIB));
    insta::assert_snapshot!(tree.report(), @"
    Bios, system disk none: nothing is mounted at / here; name the disks to migrate
    /dev/vda [Plain] 67108864 bytes in 512, gpt 11111111-2222-3333-4444-555555555555; none
      1 /dev/vda1 1048576+10485760 (c12a7328-f81f-11d2-ba4b-00a0c93ec93b EFI System) esp; none
      2 /dev/vda2 12582912+10485760 (0fc63daf-8483-4772-8e79-3d69d8477de4 Linux filesystem); none
      3 22020096+20971520 (e6d6d379-f507-44c2-a23c-238f2a3df928 Linux LVM); none
      9 /dev/vda9 52428800+1048576 (?); none
      ! the kernel has /dev/vda2 elsewhere than the partition table; run partprobe or restart
      ! /dev/vda9 is not in the partition table; has the table changed since it was read?
    ");
}

#[test]
fn space_is_asked_of_the_filesystem_that_is_mounted_there() {
    let tree = Tree::new();
    let device = fs::metadata(tree.path("etc")).unwrap().dev();
    let number = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    tree.device("vda", &number, MIB, &[]);
    tree.device("vdb", "254:77", MIB, &[]);
    tree.mount(&number, "/etc", "ext4", "/dev/vda");
    tree.mount("254:77", "/proc", "ext4", "/dev/vdb");
    let inventory = tree.collect();
    let found: Vec<bool> = inventory.disks.iter().map(|disk| disk.contents.space.is_some()).collect();
    assert_eq!(found, [true, false], "{:?}", inventory.disks);
    let space = inventory.disks[0].contents.space.unwrap();
    assert!(space.used_bytes > 0 || space.free_bytes > 0);
}

#[test]
fn of_mounts_the_whole_ones_and_the_uppermost_count() {
    let tree = Tree::new();
    tree.device("vda", "254:0", MIB, &[]);
    tree.device("vdb", "254:16", MIB, &[]);
    for line in [
        "30 1 254:0 / /data rw - ext4 /dev/vda rw",
        "31 1 254:0 /log /var/log rw - ext4 /dev/vda rw",
        "32 1 254:16 / /hidden rw - ext4 /dev/vdb rw",
        "33 1 0:77 / /hidden rw - tmpfs tmpfs rw",
        "34 1 254:16 /only/part /part ro - ext4 /dev/vdb rw",
    ] {
        tree.append("proc/self/mountinfo", line);
    }
    insta::assert_snapshot!(tree.report(), @"
    Bios, system disk none: nothing is mounted at / here; name the disks to migrate
    /dev/vda [Plain] 1048576 bytes in 512, no table; ext4 at /data
    /dev/vdb [Plain] 1048576 bytes in 512, no table; ext4 at /part (/only/part)
    ");
}

#[test]
fn a_disk_is_found_by_path_or_refused_with_what_to_name() {
    let tree = lvm();
    tree.device("loop3", "7:3", 4 * MIB, &[("loop/backing_file", "/var/lib/disk.raw")]);
    tree.device("loop4", "7:4", 0, &[]);
    tree.device("zram0", "252:0", MIB, &[]);
    tree.device("dm-7", "253:7", MIB, &[("dm/name", "mpathb"), ("dm/uuid", "mpath-36001")]);
    tree.device("sdc", "8:32", MIB, &[]);
    tree.stack("dm-7", "sdc");
    blank(&tree.path("image.raw"), MIB);
    let image = tree.path("image.raw").to_str().unwrap().to_owned();
    let paths = [
        "/dev/sda",
        "/dev/loop3",
        "/dev/mapper/vg0-root",
        "/dev/dm-0",
        "/dev/sda2",
        "/dev/sdc",
        "/dev/loop4",
        "/dev/zram0",
        "/dev/sdq",
        &image,
    ];
    let found = paths.map(|path| match disk_at(&tree.roots(), path.as_ref()) {
        Ok(disk) => format!("{path}: {} {:?}", disk.path.display(), disk.stack),
        Err(error) => error.to_string(),
    });
    insta::assert_snapshot!(found.join("\n").replace(&image, "IMAGE"), @r#"
    /dev/sda: /dev/sda Plain
    /dev/loop3: /dev/loop3 Loop { backing_file: Some("/var/lib/disk.raw") }
    /dev/mapper/vg0-root: /dev/mapper/vg0-root LogicalVolume { group: "vg0", volume: "root", layer: None, members: ["sda3"] }
    /dev/dm-0: /dev/mapper/vg0-root LogicalVolume { group: "vg0", volume: "root", layer: None, members: ["sda3"] }
    cannot use /dev/sda2 as a disk: it is partition 2 of /dev/sda; name the whole disk: /dev/sda
    cannot use /dev/sdc as a disk: it is one path to the multipath disk /dev/mapper/mpathb; name that: /dev/mapper/mpathb
    cannot use /dev/loop4 as a disk: it is empty (0 bytes)
    cannot use /dev/zram0 as a disk: it is memory, removable without a medium, or optical
    cannot read /dev/sdq: No such file or directory (os error 2)
    IMAGE: IMAGE Image
    "#);
}

#[test]
fn an_inventory_serializes() {
    let json = serde_json::to_value(lvm().collect()).unwrap();
    assert_eq!(
        json["boot"]["system_disk"],
        serde_json::json!({"kind": "disk", "path": "/dev/sda", "also": []})
    );
    assert_eq!(json["disks"][0]["partitions"][1]["contents"]["format"], "ext4");
    assert_eq!(json["volumes"][0]["stack"]["kind"], "logical_volume");
    assert_eq!(Roots::default().sys.to_str(), Some("/sys"));
}
