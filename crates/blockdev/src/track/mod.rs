//! Tracks which blocks of live disks change, without a kernel module.
//!
//! A small program, emitted for the running kernel and loaded by `bpf(2)`, marks the blocks of each completed write, of
//! 4 KiB or more on larger disks, in memory shared with this process. It marks when a write completes; the caller
//! takes the mark before it reads the block, so that a later write marks again. [`Tracker::prove`] says whether every
//! write was seen; where it cannot, the marks are a hint and nothing more. Memory: at most 9 MiB for disks of 512 GiB
//! together, at most 34.5 MiB whatever their size, none other that grows.

mod assembler;
mod btf;
mod classic;
mod coverage;
mod kernel;
mod marks;
mod offsets;
mod paths;
mod program;
mod reasons;
#[cfg(test)]
mod rehearsal;
mod target;

use std::ffi::CStr;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use classic::Record;
use coverage::{Account, Seen};
use kernel::{Kind, PAGE, Program, SharedPages};
use marks::{Place, block_bytes};
use offsets::Offsets;
use program::{BLOCKS, LEVELS, RANGE_ERRORS, Reads, SECTORS, TAINT, Wiring};
use target::Target;

use crate::Roots;

#[doc(hidden)]
pub use classic::UnrelatedTracer;
pub use marks::{BlockRange, Drained, LEAST_BLOCK_BYTES};
#[doc(hidden)]
pub use program::Faults;
pub use reasons::{Coverage, NotTracked, Unproven};

const TYPES: &str = "/sys/kernel/btf/vmlinux";
/// The kernel's types are about 6 MiB.
const MAX_TYPE_BYTES: u64 = 256 << 20;
const MAX_DISKS: usize = 64;

/// Tracks a set of disks until it is dropped.
pub struct Tracker {
    // Closing a descriptor detaches its program; the fields drop in this order.
    _attached: Vec<OwnedFd>,
    marks: SharedPages,
    _disks: SharedPages,
    counters: SharedPages,
    copies: usize,
    typed: bool,
    tracked: Vec<Tracked>,
}

struct Tracked {
    target: Target,
    place: Place,
    account: Account,
}

impl Tracker {
    /// Begins to track the disks at `disks`, by device path; in what follows a disk is its index among them. A partition
    /// stands for its whole disk.
    pub fn attach<P: AsRef<Path>>(disks: &[P]) -> Result<Self, NotTracked> {
        Self::attach_faulty(disks, Faults::None)
    }

