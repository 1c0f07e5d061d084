//! What a machine consists of, as its agent reports it and the center keeps it.
//!
//! The types are also the wire form between agent and center (JSON): fields that a newer agent adds are
//! ignored, fields that an older one leaves out take their defaults. An inventory comes from a machine that
//! nobody vouches for, so [`Inventory::check`] bounds every part of it before anything is kept.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Disks of one inventory at the most.
pub const MAX_DISKS: usize = 128;
/// Partitions of one disk at the most (the size of a standard GPT).
pub const MAX_PARTITIONS: usize = 128;
/// Volumes (logical volumes, arrays, maps) of one inventory at the most.
pub const MAX_VOLUMES: usize = 512;
/// Addresses of one inventory at the most.
pub const MAX_ADDRESSES: usize = 64;
/// Characters of one text at the most.
pub const MAX_TEXT: usize = 1024;

/// A machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inventory {
    /// Its host name.
    pub hostname: String,
    /// Its operating system.
    pub os: Os,
    /// The kernel's release, as `uname -r` says.
    pub kernel: String,
    /// `x86_64`, `i386` or `arm64`.
    pub architecture: String,
    /// How its firmware starts it.
    pub boot: BootMode,
    /// Its processors.
    pub cpu: Cpu,
    /// Its memory.
    pub memory: Memory,
    /// Addresses of its interfaces, loopback left out.
    pub addresses: Vec<IpAddr>,
    /// Its whole disks, the system disk among them.
    pub disks: Vec<Disk>,
    /// What is stacked on its disks: logical volumes, arrays, multipath and encrypted maps.
    pub volumes: Vec<Volume>,
}

/// An operating system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Os {
    /// The contract's `Platform`, such as `Debian` or `Others Linux`.
    pub platform: String,
    /// The name people know it by, such as `Debian GNU/Linux 12 (bookworm)`.
    pub name: String,
    /// Its version, such as `12`.
    pub version: String,
}

/// How the firmware starts a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BootMode {
    /// Boot sector.
    #[default]
    Bios,
    /// EFI system partition.
    Uefi,
}

/// Processors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cpu {
    /// The model's name.
    pub model: String,
    /// Logical processors.
    pub count: u32,
    /// Share of the time since boot that they were busy, in percent.
    pub usage_percent: f32,
}

/// Memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// All of it, in bytes.
    pub total_bytes: u64,
    /// What is available to programs, in bytes.
    pub available_bytes: u64,
}

/// A whole disk, or an image file that holds one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Disk {
    /// Where it is, such as `/dev/vda` or `/srv/disk.img`.
    pub path: String,
    /// A block device or an image file.
    pub kind: DiskKind,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Logical sector size in bytes.
    pub sector_bytes: u32,
    /// Whether `/` lives on it.
    pub system: bool,
    /// Model as the kernel tells it; empty when unknown.
    pub model: String,
    /// Serial number or WWN; empty when unknown.
    pub serial: String,
    /// `gpt`, `mbr`, or empty for none.
    pub table: String,
    /// The table's own id: the disk GUID or the MBR signature.
    pub table_id: String,
    /// Its partitions in the order of their start.
    pub partitions: Vec<Partition>,
    /// What is on it when it has no partitions.
    pub content: Content,
}

/// What a disk is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DiskKind {
    /// A block device.
    #[default]
    Block,
    /// A regular file that holds a disk's image.
    Image,
}

/// A partition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Partition {
    /// Its number in the table.
    pub number: u32,
    /// Where it is, such as `/dev/vda1`; empty inside an image.
    pub path: String,
    /// Its first byte on the disk.
    pub start_bytes: u64,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// What it is for.
    pub role: PartitionRole,
    /// Its type's name, such as `Linux filesystem`.
    pub type_name: String,
    /// What is on it.
    pub content: Content,
}

/// What a partition is for, in the words of `Disks…Part.Type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartitionRole {
    /// Data, or the root filesystem.
    #[default]
    Normal,
    /// The EFI system partition.
    System,
    /// Carries `/boot`, or the boot loader's own code.
    Boot,
}

/// Something stacked on disks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Volume {
    /// `lvm`, `raid`, `multipath`, `crypt`, or the kernel's word for another.
    pub kind: String,
    /// Its name, such as `vg0/root` or `md0`.
    pub name: String,
    /// Where it is, such as `/dev/mapper/vg0-root`.
    pub path: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// The devices below it.
    pub members: Vec<String>,
    /// What is on it.
    pub content: Content,
}

/// What is on a disk, partition or volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// `ext4`, `xfs`, `swap`, `LVM2_member`, `linux_raid_member`, `crypto_LUKS`…; empty when nothing is known.
    pub filesystem: String,
    /// The filesystem's UUID.
    pub uuid: String,
    /// The filesystem's label.
    pub label: String,
    /// Where it is mounted.
    pub mounts: Vec<String>,
    /// Bytes in use, known while it is mounted.
    pub used_bytes: Option<u64>,
}

