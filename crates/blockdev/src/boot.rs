//! How the machine boots and which disk carries it.

use std::path::PathBuf;

use serde::Serialize;

/// How the machine boots and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Boot {
    /// Firmware interface in use.
    pub mode: BootMode,
    /// The disk that carries `/`.
    pub system_disk: SystemDisk,
    /// The filesystem mounted at `/boot`, if it is one of its own.
    pub boot: Option<Carrier>,
    /// The filesystem mounted at `/boot/efi` (or `/efi`).
    pub efi: Option<Carrier>,
}

/// Firmware interface the running system was started through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BootMode {
    /// UEFI: `/sys/firmware/efi` exists.
    Uefi,
    /// Everything else.
    Bios,
}

/// The disk that carries `/`, or why none does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SystemDisk {
    /// `/` is on this disk.
    Disk {
        /// Path of the disk, equal to one in the inventory's `disks`.
        path: PathBuf,
        /// Further disks that `/` stands on (RAID, a volume group over several disks).
        also: Vec<PathBuf>,
    },
    /// No disk carries `/`.
    None {
        /// Why, in words for the operator.
        reason: String,
    },
}

/// A block device that carries a mounted filesystem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Carrier {
    /// Device that is mounted: a partition, a volume or a whole disk.
    pub device: PathBuf,
    /// Where it is mounted.
    pub mount_point: String,
    /// The whole disks under it.
    pub disks: Vec<PathBuf>,
}