    /// Tracks with a fault built in, for tests that must notice it.
    #[doc(hidden)]
    pub fn attach_faulty<P: AsRef<Path>>(disks: &[P], faults: Faults) -> Result<Self, NotTracked> {
        if disks.is_empty() || disks.len() > MAX_DISKS {
            return Err(NotTracked::TooMany { count: disks.len() });
        }
        let (paths, unknown) = match paths() {
            Ok(paths) => (paths, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        let found = disks.iter().map(|disk| Target::find(disk.as_ref(), &paths));
        let targets = match (found.collect::<Result<Vec<_>, _>>(), unknown) {
            // It may be one that has paths.
            (Err(NotTracked::NotRequestBased { .. }), Some(reason)) => return Err(reason),
            (targets, _) => targets?,
        };
        let offsets = offsets()?;
        let copies = match faults {
            Faults::Nested(copies) => usize::from(copies),
            Faults::Classic => 1,
            _ => copies_needed(&rustix::system::uname().release().to_string_lossy()),
        };
        kernel::raise_memory_limit();

        let together = targets.iter().fold(0_u64, |sum, target| sum.saturating_add(target.bytes));
        let block_bytes = block_bytes(together);
        let mut pages = 0;
        let tracked: Vec<Tracked> = targets
            .into_iter()
            .map(|target| {
                let (place, next) = Place::new(target.bytes, pages, block_bytes);
                pages = next;
                Tracked { account: Account::new(&target), place, target }
            })
            .collect();
        let marks = shared("the map of marks", pages)?;
        let entries = shared("the map of disks", tracked.len() as u64)?;
        let pages_each = tracked.len() + 1;
        let counters = shared("the map of counters", (pages_each * copies) as u64)?;
        for (index, disk) in tracked.iter().enumerate() {
            for (field, value) in [BLOCKS].into_iter().chain(LEVELS).zip(disk.place.entry()) {
                if let Some(word) = word(&entries, index, field) {
                    word.store(value, Ordering::SeqCst);
                }
            }
        }

        let of_disks = tracked.iter().enumerate();
        let queues: Vec<((u32, u32), usize)> = of_disks
            .flat_map(|(disk, tracked)| tracked.target.queues.iter().map(move |queue| (queue.number, disk)))
            .collect();
        let others: Vec<(u32, u32)> = paths.iter().map(|path| path.queue.number).collect();
        let has_paths = tracked.iter().any(|disk| disk.target.has_paths());
        let tracepoint = if faults == Faults::AtIssue { c"block_rq_issue" } else { c"block_rq_complete" };
        let mut programs = Vec::with_capacity(copies);
        for copy in 0..copies {
            let wiring = Wiring {
                marks: marks.descriptor(),
                disks: entries.descriptor(),
                counters: counters.descriptor(),
                copy: i32::try_from(copy).unwrap_or(0),
                block_shift: i32::try_from(block_bytes.trailing_zeros()).unwrap_or(i32::MAX),
                queues: &queues,
                pages: pages_each,
                other_paths: has_paths.then_some(&others),
            };
            programs.push(loaded(&offsets, &wiring, faults)?);
        }
        // All are loaded before any is attached, so that the copies begin together.
        let attaching = programs.iter().map(|(program, loaded)| attached(program, loaded, tracepoint));
        let mut attached_ones = attaching.collect::<Result<Vec<_>, _>>()?;
        if let Faults::Nested(_) = faults {
            for (program, loaded) in &programs {
                attached_ones.push(attached(program, loaded, c"sys_enter")?);
            }
        }
        let typed = programs.iter().all(|(program, _)| matches!(program.kind, Kind::Typed(_)));
        Ok(Self { _attached: attached_ones, marks, _disks: entries, counters, copies, typed, tracked })
    }

    /// Whether the kernel took the program that follows pointers by plain loads.
    #[doc(hidden)]
    pub const fn is_typed(&self) -> bool {
        self.typed
    }

    /// Takes the marks of a disk and hands out the ranges that changed. Read them after this, never before.
    ///
    /// Allocates nothing, so it may be called while filesystems are frozen.
    pub fn drain(&self, disk: usize, take: &mut impl FnMut(BlockRange)) -> Drained {
        self.tracked
            .get(disk)
            .map_or_else(Drained::default, |disk| disk.place.drain(self.marks.words(), take))
    }

    /// Takes the base of a disk's accounting: after attaching, before the pass that reads everything.
    pub fn begin_coverage(&mut self, disk: usize) -> Result<(), Unproven> {
        let (counters, copies) = (&self.counters, self.copies);
        let disks = self.tracked.len();
        let Tracked { target, account, .. } = self.tracked.get_mut(disk).ok_or(Unproven::UnknownDisk)?;
        provable(target)?;
        account.begin(&|| seen(counters, copies, disks, disk, target))
    }

    /// Says whether every write to a disk since the base left a mark. Ask while the disk is quiet: its filesystems
    /// frozen, after a drain that was empty.
    pub fn prove(&self, disk: usize) -> Coverage {
        let Some(Tracked { target, account, .. }) = self.tracked.get(disk) else {
            return Coverage::Unproven(Unproven::UnknownDisk);
        };
        if let Err(reason) = provable(target) {
            return Coverage::Unproven(reason);
        }
        account.prove(&|| seen(&self.counters, self.copies, self.tracked.len(), disk, target))
    }

    /// Name of the disk whose requests are watched: the whole disk of a partition.
    pub fn watched(&self, disk: usize) -> Option<&str> {
        self.tracked.get(disk).map(|disk| disk.target.name.as_str())
    }

    /// Sectors seen written and discarded on a disk, by the copy that saw most.
    pub fn sectors_seen(&self, disk: usize) -> u64 {
        let Some(tracked) = self.tracked.get(disk) else { return 0 };
        let seen = seen(&self.counters, self.copies, self.tracked.len(), disk, &tracked.target);
        seen.into_iter().map(|seen| seen.sectors).max().unwrap_or(0)
    }
}

/// The paths to NVMe namespaces that this machine has now.
fn paths() -> Result<Vec<paths::NvmePath>, NotTracked> {
    let unreadable = |source| NotTracked::Unreadable { path: "/sys/block".into(), source };
    paths::all(&Roots::default()).map_err(unreadable)
}

/// Whether a disk's requests are where they were, and are counted.
fn provable(target: &Target) -> Result<(), Unproven> {
    if target.has_paths() && !paths().is_ok_and(|paths| target.is_reached_by(&paths)) {
        return Err(Unproven::OtherPaths);
    }
    if target.is_counted() { Ok(()) } else { Err(Unproven::NotCounted) }
}

fn offsets() -> Result<Offsets, NotTracked> {
    let no_types = |source| NotTracked::NoTypes { path: TYPES.into(), source };
    let mut file = fs::File::open(TYPES).map_err(no_types)?;
    let mut data = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(&mut file, MAX_TYPE_BYTES), &mut data)
        .map_err(no_types)?;
    let btf = btf::Btf::parse(&data)
        .ok_or_else(|| NotTracked::UnknownKernel { missing: "readable type information".into() })?;
    Offsets::find(&btf).map_err(|missing| NotTracked::UnknownKernel { missing })
}

/// From 6.1 on the kernel skips a program that an interrupt would nest in itself: three copies cover three depths.
fn copies_needed(release: &str) -> usize {
    let mut numbers =
        release.split(|letter: char| !letter.is_ascii_digit()).map(|number| number.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), Some(minor)) if (major, minor) < (6, 1) => 1,
        _ => 3,
    }
}

