//! What a person sees of the work: lines in the log, and word for `landfall-agent status`.
//!
//! While filesystems stand still no bar moves: what is to be shown, as all that is written, waits.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use agent_api::{RunWork, Work};
use replication::progress::{Phase, Progress, Tracking};
use smc::ports::Clock;
use tokio::time::Instant;

use super::lines;
use crate::{
    replicate::{Complete, Start},
    screen,
    size::Size,
    state::{StateDir, WorkRecord, WorkState},
};

/// Time between two lines about a copy that goes on.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// Time between two records of a copy that goes on.
const RECORD_EVERY: Duration = Duration::from_secs(5);

/// Tells of the work.
pub(super) struct Journal {
    state: StateDir,
    clock: Arc<dyn Clock>,
    told: Mutex<Told>,
}

struct Told {
    record: WorkRecord,
    /// Phase and number of the pass that was told last.
    pass: Option<(Phase, u32)>,
    line: Instant,
    recorded: Instant,
    record_failed: bool,
}

impl Journal {
    pub(super) fn new(state: StateDir, clock: Arc<dyn Clock>) -> Self {
        let record = WorkRecord {
            updated: clock.now(),
            job_id: None,
            run_id: None,
            tracking: None,
            work: WorkState::Nothing,
        };
        let now = Instant::now();
        let told = Told { record, pass: None, line: now, recorded: now, record_failed: false };
        Self { state, clock, told: Mutex::new(told) }
    }

    /// There is nothing to do.
    pub(super) fn nothing(&self) {
        let mut told = self.told();
        if let Some(job) = told.record.job_id.take() {
            tracing::info!("job {job} is nothing to do any more; its disks are left alone");
        }
        (told.record.run_id, told.record.tracking) = (None, None);
        self.record(&mut told, WorkState::Nothing);
    }

    /// The disks of a job are open and followed.
    pub(super) fn attached(&self, work: &Work, tracking: &Tracking) {
        let (job, disks) = (&work.job_id, work.disks.len());
        match tracking {
            Tracking::Ebpf => tracing::info!("job {job}: changes of {disks} disk(s) are tracked from now on"),
            Tracking::Rescan { reason } => {
                tracing::info!(
                    "job {job}: {disks} disk(s), compared in each run because the kernel does not tell their changes: {reason}"
                );
            }
        }
        let mut told = self.told();
        told.record.job_id = Some(job.clone());
        (told.record.run_id, told.record.tracking) = (None, Some(tracking.clone()));
        self.record(&mut told, WorkState::Tracking);
    }

    /// A run begins.
    pub(super) fn begun(&self, work: &Work, run: &RunWork, start: Start) {
        let with = match (start, &run.base_run_id) {
            (Start::Changes, Some(base)) => format!("what changed since run {base} is copied"),
            (Start::Changes, None) => "what changed is copied".to_owned(),
            (Start::Everything, Some(base)) => {
                format!("everything is compared: changes since run {base} are not known")
            }
            (Start::Everything, None) => "everything is copied".to_owned(),
        };
        tracing::info!("run {} of job {} begins: {with}", run.run_id, work.job_id);
        let mut told = self.told();
        (told.pass, told.line) = (None, Instant::now());
        told.record.job_id = Some(work.job_id.clone());
        told.record.run_id = Some(run.run_id.clone());
    }

    /// How far the run is; called once a second.
    pub(super) fn progress(&self, progress: &Progress) {
        if progress.phase == Phase::Frozen {
            return;
        }
        screen::show(Some(progress));
        let mut told = self.told();
        let now = Instant::now();
        let pass = Some((progress.phase, progress.pass));
        let other = told.pass != pass;
        if other || (now - told.line >= LINE_EVERY && !screen::is_there()) {
            (told.pass, told.line) = (pass, now);
            let run = told.record.run_id.as_deref().unwrap_or_default();
            tracing::info!("run {run}: {}", lines::progress(progress));
        }
        if other || now - told.recorded >= RECORD_EVERY {
            told.record.tracking = Some(progress.tracking.clone());
            self.record(&mut told, WorkState::Copying { progress: Box::new(progress.clone()) });
        }
    }

    /// A run is complete.
    pub(super) fn complete(&self, work: &Work, run: &RunWork, complete: &Complete) {
        let Complete { progress, freeze, healed_bytes } = complete;
        let healed = healed_bytes
            .map(|bytes| format!("; the audit brought {} that differed or changed meanwhile", Size(bytes)))
            .unwrap_or_default();
        tracing::info!(
            "run {} of job {} is complete: {} read, {} sent as {}, {} ms frozen{healed}; tracking {}",
            run.run_id,
            work.job_id,
            Size(progress.read_bytes),
            Size(progress.sent_bytes),
            Size(progress.packed_bytes),
            freeze.as_millis(),
            progress.found_by()
        );
        let freeze_ms = u64::try_from(freeze.as_millis()).unwrap_or(u64::MAX);
        let mut told = self.told();
        told.record.tracking = Some(progress.tracking.clone());
        self.record(&mut told, WorkState::Complete { sent_bytes: progress.sent_bytes, freeze_ms });
    }

    /// A run was stopped.
    pub(super) fn stopped(&self, work: &Work, run: &RunWork) {
        tracing::info!("run {} of job {} is stopped; what arrived stays", run.run_id, work.job_id);
        self.record(&mut self.told(), WorkState::Stopped);
    }

    /// A run, or the disks of a job, do not work.
    pub(super) fn failed(&self, work: &Work, code: &str, message: &str) {
        let mut told = self.told();
        let failed = WorkState::Failed { code: code.to_owned(), message: message.to_owned() };
        let run = work.run.as_ref().map(|run| run.run_id.clone());
        let known = told.record.work == failed && told.record.run_id == run;
        if !known {
            let run = run.as_ref().map(|run| format!("run {run} of ")).unwrap_or_default();
            tracing::warn!("{run}job {} failed: {code}: {message}", work.job_id);
        }
        (told.record.job_id, told.record.run_id) = (Some(work.job_id.clone()), run);
        self.record(&mut told, failed);
    }

    /// Leaves word. A full disk must not end the work.
    fn record(&self, told: &mut Told, work: WorkState) {
        if !matches!(work, WorkState::Copying { .. }) {
            screen::show(None);
        }
        if told.record.work == WorkState::Nothing
            && work == WorkState::Nothing
            && told.record.job_id.is_none()
        {
            // Most agents never have anything to do: nor have they a file that says so.
            if WorkRecord::load(&self.state).is_none_or(|record| record.work == WorkState::Nothing) {
                return;
            }
        }
        (told.record.work, told.record.updated, told.recorded) = (work, self.clock.now(), Instant::now());
        match told.record.save(&self.state) {
            Ok(()) => told.record_failed = false,
            Err(error) if !told.record_failed => {
                told.record_failed = true;
                tracing::warn!("{error}");
            }
            Err(_) => {}
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
