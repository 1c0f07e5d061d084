//! The disks of a job, opened and followed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use agent_api::{RunWork, Work, WorkDisk};
use replication::progress::Tracking;

use super::{
    Tracked,
    located::{Located, Refusal, locate},
    owed::Owed,
};
use crate::replicate::{Source, Start, Tracker};

/// Why changes are not tracked where somebody wants it so.
const SWITCHED_OFF: &str = "switched off by --no-tracking";

/// The disks of a job. Where the kernel can tell, their changes are tracked for as long as this lives.
pub(super) struct Attached {
    job: String,
    disks: Vec<WorkDisk>,
    /// The devices that were opened for them.
    located: Vec<Located>,
    source: Arc<Source>,
    owed: Option<Arc<Owed>>,
    /// The complete run since which every change is marked, or owed.
    base: Option<String>,
}

impl Attached {
    /// Opens the disks of a job, and tracks their changes from now on, if that is wanted. Blocks.
    pub(super) fn open(work: &Work, wish: Tracked) -> Result<Self, Refusal> {
        let located = locate(&work.disks)?;
        for (disk, found) in work.disks.iter().zip(&located) {
            if found.path.as_path() != Path::new(&disk.path) {
                let path = found.path.display();
                tracing::info!(
                    "job {}: its disk {} is {path} now, and was {}",
                    work.job_id,
                    disk.index,
                    disk.path
                );
            }
        }
        let disks: Vec<(u16, PathBuf)> =
            work.disks.iter().zip(&located).map(|(disk, found)| (disk.index, found.path.clone())).collect();
        let source = match wish {
            Tracked::IfPossible => Source::open(&disks, budget(work)),
            Tracked::Never => Source::open_untracked(&disks, budget(work), SWITCHED_OFF),
        };
        let mut source = source.map_err(Refusal::Open)?;
        let owed = match &source.tracker {
            Ok(tracker) => Some(Arc::new(Owed::new(tracker.clone(), &source.disks))),
            Err(_) => None,
        };
        if let Some(owed) = &owed {
            source.tracker = Ok(owed.clone());
        }
        Ok(Self {
            job: work.job_id.clone(),
            disks: work.disks.clone(),
            located,
            source: Arc::new(source),
            owed,
            base: None,
        })
    }

    /// Whether these are the disks of that job.
    pub(super) fn suits(&self, work: &Work) -> bool {
        self.job == work.job_id && self.disks == work.disks
    }

    /// Whether what is open is still there: a disk that was taken out and brought back has its old name, and is another
    /// device, whose changes nobody has followed.
    pub(super) fn holds(&self, located: &[Located]) -> bool {
        self.located == located
    }

    /// What a run copies.
    pub(super) fn source(&self) -> Arc<Source> {
        self.source.clone()
    }

    /// How changes are found.
    pub(super) fn tracking(&self) -> Tracking {
        match &self.source.tracker {
            Ok(_) => Tracking::Ebpf,
            Err(reason) => Tracking::Rescan { reason: reason.clone() },
        }
    }

    /// A run begins: says what with. Blocks.
    pub(super) fn begin(&mut self, run: &RunWork) -> Start {
        let Some(owed) = &self.owed else { return Start::Everything };
        // Its center says what its copy holds, which may be this very run when it asks for it again.
        let known = self.base.is_some() && self.base == run.base_run_id;
        if known && !owed.is_doubted() {
            owed.put_back();
            return Start::Changes;
        }
        self.base = None;
        if owed.is_doubted()
            && let Err(error) = owed.rebase()
        {
            // The proof at the freeze will say the same, and the run falls back to comparing.
            tracing::debug!(%error, "changes are not accounted for");
        }
        owed.forget();
        Start::Everything
    }

    /// A run is complete: from now on changes are its successor's.
    pub(super) fn complete(&mut self, run: &str, tracking: &Tracking) {
        if let (Some(owed), Tracking::Ebpf) = (&self.owed, tracking) {
            owed.forget();
            self.base = Some(run.to_owned());
        }
    }
}

/// The longest freeze that a job allows.
pub(super) fn budget(work: &Work) -> Duration {
    Duration::from_millis(u64::from(work.freeze_budget_ms))
}
