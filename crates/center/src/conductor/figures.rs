//! How the runs that this center conducts go on: told by agents once a second, shown by metrics, written for the API.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use replication::progress::{Phase, Progress};
use serde::Serialize;
use smc::{JobId, account::AccountId, job::JobProgress};
use tokio::sync::broadcast;

/// News that a slow follower may be behind before it misses some.
const FOLLOWED: usize = 256;

/// Where the copy ends and the image begins, in percent of a run.
const COPIED: f32 = 90.0;

/// The figures of the runs that this center conducts.
pub(crate) struct Figures {
    runs: Mutex<HashMap<JobId, Live>>,
    news: broadcast::Sender<News>,
}

/// How far a run is.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    account: AccountId,
    /// The agent's figures, as they were told last.
    pub progress: Option<Progress>,
    /// What is known once the copy is complete.
    completion: Completion,
    /// How far the image is, while it is being made: bytes checked of bytes.
    image: Option<(u64, u64)>,
    written: bool,
}

/// A job has other figures, or another state.
#[derive(Clone, Debug)]
pub(crate) struct News {
    /// Whose it is.
    pub account: AccountId,
    /// The job.
    pub job: JobId,
    /// What is known now; `None` when the job's state changed.
    pub figures: Option<String>,
}

/// What the agent's figures do not say.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Completion {
    /// How long filesystems were frozen.
    #[serde(skip_serializing_if = "Option::is_none")]
    freeze_ms: Option<u64>,
    /// Bytes that an audit found to differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    healed_bytes: Option<u64>,
}

/// The agent's figures, and what they do not say.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    progress: &'a Progress,
    #[serde(flatten)]
    completion: Completion,
}

/// The figures while the image is made, in the form of the agent's.
#[derive(Serialize)]
struct Making {
    phase: &'static str,
    bytes_total: u64,
    bytes_left: u64,
}

impl Default for Figures {
    fn default() -> Self {
        Self { runs: Mutex::default(), news: broadcast::Sender::new(FOLLOWED) }
    }
}

impl Figures {
    /// A run has begun, or goes on at this center.
    pub(crate) fn begin(&self, job: &JobId, account: AccountId) {
        self.runs().insert(
            job.clone(),
            Live {
                account,
                progress: None,
                completion: Completion::default(),
                image: None,
                // So that the figures of an earlier run are not taken for this one's.
                written: false,
            },
        );
    }

    /// The agent tells how far it is.
    pub(crate) fn told(&self, job: &JobId, progress: Progress) {
        if let Some(live) = self.runs().get_mut(job) {
            live.progress = Some(progress);
            live.written = false;
            self.say(live.account, job, Some(live));
        }
    }

    /// The agent tells that the copy is complete.
    pub(crate) fn complete(
        &self,
        job: &JobId,
        progress: Progress,
        freeze_ms: u64,
        healed_bytes: Option<u64>,
    ) {
        if let Some(live) = self.runs().get_mut(job) {
            live.completion = Completion { freeze_ms: Some(freeze_ms), healed_bytes };
        }
        self.told(job, progress);
    }

    /// The image is there: what was copied is what is to be remembered.
    pub(crate) fn made(&self, job: &JobId) {
        if let Some(live) = self.runs().get_mut(job) {
            live.image = None;
            live.written = false;
        }
    }

    /// So many bytes of the image's are checked.
    pub(crate) fn making(&self, job: &JobId, done: u64, total: u64) {
        if let Some(live) = self.runs().get_mut(job) {
            let percent = |image: Option<(u64, u64)>| {
                image.map(|(done, total)| done.saturating_mul(100) / total.max(1))
            };
            let told = percent(live.image);
            live.image = Some((done, total));
            live.written = false;
            // Told a hundred times, however many pieces a disk has.
            if percent(live.image) != told {
                self.say(live.account, job, Some(live));
            }
        }
    }

    /// The state of a job changed.
    pub(crate) fn changed(&self, account: AccountId, job: &JobId) {
        self.say(account, job, None);
    }