/// Why an inventory is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unacceptable {
    /// More of something than a machine has.
    #[error("the inventory lists {found} {what}, at most {limit} are accepted")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many it lists.
        found: usize,
        /// How many it may.
        limit: usize,
    },
    /// A text that is too long or holds control characters.
    #[error("the inventory's {0} is longer than {MAX_TEXT} characters or holds control characters")]
    Text(&'static str),
    /// Nothing to copy.
    #[error("the inventory lists no disk; name one with --disk PATH")]
    NoDisk,
    /// A figure that is none.
    #[error("the inventory's {0} is not a number")]
    Figure(&'static str),
    /// Two disks of one path.
    #[error("the inventory lists the disk {0} twice")]
    Twice(String),
}

impl Inventory {
    /// Checks that every count and text is within bounds and that there is a disk to speak of.
    pub fn check(&self) -> Result<(), Unacceptable> {
        count("addresses", self.addresses.len(), MAX_ADDRESSES)?;
        count("disks", self.disks.len(), MAX_DISKS)?;
        count("volumes", self.volumes.len(), MAX_VOLUMES)?;
        let machine = [
            &self.hostname,
            &self.os.platform,
            &self.os.name,
            &self.os.version,
            &self.kernel,
            &self.architecture,
            &self.cpu.model,
        ];
        texts("machine description", machine)?;
        if !self.cpu.usage_percent.is_finite() {
            // JSON has no word for it: it would be kept as a null that does not read back.
            return Err(Unacceptable::Figure("processor usage"));
        }
        for (at, disk) in self.disks.iter().enumerate() {
            disk.check()?;
            if self.disks[..at].iter().any(|other| other.path == disk.path) {
                return Err(Unacceptable::Twice(disk.path.clone()));
            }
        }
        for volume in &self.volumes {
            texts("volume description", [&volume.kind, &volume.name, &volume.path])?;
            count("members of a volume", volume.members.len(), MAX_DISKS)?;
            texts("volume members", &volume.members)?;
            volume.content.check()?;
        }
        if self.disks.is_empty() { Err(Unacceptable::NoDisk) } else { Ok(()) }
    }

    /// The system disk, if the agent found one.
    pub fn system_disk(&self) -> Option<&Disk> {
        self.disks.iter().find(|disk| disk.system)
    }

    /// The disks that are not the system disk, in the agent's order.
    pub fn data_disks(&self) -> impl Iterator<Item = &Disk> {
        let system = self.disks.iter().position(|disk| disk.system);
        self.disks.iter().enumerate().filter(move |(at, _)| Some(*at) != system).map(|(_, disk)| disk)
    }
}

impl Disk {
    fn check(&self) -> Result<(), Unacceptable> {
        texts("disk description", [&self.path, &self.model, &self.serial, &self.table, &self.table_id])?;
        count("partitions on a disk", self.partitions.len(), MAX_PARTITIONS)?;
        for partition in &self.partitions {
            texts("partition description", [&partition.path, &partition.type_name])?;
            partition.content.check()?;
        }
        self.content.check()
    }
}

impl Content {
    fn check(&self) -> Result<(), Unacceptable> {
        texts("filesystem description", [&self.filesystem, &self.uuid, &self.label])?;
        count("mount points of a filesystem", self.mounts.len(), MAX_DISKS)?;
        texts("mount points", &self.mounts)
    }
}

fn count(what: &'static str, found: usize, limit: usize) -> Result<(), Unacceptable> {
    if found > limit { Err(Unacceptable::TooMany { what, found, limit }) } else { Ok(()) }
}

fn texts<'a>(what: &'static str, texts: impl IntoIterator<Item = &'a String>) -> Result<(), Unacceptable> {
    let fits = |text: &String| text.chars().count() <= MAX_TEXT && !text.chars().any(char::is_control);
    if texts.into_iter().all(fits) { Ok(()) } else { Err(Unacceptable::Text(what)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_disks(paths: &[&str]) -> Inventory {
        let disks = paths.iter().map(|path| Disk { path: (*path).into(), ..Disk::default() }).collect();
        Inventory { disks, ..Inventory::default() }
    }

    #[test]
    fn an_inventory_is_bounded_in_every_part() {
        let mut long_label = with_disks(&["/dev/vda"]);
        long_label.disks[0].content.label = "x".repeat(MAX_TEXT + 1);
        let mut control = with_disks(&["/dev/vda"]);
        control.hostname = "a\u{7}b".into();
        let mut infinite: Inventory =
            serde_json::from_str(r#"{"disks":[{"path":"/dev/vda"}],"cpu":{"usage_percent":1e300}}"#).unwrap();
        infinite.hostname = "a".into();
        let mut partitions = with_disks(&["/dev/vda"]);
        partitions.disks[0].partitions = vec![Partition::default(); MAX_PARTITIONS + 1];
        let cases = [
            (with_disks(&["/dev/vda", "/dev/vdb"]), Ok(())),
            (with_disks(&[]), Err(Unacceptable::NoDisk)),
            (with_disks(&["/dev/vda", "/dev/vda"]), Err(Unacceptable::Twice("/dev/vda".into()))),
            (long_label, Err(Unacceptable::Text("filesystem description"))),
            (infinite, Err(Unacceptable::Figure("processor usage"))),
            (control, Err(Unacceptable::Text("machine description"))),
            (partitions, Err(Unacceptable::TooMany { what: "partitions on a disk", found: 129, limit: 128 })),
        ];
        for (inventory, expected) in cases {
            assert_eq!(inventory.check(), expected);
        }
    }

    #[test]
    fn older_and_newer_agents_are_understood() {
        let read: Inventory =
            serde_json::from_str(r#"{"hostname":"a","disks":[{"path":"/dev/vda","colour":"red"}],"gpu":1}"#)
                .unwrap();
        assert_eq!(read.disks[0].path, "/dev/vda");
        assert_eq!(read.boot, BootMode::Bios);
    }
}
