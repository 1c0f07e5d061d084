//! From [`blockdev`]'s words to those of the wire.

use std::{collections::BTreeMap, net::IpAddr, path::Path};

use blockdev::{Boot, Contents, Format, PartitionTable, Stack, SystemDisk};
use smc::source::{
    Inventory,
    inventory::{
        BootMode, Content, Cpu, Disk, DiskKind, MAX_ADDRESSES, MAX_DISKS, MAX_TEXT, MAX_VOLUMES, Memory, Os,
        Partition, PartitionRole, Volume,
    },
};

use super::load::Load;

/// Translates; texts that a center would refuse (control characters, overlong) are made to fit, because a
/// strange label is no reason to keep a machine out.
pub(super) fn inventory(found: &blockdev::Inventory, load: Load) -> Inventory {
    let machine = &found.machine;
    let addresses = machine.ipv4.iter().copied().map(IpAddr::V4);
    let addresses = addresses.chain(machine.ipv6.iter().copied().map(IpAddr::V6));
    let names = Names::of(found);
    // A multipath map is a disk to copy, and is also named as the map that it is, with its paths.
    let maps = found
        .disks
        .iter()
        .filter(|disk| matches!(disk.stack, Stack::Multipath { .. } | Stack::NvmeMultipath { .. }));
    Inventory {
        hostname: text(&machine.hostname),
        os: Os {
            platform: machine.os.platform.as_str().to_owned(),
            name: text(&machine.os.pretty_name),
            version: optional(machine.os.version.as_deref()),
        },
        kernel: text(&machine.kernel_release),
        architecture: text(machine.architecture.as_str()),
        boot: match found.boot.mode {
            blockdev::BootMode::Uefi => BootMode::Uefi,
            blockdev::BootMode::Bios => BootMode::Bios,
        },
        cpu: Cpu {
            model: optional(machine.cpu_model.as_deref()),
            count: machine.cpu_count,
            usage_percent: load.cpu_percent,
        },
        memory: Memory { total_bytes: machine.memory_bytes, available_bytes: load.available_bytes },
        addresses: addresses.take(MAX_ADDRESSES).collect(),
        disks: found.disks.iter().map(|found_disk| disk(found_disk, &found.boot)).collect(),
        volumes: maps.chain(&found.volumes).take(MAX_VOLUMES).map(|found| volume(found, &names)).collect(),
    }
}

fn disk(found: &blockdev::Disk, boot: &Boot) -> Disk {
    let system = matches!(&boot.system_disk, SystemDisk::Disk { path, .. } if *path == found.path);
    let (table, table_id) = match &found.table {
        PartitionTable::Mbr { disk_id } => ("mbr", disk_id.as_str()),
        PartitionTable::Gpt { disk_guid, .. } => ("gpt", disk_guid.as_str()),
        PartitionTable::None | PartitionTable::Damaged { .. } | PartitionTable::Unread => ("", ""),
    };
    let mut partitions: Vec<Partition> = found
        .partitions
        .iter()
        .filter(|partition| !partition.flags.extended)
        .map(|found| partition(found, boot))
        .collect();
    partitions.sort_by_key(|partition| partition.start_bytes);
    Disk {
        path: path(&found.path),
        kind: if matches!(found.stack, Stack::Image) { DiskKind::Image } else { DiskKind::Block },
        size_bytes: found.size_bytes,
        sector_bytes: found.logical_sector_bytes,
        system,
        model: optional(found.model.as_deref()),
        serial: serial_numbers(found).next().unwrap_or_default(),
        table: table.to_owned(),
        table_id: text(table_id),
        partitions,
        content: content(&found.contents),
    }
}

fn partition(found: &blockdev::Partition, boot: &Boot) -> Partition {
    let carries_boot = boot.boot.as_ref().is_some_and(|carrier| {
        carrier.mount_point == "/boot" && Some(&carrier.device) == found.path.as_ref()
    });
    let role = match () {
        () if found.flags.esp => PartitionRole::System,
        () if found.flags.bios_boot || carries_boot => PartitionRole::Boot,
        () => PartitionRole::Normal,
    };
    Partition {
        number: found.number,
        path: found.path.as_deref().map(path).unwrap_or_default(),
        start_bytes: found.start_bytes,
        size_bytes: found.size_bytes,
        role,
        type_name: found.kind.as_ref().map(|kind| text(kind.name)).unwrap_or_default(),
        content: content(&found.contents),
    }
}

fn volume(found: &blockdev::Disk, names: &Names) -> Volume {
    let (kind, name) = match &found.stack {
        Stack::LogicalVolume { group, volume, layer: None, .. } => ("lvm", format!("{group}/{volume}")),
        Stack::LogicalVolume { group, volume, layer: Some(layer), .. } => {
            ("lvm", format!("{group}/{volume} ({layer})"))
        }
        Stack::Raid { level, .. } => ("raid", format!("{} ({level})", found.kernel_name)),
        Stack::Multipath { name, .. } => ("multipath", name.clone()),
        Stack::NvmeMultipath { .. } => ("multipath", found.kernel_name.clone()),
        Stack::Crypt { name, .. } => ("crypt", name.clone()),
        Stack::Mapped { name, .. } => ("mapped", name.clone()),
        Stack::Loop { .. } => ("loop", found.kernel_name.clone()),
        Stack::Plain | Stack::Image | Stack::Other { .. } => ("other", found.kernel_name.clone()),
    };
    Volume {
        kind: kind.to_owned(),
        name: text(&name),
        path: path(&found.path),
        size_bytes: found.size_bytes,
        members: found.stack.members().iter().take(MAX_DISKS).map(|member| names.path(member)).collect(),
        content: content(&found.contents),
    }
}

fn content(found: &Contents) -> Content {
    let filesystem = match found.format {
        Format::None | Format::Unknown | Format::Unread => "",
        known => known.as_str(),
    };
    Content {
        filesystem: filesystem.to_owned(),
        uuid: optional(found.uuid.as_deref()),
        label: optional(found.label.as_deref()),
        mounts: found.mounts.iter().take(MAX_DISKS).map(|mount| text(&mount.point)).collect(),
        used_bytes: found.space.map(|space| space.used_bytes),
    }
}

/// Where devices are that are only known by their kernel names.
struct Names(BTreeMap<String, String>);

impl Names {
    fn of(found: &blockdev::Inventory) -> Self {
        let devices = found.disks.iter().chain(&found.volumes);
        Self(devices.map(|device| (device.kernel_name.clone(), path(&device.path))).collect())
    }

    fn path(&self, kernel_name: &str) -> String {
        // The kernel writes `!` where a device's path has a slash.
        let known = self.0.get(kernel_name).cloned();
        known.unwrap_or_else(|| text(&format!("/dev/{}", kernel_name.replace('!', "/"))))
    }
}

fn path(path: &Path) -> String {
    text(&path.to_string_lossy())
}

/// What tells a disk from others of its kind; the first is the one in the inventory.
pub(crate) fn serial_numbers(found: &blockdev::Disk) -> impl Iterator<Item = String> + '_ {
    [&found.serial, &found.wwn].into_iter().flatten().map(|number| text(number))
}

fn optional(found: Option<&str>) -> String {
    found.map(text).unwrap_or_default()
}

fn text(found: &str) -> String {
    found
        .chars()
        .map(|character| if character.is_control() { '?' } else { character })
        .take(MAX_TEXT)
        .collect()
}