    /// The run is not conducted here any more; gives what was known last.
    pub(crate) fn end(&self, job: &JobId) -> Option<Live> {
        self.runs().remove(job)
    }

    /// What was not written yet, in the form that is.
    pub(crate) fn unwritten(&self) -> Vec<(JobId, JobProgress)> {
        let mut runs = self.runs();
        let fresh = runs.iter_mut().filter(|(_, live)| !live.written);
        let write = |(job, live): (&JobId, &mut Live)| {
            live.written = true;
            (job.clone(), live.shown())
        };
        fresh.map(write).collect()
    }

    /// All of them now.
    pub(crate) fn all(&self) -> Vec<(JobId, Live)> {
        self.runs().iter().map(|(job, live)| (job.clone(), live.clone())).collect()
    }

    /// Follows the news from now on.
    pub(crate) fn follow(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    fn say(&self, account: AccountId, job: &JobId, live: Option<&Live>) {
        if self.news.receiver_count() > 0 {
            // Nobody following is no failure.
            let figures = live.map(|live| live.shown().info);
            let _ = self.news.send(News { account, job: job.clone(), figures });
        }
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<JobId, Live>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    /// How far the run is and all that is known, as `Progress` and `StatusInfo` show it.
    pub(crate) fn shown(&self) -> JobProgress {
        if let Some((done, total)) = self.image {
            let making =
                Making { phase: "image", bytes_total: total, bytes_left: total.saturating_sub(done) };
            let percent = COPIED + share(done, total) * (99.0 - COPIED);
            return JobProgress { percent, info: serde_json::to_string(&making).unwrap_or_default() };
        }
        let Some(progress) = &self.progress else {
            return JobProgress { percent: 0.0, info: String::new() };
        };
        let percent = match progress.phase {
            Phase::Starting if progress.pass == 0 => 0.0,
            Phase::Full => f32::from(progress.percent()) / 100.0 * (COPIED - 5.0),
            Phase::Starting | Phase::Changes | Phase::Audit => COPIED - 5.0,
            Phase::Frozen | Phase::Finishing => COPIED,
        };
        let told = Told { progress, completion: self.completion };
        JobProgress { percent, info: serde_json::to_string(&told).unwrap_or_default() }
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a percentage for people")]
fn share(done: u64, total: u64) -> f32 {
    if total == 0 { 1.0 } else { (done.min(total) as f64 / total as f64) as f32 }
}

#[cfg(test)]
mod tests {
    use replication::progress::{DiskProgress, Phase, Progress, Tracking};
    use smc::JobId;

    use super::Figures;

    #[test]
    fn a_run_only_moves_forward_and_is_written_once_a_change() {
        let (figures, job) = (Figures::default(), JobId::from_random(&[1; 32]));
        let mut progress = Progress::starting(Tracking::Ebpf);
        figures.told(&job, progress.clone());
        assert!(figures.unwritten().is_empty(), "a run that is not conducted here has no figures");
        figures.begin(&job, "1234567890123456".parse().unwrap());
        assert_eq!(figures.unwritten()[0].1.info, "");
        let mut last = 0.0;
        for (phase, left) in [
            (Phase::Full, 50),
            (Phase::Full, 0),
            (Phase::Changes, 10),
            (Phase::Frozen, 0),
            (Phase::Finishing, 0),
        ] {
            progress.phase = phase;
            progress.pass += 1;
            progress.disks = vec![DiskProgress { disk: 0, bytes_total: 100, bytes_left: left }];
            figures.told(&job, progress.clone());
            let written = figures.unwritten();
            assert!(written[0].1.percent >= last && figures.unwritten().is_empty());
            last = written[0].1.percent;
        }
        figures.making(&job, 10, 100);
        let making = &figures.unwritten()[0].1;
        assert!(making.percent >= last && making.info.contains(r#""phase":"image""#), "{making:?}");
        figures.complete(&job, progress, 240, None);
        figures.made(&job);
        let info = &figures.unwritten()[0].1.info;
        assert!(info.ends_with(r#""freeze_ms":240}"#), "{info}");
        assert!(figures.end(&job).is_some() && figures.all().is_empty());
    }
}
