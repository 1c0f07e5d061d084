//! Freezes every filesystem on a set of disks for a moment, and makes sure that they thaw.
//!
//! [`Freezer::prepare`] does all that allocates, opens or forks. Between [`Freezer::freeze`] and [`Frozen::thaw`] the caller
//! must not write to a file, log, or wait for a thread that does: the filesystem may be a frozen one. Buffers must have
//! been made and locked before. A guard thaws on every path out of the caller; a watchdog process thaws when the budget
//! is over and when this process is killed. A service manager that kills a whole control group at once kills the watchdog
//! too, so the agent's unit must end the main process first (`KillMode=mixed`).

mod calls;
mod mounts;
mod reach;
mod watchdog;

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use watchdog::Watchdog;

/// How long filesystems may stay frozen, unless the caller says otherwise.
pub const DEFAULT_BUDGET: Duration = Duration::from_secs(2);

/// Why nothing is frozen. Whatever had been frozen is thawed.
#[derive(Debug, thiserror::Error)]
pub enum FreezeError {
    /// The mounts or a mount point cannot be read.
    #[error("cannot open {} to freeze its filesystem: {source}", path.display())]
    Open {
        /// The mount point.
        path: PathBuf,
        /// What opening it said.
        source: io::Error,
    },
    /// Other filesystems are mounted over each of its mount points.
    #[error(
        "cannot freeze the filesystem on {}, which is hidden by what is mounted over it at {}; unmount that, or mount it at a place of its own too",
        source_device.display(), listed(points)
    )]
    Hidden {
        /// What was mounted.
        source_device: PathBuf,
        /// Where.
        points: Vec<PathBuf>,
    },
    /// The watchdog does not run, so nothing may be frozen.
    #[error("the process that thaws after a failure does not run: {0}")]
    Watchdog(io::Error),
    /// Something else froze the filesystem already.
    #[error("{} is frozen already, by another program", path.display())]
    Busy {
        /// The mount point.
        path: PathBuf,
    },
    /// The filesystem did not freeze.
    #[error("cannot freeze {}: {source}", path.display())]
    Refused {
        /// The mount point.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// Freezing alone took longer than the budget.
    #[error("freezing took {took:?}, longer than its budget: sync before, or allow more")]
    OverBudget {
        /// How long it took.
        took: Duration,
    },
}

fn listed(points: &[PathBuf]) -> String {
    points.iter().map(|point| point.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// What is to be frozen, opened and ready.
pub struct Freezer {
    points: Vec<Point>,
    watchdog: Watchdog,
}

struct Point {
    path: PathBuf,
    kind: String,
    file: File,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Thawed,
    Frozen(Instant),
    /// Its kind cannot freeze (FAT): synced instead.
    Synced,
}

/// How a freeze went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "what was read counts only if the freeze held"]
pub struct Thawed {
    /// The longest that a filesystem stood still.
    pub stall: Duration,
    /// Whether everything stayed frozen until now. If not, the watchdog thawed, and what was read may be torn.
    pub held: bool,
}

impl Freezer {
    /// Finds and opens the filesystems mounted from `disks` (device paths) and starts the watchdog.
    pub fn prepare<P: AsRef<Path>>(disks: &[P]) -> Result<Self, FreezeError> {
        let table = PathBuf::from("/proc/self/mountinfo");
        let mountinfo = fs::read(&table).map_err(|source| FreezeError::Open { path: table, source })?;
        let disks: Vec<PathBuf> = disks.iter().map(|disk| disk.as_ref().to_owned()).collect();
        let points = mounts::on_disks(&String::from_utf8_lossy(&mountinfo), &disks)
            .into_iter()
            .map(|mount| {
                let (path, file) = reach::open(&mount)?;
                Ok(Point { path, kind: mount.kind, file, state: State::Thawed })
            })
            .collect::<Result<Vec<_>, FreezeError>>()?;
        let descriptors: Vec<i32> = points.iter().map(|point| point.file.as_raw_fd()).collect();
        let watchdog = Watchdog::start(&descriptors).map_err(FreezeError::Watchdog)?;
        Ok(Self { points, watchdog })
    }

    /// The mount points, in the order in which they freeze.
    pub fn mount_points(&self) -> impl Iterator<Item = &Path> {
        self.points.iter().map(|point| point.path.as_path())
    }

    /// Writes out what the filesystems hold back. Make one more pass after this, then freeze: the freeze is shorter.
    pub fn sync(&self) -> Result<(), FreezeError> {
        for point in &self.points {
            calls::sync(point.file.as_fd())
                .map_err(|source| FreezeError::Refused { path: point.path.clone(), source })?;
        }
        Ok(())
    }

    /// Freezes everything, for at most `budget`.
    pub fn freeze(&mut self, budget: Duration) -> Result<Frozen<'_>, FreezeError> {
        self.watchdog.arm(budget).map_err(FreezeError::Watchdog)?;
        let began = Instant::now();
        let mut frozen = Frozen { freezer: self, began, budget };
        frozen.freeze_all()?;
        Ok(frozen)
    }

    /// Process id of the watchdog.
    pub fn watchdog(&self) -> u32 {
        self.watchdog.process()
    }
}

/// Frozen filesystems. Dropping it thaws them.
pub struct Frozen<'freezer> {
    freezer: &'freezer mut Freezer,
    began: Instant,
    budget: Duration,
}

