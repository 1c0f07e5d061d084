//! Conducting replication: which job is to do what now, on which agent, and where its data goes.
//!
//! The state of every job is in the database, where operations, the clock and conductors change it by events. A
//! conductor looks at it once a second, twice while it conducts a run, and at once when this center changed something. It takes the lease of the jobs
//! whose agents call this center ([`leases`]), and then does for each what its state asks for: a run goes through staging
//! disks, copy, image and cleaning ([`run`]); between two runs the agent only tracks changes; a job that is being deleted
//! has its staging disks removed.

mod figures;
mod known;
mod leases;
mod making;
mod run;
mod storage;
mod works;

pub(crate) use figures::{Figures, Live, News};
pub(crate) use storage::Storage;
pub(crate) use works::Works;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use agent_api::RunEvent;
use replication::frame::Settings;
use smc::{
    JobId, RunId, SourceId,
    job::{Job, State},
    registry::Error,
};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::{JoinHandle, spawn_blocking},
};

use self::{
    known::{Changes, Known},
    run::{Conducted, settings, work},
};
use crate::{
    Registry,
    keyring::Keyring,
    metrics::Metrics,
    receivers::{Desk, RunKey},
};

/// How often jobs are looked at without a reason.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// And while a run goes on: a setting that another center was told is obeyed within a second, the way to the agent included.
const LOOK_AT_RUNS_EVERY: Duration = Duration::from_millis(500);

/// Conducts the jobs of one center.
pub(crate) struct Conductor {
    registry: Arc<Registry>,
    keyring: Arc<Keyring>,
    desk: Arc<Desk>,
    storage: Storage,
    /// Names this center among those on the database.
    center: String,
    /// What agents have to do.
    pub(crate) works: Works,
    /// How runs go.
    pub(crate) figures: Figures,
    metrics: Arc<Metrics>,
    listeners: Mutex<HashMap<RunKey, Listener>>,
    nudge: Notify,
}

/// Who hears what an agent tells of a run.
struct Listener {
    source: SourceId,
    job: JobId,
    told: mpsc::Sender<RunEvent>,
}

/// A job that this center has the lease of.
struct Held {
    source: SourceId,
    renewed: Instant,
    run: Option<Going>,
    /// The revision of a job between two runs whose agent has its work already.
    tracking: Option<i64>,
}

