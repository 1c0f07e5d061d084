//! A run from beginning to end: everything, then what changed until it is little, then a freeze.
//!
//! What is still to be copied outlives a session: when a stream breaks, the run goes on with another session and asks by
//! digests about the pass that broke, so that only what never arrived is sent again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use replication::{
    Range,
    frame::Hello,
    passes::{Next, Pass, Planner},
    progress::{Phase, Progress, Tracking},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::spawn_blocking,
};

use super::{
    ConnectError, Meter, ReplicateError, Source, Tracker,
    frozen::{Attempt, Held, freeze_and_read},
    ranges::{bytes, gaps, join},
    session::{How, Session},
};

/// Time between two reports.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Longest time between two attempts to connect.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Freezes that may find too much to read, before a run counts as not converging.
const MOST_FREEZES: u32 = 3;

/// Failed proofs after which tracking is not believed any more.
const MOST_UNPROVEN: u32 = 2;

/// How a run goes about its work.
#[derive(Clone, Debug)]
pub struct Options {
    /// Version of the agent, for the center's log.
    pub agent_version: String,
    /// Names the run.
    pub run: String,
    /// Streams to send over; each needs up to 20 MiB of memory.
    pub streams: u16,
    /// Longest time that filesystems may stay frozen.
    pub freeze_budget: Duration,
    /// Whether everything is compared with the copy once more before the freeze.
    pub audit: bool,
    /// What to begin with.
    pub start: Start,
}

/// What a run begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Everything, sent or compared.
    Everything,
    /// What was marked since the last complete run of the same job, through all of which the tracker was attached.
    Changes,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The copy equals the source at one moment.
    Complete(Complete),
    /// It was told to stop.
    Stopped,
}

/// What a complete run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complete {
    /// The last figures.
    pub progress: Progress,
    /// How long filesystems were frozen.
    pub freeze: Duration,
    /// Bytes that the audit found to differ and sent; what changed while it ran is among them. `None` without an audit.
    pub healed_bytes: Option<u64>,
}

/// Makes the center's copy equal to the source at one moment, over as many sessions as it takes.
///
/// `connect` opens a stream by its number; `reports` is called once a second; the run ends early, with everything thawed,
/// when `stop` is ready.
pub async fn run<S, F>(
    source: Arc<Source>,
    options: Options,
    connect: impl Fn(u16) -> F,
    reports: impl Fn(Progress),
    stop: impl Future<Output = ()>,
) -> Result<Outcome, ReplicateError>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
    F: Future<Output = Result<S, ConnectError>>,
{
    let mut drive = Drive::new(source, options);
    let meter = drive.meter.clone();
    reports(meter.progress());
    let reporting = async {
        let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + REPORT_EVERY, REPORT_EVERY);
        loop {
            tick.tick().await;
            reports(meter.progress());
        }
    };
    let outcome = tokio::select! {
        outcome = drive.over_sessions(connect) => outcome.map(Outcome::Complete),
        () = stop => Ok(Outcome::Stopped),
        never = reporting => never,
    };
    reports(meter.progress());
    outcome
}

/// How far the copy is.
enum Copy {
    /// Everything is to be sent or compared.
    Unknown,
    /// It lacks what is pending.
    Behind,
    /// It lacks what is held, if anything is, and nothing else.
    Equal(Option<Held>),
}

/// A run that is under way.
pub(super) struct Drive {
    pub(super) source: Arc<Source>,
    pub(super) options: Options,
    pub(super) meter: Arc<Meter>,
    tracker: Result<Arc<dyn Tracker>, String>,
    copy: Copy,
    /// What changed and was not copied since, disk by disk.
    pending: Vec<Vec<Range>>,
    /// Bytes a second of one read after another, as measured last.
    read_rate: f64,
    pub(super) freezes: u32,
    unproven: u32,
    pub(super) freeze: Duration,
    healed_bytes: Option<u64>,
    /// Attempts to connect without success, one after another.
    failures: u32,
}

impl Drive {
    fn new(source: Arc<Source>, options: Options) -> Self {
        let tracker = source.tracker.clone();
        let tracking = match &tracker {
            Ok(_) => Tracking::Ebpf,
            Err(reason) => Tracking::Rescan { reason: reason.clone() },
        };
        let copy = match options.start {
            Start::Changes if tracker.is_ok() => Copy::Behind,
            _ => Copy::Unknown,
        };
        Self {
            pending: source.disks.iter().map(|_| Vec::new()).collect(),
            source,
            options,
            meter: Arc::new(Meter::new(tracking)),
            tracker,
            copy,
            read_rate: 0.0,
            freezes: 0,
            unproven: 0,
            freeze: Duration::ZERO,
            healed_bytes: None,
            failures: 0,
        }
    }

