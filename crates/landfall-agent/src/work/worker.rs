//! The task that works: one job at a time, one run of it at a time.

use std::time::Duration;

use agent_api::{RunEvent, RunWork, Work};
use replication::frame::Hello;
use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{Instant, sleep, sleep_until},
};

use super::{
    Means, Wanted,
    attached::{Attached, budget},
    journal::Journal,
    located::{Refusal, locate},
    reports::Reports,
};
use crate::{
    link::{CallError, DataStream, Door},
    replicate::{self, ConnectError, Options, Outcome, Start},
};

/// Streams of a session.
const STREAMS: u16 = 2;

/// A center that still asks for a complete run after this time has not heard that it is, and gets it again: what changed
/// since, if the changes are known.
const COMPLETE_AGAIN: Duration = Duration::from_mins(1);

/// Changes are tracked for so long after the center has nothing to do any more: one that has just started may not know
/// of its jobs yet, and what is not tracked has to be read again.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(2);

/// Works until the agent ends.
pub(super) struct Worker {
    means: Means,
    wanted: watch::Receiver<Wanted>,
    journal: Journal,
    attached: Option<Attached>,
    ended: Option<Ended>,
}

/// A run that has ended, and that the center may not know of yet.
struct Ended {
    job: String,
    run: String,
    /// When it became complete; `None` if it failed.
    complete: Option<Instant>,
    /// Goes on telling how it ended.
    _reports: Reports,
}

impl Worker {
    pub(super) fn new(means: Means, wanted: watch::Receiver<Wanted>) -> Self {
        let journal = Journal::new(means.state.clone(), means.clock.clone());
        Self { means, wanted, journal, attached: None, ended: None }
    }

    pub(super) async fn live(mut self) {
        loop {
            let wanted = self.wanted.borrow_and_update().clone();
            match wanted {
                Wanted::End => return self.journal.nothing(),
                Wanted::Work(None) => self.leave_off().await,
                Wanted::Work(Some(work)) => self.pursue(&work).await,
            }
        }
    }

    /// Nothing is to be done; returns when there may be other work.
    async fn leave_off(&mut self) {
        self.ended = None;
        if self.attached.is_some() {
            tokio::select! {
                () = changed(&mut self.wanted) => return,
                () = sleep(FORGOTTEN_AFTER) => {}
            }
        }
        self.detach().await;
        self.journal.nothing();
        self.changed().await;
    }

    /// Does what this work says; returns when there may be other work.
    async fn pursue(&mut self, work: &Work) {
        let run = work.run.as_ref();
        self.ended = self
            .ended
            .take()
            .filter(|ended| run.is_some_and(|run| ended.run == run.run_id && ended.job == work.job_id));
        if let Some(ended) = &self.ended {
            let again = ended.complete.map(|complete| complete + COMPLETE_AGAIN);
            tokio::select! {
                () = changed(&mut self.wanted) => return,
                () = until(again) => self.ended = None,
            }
        }
        if let Err(refusal) = self.attach(work).await {
            self.refuse(work, &refusal);
            return self.changed().await;
        }
        match run {
            Some(run) => self.copy(work, run).await,
            None => self.changed().await,
        }
    }

    /// Makes sure that the job's disks are open, followed and still the same.
    async fn attach(&mut self, work: &Work) -> Result<(), Refusal> {
        if let Some(attached) = self.attached.as_ref().filter(|attached| attached.suits(work)) {
            let disks = work.disks.clone();
            let located = spawn_blocking(move || locate(&disks)).await;
            let located = located.unwrap_or_else(|error| Err(Refusal::Open(error.into())));
            if located.as_ref().is_ok_and(|located| attached.holds(located)) {
                return Ok(());
            }
            self.detach().await;
            located?;
        }
        self.detach().await;
        let (job, tracked) = (work.clone(), self.means.tracked);
        let attached = spawn_blocking(move || Attached::open(&job, tracked)).await;
        let attached = attached.unwrap_or_else(|error| Err(Refusal::Open(error.into())))?;
        self.journal.attached(work, &attached.tracking());
        self.attached = Some(attached);
        Ok(())
    }

    /// Drops the trackers and closes the disks, which may take a while.
    async fn detach(&mut self) {
        if let Some(attached) = self.attached.take() {
            let _ = spawn_blocking(move || drop(attached)).await;
        }
    }