/// A run that goes on.
struct Going {
    /// Absent for a cutover that only cleans up.
    run: Option<RunId>,
    settings: watch::Sender<Settings>,
    cancel: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Conductor {
    /// Puts a conductor together.
    pub(crate) fn new(
        registry: Arc<Registry>,
        keyring: Arc<Keyring>,
        desk: Arc<Desk>,
        storage: Storage,
        metrics: Arc<Metrics>,
        center: String,
    ) -> Self {
        Self {
            registry,
            keyring,
            desk,
            storage,
            center,
            works: Works::default(),
            figures: Figures::default(),
            metrics,
            listeners: Mutex::default(),
            nudge: Notify::new(),
        }
    }

    /// Looks at the jobs now.
    pub(crate) fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Hears an agent tell of a run; says whether the run goes on here.
    pub(crate) fn hear(&self, source: &SourceId, key: &RunKey, event: RunEvent) -> bool {
        let listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(listener) = listeners.get(key).filter(|listener| listener.source == *source) else {
            return false;
        };
        match event {
            RunEvent::Progress { progress } => self.figures.told(&listener.job, *progress),
            event => {
                if let RunEvent::Complete { progress, freeze_ms, healed_bytes } = &event {
                    self.metrics.copied(progress);
                    self.figures.complete(&listener.job, (**progress).clone(), *freeze_ms, *healed_bytes);
                }
                // A run that hears no more has ended already.
                let _ = listener.told.try_send(event);
            }
        }
        true
    }

    /// Conducts until `stop`; runs that go on then are taken up again after the next start.
    pub(crate) async fn conduct(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        self.sweep().await;
        let (mut known, mut held) = (Known::default(), HashMap::new());
        loop {
            if let Err(error) = self.look(&mut known, &mut held).await {
                tracing::warn!(%error, "looking at replication jobs failed; trying again");
            }
            self.write_figures().await;
            self.metrics.runs(&self.figures.all());
            let runs = held.values().any(|held| held.run.is_some());
            tokio::select! {
                _ = stop.wait_for(|stopped| *stopped) => break,
                () = self.nudge.notified() => {}
                () = tokio::time::sleep(if runs { LOOK_AT_RUNS_EVERY } else { LOOK_EVERY }) => {}
            }
        }
        self.works.close();
        for (id, held) in held {
            self.leave(&id, held).await;
        }
    }

    /// Does for each job what its state asks for.
    async fn look(self: &Arc<Self>, known: &mut Known, held: &mut HashMap<JobId, Held>) -> Result<(), Error> {
        for id in self.registry.tick_jobs().await? {
            tracing::info!(job = %id, "the clock moved a job on");
        }
        let Changes { moved, gone } = known.look(&self.registry).await?;
        // Followers are told which jobs are in another state than they were, whoever changed them.
        for job in moved.iter().chain(&gone) {
            self.figures.changed(job.account, &job.id);
        }
        let gone: Vec<_> = held.keys().filter(|id| !known.has(id)).cloned().collect();
        for id in gone {
            if let Some(held) = held.remove(&id) {
                self.leave(&id, held).await;
            }
        }
        for (job, revision) in known.jobs() {
            if self.has(job, held).await? {
                self.attend(job, revision, held).await;
            }
        }
        Ok(())
    }

    async fn attend(self: &Arc<Self>, job: &Job, revision: i64, held: &mut HashMap<JobId, Held>) {
        let Some(held) = held.get_mut(&job.id) else { return };
        match &job.state {
            State::Running(running) => {
                if let Some(going) = &held.run {
                    if going.run == running.run && !going.task.is_finished() {
                        let wanted = settings(&job.settings.parameters, running);
                        going
                            .settings
                            .send_if_modified(|current| std::mem::replace(current, wanted) != wanted);
                        return;
                    }
                    self.end(held).await;
                }
                let (settings, current) = watch::channel(settings(&job.settings.parameters, running));
                let (cancel, cancelled) = watch::channel(false);
                let run = running.run.clone();
                let conducted = Conducted {
                    center: self.clone(),
                    running: running.clone(),
                    job: job.clone(),
                    settings: current,
                    cancel: cancelled,
                };
                let task = tokio::spawn(conducted.conduct());
                held.run = Some(Going { run, settings, cancel, task });
            }
            State::Waiting { .. } if held.tracking == Some(revision) => {}
            State::Waiting { .. } => {
                self.end(held).await;
                self.works.assign(&job.source, Some(work(job, None)));
                held.tracking = Some(revision);
            }
            State::Deleting => {
                self.end(held).await;
                self.works.assign(&job.source, None);
                self.remove(&job.id).await;
            }
            _ => {}
        }
    }

    /// Removes what a job had here, then the job.
    async fn remove(&self, id: &JobId) {
        let (storage, job) = (self.storage.clone(), id.clone());
        match spawn_blocking(move || storage.discard(&job)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                return tracing::warn!(job = %id, %error, "removing the staging disks of a job failed");
            }
            Err(_) => return tracing::warn!(job = %id, "removing the staging disks ended unexpectedly"),
        }
        match self.registry.forget_job(id.clone()).await {
            Ok(()) => {}
            Err(error) => tracing::warn!(job = %id, %error, "removing a job failed; trying again"),
        }
    }

    /// Ends a run that goes on; what is durable stays.
    async fn end(&self, held: &mut Held) {
        if let Some(Going { cancel, task, .. }) = held.run.take() {
            cancel.send_replace(true);
            // A task that panicked has said so.
            let _ = task.await;
        }
    }

    /// Gives a job up.
    async fn leave(&self, id: &JobId, mut held: Held) {
        self.end(&mut held).await;
        self.works.assign(&held.source, None);
        if let Err(error) = self.registry.drop_lease(id.clone(), self.center.clone()).await {
            tracing::debug!(job = %id, %error, "a lease lapses by itself");
        }
    }

    fn listen(&self, key: &RunKey, job: &Job, told: mpsc::Sender<RunEvent>) {
        let listener = Listener { source: job.source.clone(), job: job.id.clone(), told };
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), listener);
    }

    fn deafen(&self, key: &RunKey) {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    async fn write_figures(&self) {
        let figures = self.figures.unwritten();
        if !figures.is_empty()
            && let Err(error) = self.registry.note_progress(figures).await
        {
            tracing::debug!(%error, "figures of runs were not written");
        }
    }

    /// Removes what deaths left: half-made images, and staging disks of jobs that are no more.
    async fn sweep(&self) {
        let (library, storage) = (self.storage.library(), self.storage.clone());
        let swept = spawn_blocking(move || {
            if let Err(error) = library.sweep() {
                tracing::warn!(%error, "half-made images stay");
            }
            storage.jobs()
        });
        let jobs = match swept.await {
            Ok(Ok(jobs)) => jobs,
            Ok(Err(error)) => return tracing::warn!(%error, "looking for staging disks failed"),
            Err(_) => return tracing::warn!("sweeping ended unexpectedly"),
        };
        for job in jobs {
            if matches!(self.registry.has_staging(job.clone()).await, Ok(false)) {
                let (storage, id) = (self.storage.clone(), job.clone());
                let removed = spawn_blocking(move || storage.discard(&id)).await;
                tracing::info!(%job, removed = matches!(removed, Ok(Ok(()))), "staging disks of a job that is no more");
            }
        }
    }
}
