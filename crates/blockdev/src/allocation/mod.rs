//! Which bytes of a disk hold something: what a copy must read, and what it may leave as a hole.
//!
//! Everything counts as allocated until it is proven free. A filesystem's own free-space records are the proof, read from the
//! raw device and checked against every checksum, count and bound they carry; one that does not hold makes the whole
//! filesystem count as allocated, and the reason is kept. So does any format that is not understood here.
//!
//! # When the answer is right
//!
//! A mounted filesystem keeps newer free-space records in its journal and in memory than on the disk; `syncfs` does not
//! change that (after it, XFS may still show a full disk as empty). Freeze it, with changes tracked since before, and thaw
//! it at once if need be: the freeze brings every record to its place, and what is allocated later is written later, hence
//! tracked. FAT cannot freeze: sync it. [`InUse`] is the caller's word for that. At a final freeze the map may be taken
//! again, and [`Allocation::beyond`] says what was added.
//!
//! # Memory
//!
//! One bit for each granule of 4 KiB, more on disks over 512 GiB, so that a map never takes more than 16 MiB (128 KiB at
//! 16 TiB). Rounding is always outward. Filesystems are read in order and a piece at a time.

mod checksum;
mod ext;
mod ext_shape;
mod fat;
mod granules;
mod part;
mod swap;
mod xfs;
mod xfs_log;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use serde::Serialize;

use crate::direct::Reader;
use crate::disk::{Contents, Disk, Format, Partition, PartitionTable};
use granules::Granules;
use part::{Part, Refusal};

/// What boot loaders may use in front of the first partition, and tables at the end.
const EDGE_BYTES: u64 = 1024 * 1024;
/// Attempts at a filesystem: one that is in use may be written while it is read.
const ATTEMPTS: usize = 3;

/// Something that can be read at any offset.
pub trait ReadAt {
    /// Fills `buffer` from `offset` on.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}

impl ReadAt for Reader {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        Reader::read_exact_at(self, buffer, offset).map_err(io::Error::other)
    }
}

impl ReadAt for File {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, buffer, offset)
    }
}

impl ReadAt for [u8] {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let from = usize::try_from(offset).ok().and_then(|offset| self.get(offset..));
        let found = from.and_then(|rest| rest.get(..buffer.len())).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(found);
        Ok(())
    }
}

/// What was done to mounted filesystems before their map is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InUse {
    /// They are frozen, or were (those that cannot freeze: synced) after changes began to be tracked.
    Settled,
    /// Nothing: they count as allocated as a whole.
    Moving,
}

/// Which bytes of a disk are allocated.
#[derive(Clone, Debug)]
pub struct Allocation {
    granules: Granules,
    regions: Vec<Region>,
}

/// A partition, a gap between partitions, or a whole disk without partitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Region {
    /// First byte on the disk.
    pub start_bytes: u64,
    /// Size in bytes.
    pub size_bytes: u64,
    /// The partition's number; `None` outside of partitions.
    pub partition: Option<u32>,
    /// What it holds.
    pub format: Format,
    /// How its allocated bytes were found.
    pub method: Method,
    /// How many of its bytes count as allocated.
    pub allocated_bytes: u64,
}

/// How allocated bytes were found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Method {
    /// From the filesystem's own records.
    Blocks,
    /// All of it counts as allocated.
    Everything {
        /// Why, in words for the operator.
        reason: String,
    },
    /// Outside of partitions: only what tables and boot loaders use counts.
    Edges,
}

