//! One run, from its staging disks to its image.
//!
//! Each step ends with an event to the job's state machine, in the database. So whoever picks the run up after a death
//! knows which step is next, and each step can be done again from its beginning: staging disks are opened where they
//! are, an agent that comes again is compared with them, an image that is there already is taken.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use agent_api::{RunEvent, RunWork, Work, WorkDisk};
use image::{ImageError, StagingError};
use replication::frame::Settings;
use smc::{
    ImageId, JobId, RunId,
    job::{Event, Image, Job, Parameters, Running, Stage},
    ports::Clock,
};
use tokio::{
    sync::{mpsc, watch},
    task::spawn_blocking,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use super::{Conductor, making};
use crate::receivers::{Assignment, Ended, ReceiveError, RunKey, StagingSet, StreamEnded};

/// How long a running job waits for a source that is not heard of, before it fails.
const OFFLINE: Duration = Duration::from_mins(10);

/// How long the agent's last figures are waited for once its last block is there.
const LAST_WORD: Duration = Duration::from_secs(5);

/// Extents in one run that may be other than their source hashed them.
const MOST_CORRUPT: u32 = 3;

/// How long a filesystem may stay frozen, in milliseconds, unless the job says otherwise.
const FREEZE_BUDGET_MS: u32 = 2_000;

/// A run that this center conducts.
pub(super) struct Conducted {
    pub(super) center: Arc<Conductor>,
    pub(super) job: Job,
    pub(super) running: Running,
    pub(super) settings: watch::Receiver<Settings>,
    pub(super) cancel: watch::Receiver<bool>,
}

/// Why a run does not come to its end here.
enum End {
    /// It cannot go on without someone's help.
    Failed { code: &'static str, message: String },
    /// The agent says that it cannot go on.
    FailedThere { code: String, message: String },
    /// It was stopped, or goes on at another center.
    Over,
}

impl Conducted {
    /// Conducts the run from where it stands.
    pub(super) async fn conduct(self) {
        let id = self.job.id.clone();
        self.center.figures.begin(&id, self.job.account);
        let (code, message) = match self.through().await {
            Ok(()) | Err(End::Over) => (String::new(), String::new()),
            Err(End::Failed { code, message }) => (code.to_owned(), message),
            Err(End::FailedThere { code, message }) => (code, message),
        };
        if !code.is_empty() {
            tracing::warn!(job = %id, code, message, "a run failed");
            let run = self.running.run.clone();
            // Over already is as good.
            let _ = self.event(Event::Failed { run, code, message }).await;
        }
        self.center.write_figures().await;
        self.center.figures.end(&id);
        self.center.figures.changed(self.job.account, &id);
    }

    async fn through(&self) -> Result<(), End> {
        let Some(run) = self.running.run.clone() else { return self.clean(None).await };
        if self.running.stage != Stage::Cleaning {
            let (set, held) = self.open().await?;
            // What another center had copied when it died is not here.
            let lost = self.running.stage == Stage::Processing && held.as_ref() != Some(&run);
            if lost {
                tracing::warn!(job = %self.job.id, %run, "the copy of a run is not here, and is made anew");
                self.event(Event::CopyLost { run: run.clone() }).await?;
            }
            if lost || matches!(self.running.stage, Stage::Preparing | Stage::Syncing) {
                self.sync(&run, &set, held.as_ref()).await?;
                self.note(&run).await?;
                self.event(Event::Synced { run: run.clone() }).await?;
            }
            self.build(&run, set).await?;
        }
        self.clean(Some(run)).await
    }

    /// Opens the staging disks; gives the run that they hold too.
    async fn open(&self) -> Result<(Arc<StagingSet>, Option<RunId>), End> {
        let (storage, job) = (self.center.storage.clone(), self.job.clone());
        let key = self.center.keyring.leaf_key(job.id.as_str());
        let opened = spawn_blocking(move || storage.staging(&job, key)).await;
        match opened {
            Ok(Ok((set, held))) => Ok((Arc::new(set), held)),
            Ok(Err(error)) => {
                let error = ReceiveError::from(error);
                Err(End::Failed { code: error.code(), message: error.to_string() })
            }
            Err(_) => Err(unexpected("Staging.Failed", "opening the staging disks")),
        }
    }

    /// Notes that the staging disks hold the run.
    async fn note(&self, run: &RunId) -> Result<(), End> {
        let (storage, id, run) = (self.center.storage.clone(), self.job.id.clone(), run.clone());
        match spawn_blocking(move || storage.note_run(&id, &run)).await {
            Ok(noted) => noted.map_err(|error| {
                let error = ReceiveError::from(error);
                End::Failed { code: error.code(), message: error.to_string() }
            }),
            Err(_) => Err(unexpected("Staging.Failed", "noting what the staging disks hold")),
        }
    }

    /// Has the agent make the copy, which holds an earlier run or none, equal to its disks.
    async fn sync(&self, run: &RunId, set: &Arc<StagingSet>, held: Option<&RunId>) -> Result<(), End> {
        let key = RunKey { job: self.job.id.to_string(), run: run.to_string() };
        let (ended, mut streams) = mpsc::unbounded_channel();
        let (told, mut reports) = mpsc::channel(4);
        let settings = self.settings.clone();
        let assignment = Assignment { source: self.job.source.clone(), set: set.clone(), settings, ended };
        self.center.desk.assign(key.clone(), assignment);
        self.center.listen(&key, &self.job, told);
        let copy = RunWork {
            run_id: run.to_string(),
            base_run_id: held.map(ToString::to_string),
            audit: audit(&self.job.settings.parameters, &self.running),
        };
        self.center.works.assign(&self.job.source, Some(work(&self.job, Some(copy))));
        let outcome = match self.event(Event::Prepared { run: run.clone() }).await {
            Ok(()) => self.copied(&mut streams, &mut reports).await,
            over => over,
        };
        let tracking = outcome.is_ok() && !self.running.last;
        self.center.works.assign(&self.job.source, tracking.then(|| work(&self.job, None)));
        self.center.deafen(&key);
        self.center.desk.withdraw(&key).await;
        outcome
    }

    /// Returns when the copy equals the source's disks.
    async fn copied(
        &self,
        streams: &mut mpsc::UnboundedReceiver<StreamEnded>,
        reports: &mut mpsc::Receiver<RunEvent>,
    ) -> Result<(), End> {
        let (mut corrupt, started) = (0, Instant::now());
        let mut cancel = self.cancel.clone();
        let mut look = interval(Duration::from_secs(5));
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(stream) = streams.recv() => if self.judge(&stream, &mut corrupt)? {
                    // Its figures are worth a moment, and no more than that.
                    let _ = timeout(LAST_WORD, reports.recv()).await;
                    return Ok(());
                },
                Some(event) = reports.recv() => if let RunEvent::Failed { code, message } = event {
                    return Err(End::FailedThere { code, message });
                },
                () = over(&mut cancel) => return Err(End::Over),
                _ = look.tick() => {
                    if started.elapsed() > OFFLINE && !self.center.works.heard_within(&self.job.source, OFFLINE) {
                        return Err(End::Failed {
                            code: "SourceServer.Offline",
                            message: format!(
                                "{} was not heard of for {} minutes; start its agent, then start the job, which goes on where it was",
                                self.job.source,
                                OFFLINE.as_secs() / 60
                            ),
                        });
                    }
                }
            }
        }
    }

    /// Says whether the end of a stream is the end of the copy.
    fn judge(&self, stream: &StreamEnded, corrupt: &mut u32) -> Result<bool, End> {
        let error = match &stream.outcome {
            Ok(Ended::Complete(received)) => return Ok(received.stream == 0),
            Ok(Ended::Left(_)) => return Ok(false),
            Err(error) => error,
        };
        *corrupt += u32::from(matches!(error, ReceiveError::Extent(_)));
        let bearable = match error {
            ReceiveError::Stream(agent_api::StreamError::Broken(_)) | ReceiveError::Superseded => true,
            ReceiveError::Extent(_) => *corrupt <= MOST_CORRUPT,
            _ => false,
        };
        tracing::info!(job = %self.job.id, session = stream.session, %error, "a stream of a run ended early");
        if bearable { Ok(false) } else { Err(End::Failed { code: error.code(), message: error.to_string() }) }
    }

    /// Makes the image, or takes the one that was made before a death.
    async fn build(&self, run: &RunId, set: Arc<StagingSet>) -> Result<(), End> {
        let name = self.ask(|center, id| async move { center.registry.next_image_name(id).await }).await?;
        let id = making::image_id(run).ok_or_else(|| unexpected("Image.Failed", "naming the image"))?;
        let origin = making::origin(&self.job, run, &id, &name, self.center.registry.clock().now());
        let (center, job, copy) = (self.center.clone(), self.job.clone(), set.clone());
        let making = spawn_blocking(move || making::make(&center, &job, origin, &copy)).await;
        let (manifest, storage) = match making {
            Ok(Ok(made)) => made,
            Ok(Err(error)) => {
                if matches!(error, ImageError::CopyDamaged { .. }) {
                    self.doubt(set).await;
                }
                return Err(End::Failed { code: making::code(&error), message: error.to_string() });
            }
            Err(_) => return Err(unexpected("Image.Failed", "making the image")),
        };
        tracing::info!(job = %self.job.id, image = %id, storage, "an image was made");
        let image = Image {
            id,
            account: self.job.account,
            job: self.job.id.clone(),
            run: run.clone(),
            source: self.job.source.clone(),
            name,
            created: self.center.registry.clock().now(),
            size_bytes: manifest.disks.iter().map(|disk| disk.size_bytes).sum(),
            roots: manifest.disks.into_iter().map(|disk| disk.root).collect(),
            storage,
        };
        let noted = self.ask(|center, _| {
            let image = image.clone();
            async move { center.registry.image_of_run(image).await }
        });
        match noted.await? {
            Ok((_, surplus)) => {
                self.center.figures.changed(self.job.account, &self.job.id);
                for image in surplus {
                    if self.remove_image(&image.id).await {
                        self.ask(|center, _| {
                            let id = image.id.clone();
                            async move { center.registry.forget_image(id).await }
                        })
                        .await?;
                    }
                }
                Ok(())
            }
            Err(reason) => {
                tracing::warn!(job = %self.job.id, %reason, "an image is not wanted any more");
                self.remove_image(&image.id).await;
                Err(End::Over)
            }
        }
    }

    /// Has the next run compare everything and find what is damaged, which no digest tells of yet.
    async fn doubt(&self, set: Arc<StagingSet>) {
        let (storage, id) = (self.center.storage.clone(), self.job.id.clone());
        let doubting = spawn_blocking(move || {
            storage.forget_run(&id)?;
            for disk in &set.disks {
                disk.verify(|_| ())?.into_iter().try_for_each(|range| disk.doubt(range))?;
            }
            Ok::<_, StagingError>(())
        });
        if let Ok(Err(error)) = doubting.await {
            tracing::warn!(job = %self.job.id, %error, "looking for all that is damaged in a copy failed");
        }
    }

    /// Removes an image's files; says whether they are gone.
    async fn remove_image(&self, id: &ImageId) -> bool {
        let (library, image) = (self.center.storage.library(), id.clone());
        match spawn_blocking(move || library.remove(image.as_str())).await {
            Ok(Ok(()) | Err(ImageError::Missing(_))) => true,
            Ok(Err(ImageError::InUse(_))) => {
                tracing::info!(image = %id, "an image is being read, and stays until the next run");
                false
            }
            Ok(Err(error)) => {
                tracing::warn!(image = %id, %error, "an image stays until the next run");
                false
            }
            Err(_) => false,
        }
    }

    async fn clean(&self, run: Option<RunId>) -> Result<(), End> {
        if self.running.last {
            let (storage, id) = (self.center.storage.clone(), self.job.id.clone());
            if let Ok(Err(error)) = spawn_blocking(move || storage.discard(&id)).await {
                tracing::warn!(job = %self.job.id, %error, "staging disks stay until the next start of the center");
            }
        }
        // Whoever sees the run's end is to find its figures.
        self.center.figures.made(&self.job.id);
        self.center.write_figures().await;
        self.event(Event::Cleaned { run }).await
    }

    /// Tells the job's state machine; an event that comes too late ends the run here.
    async fn event(&self, event: Event) -> Result<(), End> {
        let again = matches!(event, Event::Prepared { .. }) && self.running.stage == Stage::Syncing;
        let outcome = self.ask(|center, id| {
            let event = event.clone();
            async move { center.registry.job_event(id, event).await }
        });
        let outcome = outcome.await?;
        self.center.figures.changed(self.job.account, &self.job.id);
        match outcome {
            Ok(_) => Ok(()),
            Err(_) if again => Ok(()),
            Err(reason) => {
                tracing::info!(job = %self.job.id, %reason, "a run is over before its end");
                Err(End::Over)
            }
        }
    }

    /// Asks the registry, again and again while the database cannot be reached.
    async fn ask<T, F>(&self, question: impl Fn(Arc<Conductor>, JobId) -> F) -> Result<T, End>
    where
        F: Future<Output = Result<T, smc::registry::Error>>,
    {
        let mut cancel = self.cancel.clone();
        loop {
            match question(self.center.clone(), self.job.id.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(smc::registry::Error::NoJob(_)) => return Err(End::Over),
                Err(error) => tracing::warn!(job = %self.job.id, %error, "a run waits for the database"),
            }
            tokio::select! {
                () = over(&mut cancel) => return Err(End::Over),
                () = sleep(Duration::from_secs(1)) => {}
            }
        }
    }
}

