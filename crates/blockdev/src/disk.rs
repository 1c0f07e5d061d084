//! What a disk is in an inventory: the disk, its partitions, and what each of them holds.
//!
//! Only the words. Where the facts come from is in `survey` (sysfs), `table` (partition tables) and `superblock`
//! (what a device holds).

use std::path::PathBuf;

use serde::Serialize;

use crate::stack::Stack;

/// A whole disk, or a volume stacked on disks (LVM, md, dm-crypt), or a disk image in a regular file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disk {
    /// Where it is opened: `/dev/sda`, `/dev/mapper/vg-lv`, or the path of the image file as it was given.
    pub path: PathBuf,
    /// The kernel's name (`sda`, `dm-3`); for an image file the file's name.
    pub kernel_name: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Smallest addressable unit in bytes; partition tables count in it.
    pub logical_sector_bytes: u32,
    /// Smallest unit the medium writes in one go, in bytes.
    pub physical_sector_bytes: u32,
    /// Whether the kernel calls it rotating; virtual disks often claim so too.
    pub rotational: bool,
    /// Whether writes are refused by the kernel.
    pub read_only: bool,
    /// Whether the medium can be taken out.
    pub removable: bool,
    /// Vendor and model, where the device tells.
    pub model: Option<String>,
    /// Serial number, where sysfs has it.
    pub serial: Option<String>,
    /// World-wide name (`naa.…`, `eui.…`), where sysfs has it.
    pub wwn: Option<String>,
    /// What kind of device it is and what it is stacked on.
    pub stack: Stack,
    /// The partition table.
    pub table: PartitionTable,
    /// Partitions in the order of their numbers.
    pub partitions: Vec<Partition>,
    /// What the whole device holds when it holds something other than partitions.
    pub contents: Contents,
    /// What could not be found out and why, in words for the operator.
    pub problems: Vec<String>,
}

/// The kind of partition table on a disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PartitionTable {
    /// No partition table.
    None,
    /// A DOS partition table.
    Mbr {
        /// The disk signature, eight hex digits.
        disk_id: String,
    },
    /// A GUID partition table.
    Gpt {
        /// The disk's GUID, lower case.
        disk_guid: String,
        /// Whether the primary copy was damaged and this is the backup at the end of the disk.
        from_backup: bool,
    },
    /// A protective MBR announces a GPT, but neither copy of it is sound: not an empty disk.
    Damaged {
        /// What is wrong with it.
        reason: String,
    },
    /// The disk could not be read; its partitions are those the kernel knows.
    Unread,
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Partition {
    /// Its number in the table, from 1; logical MBR partitions from 5.
    pub number: u32,
    /// Device path; `None` inside image files and where the kernel has no device for it.
    pub path: Option<PathBuf>,
    /// First byte on the disk.
    pub start_bytes: u64,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Type from the table; `None` where only the kernel's view is known.
    pub kind: Option<PartitionType>,
    /// GPT partition name.
    pub name: Option<String>,
    /// Partition UUID: the GPT's own, or `<disk id>-<number>` on MBR, as udev writes it.
    pub uuid: Option<String>,
    /// What firmware and boot loaders look for.
    pub flags: PartitionFlags,
    /// What it holds.
    pub contents: Contents,
}

/// A partition's type as the table states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartitionType {
    /// `0x83` on MBR, a lower-case GUID on GPT.
    pub code: String,
    /// The usual name of that type, `Unknown` if it has none here.
    pub name: &'static str,
}

/// What firmware and boot loaders look for in a partition.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent bits of a table entry; any mix of them occurs"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PartitionFlags {
    /// MBR active flag, or GPT "legacy BIOS bootable".
    pub bootable: bool,
    /// EFI system partition.
    pub esp: bool,
    /// BIOS boot partition: where GRUB keeps its core on GPT disks.
    pub bios_boot: bool,
    /// MBR extended partition: a box for logical ones, with no contents of its own.
    pub extended: bool,
}

