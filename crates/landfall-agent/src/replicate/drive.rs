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
    progress::{Phase, Progress, Tracking},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};

use super::{ConnectError, Meter, ReplicateError, Source, Tracker, frozen::Held, session::Session};

/// Time between two reports.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Longest time between two attempts to connect.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A session that lasted this long was not in vain: waits begin anew.
const LASTED: Duration = Duration::from_mins(1);

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
/// `connect` opens the stream that is to be greeted with these words; `reports` is called once a second. The run ends
/// early when `stop` is ready: then everything is thawed and nothing of it reads, marks or sends any more. Marks that it
/// took are gone with it; whoever begins with changes next keeps them behind the [`Tracker`].
pub async fn run<S, F>(
    source: Arc<Source>,
    options: Options,
    connect: impl Fn(Hello) -> F,
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
    drive.rest().await;
    reports(meter.progress());
    outcome
}

/// How far the copy is.
pub(super) enum Copy {
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
    pub(super) tracker: Result<Arc<dyn Tracker>, String>,
    pub(super) copy: Copy,
    /// What changed and was not copied since, disk by disk.
    pub(super) pending: Vec<Vec<Range>>,
    /// What the last scan found in use, for the next.
    pub(super) in_use: Option<Vec<Vec<Range>>>,
    /// Bytes a second of one read after another, as measured last.
    pub(super) read_rate: f64,
    /// Freezes that came to nothing.
    pub(super) freezes: u32,
    /// Proofs that failed.
    pub(super) unproven: u32,
    pub(super) freeze: Duration,
    pub(super) healed_bytes: Option<u64>,
    /// Sessions that came to nothing, one after another.
    pub(super) failures: u32,
    /// Tells this attempt at the run from those of an agent that ran before.
    attempt: String,
    /// Held by everything that runs on a thread for this run.
    pub(super) busy: mpsc::Sender<()>,
    pub(super) idle: mpsc::Receiver<()>,
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
        source.freezer.allow(options.freeze_budget);
        let mut tell_apart = [0; 8];
        // Without randomness a newer session may be taken for an older one of the same name, and end a little later.
        let _ = getrandom::fill(&mut tell_apart);
        let attempt = format!("{}-{}", options.run, hex::encode(tell_apart));
        let (busy, idle) = mpsc::channel(1);
        Self {
            pending: source.disks.iter().map(|_| Vec::new()).collect(),
            source,
            options,
            meter: Arc::new(Meter::new(tracking)),
            tracker,
            copy,
            in_use: None,
            read_rate: 0.0,
            freezes: 0,
            unproven: 0,
            freeze: Duration::ZERO,
            healed_bytes: None,
            failures: 0,
            attempt,
            busy,
            idle,
        }
    }

    async fn over_sessions<S, F>(&mut self, connect: impl Fn(Hello) -> F) -> Result<Complete, ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
        F: Future<Output = Result<S, ConnectError>>,
    {
        for number in 0_u64.. {
            let begun = Instant::now();
            match self.session(&connect, number).await {
                Err(error) if error.again() => {
                    if begun.elapsed() > LASTED {
                        self.failures = 0;
                    }
                    let wait = Duration::from_secs(1 << self.failures.min(5)).min(LONGEST_WAIT);
                    if self.failures == 0 {
                        tracing::warn!(%error, "the copy is interrupted; trying again, at most {} s apart", LONGEST_WAIT.as_secs());
                    } else {
                        tracing::debug!(%error, "the copy is still interrupted; next attempt in {} s", wait.as_secs());
                    }
                    self.failures += 1;
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
        connect: impl Fn(Hello) -> F,
        number: u64,
    ) -> Result<Complete, ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
        F: Future<Output = Result<S, ConnectError>>,
    {
        let hello = Hello {
            agent_version: self.options.agent_version.clone(),
            session: format!("{}-{number}", self.attempt),
            stream: 0,
        };
        let (source, meter) = (self.source.clone(), self.meter.clone());
        let mut session = Session::open(connect, self.options.streams, &hello, source, meter).await?;
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

    /// From now on the copy is compared, not sent outright.
    pub(super) fn begun(&mut self) {
        self.copy = Copy::Behind;
    }

    pub(super) fn note_read_rate(&mut self, (bytes_before, time_before): (u64, Duration)) {
        let (bytes, time) = self.meter.reads();
        let seconds = time.saturating_sub(time_before).as_secs_f64();
        if bytes > bytes_before && seconds > 0.0 {
            #[expect(clippy::cast_precision_loss, reason = "a figure for a decision")]
            let read = (bytes - bytes_before) as f64;
            self.read_rate = read / seconds;
        }
    }
}
