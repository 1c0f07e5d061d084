//! The whole inventory: machine, boot, disks, volumes, swap.

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::boot::Boot;
use crate::disk::Disk;
use crate::image_file::image_disk;
use crate::machine::Machine;
use crate::mounts::Swap;
use crate::roots::Roots;
use crate::survey::Survey;
use crate::topology::{Node, Role};

/// Everything Landfall knows about a machine before the first byte is copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inventory {
    /// The machine besides its disks.
    pub machine: Machine,
    /// How it boots and from which disk.
    pub boot: Boot,
    /// Whole disks in the order of their kernel names (`sdb` before `sdaa`); a multipath map counts as one disk.
    pub disks: Vec<Disk>,
    /// Volumes that stand on the disks: LVM, md, dm-crypt and other mappings.
    pub volumes: Vec<Disk>,
    /// Swap in use.
    pub swaps: Vec<Swap>,
    /// What could not be found out and why, in words for the operator.
    pub problems: Vec<String>,
}

/// Why an inventory could not be taken, or a path is not a disk.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// A file without which nothing can be said could not be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A path that was asked for as a disk does not name one.
    #[error("cannot use {path} as a disk: {reason}")]
    NotADisk {
        /// The path as given.
        path: PathBuf,
        /// What it is instead and what to name.
        reason: String,
    },
}

impl Inventory {
    /// Takes the inventory of the machine whose files are below `roots`. Reads only. Disks that cannot be read are listed
    /// with what sysfs tells and a line in their `problems`; only a missing procfs is an error.
    pub fn collect(roots: &Roots) -> Result<Self, InventoryError> {
        let survey = Survey::take(roots)?;
        let described = |role: &Role| -> Vec<Disk> {
            let nodes = survey.topology.nodes().into_iter();
            nodes
                .filter(|node| node.role == *role && node.size_bytes > 0)
                .map(|node| survey.describe(node))
                .collect()
        };
        let disks = described(&Role::Disk);
        Ok(Self {
            machine: Machine::read(roots),
            boot: Boot::find(&survey, &disks),
            volumes: described(&Role::Volume),
            disks,
            swaps: survey.swaps,
            problems: survey.problems,
        })
    }
}

/// Describes every disk that may be asked for by path without being part of another: whole disks, and loop devices. Those that
/// have no medium are left out.
pub fn disks_there(roots: &Roots) -> Result<Vec<Disk>, InventoryError> {
    let survey = Survey::take(roots)?;
    let nodes = survey.topology.nodes().into_iter();
    let there = nodes.filter(|node| matches!(node.role, Role::Disk | Role::Loop) && node.size_bytes > 0);
    Ok(there.map(|node| survey.describe(node)).collect())
}

/// Describes one disk that was asked for by path: a whole disk, a volume, a loop device, or a regular file holding an
/// image. Links such as those in `/dev/disk/by-id` are followed. Partitions, single paths of a multipath disk and devices
/// that cannot be a disk are refused with what to name instead.
pub fn disk_at(roots: &Roots, path: &Path) -> Result<Disk, InventoryError> {
    let refuse = |reason: String| InventoryError::NotADisk { path: path.to_owned(), reason };
    let survey = Survey::take(roots)?;
    let by_name = path.to_str().and_then(|path| survey.topology.by_path(path));
    let Some(node) = by_name.or_else(|| by_file(&survey, path)) else {
        return image_disk(path);
    };
    match &node.role {
        Role::Partition { disk, number, .. } => {
            let disk = survey.topology.get(disk).map_or_else(|| PathBuf::from(disk), Node::path);
            Err(refuse(format!("it is partition {number} of {0}; name the whole disk: {0}", disk.display())))
        }
        Role::Path { map } => {
            let map = survey.topology.get(map).map_or_else(|| PathBuf::from(map), Node::path);
            Err(refuse(format!("it is one path to the multipath disk {0}; name that: {0}", map.display())))
        }
        Role::NvmePath => {
            Err(refuse("it is a hidden path of an NVMe namespace; name the namespace".to_owned()))
        }
        Role::Ignored => Err(refuse("it is memory, removable without a medium, or optical".to_owned())),
        Role::Disk | Role::Volume | Role::Loop if node.size_bytes == 0 => {
            Err(refuse("it is empty (0 bytes)".to_owned()))
        }
        Role::Disk | Role::Volume | Role::Loop => Ok(survey.describe(node)),
    }
}

fn by_file<'a>(survey: &'a Survey<'_>, path: &Path) -> Option<&'a Node> {
    let metadata = path.metadata().ok().filter(|metadata| metadata.file_type().is_block_device())?;
    survey.topology.by_number((rustix::fs::major(metadata.rdev()), rustix::fs::minor(metadata.rdev())))
}
