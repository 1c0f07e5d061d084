//! Counting what a run does, and turning it into the figures that people see.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use replication::{
    Lately,
    progress::{DiskProgress, Limit, MOST_PASSES, PassDone, Phase, Progress, Tracking},
};
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
    /// Content that is through: read, and sent unless the center has it.
    through: AtomicU64,
    /// Nanoseconds waited, in the order of [`LIMITS`].
    waited: [AtomicU64; LIMITS.len()],
    shown: Mutex<Shown>,
}

#[derive(Debug)]
struct Shown {
    progress: Progress,
    begun: Instant,
    /// When the pass that goes on began, and what was sent before it.
    pass: Option<(Instant, u64)>,
    /// What is through, then what was waited for in the order of [`LIMITS`].
    lately: Lately<{ 1 + LIMITS.len() }>,
}

impl Meter {
    /// Begins to count for a run.
    pub fn new(tracking: Tracking) -> Self {
        let shown = Shown {
            progress: Progress::starting(tracking),
            begun: Instant::now(),
            pass: None,
            lately: Lately::since(Duration::ZERO),
        };
        Self {
            read: AtomicU64::new(0),
            reading: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            packed: AtomicU64::new(0),
            zeros: AtomicU64::new(0),
            through: AtomicU64::new(0),
            waited: [const { AtomicU64::new(0) }; LIMITS.len()],
            shown: Mutex::new(shown),
        }
    }

    /// The figures now; rate and limit are of the last seconds.
    pub fn progress(&self) -> Progress {
        let mut shown = self.shown();
        let counters = std::array::from_fn(|at| match at.checked_sub(1) {
            None => self.through.load(Relaxed),
            Some(limit) => self.waited[limit].load(Relaxed),
        });
        let elapsed = shown.begun.elapsed();
        let growth = shown.lately.growth(elapsed, counters);
        let waited = growth.by[1..].iter().zip(LIMITS).filter(|(waited, _)| **waited > 0);
        shown.progress.limited_by = waited.max_by_key(|(waited, _)| **waited).map(|(_, limit)| limit);
        shown.progress.bytes_per_second = growth.per_second(0);
        shown.progress.read_bytes = self.read.load(Relaxed);
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

    /// A part of a pass is through: read, and sent unless the center has it.
    pub(super) fn note_through(&self, disk: u16, bytes: u64) {
        self.through.fetch_add(bytes, Relaxed);
        if let Some(disk) = self.shown().progress.disks.iter_mut().find(|known| known.disk == disk) {
            disk.bytes_left = disk.bytes_left.saturating_sub(bytes);
        }
    }

    pub(super) fn phase(&self, phase: Phase) {
        let mut shown = self.shown();
        match phase {
            // What broke is not over; it is begun again with another number.
            Phase::Starting => shown.pass = None,
            _ => shown.end_pass(self.sent.load(Relaxed)),
        }
        shown.progress.phase = phase;
    }

    /// A pass over so many bytes of each disk begins.
    pub(super) fn pass(&self, phase: Phase, disks: impl IntoIterator<Item = (u16, u64)>) {
        let (mut shown, sent) = (self.shown(), self.sent.load(Relaxed));
        shown.end_pass(sent);
        shown.pass = Some((Instant::now(), sent));
        shown.progress.phase = phase;
        shown.progress.pass += 1;
        let disks = disks.into_iter();
        shown.progress.disks =
            disks.map(|(disk, bytes)| DiskProgress { disk, bytes_total: bytes, bytes_left: bytes }).collect();
    }

    pub(super) fn tracking(&self, tracking: Tracking) {
        self.shown().progress.tracking = tracking;
    }

    /// The kernel could not prove that it told of every change: now everything is compared, and the run shows that to its end.
    pub(super) fn unproven(&self, reason: &str) {
        let mut shown = self.shown();
        shown.progress.tracking = Tracking::Rescan { reason: reason.to_owned() };
        shown.progress.unproven = Some(reason.to_owned());
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

impl Shown {
    /// Remembers the pass that is over, if one goes on.
    fn end_pass(&mut self, sent: u64) {
        let Some((begun, before)) = self.pass.take() else { return };
        let Progress { pass, phase, disks, passes, .. } = &mut self.progress;
        if passes.len() == MOST_PASSES {
            passes.remove(0);
        }
        passes.push(PassDone {
            pass: *pass,
            phase: *phase,
            bytes: disks.iter().map(|disk| disk.bytes_total).fold(0, u64::saturating_add),
            sent_bytes: sent.saturating_sub(before),
            took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use replication::progress::{Limit, MOST_PASSES, PassDone, Phase, Tracking};
    use tokio::time::{Instant, advance};

    use super::Meter;

    const MIB: u64 = 1 << 20;

    #[tokio::test(start_paused = true)]
    async fn passes_that_are_over_are_told_and_one_that_broke_is_not() {
        let meter = Meter::new(Tracking::Ebpf);
        meter.pass(Phase::Full, [(0, 20 * MIB), (1, 4 * MIB)]);
        meter.note_sent(7 * MIB, MIB);
        advance(Duration::from_millis(1_500)).await;
        meter.pass(Phase::Changes, [(0, MIB)]);
        meter.note_sent(MIB, MIB);
        meter.phase(Phase::Starting);
        meter.pass(Phase::Full, [(0, 20 * MIB), (1, 4 * MIB)]);
        assert_eq!(meter.progress().passes.len(), 1);
        advance(Duration::from_millis(20)).await;
        meter.phase(Phase::Frozen);
        meter.phase(Phase::Finishing);
        let done = |pass, sent_bytes, took_ms| PassDone {
            pass,
            phase: Phase::Full,
            bytes: 24 * MIB,
            sent_bytes,
            took_ms,
        };
        assert_eq!(meter.progress().passes, [done(1, 7 * MIB, 1_500), done(3, 0, 20)]);
        for _ in 0..50 {
            meter.pass(Phase::Changes, [(0, MIB)]);
        }
        let passes = meter.progress().passes;
        assert_eq!((passes.len(), passes.last().map(|last| last.pass)), (MOST_PASSES, Some(52)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_is_of_what_is_through_also_when_all_is_read() {
        let meter = Meter::new(Tracking::Ebpf);
        meter.pass(Phase::Full, [(0, 24 * MIB)]);
        // A small disk is read in a moment, and takes its time to be sent.
        meter.note_read(24 * MIB, Duration::from_millis(17));
        advance(Duration::from_millis(17)).await;
        assert_eq!(meter.progress().bytes_per_second, 0);
        for second in 1..=12 {
            let waiting = Instant::now();
            advance(Duration::from_secs(1)).await;
            meter.note_wait(Limit::Bandwidth, waiting);
            meter.note_sent(2 * MIB, 2 * MIB);
            meter.note_through(0, 2 * MIB);
            let progress = meter.progress();
            assert!((MIB..=2 * MIB).contains(&progress.bytes_per_second), "{progress:?}");
            assert_eq!(progress.disks[0].bytes_left, (24 - 2 * second) * MIB);
            // Asking again at once changes nothing.
            assert_eq!(meter.progress().bytes_per_second, progress.bytes_per_second);
            assert_eq!(meter.progress().limited_by, Some(Limit::Bandwidth));
        }
        advance(Duration::from_secs(6)).await;
        let progress = meter.progress();
        advance(Duration::from_secs(6)).await;
        assert!(progress.bytes_per_second < MIB && meter.progress().bytes_per_second == 0);
        assert_eq!(meter.progress().limited_by, None);
    }
}
