//! The copy of a run: where it is put, the agent that makes it equal to its disks, and the run that it then holds.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use agent_api::{RunEvent, RunWork, Work, WorkDisk};
use replication::frame::Settings;
use smc::{
    RunId,
    job::{Event, Job, Parameters, Running},
};
use tokio::{
    sync::mpsc,
    task::spawn_blocking,
    time::{MissedTickBehavior, interval, timeout},
};

use super::{Conducted, End, over, unexpected};
use crate::receivers::{Assignment, Ended, ReceiveError, RunKey, StagingSet, StreamEnded};

/// How long a running job waits for a source that is not heard of, before it fails.
const OFFLINE: Duration = Duration::from_mins(10);

/// How long the agent's last figures are waited for once its last block is there.
const LAST_WORD: Duration = Duration::from_secs(5);

/// Extents in one run that may be other than their source hashed them.
const MOST_CORRUPT: u32 = 3;

/// How long a filesystem may stay frozen, in milliseconds, unless the job says otherwise.
const FREEZE_BUDGET_MS: u32 = 2_000;

impl Conducted {
    /// Opens the staging disks; gives the run that they hold too.
    pub(super) async fn open(&self) -> Result<(Arc<StagingSet>, Option<RunId>), End> {
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
    pub(super) async fn note(&self, run: &RunId) -> Result<(), End> {
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
    pub(super) async fn sync(
        &self,
        run: &RunId,
        set: &Arc<StagingSet>,
        held: Option<&RunId>,
    ) -> Result<(), End> {
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
}

/// What an agent has to do for a job: a run of it, or to track changes between two.
pub(in crate::conductor) fn work(job: &Job, run: Option<RunWork>) -> Work {
    let disks = (0..).zip(&job.disks).map(|(index, disk)| WorkDisk {
        index,
        path: disk.path.clone(),
        size_bytes: disk.size_bytes,
        table_id: (!disk.table_id.is_empty()).then(|| disk.table_id.clone()),
        serial: (!disk.serial.is_empty()).then(|| disk.serial.clone()),
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
pub(in crate::conductor) fn settings(parameters: &Parameters, running: &Running) -> Settings {
    Settings {
        bandwidth_bytes_per_second: (parameters.bandwidth_limit > 0)
            .then(|| parameters.bandwidth_limit.saturating_mul(1024)),
        compression_level: parameters.compress_level.map(i32::from),
        audit: Some(audit(parameters, running)),
    }
}
