//! The whole inventory: machine, boot, disks, volumes, swap.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::boot::Boot;
use crate::disk::Disk;
use crate::machine::Machine;
use crate::mounts::Swap;
use crate::roots::Roots;

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