impl Frozen<'_> {
    /// How much of the budget is left.
    pub fn remaining(&self) -> Duration {
        self.budget.saturating_sub(self.began.elapsed())
    }

    /// Filesystems that cannot freeze and were synced instead: mount point and type.
    pub fn only_synced(&self) -> impl Iterator<Item = (&Path, &str)> {
        let points = self.freezer.points.iter();
        points
            .filter(|point| point.state == State::Synced)
            .map(|point| (point.path.as_path(), point.kind.as_str()))
    }

    /// Thaws, and says for how long everything stood still and whether it did.
    pub fn thaw(mut self) -> Thawed {
        self.thaw_all()
    }

    fn freeze_all(&mut self) -> Result<(), FreezeError> {
        for point in &mut self.freezer.points {
            let began = Instant::now();
            match calls::freeze(point.file.as_raw_fd()) {
                Ok(()) => point.state = State::Frozen(began),
                Err(error) if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::ENOTTY)) => {
                    point.state = State::Synced;
                }
                Err(error) => return Err(Self::refused(&point.path, error)),
            }
        }
        // Synced last, when nothing that could be frozen writes any more.
        for point in self.freezer.points.iter().filter(|point| point.state == State::Synced) {
            calls::sync(point.file.as_fd()).map_err(|error| Self::refused(&point.path, error))?;
        }
        let took = self.began.elapsed();
        if took >= self.budget { Err(FreezeError::OverBudget { took }) } else { Ok(()) }
    }

    fn refused(path: &Path, source: io::Error) -> FreezeError {
        let path = path.to_owned();
        if source.raw_os_error() == Some(libc::EBUSY) {
            FreezeError::Busy { path }
        } else {
            FreezeError::Refused { path, source }
        }
    }

    fn thaw_all(&mut self) -> Thawed {
        let mut result = Thawed { stall: Duration::ZERO, held: true };
        for point in self.freezer.points.iter_mut().rev() {
            if let State::Frozen(since) = point.state {
                // An error says that it was thawed before.
                result.held &= calls::thaw(point.file.as_raw_fd()).is_ok();
                result.stall = result.stall.max(since.elapsed());
            }
            point.state = State::Thawed;
        }
        // A watchdog that is gone can have thawed nothing since, and cannot be used again: the next `arm` says so.
        result.held &= self.freezer.watchdog.disarm().is_ok();
        result
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        if self.freezer.points.iter().any(|point| point.state != State::Thawed) {
            let _ = self.thaw_all();
        } else {
            // Nothing was frozen, or `thaw` has been here: the countdown must be over all the same.
            let _ = self.freezer.watchdog.disarm();
        }
    }
}
