//! Following a disk that is written to: pass after pass over what the tracker marked, then a freeze.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use replication::{
    Range,
    passes::{Next, Pass, Planner},
    progress::{Phase, Tracking},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::oneshot,
};

use super::{
    ReplicateError, Tracker,
    drive::{Copy, Drive},
    frozen::{Attempt, HELD_BYTES, freeze_and_read},
    ranges::{Gathered, bytes, join},
    session::{How, Session},
};

/// Freezes that may come to nothing before a run counts as failed.
const MOST_FREEZES: u32 = 4;

/// Wait after a freeze that was refused or cut short: another program that holds the filesystems still is soon done.
const AFTER_A_FREEZE: Duration = Duration::from_secs(3);

/// Failed proofs after which tracking is not believed any more.
const MOST_UNPROVEN: u32 = 2;

impl Drive {
    /// Copies what the tracker marks until little is left, then freezes.
    pub(super) async fn follow<S>(
        &mut self,
        session: &mut Session<S>,
        tracker: &Arc<dyn Tracker>,
    ) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let begun = Instant::now();
        if matches!(self.copy, Copy::Unknown) {
            // What was marked before now is about to be read.
            self.drain(tracker).await?;
            self.pending.iter_mut().for_each(Vec::clear);
            self.everything(session, Phase::Full, None).await?;
            self.begun();
            self.meter.tracking(Tracking::Ebpf);
        }
        self.settle(session, tracker, begun).await?;
        if session.wants_audit().unwrap_or(self.options.audit) && self.healed_bytes.is_none() {
            let (begun, before) = (Instant::now(), self.meter.changed());
            self.everything(session, Phase::Audit, None).await?;
            self.healed_bytes = Some(self.meter.changed() - before);
            self.settle(session, tracker, begun).await?;
        }
        self.freeze(tracker).await
    }

    /// Copies what changed since a moment, pass after pass, until a freeze would be short.
    async fn settle<S>(
        &mut self,
        session: &mut Session<S>,
        tracker: &Arc<dyn Tracker>,
        mut since: Instant,
    ) -> Result<(), ReplicateError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let mut planner = Planner::new(self.options.freeze_budget, HELD_BYTES as u64);
        loop {
            let flushing = Instant::now();
            // What filesystems hold back would else be found by the freeze.
            self.flush().await?;
            let flushed = flushing.elapsed();
            self.drain(tracker).await?;
            let (over, begun) = (since.elapsed(), Instant::now());
            since = begun;
            let dirty_bytes = self.pending.iter().map(|ranges| bytes(ranges)).sum();
            if dirty_bytes > 0 {
                self.changes(session).await?;
            }
            let freeze_rate = self.freeze_rate(dirty_bytes, flushed);
            let pass = Pass { dirty_bytes, over, took: begun.elapsed(), freeze_rate };
            let (predicted, enough) = match planner.after(&pass) {
                Next::Again { predicted } => (predicted, false),
                Next::Freeze { predicted } => (predicted, true),
                Next::Stuck(stuck) => return Err(ReplicateError::NotConverging(stuck.to_string())),
            };
            self.meter.forecast(dirty_bytes, over, predicted);
            if enough {
                return Ok(());
            }
        }
    }

    /// Bytes a second that a freeze writes out and then reads, judged by the pass before it.
    fn freeze_rate(&self, dirty_bytes: u64, flushed: Duration) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a figure for a decision")]
        let dirty = dirty_bytes.max(1) as f64;
        1.0 / (flushed.as_secs_f64() / dirty + 1.0 / self.read_rate)
    }

    async fn freeze(&mut self, tracker: &Arc<dyn Tracker>) -> Result<(), ReplicateError> {
        self.meter.phase(Phase::Frozen);
        match self.frozen(tracker).await? {
            Attempt::Held(held) => {
                self.meter.foretell(held.predicted);
                self.freeze = held.took;
                self.copy = Copy::Equal(Some(held));
            }
            Attempt::Unproven(reason) => {
                tracing::warn!(reason, "changes may have gone unnoticed; everything is compared");
                self.meter.unproven(&reason);
                self.copy = Copy::Unknown;
                self.unproven += 1;
                let tracker = tracker.clone();
                let rebased = self.blocking(move || Ok(tracker.rebase())).await?;
                if self.unproven >= MOST_UNPROVEN || rebased.is_err() {
                    // Where there is nothing to begin anew from, such as other paths to a disk, it stays so for this run.
                    self.tracker = Err(reason);
                }
            }
            Attempt::TooMuch(dirty) => {
                self.add(dirty);
                self.freezes += 1;
                if self.freezes >= MOST_FREEZES {
                    let seconds = self.options.freeze_budget.as_secs_f64();
                    return Err(ReplicateError::NotConverging(format!(
                        "{MOST_FREEZES} attempts to freeze found more to read than {seconds:.1} s and 32 MiB have room for; \
                         look for programs that write to the disks past their filesystems, or allow a longer freeze"
                    )));
                }
            }
            Attempt::NotHeld(dirty, error) => {
                self.add(dirty);
                self.freezes += 1;
                if self.freezes >= MOST_FREEZES {
                    return Err(ReplicateError::Freeze(error));
                }
                tracing::warn!(%error, "a freeze came to nothing; trying again");
                tokio::time::sleep(AFTER_A_FREEZE).await;
            }
        }
        Ok(())
    }

    /// Freezes and reads on a thread of its own, which does not stand back behind anyone: everyone waits for it.
    async fn frozen(&self, tracker: &Arc<dyn Tracker>) -> Result<Attempt, ReplicateError> {
        let (source, tracker, budget) = (self.source.clone(), tracker.clone(), self.options.freeze_budget);
        let (done, outcome) = oneshot::channel();
        let (busy, failed) = (self.busy(), self.freezes);
        let work = move || {
            // A refusal costs nothing but time.
            let _ = blockdev::priority::come_forward();
            let _ = done.send(freeze_and_read(&source, &*tracker, budget, failed));
            drop(busy);
        };
        thread::Builder::new().name("read-frozen".to_owned()).spawn(work)?;
        outcome.await.map_err(std::io::Error::other)?
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
        let drained = self.blocking(move || {
            let drained = |disk: u16| {
                let mut ranges = Gathered::default();
                tracker.drain(disk, &mut |range| ranges.add(range)).map(|()| ranges.joined())
            };
            let disks = source.disks.iter().map(|disk| drained(disk.number));
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
}
