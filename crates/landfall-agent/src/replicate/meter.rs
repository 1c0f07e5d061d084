//! Counting what a run does, and turning it into the figures that people see.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use replication::progress::{DiskProgress, Limit, Phase, Progress, Tracking};
use tokio::time::Instant;

const LIMITS: [Limit; 5] = [Limit::SourceDisk, Limit::Cpu, Limit::Link, Limit::Bandwidth, Limit::CenterDisk];

/// What all parts of a run count together.
#[derive(Debug)]
pub struct Meter {
    read: AtomicU64,
    /// Time that reads took, each counted for itself.
    reading: AtomicU64,
    sent: AtomicU64,
    packed: AtomicU64,
    zeros: AtomicU64,
    /// Nanoseconds waited, in the order of [`LIMITS`].
    waited: [AtomicU64; LIMITS.len()],
    shown: Mutex<Shown>,
}

#[derive(Debug)]
struct Shown {
    progress: Progress,
    /// When the figures were taken last, and what they were.
    at: Instant,
    read: u64,
    waited: [u64; LIMITS.len()],
}

impl Meter {
    /// Begins to count for a run.
    pub fn new(tracking: Tracking) -> Self {
        let shown =
            Shown { progress: Progress::starting(tracking), at: Instant::now(), read: 0, waited: [0; 5] };
        Self {
            read: AtomicU64::new(0),
            reading: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            packed: AtomicU64::new(0),
            zeros: AtomicU64::new(0),
            waited: [const { AtomicU64::new(0) }; LIMITS.len()],
            shown: Mutex::new(shown),
        }
    }

    /// The figures now; rate and limit are of the time since they were taken last.
    pub fn progress(&self) -> Progress {
        let mut shown = self.shown();
        let now = Instant::now();
        let seconds = now.duration_since(shown.at).as_secs_f64();
        let read = self.read.load(Relaxed);
        let waited: [u64; LIMITS.len()] = std::array::from_fn(|limit| self.waited[limit].load(Relaxed));
        let longest = (0..LIMITS.len())
            .map(|limit| (waited[limit] - shown.waited[limit].min(waited[limit]), LIMITS[limit]))
            .filter(|(waited, _)| *waited > 0)
            .max_by_key(|(waited, _)| *waited);
        shown.progress.limited_by = longest.map(|(_, limit)| limit);
        shown.progress.bytes_per_second = per_second(read - shown.read.min(read), seconds);
        (shown.at, shown.read, shown.waited) = (now, read, waited);
        shown.progress.read_bytes = read;
        shown.progress.sent_bytes = self.sent.load(Relaxed);
        shown.progress.packed_bytes = self.packed.load(Relaxed);
        shown.progress.clone()
    }

    /// Bytes of content sent, as zeros or not: 0 after a pass that found the copy equal.
    pub(super) fn changed(&self) -> u64 {
        self.sent.load(Relaxed) + self.zeros.load(Relaxed)
    }

    /// Bytes read so far, and the time that took, each read counted for itself.
    pub(super) fn reads(&self) -> (u64, Duration) {
        (self.read.load(Relaxed), Duration::from_nanos(self.reading.load(Relaxed)))
    }

    pub(super) fn note_read(&self, bytes: u64, took: Duration) {
        self.read.fetch_add(bytes, Relaxed);
        self.reading.fetch_add(nanos(took), Relaxed);
    }

    pub(super) fn note_sent(&self, bytes: u64, packed: u64) {
        self.sent.fetch_add(bytes, Relaxed);
        self.packed.fetch_add(packed, Relaxed);
    }

    pub(super) fn note_zeros(&self, bytes: u64) {
        self.zeros.fetch_add(bytes, Relaxed);
    }

    pub(super) fn note_wait(&self, limit: Limit, since: Instant) {
        if let Some(place) = LIMITS.iter().position(|known| *known == limit) {
            self.waited[place].fetch_add(nanos(since.elapsed()), Relaxed);
        }
    }

    /// A part of a pass is through.
    pub(super) fn note_through(&self, disk: u16, bytes: u64) {
        if let Some(disk) = self.shown().progress.disks.iter_mut().find(|known| known.disk == disk) {
            disk.bytes_left = disk.bytes_left.saturating_sub(bytes);
        }
    }

    pub(super) fn phase(&self, phase: Phase) {
        self.shown().progress.phase = phase;
    }

    /// A pass over so many bytes of each disk begins.
    pub(super) fn pass(&self, phase: Phase, disks: impl IntoIterator<Item = (u16, u64)>) {
        let mut shown = self.shown();
        shown.progress.phase = phase;
        shown.progress.pass += 1;
        let disks = disks.into_iter();
        shown.progress.disks =
            disks.map(|(disk, bytes)| DiskProgress { disk, bytes_total: bytes, bytes_left: bytes }).collect();
    }

    pub(super) fn tracking(&self, tracking: Tracking) {
        self.shown().progress.tracking = tracking;
    }

    /// What was learnt after a pass that took so long.
    pub(super) fn forecast(&self, dirty_bytes: u64, took: Duration, freeze: Duration) {
        let mut shown = self.shown();
        shown.progress.dirty_bytes_per_second = Some(per_second(dirty_bytes, took.as_secs_f64()));
        shown.progress.predicted_freeze_ms = u64::try_from(freeze.as_millis()).ok();
    }

    /// How long the freeze was expected to be when it began.
    pub(super) fn foretell(&self, freeze: Duration) {
        self.shown().progress.predicted_freeze_ms = u64::try_from(freeze.as_millis()).ok();
    }

    fn shown(&self) -> std::sync::MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a figure to show; the cast saturates"
)]
fn per_second(bytes: u64, seconds: f64) -> u64 {
    (bytes as f64 / seconds.max(0.001)) as u64
}
