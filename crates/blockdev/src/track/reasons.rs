//! Why a disk is not tracked, or why what was tracked is not claimed to be complete. Written for an operator to read.

use std::io;
use std::path::PathBuf;

/// Why disks cannot be tracked. Their changes are then found by comparing digests of everything allocated.
#[derive(Debug, thiserror::Error)]
pub enum NotTracked {
    /// The kernel does not describe its types.
    #[error("the kernel has no type information at {path}: {source}")]
    NoTypes {
        /// Where it would be.
        path: PathBuf,
        /// What reading it said.
        source: io::Error,
    },
    /// The kernel's types are not those that the program knows.
    #[error("this kernel's block layer is not known: {missing} is missing or of another type")]
    UnknownKernel {
        /// The field or tracepoint.
        missing: String,
    },
    /// The kernel's lockdown forbids programs to read kernel memory.
    #[error("the kernel is locked down for confidentiality, which forbids tracking")]
    Lockdown,
    /// The kernel refused a map, a program or its attachment.
    #[error("the kernel refused {what}: {source}{detail}")]
    Refused {
        /// The part that it refused.
        what: &'static str,
        /// What it answered.
        source: io::Error,
        /// The end of the verifier's log, or nothing.
        detail: String,
    },
    /// The device is not there or not a disk.
    #[error("cannot find out what {} is: {source}", path.display())]
    Unreadable {
        /// The device or the file that was read.
        path: PathBuf,
        /// What reading it said.
        source: io::Error,
    },
    /// The device has no requests of its own (dm, md, zram).
    #[error("{disk} has no requests of its own; track the disks below it")]
    NotRequestBased {
        /// Its name.
        disk: String,
    },
    /// The disk is zoned.
    #[error("{disk} is a zoned disk, whose writes do not say where they go")]
    Zoned {
        /// Its name.
        disk: String,
    },
    /// The disk can be written through memory mappings, without requests.
    #[error("{disk} can be written as memory (DAX), without requests")]
    Dax {
        /// Its name.
        disk: String,
    },
    /// More disks than one tracker takes.
    #[error("{count} disks are too many for one tracker, which takes 1 to 64")]
    TooMany {
        /// How many.
        count: usize,
    },
}

/// Whether every write since the base has left a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// The kernel's own count of written sectors equals what was seen.
    Proven,
    /// Not known: compare digests of everything allocated, then begin coverage anew.
    Unproven(Unproven),
}

/// Why coverage is not claimed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// No base was taken.
    #[error("coverage was never begun")]
    NotBegun,
    /// The disk is not one of the tracker's.
    #[error("the disk is not tracked")]
    UnknownDisk,
    /// The kernel does not count the disk's sectors.
    #[error("the kernel does not count this disk's writes: set its queue/iostats to 1")]
    NotCounted,
    /// The kernel's count cannot be read.
    #[error("the kernel's count of writes cannot be read from {0}")]
    NoCount(String),
    /// Sectors were written that were not seen, or were seen and not counted (negative).
    #[error("{sectors} sectors were written that tracking did not see")]
    Deficit {
        /// How many, by the copy that saw most.
        sectors: i64,
    },
    /// Requests reached beyond the disk or had more ranges than can be marked.
    #[error("{0} requests had ranges that could not be marked")]
    RangeErrors(u64),
    /// Raw commands wrote to the disk.
    #[error("{0} raw commands wrote to the disk, at places that are not known")]
    Tainted(u64),
    /// The disk has other NVMe paths than at the beginning.
    #[error("the disk has other NVMe paths now than when tracking began")]
    OtherPaths,
    /// Requests went over an NVMe path that came later.
    #[error("{0} requests went over an NVMe path that was not there when tracking began")]
    NewPath(u64),
    /// The disk never was quiet long enough to compare.
    #[error("the disk was written to all the time while the counts were compared")]
    Busy,
}
