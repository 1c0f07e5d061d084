//! The disks of a job, opened and followed.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use agent_api::{RunWork, Work, WorkDisk};
use blockdev::{PartitionTable, Roots, disk_at};
use replication::progress::Tracking;

use super::{Tracked, owed::Owed};
use crate::replicate::{Source, Start, Tracker};

/// Why changes are not tracked where somebody wants it so.
const SWITCHED_OFF: &str = "switched off by --no-tracking";

/// Why the disks of a job cannot be worked on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// A disk is not there.
    #[error("disk {index} of the job: {reason}; bring it back, or make a new job without it")]
    Missing { index: u16, reason: String },
    /// A disk is another one than the job was made for.
    #[error(
        "disk {index} of the job, {path}, {reason}; if this is the disk that is meant, make a new job for it, whose first run copies everything"
    )]
    Changed { index: u16, path: String, reason: String },
    /// The disks cannot be opened.
    #[error("opening the disks of the job: {0}; run the agent as root")]
    Open(io::Error),
}

impl Refusal {
    /// The code that people see and the book explains.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "Replication.DiskMissing",
            Self::Changed { .. } => "Replication.DiskChanged",
            Self::Open(_) => "Replication.SourceDisk",
        }
    }
}

/// The disks of a job. Where the kernel can tell, their changes are tracked for as long as this lives.
pub(super) struct Attached {
    job: String,
    disks: Vec<WorkDisk>,
    source: Arc<Source>,
    owed: Option<Arc<Owed>>,
    /// The complete run since which every change is marked, or owed.
    base: Option<String>,
}

impl Attached {
    /// Opens the disks of a job, and tracks their changes from now on, if that is wanted. Blocks.
    pub(super) fn open(work: &Work, wish: Tracked) -> Result<Self, Refusal> {
        work.disks.iter().try_for_each(check)?;
        let disks: Vec<(u16, PathBuf)> =
            work.disks.iter().map(|disk| (disk.index, PathBuf::from(&disk.path))).collect();
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
            source: Arc::new(source),
            owed,
            base: None,
        })
    }

    /// Whether these are the disks of that job.
    pub(super) fn suits(&self, work: &Work) -> bool {
        self.job == work.job_id && self.disks == work.disks
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

/// Compares a disk with what it was when the job was made. Blocks.
pub(super) fn check(disk: &WorkDisk) -> Result<(), Refusal> {
    let missing =
        |error: blockdev::InventoryError| Refusal::Missing { index: disk.index, reason: error.to_string() };
    let changed = |reason: String| Refusal::Changed { index: disk.index, path: disk.path.clone(), reason };
    let found = disk_at(&Roots::default(), Path::new(&disk.path)).map_err(missing)?;
    if found.size_bytes != disk.size_bytes {
        let (now, then) = (found.size_bytes, disk.size_bytes);
        return Err(changed(format!("has {now} bytes, and had {then} when the job was made")));
    }
    let Some(then) = disk.table_id.as_deref().filter(|id| !id.is_empty()) else { return Ok(()) };
    let now = match &found.table {
        PartitionTable::Mbr { disk_id } => disk_id.as_str(),
        PartitionTable::Gpt { disk_guid, .. } => disk_guid.as_str(),
        PartitionTable::None | PartitionTable::Damaged { .. } => "none",
        // Nothing can be said against it.
        PartitionTable::Unread => then,
    };
    if now.eq_ignore_ascii_case(then) {
        return Ok(());
    }
    Err(changed(format!("has the partition table {now}, and had {then} when the job was made")))
}

#[cfg(test)]
mod tests {
    use agent_api::WorkDisk;

    use super::check;

    #[test]
    fn a_disk_that_is_gone_or_another_one_is_refused_with_its_code() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).display().to_string();
        let mut labelled = vec![0; 1 << 20];
        labelled[440..444].copy_from_slice(&0x1234_abcd_u32.to_le_bytes());
        labelled[446 + 4] = 0x83;
        labelled[446 + 8] = 1;
        labelled[446 + 12] = 100;
        labelled[510..512].copy_from_slice(&[0x55, 0xaa]);
        std::fs::write(path("disk.img"), labelled).unwrap();
        for (name, size_bytes, table_id, code) in [
            ("disk.img", 1 << 20, Some("1234ABCD"), None),
            ("disk.img", 1 << 20, None, None),
            ("disk.img", 1 << 19, None, Some("Replication.DiskChanged")),
            ("disk.img", 1 << 20, Some("1234abce"), Some("Replication.DiskChanged")),
            ("none.img", 1 << 20, None, Some("Replication.DiskMissing")),
        ] {
            let table_id = table_id.map(str::to_owned);
            let found = check(&WorkDisk { index: 1, path: path(name), size_bytes, table_id });
            assert_eq!(found.as_ref().err().map(super::Refusal::code), code, "{found:?}");
        }
    }
}
