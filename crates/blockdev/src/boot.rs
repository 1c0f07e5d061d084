//! How the machine boots and which disk carries it.

use std::path::PathBuf;

use serde::Serialize;

use crate::disk::Disk;
use crate::mounts::Mounted;
use crate::survey::Survey;
use crate::topology::Node;

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

impl Boot {
    /// Finds out from what a survey saw; `disks` are the whole disks it described.
    pub(crate) fn find(survey: &Survey<'_>, disks: &[Disk]) -> Self {
        let uefi = survey.roots.sys.join("firmware/efi").is_dir();
        let boot = carrier(survey, "/boot");
        let efi = carrier(survey, "/boot/efi").or_else(|| carrier(survey, "/efi"));
        Self {
            mode: if uefi { BootMode::Uefi } else { BootMode::Bios },
            system_disk: system_disk(survey, disks, [efi.as_ref(), boot.as_ref()]),
            boot,
            efi,
        }
    }
}

/// Follows `/` down to whole disks. Of several, the one the machine boots from is the system disk: it carries the EFI
/// system partition or `/boot`, or else has a partition marked for booting.
fn system_disk(survey: &Survey<'_>, disks: &[Disk], carriers: [Option<&Carrier>; 2]) -> SystemDisk {
    let Some(root) = mount_at(survey, "/") else {
        return SystemDisk::None {
            reason: "nothing is mounted at / here; name the disks to migrate".to_owned(),
        };
    };
    let Some(node) = survey.device_of(root) else {
        return SystemDisk::None { reason: no_device(root) };
    };
    let mut under = disks_under(survey, node);
    let carried = |path: &PathBuf| carriers.into_iter().flatten().any(|carrier| carrier.disks.contains(path));
    let marked = |path: &PathBuf| {
        let disk = disks.iter().find(|disk| disk.path == *path);
        disk.is_some_and(|disk| {
            disk.partitions.iter().any(|p| p.flags.esp || p.flags.bios_boot || p.flags.bootable)
        })
    };
    let first = under.iter().position(carried).or_else(|| under.iter().position(marked)).unwrap_or(0);
    if under.is_empty() {
        let reason = format!(
            "/ is on {}, which stands on no disk seen here; name the disks to migrate",
            node.path().display()
        );
        return SystemDisk::None { reason };
    }
    let path = under.remove(first);
    SystemDisk::Disk { path, also: under }
}

fn no_device(root: &Mounted) -> String {
    let kind = root.kind.as_str();
    let what = match kind {
        "overlay" | "aufs" => "an overlay, as in containers and live systems".to_owned(),
        "tmpfs" | "ramfs" | "rootfs" => format!("in memory ({kind})"),
        "nfs" | "nfs4" | "cifs" | "9p" | "virtiofs" | "ceph" => {
            format!("{kind} from {}: on no disk of this machine", root.source)
        }
        "zfs" => format!("the ZFS dataset {}, which is not followed to its disks", root.source),
        _ => format!("{kind} from {}, which is no block device seen here", root.source),
    };
    format!("/ is {what}; name the disks to migrate")
}

fn carrier(survey: &Survey<'_>, point: &str) -> Option<Carrier> {
    let node = survey.device_of(mount_at(survey, point)?)?;
    Some(Carrier { device: node.path(), mount_point: point.to_owned(), disks: disks_under(survey, node) })
}

fn mount_at<'a>(survey: &'a Survey<'_>, point: &str) -> Option<&'a Mounted> {
    survey.mounts.iter().find(|mount| mount.point.as_os_str() == point)
}

fn disks_under(survey: &Survey<'_>, node: &Node) -> Vec<PathBuf> {
    let names = survey.topology.disks_under(&node.name);
    let disks = survey.topology.nodes().into_iter().filter(|node| names.contains(&node.name));
    disks.map(Node::path).collect()
}