/// What a device or partition holds, and how it is in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// The format found.
    pub format: Format,
    /// The format's UUID or serial, spelled as `blkid` spells it.
    pub uuid: Option<String>,
    /// Volume label.
    pub label: Option<String>,
    /// Where it is mounted, whole mounts first.
    pub mounts: Vec<Mount>,
    /// Space of the mounted filesystem; `None` when not mounted.
    pub space: Option<Space>,
    /// Whether the kernel swaps to it now.
    pub swap_active: bool,
    /// Kernel names of the devices built on it (sysfs `holders`).
    pub holders: Vec<String>,
}

/// One mount of a filesystem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mount {
    /// Mount point, octal escapes decoded; bytes that are not UTF-8 are replaced.
    pub point: String,
    /// Which part of the filesystem is mounted there: `/` is all of it.
    pub subtree: String,
    /// Whether this mount is read-only.
    pub read_only: bool,
}

/// Space of a mounted filesystem, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Space {
    /// Bytes in use.
    pub used_bytes: u64,
    /// Bytes an ordinary user can still write.
    pub free_bytes: u64,
}

/// The format a device holds, by its superblock. Serialized as `blkid` names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Format {
    /// Nothing: everything looked at is zero, or the device only holds partitions.
    #[default]
    #[serde(rename = "none")]
    None,
    /// Data of a format not known here.
    #[serde(rename = "unknown")]
    Unknown,
    /// The device could not be read.
    #[serde(rename = "unread")]
    Unread,
    /// ext2.
    #[serde(rename = "ext2")]
    Ext2,
    /// ext3.
    #[serde(rename = "ext3")]
    Ext3,
    /// ext4.
    #[serde(rename = "ext4")]
    Ext4,
    /// An external journal of ext3 or ext4.
    #[serde(rename = "jbd")]
    ExtJournal,
    /// XFS.
    #[serde(rename = "xfs")]
    Xfs,
    /// Btrfs.
    #[serde(rename = "btrfs")]
    Btrfs,
    /// FAT12, FAT16 or FAT32.
    #[serde(rename = "vfat")]
    Vfat,
    /// exFAT.
    #[serde(rename = "exfat")]
    Exfat,
    /// NTFS.
    #[serde(rename = "ntfs")]
    Ntfs,
    /// ISO 9660.
    #[serde(rename = "iso9660")]
    Iso9660,
    /// Swap space, also while it holds a hibernated system.
    #[serde(rename = "swap")]
    Swap,
    /// A physical volume of LVM2.
    #[serde(rename = "LVM2_member")]
    LvmMember,
    /// A member of a Linux software RAID.
    #[serde(rename = "linux_raid_member")]
    RaidMember,
    /// A LUKS container.
    #[serde(rename = "crypto_LUKS")]
    Luks,
}

impl Format {
    /// Returns the name `blkid` has for it, or `none`, `unknown`, `unread`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unknown => "unknown",
            Self::Unread => "unread",
            Self::Ext2 => "ext2",
            Self::Ext3 => "ext3",
            Self::Ext4 => "ext4",
            Self::ExtJournal => "jbd",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
            Self::Vfat => "vfat",
            Self::Exfat => "exfat",
            Self::Ntfs => "ntfs",
            Self::Iso9660 => "iso9660",
            Self::Swap => "swap",
            Self::LvmMember => "LVM2_member",
            Self::RaidMember => "linux_raid_member",
            Self::Luks => "crypto_LUKS",
        }
    }

    /// Returns the format a mounted filesystem of the kernel's type `kind` has on disk, if it has one listed here.
    pub(crate) fn of_mounted(kind: &str) -> Option<Self> {
        Some(match kind {
            "ext2" => Self::Ext2,
            "ext3" => Self::Ext3,
            "ext4" => Self::Ext4,
            "xfs" => Self::Xfs,
            "btrfs" => Self::Btrfs,
            "vfat" | "msdos" => Self::Vfat,
            "exfat" => Self::Exfat,
            "ntfs" | "ntfs3" => Self::Ntfs,
            "iso9660" => Self::Iso9660,
            _ => return None,
        })
    }
}