    async fn over_sessions<S, F>(&mut self, connect: impl Fn(u16) -> F) -> Result<Complete, ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
        F: Future<Output = Result<S, ConnectError>>,
    {
        for attempt in 0_u64.. {
            match self.session(&connect, attempt).await {
                Err(error) if error.again() => {
                    let wait = Duration::from_secs(1 << self.failures.min(5)).min(LONGEST_WAIT);
                    self.failures += 1;
                    tracing::warn!(%error, "the copy is interrupted; next attempt in {} s", wait.as_secs());
                    self.meter.phase(Phase::Starting);
                    tokio::time::sleep(wait).await;
                }
                outcome => return outcome,
            }
        }
        Err(ReplicateError::Closed)
    }

    async fn session<S, F>(
        &mut self,
        connect: impl Fn(u16) -> F,
        attempt: u64,
    ) -> Result<Complete, ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
        F: Future<Output = Result<S, ConnectError>>,
    {
        let hello = Hello {
            agent_version: self.options.agent_version.clone(),
            session: format!("{}-{attempt}", self.options.run),
            stream: 0,
        };
        let (source, meter) = (self.source.clone(), self.meter.clone());
        let mut session = Session::open(connect, self.options.streams, &hello, source, meter).await?;
        self.failures = 0;
        if session.fresh() {
            // Whatever was sent before is not there.
            self.copy = Copy::Unknown;
        }
        while !matches!(self.copy, Copy::Equal(_)) {
            if let Ok(tracker) = self.tracker.clone() {
                self.follow(&mut session, &tracker).await?;
            } else {
                self.rescan(&mut session).await?;
                self.copy = Copy::Equal(None);
            }
        }
        self.meter.phase(Phase::Finishing);
        if let Copy::Equal(Some(held)) = &self.copy {
            session.held(held).await?;
        }
        session.done().await?;
        let progress = self.meter.progress();
        Ok(Complete { progress, freeze: self.freeze, healed_bytes: self.healed_bytes })
    }