fn shared(what: &'static str, pages: u64) -> Result<SharedPages, NotTracked> {
    let pages = u32::try_from(pages)
        .map_err(|_| refused(what, std::io::ErrorKind::FileTooLarge.into(), String::new()))?;
    SharedPages::new(pages.max(1)).map_err(|source| refused(what, source, String::new()))
}

/// Loads the cheaper program if the kernel takes it, else the one that any kernel takes.
fn loaded(offsets: &Offsets, wiring: &Wiring<'_>, faults: Faults) -> Result<(Program, OwnedFd), NotTracked> {
    if let Some(id) = offsets.tracepoint_id(faults)
        && let Some(instructions) = program::emit(offsets, wiring, Reads::Typed, faults)
    {
        let program = Program { instructions, kind: Kind::Typed(id) };
        if let Ok(descriptor) = program.load() {
            return Ok((program, descriptor));
        }
    }
    let what = "the program";
    let (reads, kind) = if faults == Faults::Classic {
        let record = Record::find().map_err(|source| refused(what, source, String::new()))?;
        (Reads::Record(record), Kind::Classic)
    } else {
        (Reads::ByHelper, Kind::Raw)
    };
    let instructions = program::emit(offsets, wiring, reads, faults)
        .ok_or_else(|| refused(what, std::io::ErrorKind::InvalidInput.into(), String::new()))?;
    let program = Program { instructions, kind };
    match program.load() {
        Ok(descriptor) => Ok((program, descriptor)),
        Err(source) => {
            let complaint = program.complaint();
            let detail = if complaint.is_empty() { complaint } else { format!(" ({complaint})") };
            Err(refused(what, source, detail))
        }
    }
}

fn attached(program: &Program, loaded: &OwnedFd, tracepoint: &CStr) -> Result<OwnedFd, NotTracked> {
    let attached = match program.kind {
        Kind::Classic => classic::attach(loaded, "block/block_rq_complete"),
        _ => program.attach(loaded, tracepoint),
    };
    attached.map_err(|source| refused("to attach the program", source, String::new()))
}

fn refused(what: &'static str, source: std::io::Error, detail: String) -> NotTracked {
    let lockdown = fs::read_to_string("/sys/kernel/security/lockdown").unwrap_or_default();
    if lockdown.contains("[confidentiality]") {
        return NotTracked::Lockdown;
    }
    NotTracked::Refused { what, source, detail }
}

/// What each copy of the program counted of a disk, of so many.
fn seen(counters: &SharedPages, copies: usize, disks: usize, disk: usize, target: &Target) -> Vec<Seen> {
    let count = |copy: usize, page: usize, field| {
        word(counters, copy * (disks + 1) + page, field).map_or(0, |word| word.load(Ordering::SeqCst))
    };
    (0..copies)
        .map(|copy| Seen {
            sectors: count(copy, disk, SECTORS),
            range_errors: count(copy, disk, RANGE_ERRORS),
            taint: count(copy, disk, TAINT),
            new_paths: if target.has_paths() { count(copy, disks, TAINT) } else { 0 },
        })
        .collect()
}

/// A field of a page of a map.
fn word(map: &SharedPages, page: usize, field: i16) -> Option<&AtomicU64> {
    map.words().get(page * (PAGE / 8) + usize::try_from(field).ok()? / 8)
}

#[cfg(test)]
mod tests {
    use super::copies_needed;

    #[test]
    fn a_kernel_that_skips_what_nests_gets_three_copies_and_so_does_one_that_is_not_known() {
        for (release, copies) in [
            ("5.10.0-30-amd64", 1),
            ("6.0.19", 1),
            ("6.1.0-18-amd64", 3),
            ("6.18.44-fc", 3),
            ("10.0", 3),
            ("linux", 3),
            ("", 3),
        ] {
            assert_eq!(copies_needed(release), copies, "{release}");
        }
    }
}