    /// The disks are not those of the job: a run of it fails.
    fn refuse(&mut self, work: &Work, refusal: &Refusal) {
        let (code, message) = (refusal.code().to_owned(), refusal.to_string());
        self.journal.failed(work, &code, &message);
        if let Some(run) = &work.run {
            let reports = self.reports(work, run);
            reports.tell(RunEvent::Failed { code, message });
            self.ended = Some(Ended::new(work, run, None, reports));
        }
    }

    /// Copies a run, until it ends or other work is wanted.
    async fn copy(&mut self, work: &Work, run: &RunWork) {
        let Some(mut attached) = self.attached.take() else { return };
        let begun = run.clone();
        let begun = spawn_blocking(move || {
            let start = attached.begin(&begun);
            (attached, start)
        });
        let Ok((mut attached, start)) = begun.await else { return };
        let reports = self.reports(work, run);
        self.journal.begun(work, run, start);
        let outcome = self.replicate(work, run, start, &attached, &reports).await;
        match outcome {
            Ok(Outcome::Complete(complete)) => {
                attached.complete(&run.run_id, &complete.progress.tracking);
                self.journal.complete(work, run, &complete);
                reports.tell(RunEvent::Complete {
                    progress: Box::new(complete.progress),
                    freeze_ms: u64::try_from(complete.freeze.as_millis()).unwrap_or(u64::MAX),
                    healed_bytes: complete.healed_bytes,
                });
                self.ended = Some(Ended::new(work, run, Some(Instant::now()), reports));
            }
            Ok(Outcome::Stopped) => self.journal.stopped(work, run),
            Err(error) => {
                let (code, message) = (error.code().to_owned(), error.to_string());
                self.journal.failed(work, &code, &message);
                reports.tell(RunEvent::Failed { code, message });
                self.ended = Some(Ended::new(work, run, None, reports));
            }
        }
        self.attached = Some(attached);
    }

    async fn replicate(
        &self,
        work: &Work,
        run: &RunWork,
        start: Start,
        attached: &Attached,
        reports: &Reports,
    ) -> Result<Outcome, replicate::ReplicateError> {
        let options = Options {
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            run: run.run_id.clone(),
            streams: STREAMS,
            freeze_budget: budget(work),
            audit: run.audit,
            start,
        };
        let connect = |hello: Hello| {
            let (door, job, run) = (self.means.door.clone(), work.job_id.clone(), run.run_id.clone());
            async move { connect(&door, &job, &run, &hello.session).await }
        };
        let told = |progress: replication::progress::Progress| {
            self.journal.progress(&progress);
            reports.tell(RunEvent::Progress { progress: Box::new(progress) });
        };
        let mut wanted = self.wanted.clone();
        let stop = async move {
            if wanted.wait_for(|wanted| !goes_on(wanted, work, run)).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        replicate::run(attached.source(), options, connect, told, stop).await
    }

    fn reports(&self, work: &Work, run: &RunWork) -> Reports {
        Reports::begin(self.means.door.clone(), self.means.random.clone(), &work.job_id, &run.run_id)
    }

    async fn changed(&mut self) {
        changed(&mut self.wanted).await;
    }
}

impl Ended {
    fn new(work: &Work, run: &RunWork, complete: Option<Instant>, reports: Reports) -> Self {
        Self { job: work.job_id.clone(), run: run.run_id.clone(), complete, _reports: reports }
    }
}

/// Whether a run of a job is still wanted, with the same disks.
fn goes_on(wanted: &Wanted, work: &Work, run: &RunWork) -> bool {
    let Wanted::Work(Some(now)) = wanted else { return false };
    now.job_id == work.job_id
        && now.disks == work.disks
        && now.run.as_ref().is_some_and(|now| now.run_id == run.run_id)
}

async fn connect(door: &Door, job: &str, run: &str, session: &str) -> Result<DataStream, ConnectError> {
    door.replicate(job, run, session).await.map_err(|error| {
        let code = match &error {
            CallError::Refused { reply, .. } => reply.code.clone(),
            _ => "Replication.Broken".to_owned(),
        };
        ConnectError { code, again: !error.is_final(), message: error.to_string() }
    })
}

async fn changed(wanted: &mut watch::Receiver<Wanted>) {
    if wanted.changed().await.is_err() {
        // Whoever could want something is gone, and soon so is this task.
        std::future::pending::<()>().await;
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
