//! Machines for tests.

use std::path::PathBuf;

use blockdev::{
    Architecture, Boot, BootMode, Carrier, Contents, Disk, Format, Inventory, Machine, MachineIdentity,
    Mount, OperatingSystem, Partition, PartitionFlags, PartitionTable, PartitionType, Platform, Space, Stack,
    SystemDisk,
};

const GIB: u64 = 1 << 30;

pub(super) fn disk(path: &str) -> Disk {
    Disk {
        path: path.into(),
        kernel_name: path.rsplit('/').next().unwrap_or_default().to_owned(),
        size_bytes: 64 * GIB,
        logical_sector_bytes: 512,
        physical_sector_bytes: 4096,
        rotational: false,
        read_only: false,
        removable: false,
        model: None,
        serial: None,
        wwn: None,
        stack: Stack::Plain,
        table: PartitionTable::None,
        partitions: vec![],
        contents: Contents::default(),
        problems: vec![],
    }
}

pub(super) fn volume(name: &str, members: &[&str]) -> Disk {
    let members = members.iter().map(|member| (*member).to_owned()).collect();
    Disk { stack: Stack::Mapped { name: name.to_owned(), members }, ..disk(&format!("/dev/{name}")) }
}

pub(super) fn inventory(system: &str, disks: Vec<Disk>) -> Inventory {
    Inventory {
        machine: Machine {
            hostname: "web-01".into(),
            os: OperatingSystem {
                pretty_name: "Debian GNU/Linux 12 (bookworm)".into(),
                id: "debian".into(),
                version: Some("12".into()),
                platform: Platform::Debian,
            },
            kernel_release: "6.1.0".into(),
            architecture: Architecture::X86_64,
            cpu_model: Some("EPYC".into()),
            cpu_count: 4,
            memory_bytes: 8 * GIB,
            ipv4: vec![[10, 0, 0, 5].into()],
            ipv6: vec!["2001:db8::5".parse().unwrap()],
            identity: MachineIdentity::default(),
        },
        boot: Boot {
            mode: BootMode::Uefi,
            system_disk: SystemDisk::Disk { path: system.into(), also: vec![] },
            boot: Some(Carrier {
                device: PathBuf::from(format!("{system}2")),
                mount_point: "/boot".into(),
                disks: vec![system.into()],
            }),
            efi: None,
        },
        disks,
        volumes: vec![],
        swaps: vec![],
        problems: vec![],
    }
}

/// A server as one meets it: UEFI, a boot partition, LVM on the rest, a data array, a disk behind multipath.
pub(super) fn server() -> Inventory {
    let mut system = disk("/dev/sda");
    system.model = Some("SAMSUNG MZ7LH".into());
    system.serial = Some("S45N\u{1b}1".into());
    system.table = PartitionTable::Gpt { disk_guid: "5d6f".into(), from_backup: false };
    system.partitions = vec![
        partition(3, Format::LvmMember, PartitionFlags::default(), &[]),
        partition(1, Format::Vfat, PartitionFlags { esp: true, ..PartitionFlags::default() }, &["/boot/efi"]),
        partition(2, Format::Ext4, PartitionFlags::default(), &["/boot"]),
    ];
    let mut mapped = disk("/dev/mapper/mpatha");
    mapped.stack = Stack::Multipath { name: "mpatha".into(), members: vec!["sdc".into(), "sdd".into()] };
    let mut found = inventory("/dev/sda", vec![system, mapped]);
    let mut root = volume("mapper/vg0-root", &[]);
    root.stack = Stack::LogicalVolume {
        group: "vg0".into(),
        volume: "root".into(),
        layer: None,
        members: vec!["sda3".into()],
    };
    root.contents = contents(Format::Xfs, &["/"]);
    let mut array = volume("md0", &[]);
    array.stack = Stack::Raid {
        level: "raid1".into(),
        state: None,
        degraded: false,
        members: vec!["cciss!c0d1".into(), "sdf".into()],
    };
    found.volumes = vec![root, array];
    found
}

fn partition(number: u32, format: Format, flags: PartitionFlags, mounts: &[&str]) -> Partition {
    Partition {
        number,
        path: Some(format!("/dev/sda{number}").into()),
        start_bytes: u64::from(number) * GIB,
        size_bytes: GIB,
        kind: Some(PartitionType { code: "0fc63daf".into(), name: "Linux filesystem" }),
        name: None,
        uuid: None,
        flags,
        contents: contents(format, mounts),
    }
}

fn contents(format: Format, mounts: &[&str]) -> Contents {
    let mount = |point: &&str| Mount { point: (*point).to_owned(), subtree: "/".into(), read_only: false };
    let space = (!mounts.is_empty()).then_some(Space { used_bytes: GIB / 2, free_bytes: GIB / 2 });
    Contents { format, mounts: mounts.iter().map(mount).collect(), space, ..Contents::default() }
}
