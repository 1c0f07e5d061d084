//! What would be copied, before anything is: each partition's size, how much of it holds something, and what stands in the
//! way of an exact copy of a running machine.
//!
//! Drawn from an inventory and, for what is not mounted, from the disks' own records. Reads only, freezes nothing: the
//! figures of mounted filesystems are those the kernel gives, rounded as it does, and an estimate.

mod writers;

use std::path::PathBuf;

use serde::Serialize;

use crate::allocation::{self, InUse, Method, ReadAt, Region};
use crate::disk::{Contents, Disk, Format};
pub use writers::Writer;

/// What would be copied of one disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiskPlan {
    /// The disk.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Bytes that would be read and sent in the first pass; zeros among them are not sent.
    pub copy_bytes: u64,
    /// Partitions, and gaps between them, in order of start.
    pub parts: Vec<PartPlan>,
    /// How changes would be tracked; `None` until that is known of this machine.
    pub tracking: Option<String>,
    /// Processes that write to the disk past any filesystem: no freeze stops them.
    pub writers: Vec<Writer>,
}

/// What would be copied of a partition or a gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartPlan {
    /// The partition's number; `None` outside of partitions.
    pub partition: Option<u32>,
    /// Its device, where it has one.
    pub path: Option<PathBuf>,
    /// What it holds.
    pub format: Format,
    /// First byte on the disk.
    pub start_bytes: u64,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Bytes that would be copied.
    pub copy_bytes: u64,
    /// How they are chosen.
    pub method: Method,
    /// Whether writing to it can be stopped for the last pass.
    pub freeze: Freeze,
}

/// Whether writing to a partition can be stopped for a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Freeze {
    /// Nothing writes to it.
    NotNeeded,
    /// Its filesystem freezes.
    Filesystem {
        /// Where it is mounted.
        mount_point: String,
    },
    /// It cannot be stopped.
    Impossible {
        /// Why, and what is done instead.
        reason: String,
    },
}

impl DiskPlan {
    /// Draws the plan of `disk`, read through `source`. `writers` are those that [`Writer::find`] found on this machine.
    pub fn draw<S: ReadAt + ?Sized>(source: &S, disk: &Disk, writers: &[Writer]) -> Self {
        let allocation = allocation::map(source, disk, InUse::Moving);
        let parts: Vec<PartPlan> =
            allocation.regions().iter().map(|region| PartPlan::of(region, disk)).collect();
        let devices: Vec<&PathBuf> = std::iter::once(&disk.path)
            .chain(disk.partitions.iter().filter_map(|partition| partition.path.as_ref()))
            .collect();
        Self {
            path: disk.path.clone(),
            size_bytes: disk.size_bytes,
            copy_bytes: parts.iter().map(|part| part.copy_bytes).sum(),
            parts,
            tracking: None,
            writers: writers.iter().filter(|writer| devices.contains(&&writer.device)).cloned().collect(),
        }
    }
}

impl PartPlan {
    fn of(region: &Region, disk: &Disk) -> Self {
        let partition = region
            .partition
            .and_then(|number| disk.partitions.iter().find(|partition| partition.number == number));
        let whole = disk.partitions.is_empty().then_some(&disk.contents);
        let contents = partition.map(|partition| &partition.contents).or(whole);
        let (method, copy_bytes) = contents.map_or_else(
            || (region.method.clone(), region.allocated_bytes),
            |contents| expected(region, contents),
        );
        Self {
            partition: region.partition,
            path: partition
                .map_or_else(|| whole.map(|_| disk.path.clone()), |partition| partition.path.clone()),
            format: region.format,
            start_bytes: region.start_bytes,
            size_bytes: region.size_bytes,
            copy_bytes,
            method,
            freeze: contents.map_or(Freeze::NotNeeded, freeze),
        }
    }
}

/// Mounted filesystems are mapped only when frozen; until then, what the kernel says of their space has to do.
fn expected(region: &Region, contents: &Contents) -> (Method, u64) {
    let mapped =
        matches!(contents.format, Format::Ext2 | Format::Ext3 | Format::Ext4 | Format::Xfs | Format::Vfat);
    match contents.space {
        Some(space) if mapped && contents.holders.is_empty() => {
            (Method::Blocks, space.used_bytes.min(region.size_bytes))
        }
        _ => (region.method.clone(), region.allocated_bytes),
    }
}

fn freeze(contents: &Contents) -> Freeze {
    let impossible = |reason: &str| Freeze::Impossible { reason: reason.to_owned() };
    if contents.swap_active {
        return impossible("swap does not stop; only its header is copied");
    }
    if !contents.holders.is_empty() {
        return Freeze::Impossible {
            reason: format!(
                "it is used through {}; what is mounted from there is frozen",
                contents.holders.join(", ")
            ),
        };
    }
    let Some(mount) = contents.mounts.first() else { return Freeze::NotNeeded };
    match contents.format {
        _ if contents.mounts.iter().all(|mount| mount.read_only) => Freeze::NotNeeded,
        Format::Vfat | Format::Exfat => impossible("FAT cannot freeze; it is synced before the last pass"),
        Format::Ext2 | Format::Ext3 | Format::Ext4 | Format::Xfs | Format::Btrfs => {
            Freeze::Filesystem { mount_point: mount.point.clone() }
        }
        _ => impossible("it is not known whether it can freeze; it is synced before the last pass"),
    }
}
