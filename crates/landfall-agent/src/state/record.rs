//! The records of the state directory.

use replication::progress::{Progress, Tracking};
use serde::{Deserialize, Serialize};
use smc::{AccessTokenId, SourceId, Timestamp};

use super::{StateDir, StateError};
use crate::{center_url::CenterUrl, machine::Selection, trust::Pin};

/// Which source of which center this machine is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Where the center is.
    pub center: CenterUrl,
    /// Fingerprint of the center's authority.
    pub pin: Pin,
    /// The source that this machine is.
    pub source_id: SourceId,
    /// The source's name when it was imported; it may have been renamed since.
    pub name: String,
    /// The code that was presented last, by its id.
    pub token_id: AccessTokenId,
    /// When it was imported last, by this machine's clock.
    pub imported: Timestamp,
    /// The disks that were meant.
    #[serde(flatten)]
    pub selection: Selection,
}

/// How the last exchange with the center went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// When the center last answered, by this machine's clock; `None` before the first time.
    pub last: Option<Timestamp>,
    /// Seconds between heartbeats, as the center asks.
    pub every_seconds: u32,
    /// Whether the center answers.
    pub state: HeartbeatState,
    /// Digest of the inventory that the center has, in hexadecimal.
    pub inventory: Option<String>,
}

/// Whether the center answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum HeartbeatState {
    /// It does.
    Connected,
    /// It does not.
    Lost {
        /// Since when, by this machine's clock.
        since: Timestamp,
        /// What stands in the way.
        problem: String,
    },
}

/// What the agent does for its center.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkRecord {
    /// When this was written, by this machine's clock.
    pub updated: Timestamp,
    /// The job, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// The run that was worked on last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// How changes of the job's disks are found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<Tracking>,
    /// How the work stands.
    #[serde(flatten)]
    pub work: WorkState,
}

/// How the work stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum WorkState {
    /// There is none.
    Nothing,
    /// Changes are tracked until the next run.
    Tracking,
    /// A run is being copied.
    Copying {
        /// How far it is.
        progress: Box<Progress>,
    },
    /// The run is complete.
    Complete {
        /// Bytes of content sent.
        sent_bytes: u64,
        /// How long filesystems were frozen, in milliseconds.
        freeze_ms: u64,
    },
    /// The center stopped the run.
    Stopped,
    /// The run failed.
    Failed {
        /// The code that the book explains.
        code: String,
        /// What is wrong and what to do.
        message: String,
    },
}

impl Membership {
    const FILE: &'static str = "source.json";

    /// Reads what the last import left; `None` before the first.
    pub fn load(state: &StateDir) -> Result<Option<Self>, StateError> {
        state.read(Self::FILE)
    }

    /// Keeps it durably.
    pub fn save(&self, state: &StateDir) -> Result<(), StateError> {
        state.replace(Self::FILE, self)
    }
}

impl Heartbeat {
    const FILE: &'static str = "heartbeat.json";

    /// Reads the last heartbeat; `None` if there is none, or none that can be read: it is only a report.
    pub fn load(state: &StateDir) -> Option<Self> {
        state.read(Self::FILE).ok().flatten()
    }

    /// Keeps it, without waiting for the disk.
    pub fn save(&self, state: &StateDir) -> Result<(), StateError> {
        state.replace_volatile(Self::FILE, self)
    }
}

impl WorkRecord {
    const FILE: &'static str = "work.json";

    /// Reads what was done last; `None` if nothing ever was, or if it cannot be read: it is only a report.
    pub fn load(state: &StateDir) -> Option<Self> {
        state.read(Self::FILE).ok().flatten()
    }

    /// Keeps it, without waiting for the disk.
    pub fn save(&self, state: &StateDir) -> Result<(), StateError> {
        state.replace_volatile(Self::FILE, self)
    }
}