/// Finds out what is allocated on `disk`, read through `source`. Never fails: what cannot be read counts as allocated. See the
/// module's words on when a mounted filesystem's answer is right.
pub fn map<S: ReadAt + ?Sized>(source: &S, disk: &Disk, in_use: InUse) -> Allocation {
    let mut granules = Granules::all(disk.size_bytes);
    let regions = match &disk.table {
        PartitionTable::Mbr { .. } | PartitionTable::Gpt { .. } if disk.contents.holders.is_empty() => {
            partitioned(source, disk, in_use, &mut granules)
        }
        PartitionTable::None => {
            vec![fill(source, &mut granules, 0..disk.size_bytes, None, (&disk.contents, in_use))]
        }
        PartitionTable::Mbr { .. } | PartitionTable::Gpt { .. } => {
            vec![everything(0..disk.size_bytes, "the whole disk is in use by another device")]
        }
        PartitionTable::Damaged { reason } => vec![everything(0..disk.size_bytes, reason)],
        PartitionTable::Unread => {
            vec![everything(0..disk.size_bytes, "its partition table could not be read")]
        }
    };
    let mut allocation = Allocation { granules, regions };
    for region in &mut allocation.regions {
        let range = region.start_bytes..region.start_bytes.saturating_add(region.size_bytes);
        region.allocated_bytes = allocation.granules.count(range);
    }
    allocation
}

/// The formats whose free space [`map`] finds.
const MAPPED: [Format; 6] =
    [Format::Ext2, Format::Ext3, Format::Ext4, Format::Xfs, Format::Vfat, Format::Swap];

/// The format of this name, if [`map`] finds its free space; of any other everything is copied.
pub fn mapped_format(name: &str) -> Option<Format> {
    MAPPED.into_iter().find(|format| format.as_str() == name)
}

impl Allocation {
    /// Iterates over the allocated ranges in order; neighbours are merged.
    pub fn allocated(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.granules.runs(true)
    }

    /// Iterates over the free ranges in order: what [`Allocation::allocated`] leaves out.
    pub fn free(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.granules.runs(false)
    }

    /// Makes an iterator over the allocated ranges that owns the map, for a thread that reads them.
    pub fn into_allocated(self) -> impl Iterator<Item = Range<u64>> + Send + 'static {
        let mut position = 0;
        std::iter::from_fn(move || {
            let run = self.granules.next_run(position, true)?;
            position = run.end;
            Some(run)
        })
    }

    /// Returns whether any byte of `range` is allocated.
    pub fn touches(&self, range: &Range<u64>) -> bool {
        self.granules.next_run(range.start, true).is_some_and(|run| run.start < range.end)
    }

    /// Iterates over what is allocated here and was not in `earlier`, a map of the same disk. Of a disk of another size,
    /// everything is new.
    pub fn beyond<'a>(&'a self, earlier: &Allocation) -> impl Iterator<Item = Range<u64>> + use<'a> {
        let added = self.granules.without(&earlier.granules);
        let mut position = 0;
        std::iter::from_fn(move || {
            let run = added.next_run(position, true)?;
            position = run.end;
            Some(run)
        })
    }

    /// Returns the number of allocated bytes.
    pub fn allocated_bytes(&self) -> u64 {
        self.granules.count(0..self.granules.size_bytes())
    }

    /// Returns the size of the disk.
    pub fn size_bytes(&self) -> u64 {
        self.granules.size_bytes()
    }

    /// Returns the smallest unit of this map in bytes.
    pub fn granule_bytes(&self) -> u64 {
        self.granules.granule_bytes()
    }

    /// Returns what the disk consists of, in order of start.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }
}