    /// Copies what the tracker marks until little is left, then freezes.
    async fn follow<S>(
        &mut self,
        session: &mut Session<S>,
        tracker: &Arc<dyn Tracker>,
    ) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let mut begun = Instant::now();
        if matches!(self.copy, Copy::Unknown) {
            self.everything(session, Phase::Full, None).await?;
            self.begun();
            self.meter.tracking(Tracking::Ebpf);
        }
        let mut planner = Planner::new(self.options.freeze_budget);
        loop {
            self.drain(tracker).await?;
            let took = begun.elapsed();
            let dirty_bytes = self.pending.iter().map(|ranges| bytes(ranges)).sum();
            // Every block of the pass before counts, sent or not.
            let copy_rate = self.read_rate;
            let next = planner.after(&Pass { dirty_bytes, took, read_rate: self.read_rate, copy_rate });
            begun = Instant::now();
            match next {
                Next::Again { predicted } => {
                    self.meter.forecast(dirty_bytes, took, predicted);
                    self.changes(session).await?;
                }
                Next::Freeze { predicted } => {
                    self.meter.forecast(dirty_bytes, took, predicted);
                    break;
                }
                Next::Stuck(stuck) => return Err(ReplicateError::NotConverging(stuck.to_string())),
            }
        }
        if self.options.audit && self.healed_bytes.is_none() {
            let before = self.meter.changed();
            self.everything(session, Phase::Audit, None).await?;
            self.healed_bytes = Some(self.meter.changed() - before);
        }
        self.flush().await?;
        self.drain(tracker).await?;
        self.changes(session).await?;
        self.freeze(tracker).await
    }

    async fn freeze(&mut self, tracker: &Arc<dyn Tracker>) -> Result<(), ReplicateError> {
        self.meter.phase(Phase::Frozen);
        let (source, tracker, budget) = (self.source.clone(), tracker.clone(), self.options.freeze_budget);
        let taken = tracker.clone();
        match blocking(move || freeze_and_read(&source, &*taken, budget)).await? {
            Attempt::Held(held) => {
                self.freeze = held.took;
                self.copy = Copy::Equal(Some(held));
            }
            Attempt::Unproven(reason) => {
                tracing::warn!(reason, "changes may have gone unnoticed; everything is compared");
                self.meter.tracking(Tracking::Rescan { reason: reason.clone() });
                self.copy = Copy::Unknown;
                self.unproven += 1;
                if self.unproven < MOST_UNPROVEN {
                    blocking(move || tracker.rebase().map_err(ReplicateError::Track)).await?;
                } else {
                    self.tracker = Err(reason);
                }
            }
            Attempt::TooMuch(dirty) => {
                self.add(dirty);
                self.freezes += 1;
                if self.freezes >= MOST_FREEZES {
                    let seconds = budget.as_secs_f64();
                    return Err(ReplicateError::NotConverging(format!(
                        "{MOST_FREEZES} freezes found more to read than {seconds:.1} s and 32 MiB have room for; \
                         look for programs that write to the disks past their filesystems, or allow a longer freeze"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Sends or compares everything in use; gives whether all of it was begun before `until`.
    pub(super) async fn everything<S>(
        &mut self,
        session: &mut Session<S>,
        phase: Phase,
        until: Option<tokio::time::Instant>,
    ) -> Result<bool, ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        self.flush().await?;
        let source = self.source.clone();
        let allocated = blocking(move || {
            let disks = source.disks.iter().map(|disk| match (disk.allocated)() {
                Ok(ranges) => Ok(join(ranges)),
                Err(error) => Err(ReplicateError::Allocation { disk: disk.number, error }),
            });
            disks.collect::<Result<Vec<_>, _>>()
        });
        let allocated = allocated.await?;
        let numbers = self.source.disks.iter().map(|disk| disk.number);
        self.meter.pass(phase, numbers.zip(allocated.iter().map(|ranges| bytes(ranges))));
        let first = matches!(self.copy, Copy::Unknown);
        let how = if first && session.fresh() { How::Outright } else { How::Compare };
        if how == How::Compare && phase == Phase::Full {
            for (disk, ranges) in self.source.disks.iter().zip(&allocated) {
                session.zeros(disk.number, gaps(ranges, disk.content.size())).await?;
            }
        }
        let reads = self.meter.reads();
        let all = session.pass(how, allocated, until).await?;
        self.note_read_rate(reads);
        Ok(all)
    }

    /// From now on the copy is compared, not sent outright.
    pub(super) fn begun(&mut self) {
        self.copy = Copy::Behind;
    }

    /// Copies what is pending; it stays pending until it is on the center's disk.
    async fn changes<S>(&mut self, session: &mut Session<S>) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let numbers = self.source.disks.iter().map(|disk| disk.number);
        self.meter.pass(Phase::Changes, numbers.zip(self.pending.iter().map(|ranges| bytes(ranges))));
        let reads = self.meter.reads();
        session.pass(How::Offer, self.pending.clone(), None).await?;
        self.note_read_rate(reads);
        self.pending.iter_mut().for_each(Vec::clear);
        Ok(())
    }

    async fn drain(&mut self, tracker: &Arc<dyn Tracker>) -> Result<(), ReplicateError> {
        let (source, tracker) = (self.source.clone(), tracker.clone());
        let drained = blocking(move || {
            let disks = source.disks.iter().map(|disk| tracker.drain(disk.number));
            disks.collect::<Result<Vec<_>, _>>().map_err(ReplicateError::Track)
        });
        let drained = drained.await?;
        self.add(drained);
        Ok(())
    }

    fn add(&mut self, dirty: Vec<Vec<Range>>) {
        for (pending, mut dirty) in self.pending.iter_mut().zip(dirty) {
            dirty.append(pending);
            *pending = join(dirty);
        }
    }

    async fn flush(&self) -> Result<(), ReplicateError> {
        let freezer = self.source.freezer.clone();
        blocking(move || freezer.flush().map_err(ReplicateError::Freeze)).await
    }

    fn note_read_rate(&mut self, (bytes_before, time_before): (u64, Duration)) {
        let (bytes, time) = self.meter.reads();
        let seconds = time.saturating_sub(time_before).as_secs_f64();
        if bytes > bytes_before && seconds > 0.0 {
            #[expect(clippy::cast_precision_loss, reason = "a figure for a decision")]
            let read = (bytes - bytes_before) as f64;
            self.read_rate = read / seconds;
        }
    }
}

/// Does what blocks on a thread where that is allowed.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ReplicateError> + Send + 'static,
) -> Result<T, ReplicateError> {
    spawn_blocking(work).await.map_err(std::io::Error::other)?
}
