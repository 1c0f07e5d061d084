//! What a block device is and what it stands on: plain disks, LVM, md, multipath, dm-crypt, NVMe multipath.

use serde::Serialize;

/// What kind of device a disk or volume is, with the kernel names of what it stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Stack {
    /// A disk the kernel drives directly.
    Plain,
    /// A regular file holding a disk image.
    Image,
    /// A loop device.
    Loop {
        /// The file behind it, where sysfs tells.
        backing_file: Option<String>,
    },
    /// One NVMe namespace reached over several controllers by the kernel's own multipathing.
    NvmeMultipath {
        /// The hidden path devices (`nvme0c1n1`).
        members: Vec<String>,
    },
    /// One disk reached over several paths by device-mapper multipath; the paths are not listed as disks.
    Multipath {
        /// Name of the map (`mpatha`).
        name: String,
        /// The path devices (`sda`, `sdb`).
        members: Vec<String>,
    },
    /// An LVM logical volume.
    LogicalVolume {
        /// Volume group.
        group: String,
        /// Logical volume.
        volume: String,
        /// For the inner parts of a volume (`real`, `cow`, `tpool`): which part.
        layer: Option<String>,
        /// The devices it stands on.
        members: Vec<String>,
    },
    /// A dm-crypt mapping, LUKS or plain.
    Crypt {
        /// Name of the mapping.
        name: String,
        /// The devices it stands on.
        members: Vec<String>,
    },
    /// A software RAID array.
    Raid {
        /// `raid0`, `raid1`, `raid10`, … `unknown` if sysfs does not tell.
        level: String,
        /// The array's state (`clean`, `active`, `inactive`, …).
        state: Option<String>,
        /// Whether members are missing.
        degraded: bool,
        /// The member devices.
        members: Vec<String>,
    },
    /// Another device-mapper mapping.
    Mapped {
        /// Name of the mapping.
        name: String,
        /// The devices it stands on.
        members: Vec<String>,
    },
    /// Another stacked device (bcache, DRBD, ZFS volume).
    Other {
        /// The devices it stands on.
        members: Vec<String>,
    },
}
