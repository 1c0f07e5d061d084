//! This machine's disks as a source: direct reads, the kernel's marks, and freezes of what is mounted.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock, TryLockError, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use blockdev::{
    Roots,
    allocation::{self, InUse},
    direct::Reader,
    disk_at, freeze, track,
};
use replication::Range;

use super::{Freezer, Frozen, RawDisk, Source, SourceDisk, Tracker};

impl Source {
    /// Whole disks of this machine, with the number of each. Tracking begins here, before anything is read; where it
    /// cannot, the source says why and is compared instead. Blocks.
    pub fn devices(disks: &[(u16, PathBuf)], budget: Duration) -> io::Result<Self> {
        let paths: Vec<&PathBuf> = disks.iter().map(|(_, path)| path).collect();
        let tracker = attach(disks, &paths);
        let freezer = freeze::Freezer::prepare(&paths).map_err(io::Error::other)?;
        let freezer = Arc::new(Filesystems { freezer: Arc::new(Mutex::new(freezer)), budget });
        let open = |(number, path): &(u16, PathBuf)| {
            let content = RawDisk::open(path).map_err(io::Error::other)?;
            let (path, freezer) = (path.clone(), freezer.clone());
            let allocated = Arc::new(move || in_use(&path, &freezer));
            Ok(SourceDisk { number: *number, content: Arc::new(content), allocated })
        };
        let disks = disks.iter().map(open).collect::<io::Result<_>>()?;
        Ok(Self { disks, tracker, freezer })
    }
}

fn attach(disks: &[(u16, PathBuf)], paths: &[&PathBuf]) -> Result<Arc<dyn Tracker>, String> {
    let tracker = track::Tracker::attach(paths).map_err(|error| error.to_string())?;
    let numbers = disks.iter().map(|(number, _)| *number).collect();
    let marks = Marks { tracker: RwLock::new(tracker), numbers };
    marks.rebase().map_err(|error| error.to_string())?;
    Ok(Arc::new(marks))
}

/// What a disk has in use, once its filesystems' records are on the disk: a short freeze sees to that.
fn in_use(path: &Path, freezer: &Filesystems) -> io::Result<Vec<Range>> {
    let settled = freezer.settle();
    let reader = Reader::open(path).map_err(io::Error::other)?;
    let disk = disk_at(&Roots::default(), path).map_err(io::Error::other)?;
    let map = allocation::map(&reader, &disk, if settled { InUse::Settled } else { InUse::Moving });
    let ranges = map.allocated().map(|range| Range::new(range.start, range.end - range.start, u64::MAX));
    ranges.collect::<Result<_, _>>().map_err(io::Error::other)
}

/// The kernel's marks.
struct Marks {
    tracker: RwLock<track::Tracker>,
    /// The disks' numbers in the run, in the tracker's order.
    numbers: Vec<u16>,
}

impl Tracker for Marks {
    fn drain(&self, disk: u16) -> io::Result<Vec<Range>> {
        let place = self.numbers.iter().position(|number| *number == disk).ok_or(io::ErrorKind::NotFound)?;
        let mut ranges = Vec::new();
        let tracker = self.tracker.read().unwrap_or_else(PoisonError::into_inner);
        tracker.drain(place, &mut |range| ranges.extend(Range::new(range.offset, range.length, u64::MAX)));
        Ok(ranges)
    }

    fn prove(&self) -> Result<(), String> {
        let tracker = self.tracker.read().unwrap_or_else(PoisonError::into_inner);
        (0..self.numbers.len()).try_for_each(|place| match tracker.prove(place) {
            track::Coverage::Proven => Ok(()),
            track::Coverage::Unproven(reason) => Err(reason.to_string()),
        })
    }

    fn rebase(&self) -> io::Result<()> {
        let mut tracker = self.tracker.write().unwrap_or_else(PoisonError::into_inner);
        (0..self.numbers.len()).try_for_each(|place| tracker.begin_coverage(place).map_err(io::Error::other))
    }
}

/// The filesystems that are mounted from the disks.
struct Filesystems {
    /// Locked for as long as they are frozen.
    freezer: Arc<Mutex<freeze::Freezer>>,
    budget: Duration,
}

impl Filesystems {
    /// Brings the filesystems' records to the disk; says whether that worked. Frozen ones have theirs there.
    fn settle(&self) -> bool {
        let mut freezer = match self.freezer.try_lock() {
            Ok(freezer) => freezer,
            Err(TryLockError::Poisoned(freezer)) => freezer.into_inner(),
            Err(TryLockError::WouldBlock) => return true,
        };
        freezer.sync().is_ok() && freezer.freeze(self.budget).is_ok_and(|frozen| frozen.thaw().held)
    }
}

impl Freezer for Filesystems {
    fn flush(&self) -> io::Result<()> {
        match self.freezer.try_lock() {
            Ok(freezer) => freezer.sync().map_err(io::Error::other),
            Err(TryLockError::Poisoned(freezer)) => freezer.into_inner().sync().map_err(io::Error::other),
            // Freezing has flushed them.
            Err(TryLockError::WouldBlock) => Ok(()),
        }
    }

    fn freeze(&self) -> io::Result<Option<Box<dyn Frozen>>> {
        let (started, has_started) = mpsc::sync_channel(1);
        let (thaw, until) = mpsc::sync_channel::<()>(1);
        let (freezer, budget) = (self.freezer.clone(), self.budget);
        let frozen = move || {
            let mut freezer = freezer.lock().unwrap_or_else(PoisonError::into_inner);
            let outcome = freezer.freeze(budget);
            let frozen = match outcome {
                Ok(frozen) => frozen,
                Err(error) => {
                    // Who does not wait any more has given up.
                    let _ = started.send(Err(io::Error::other(error)));
                    return false;
                }
            };
            let _ = started.send(Ok(()));
            // Ends when the other half is dropped.
            let _ = until.recv();
            frozen.thaw().held
        };
        let thread = thread::Builder::new().name("freeze".to_owned()).spawn(frozen)?;
        has_started.recv().map_err(io::Error::other)??;
        Ok(Some(Box::new(Still { thaw: Some(thaw), thread: Some(thread) })))
    }
}

/// Filesystems that a thread of their own holds frozen.
struct Still {
    thaw: Option<mpsc::SyncSender<()>>,
    thread: Option<JoinHandle<bool>>,
}

impl Still {
    /// Thaws, and says whether everything stood still until now.
    fn end(&mut self) -> bool {
        self.thaw = None;
        self.thread.take().is_some_and(|thread| thread.join().unwrap_or(false))
    }
}

impl Frozen for Still {
    fn thaw(mut self: Box<Self>) -> io::Result<()> {
        if self.end() {
            return Ok(());
        }
        Err(io::Error::other("the filesystems were thawed before everything was read; allow a longer freeze"))
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        self.end();
    }
}
