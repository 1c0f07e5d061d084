//! This machine's disks as a source: direct reads, the kernel's marks, and freezes of what is mounted.

use std::{
    io,
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use blockdev::{
    Disk, Roots,
    allocation::{self, InUse},
    direct::Reader,
    disk_at, freeze,
    plan::Writer,
    track,
};
use replication::Range;

use super::{Freezer, Frozen, RawDisk, Source, SourceDisk, Tracker, ranges::Gathered};
use crate::still::GATE;

impl Source {
    /// Disks by their paths, with the number of each: block devices, files that hold a disk image, or both. Of both, all
    /// are compared, since a run knows the changes of all its disks or of none. Blocks.
    pub fn open(disks: &[(u16, PathBuf)], budget: Duration) -> io::Result<Self> {
        Self::open_as(disks, budget, None)
    }

    /// As [`Source::open`], without asking the kernel for changes: they are found by comparing, for this reason. Blocks.
    pub fn open_untracked(disks: &[(u16, PathBuf)], budget: Duration, reason: &str) -> io::Result<Self> {
        Self::open_as(disks, budget, Some(reason))
    }

    fn open_as(disks: &[(u16, PathBuf)], budget: Duration, untracked: Option<&str>) -> io::Result<Self> {
        let mut devices = Vec::new();
        let mut images = Vec::new();
        for (number, path) in disks {
            let kind = path.metadata()?.file_type();
            if kind.is_block_device() { &mut devices } else { &mut images }.push((*number, path.clone()));
        }
        if images.is_empty() {
            return match untracked {
                None => Self::devices(&devices, budget),
                Some(reason) => Self::with_tracker(&devices, budget, Err(reason.to_owned())),
            };
        }
        let files = Self::images(images.iter().map(|(number, path)| (*number, path.as_path())))?;
        if devices.is_empty() {
            return Ok(files);
        }
        let reason = format!("disk {} is an image file", images[0].0);
        let mut both = Self::with_tracker(&devices, budget, Err(reason))?;
        both.disks.extend(files.disks);
        both.disks.sort_by_key(|disk| disk.number);
        Ok(both)
    }

    /// Whole disks of this machine, with the number of each. Tracking begins here, before anything is read; where it
    /// cannot, the source says why and is compared instead. Blocks.
    pub fn devices(disks: &[(u16, PathBuf)], budget: Duration) -> io::Result<Self> {
        let paths: Vec<&PathBuf> = disks.iter().map(|(_, path)| path).collect();
        Self::with_tracker(disks, budget, attach(disks, &paths))
    }

    fn with_tracker(
        disks: &[(u16, PathBuf)],
        budget: Duration,
        tracker: Result<Arc<dyn Tracker>, String>,
    ) -> io::Result<Self> {
        let paths = disks.iter().map(|(_, path)| path.clone()).collect();
        let freezer = Arc::new(Filesystems { paths, budget: Mutex::new(budget), holding: Arc::default() });
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
    let settled = match freezer.settle() {
        Ok(()) => InUse::Settled,
        Err(error) => {
            tracing::warn!(disk = %path.display(), %error, "filesystems cannot be settled, so all of them is copied");
            InUse::Moving
        }
    };
    let reader = Reader::open(path).map_err(io::Error::other)?;
    let disk = disk_at(&Roots::default(), path).map_err(io::Error::other)?;
    let mut ranges = Gathered::default();
    // Asked before the records are read: who lets go of a device later has written while changes are tracked.
    for range in written_around_filesystems(&disk) {
        ranges.add(Range::new(range.start, range.end - range.start, u64::MAX).map_err(io::Error::other)?);
    }
    let map = allocation::map(&reader, &disk, settled);
    for range in map.into_allocated() {
        ranges.add(Range::new(range.start, range.end - range.start, u64::MAX).map_err(io::Error::other)?);
    }
    Ok(ranges.joined())
}

/// Parts of a disk that a process writes to by itself, such as a filesystem that is being made or a guest's own disk. Their
/// records need not agree with what they hold, so all of them is in use. A mounted filesystem was settled by its kernel.
fn written_around_filesystems(disk: &Disk) -> Vec<std::ops::Range<u64>> {
    let whole = (disk.path.as_path(), &disk.contents, 0..disk.size_bytes);
    let parts = disk.partitions.iter().filter_map(|part| {
        let end = part.start_bytes.saturating_add(part.size_bytes).min(disk.size_bytes);
        Some((part.path.as_deref()?, &part.contents, part.start_bytes.min(end)..end))
    });
    let devices: Vec<_> = std::iter::once(whole).chain(parts).collect();
    let paths: Vec<&Path> = devices.iter().map(|(path, ..)| *path).collect();
    let writers = Writer::of(&Roots::default(), &paths);
    for writer in writers.iter().flatten() {
        tracing::warn!(
            process = writer.process,
            name = %writer.name,
            device = %writer.device.display(),
            "a process writes to a device by itself, so all that is not mounted there is copied"
        );
    }
    let whole_written = matches!(writers.first(), Some(Some(_)));
    // What partitions hold is theirs to say, where there are any.
    let first = usize::from(devices.len() > 1);
    let written = devices.into_iter().zip(&writers).skip(first).filter(|((_, contents, range), writer)| {
        contents.mounts.is_empty() && range.start < range.end && (whole_written || writer.is_some())
    });
    written.map(|((_, _, range), _)| range).collect()
}

/// The kernel's marks.
struct Marks {
    tracker: RwLock<track::Tracker>,
    /// The disks' numbers in the run, in the tracker's order.
    numbers: Vec<u16>,
}

impl Tracker for Marks {
    fn drain(&self, disk: u16, take: &mut dyn FnMut(Range)) -> io::Result<()> {
        let place = self.numbers.iter().position(|number| *number == disk).ok_or(io::ErrorKind::NotFound)?;
        let tracker = self.tracker.read().unwrap_or_else(PoisonError::into_inner);
        tracker.drain(place, &mut |range| {
            if let Ok(range) = Range::new(range.offset, range.length, u64::MAX) {
                take(range);
            }
        });
        Ok(())
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

/// The filesystems that are mounted from the disks. Which these are is found out anew each time, and their mount points are
/// open only meanwhile, so that they can be unmounted.
struct Filesystems {
    paths: Vec<PathBuf>,
    budget: Mutex<Duration>,
    /// Locked for as long as they are frozen.
    holding: Arc<Mutex<()>>,
}

impl Filesystems {
    /// Opens what is mounted now. A mount point that is gone before it is opened is not on the list any more the next time.
    fn prepare(&self) -> io::Result<freeze::Freezer> {
        let prepare = || freeze::Freezer::prepare(&self.paths);
        prepare().or_else(|_| prepare()).or_else(|_| prepare()).map_err(io::Error::other)
    }

    fn budget(&self) -> Duration {
        *self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to freeze; `None` while they are frozen.
    fn free(&self) -> Option<MutexGuard<'_, ()>> {
        match self.holding.try_lock() {
            Ok(free) => Some(free),
            Err(TryLockError::Poisoned(free)) => Some(free.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Brings the filesystems' records to the disk; says why that did not work. Frozen ones have theirs there.
    fn settle(&self) -> io::Result<()> {
        let Some(_free) = self.free() else { return Ok(()) };
        let mut freezer = self.prepare()?;
        freezer.sync().map_err(io::Error::other)?;
        let _still = GATE.close();
        let thawed = freezer.freeze(self.budget()).map_err(io::Error::other)?.thaw();
        if thawed.held { Ok(()) } else { Err(thawed_early()) }
    }
}

impl Freezer for Filesystems {
    fn allow(&self, budget: Duration) {
        *self.budget.lock().unwrap_or_else(PoisonError::into_inner) = budget;
    }

    fn flush(&self) -> io::Result<()> {
        // Freezing has flushed them.
        let Some(_free) = self.free() else { return Ok(()) };
        self.prepare()?.sync().map_err(io::Error::other)
    }

    fn freeze(&self) -> io::Result<Option<Box<dyn Frozen>>> {
        let (started, has_started) = mpsc::sync_channel(1);
        let (thaw, until) = mpsc::sync_channel::<()>(1);
        let (mut freezer, holding, budget) = (self.prepare()?, self.holding.clone(), self.budget());
        if freezer.mount_points().next().is_none() {
            return Ok(None);
        }
        let frozen = move || {
            let _held = holding.lock().unwrap_or_else(PoisonError::into_inner);
            // Open again after the thaw, which is when the later value goes.
            let _still = GATE.close();
            let frozen = match freezer.freeze(budget) {
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

fn thawed_early() -> io::Error {
    io::Error::other("the filesystems were thawed before everything was read; allow a longer freeze")
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
        if self.end() { Ok(()) } else { Err(thawed_early()) }
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        self.end();
    }
}