/// Maps each partition and each gap.
///
/// Gaps: firmware, kernels and boot loaders find what they need through the table, at the front of the disk before the
/// first partition, and at its end (the GPT's backup, RAID anchors). Nothing leads into a gap behind the first partition, so
/// it counts as free but for an edge at either side. Inside an extended partition the records that chain logical partitions
/// lie in such gaps: there all of them count.
fn partitioned<S: ReadAt + ?Sized>(
    source: &S,
    disk: &Disk,
    in_use: InUse,
    granules: &mut Granules,
) -> Vec<Region> {
    let range = |partition: &Partition| {
        partition.start_bytes..partition.start_bytes.saturating_add(partition.size_bytes)
    };
    let mut partitions: Vec<&Partition> =
        disk.partitions.iter().filter(|partition| !partition.flags.extended).collect();
    partitions.sort_by_key(|partition| partition.start_bytes);
    let extended: Vec<Range<u64>> =
        disk.partitions.iter().filter(|partition| partition.flags.extended).map(range).collect();
    let mut regions = Vec::new();
    let mut end = 0;
    let last = disk.size_bytes..disk.size_bytes;
    for at in 0..=partitions.len() {
        let next = partitions.get(at).map_or(last.clone(), |partition| range(partition));
        if next.start > end {
            regions.push(gap(granules, end..next.start, &extended, disk.size_bytes));
        }
        let Some(partition) = partitions.get(at) else { break };
        let overlaps = partitions.iter().any(|other| {
            other.number != partition.number && range(other).start < next.end && next.start < range(other).end
        });
        if overlaps || next.end > disk.size_bytes {
            let reason = "it overlaps another partition or the end of the disk";
            let region = everything(next.clone(), reason);
            regions.push(Region {
                partition: Some(partition.number),
                format: partition.contents.format,
                ..region
            });
        } else {
            regions.push(fill(
                source,
                granules,
                next.clone(),
                Some(partition.number),
                (&partition.contents, in_use),
            ));
        }
        end = end.max(next.end);
    }
    regions
}

fn gap(granules: &mut Granules, range: Range<u64>, extended: &[Range<u64>], disk_bytes: u64) -> Region {
    let chained = extended.iter().any(|outer| outer.start < range.end && range.start < outer.end);
    let method = if range.start == 0 {
        Method::Everything { reason: "boot loaders live before the first partition".to_owned() }
    } else if chained {
        Method::Everything { reason: "records of logical partitions lie in it".to_owned() }
    } else {
        let start = range.start.saturating_add(EDGE_BYTES);
        granules.free(start..range.end.min(disk_bytes).saturating_sub(EDGE_BYTES));
        Method::Edges
    };
    Region { method, ..everything(range, "") }
}

fn everything(range: Range<u64>, reason: &str) -> Region {
    Region {
        start_bytes: range.start,
        size_bytes: range.end.saturating_sub(range.start),
        partition: None,
        format: Format::None,
        method: Method::Everything { reason: reason.to_owned() },
        allocated_bytes: 0,
    }
}

/// Frees what the filesystem in `range` proves to be free.
fn fill<S: ReadAt + ?Sized>(
    source: &S,
    granules: &mut Granules,
    range: Range<u64>,
    partition: Option<u32>,
    (contents, in_use): (&Contents, InUse),
) -> Region {
    let mut attempt = || {
        // What an attempt before this one freed was not proven.
        granules.allocate(range.clone());
        if let Some(holder) = contents.holders.first() {
            return Err(Refusal(format!("it is in use by {holder}")));
        }
        let mut part = Part::new(source, granules, range.clone());
        let mounted = !contents.mounts.is_empty();
        if mounted && in_use == InUse::Moving {
            return Err(Refusal("it is mounted and was not frozen".to_owned()));
        }
        match contents.format {
            Format::Ext2 | Format::Ext3 | Format::Ext4 => ext::free(&mut part, mounted),
            Format::Xfs => xfs::free(&mut part, mounted),
            Format::Vfat => fat::free(&mut part),
            Format::Swap => swap::free(&mut part),
            format => Err(Refusal(unknown(format))),
        }
    };
    let mut result = attempt();
    for _ in 1..ATTEMPTS {
        if result.is_err() {
            result = attempt();
        }
    }
    let method = match result {
        Ok(()) => Method::Blocks,
        Err(Refusal(reason)) => {
            granules.allocate(range.clone());
            Method::Everything { reason }
        }
    };
    Region { partition, format: contents.format, method, ..everything(range, "") }
}

fn unknown(format: Format) -> String {
    match format {
        Format::None => "nothing known was found in it".to_owned(),
        Format::Unknown => "its format is not known".to_owned(),
        Format::Unread => "it could not be read when the inventory was taken".to_owned(),
        format => format!("free space of {} is not understood", format.as_str()),
    }
}
