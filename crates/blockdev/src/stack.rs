//! What a block device is and what it stands on: plain disks, LVM, md, multipath, dm-crypt, NVMe multipath.

use serde::Serialize;

use crate::kernel_file::{line, number};
use crate::topology::{Node, Role, Topology};

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

impl Stack {
    /// Tells what `node` is.
    pub(crate) fn of(node: &Node, topology: &Topology) -> Self {
        let members = node.slaves.clone();
        if let Some(name) = node.dm_name.clone() {
            return mapped(name, node.dm_uuid.as_deref().unwrap_or_default(), members);
        }
        if node.sysfs.join("md").is_dir() {
            return Self::Raid {
                level: line(&node.sysfs.join("md/level")).unwrap_or_else(|| "unknown".to_owned()),
                state: line(&node.sysfs.join("md/array_state")),
                degraded: number(&node.sysfs.join("md/degraded")).unwrap_or(0) > 0,
                members,
            };
        }
        match node.role {
            Role::Loop => Self::Loop { backing_file: line(&node.sysfs.join("loop/backing_file")) },
            Role::Volume => Self::Other { members },
            _ => match topology.nvme_paths(&node.name) {
                paths if paths.is_empty() => Self::Plain,
                members => Self::NvmeMultipath { members },
            },
        }
    }

    /// Returns the kernel names of the devices it stands on.
    pub fn members(&self) -> &[String] {
        match self {
            Self::Plain | Self::Image | Self::Loop { .. } => &[],
            Self::NvmeMultipath { members }
            | Self::Multipath { members, .. }
            | Self::LogicalVolume { members, .. }
            | Self::Crypt { members, .. }
            | Self::Raid { members, .. }
            | Self::Mapped { members, .. }
            | Self::Other { members } => members,
        }
    }
}

/// Names a mapping by its UUID's prefix, which tells the program that made it.
fn mapped(name: String, uuid: &str, members: Vec<String>) -> Stack {
    if uuid.starts_with("LVM-")
        && let Some((group, volume, layer)) = logical_volume(&name)
    {
        return Stack::LogicalVolume { group, volume, layer, members };
    }
    if uuid.starts_with("mpath-") {
        return Stack::Multipath { name, members };
    }
    if uuid.starts_with("CRYPT-") { Stack::Crypt { name, members } } else { Stack::Mapped { name, members } }
}

/// Splits LVM's name of a mapping, `group-volume[-layer]`, in which a doubled hyphen stands for one in a name.
fn logical_volume(name: &str) -> Option<(String, String, Option<String>)> {
    let mut parts = vec![String::new()];
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '-' && characters.next_if_eq(&'-').is_none() {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    let mut parts = parts.into_iter();
    let (group, volume, layer) = (parts.next()?, parts.next()?, parts.next());
    (!group.is_empty() && !volume.is_empty()).then_some((group, volume, layer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_named_by_who_made_them() {
        let seen = [
            ("vg0-root", "LVM-JqdA"),
            ("my--vg-data--2024", "LVM-JqdA"),
            ("vg0-snap-cow", "LVM-JqdA-cow"),
            ("oddname", "LVM-JqdA"),
            ("luks-home", "CRYPT-LUKS2-9f1c-luks-home"),
            ("mpatha", "mpath-3600140"),
            ("era", ""),
        ]
        .map(|(name, uuid)| format!("{:?}", mapped(name.to_owned(), uuid, vec!["sda".to_owned()])));
        insta::assert_snapshot!(seen.join("\n"), @r#"
        LogicalVolume { group: "vg0", volume: "root", layer: None, members: ["sda"] }
        LogicalVolume { group: "my-vg", volume: "data-2024", layer: None, members: ["sda"] }
        LogicalVolume { group: "vg0", volume: "snap", layer: Some("cow"), members: ["sda"] }
        Mapped { name: "oddname", members: ["sda"] }
        Crypt { name: "luks-home", members: ["sda"] }
        Multipath { name: "mpatha", members: ["sda"] }
        Mapped { name: "era", members: ["sda"] }
        "#);
    }
}