/// Returns when the run is to end here; its sender being gone means the same.
async fn over(cancel: &mut watch::Receiver<bool>) {
    let _ = cancel.wait_for(|cancelled| *cancelled).await;
}

/// What an agent has to do for a job: a run of it, or to track changes between two.
pub(super) fn work(job: &Job, run: Option<RunWork>) -> Work {
    let disks = (0..).zip(&job.disks).map(|(index, disk)| WorkDisk {
        index,
        path: disk.path.clone(),
        size_bytes: disk.size_bytes,
        table_id: (!disk.table_id.is_empty()).then(|| disk.table_id.clone()),
    });
    let parameters = &job.settings.parameters;
    Work {
        job_id: job.id.to_string(),
        run,
        disks: disks.collect(),
        freeze_budget_ms: parameters.freeze_budget_ms.unwrap_or(FREEZE_BUDGET_MS),
    }
}

/// Whether everything is compared once more before a run's end: where nobody said so, before the one that ends the job.
fn audit(parameters: &Parameters, running: &Running) -> bool {
    parameters.checksum.unwrap_or(running.last)
}

/// How to copy, as the streams say it.
pub(super) fn settings(parameters: &Parameters, running: &Running) -> Settings {
    Settings {
        bandwidth_bytes_per_second: (parameters.bandwidth_limit > 0)
            .then(|| parameters.bandwidth_limit.saturating_mul(1024)),
        compression_level: parameters.compress_level.map(i32::from),
        audit: Some(audit(parameters, running)),
    }
}

fn unexpected(code: &'static str, doing: &str) -> End {
    End::Failed {
        code,
        message: format!("{doing} ended unexpectedly; see the center's log, then start the job again"),
    }
}
