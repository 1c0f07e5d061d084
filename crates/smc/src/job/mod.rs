//! Replication jobs: what one is, the runs it makes, and the images they leave.
//!
//! What a job may do next is decided by [`state`] alone: operations, the clock and whoever conducts the copy all come
//! as events to one machine, which gives the next state or says why not.

mod apply;
mod check;
pub mod disks;
pub mod parameters;
pub mod settings;
pub mod state;

pub use check::{CheckKind, ImageCheck, MAX_DETAIL};
pub use parameters::Parameters;
pub use settings::{JobDisk, JobSettings, NamedPart};
pub use state::{Event, Refused, Running, Stage, State, Status, Step};

use serde::{Deserialize, Serialize};

use crate::{ImageId, JobId, RunId, SourceId, Timestamp, account::AccountId};

/// How many jobs an account may have.
pub const MAX_JOBS: u32 = 1_000;

/// Runs of a job that are shown: its newest.
pub const MAX_RUNS_SHOWN: u32 = 100;

/// Days after which an expired job is removed by itself.
pub const DAYS_EXPIRED: u32 = 7;

/// A replication job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Names the job.
    pub id: JobId,
    /// Whose it is: the account of its source.
    pub account: AccountId,
    /// Whose disks it copies.
    pub source: SourceId,
    /// What people call it, unique in its account; a job may go without.
    pub name: Option<String>,
    /// Free text.
    pub description: String,
    /// When it was created.
    pub created: Timestamp,
    /// When it expires unless it is running then.
    pub valid_until: Timestamp,
    /// When it starts by itself, as it was last set; kept when that moment is past.
    pub scheduled: Option<Timestamp>,
    /// Whether it copies once or again and again.
    pub cycle: Cycle,
    /// Where it stands.
    pub state: State,
    /// Everything else that its creator chose.
    pub settings: JobSettings,
    /// The disks that it copies, as its source had them when it was created; the first one boots.
    pub disks: Vec<JobDisk>,
    /// When its first run began.
    pub started: Option<Timestamp>,
    /// When it came to its end.
    pub ended: Option<Timestamp>,
    /// How many images it has made; numbers the next.
    pub images_made: u32,
    /// The latest image.
    pub image: Option<ImageId>,
}

/// How often a job copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cycle {
    /// Once, to its image.
    Once,
    /// Again and again until it is cut over.
    Every {
        /// From the end of one run to the beginning of the next, 1 to 168.
        hours: u32,
        /// Images kept, 1 to 10; the oldest goes first.
        keep: u32,
    },
}

/// One execution of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Names the run.
    pub id: RunId,
    /// The job.
    pub job: JobId,
    /// Who began it.
    pub trigger: Trigger,
    /// When it began.
    pub started: Timestamp,
    /// When it ended, however it did.
    pub ended: Option<Timestamp>,
    /// The image that it made.
    pub image: Option<ImageId>,
}

/// Who began a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trigger {
    /// Someone who called an operation.
    Manual,
    /// The clock.
    Schedule,
}

/// An image that a run made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Names the image.
    pub id: ImageId,
    /// Whose it is.
    pub account: AccountId,
    /// The job; the image outlives it.
    pub job: JobId,
    /// The run.
    pub run: RunId,
    /// The source.
    pub source: SourceId,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Bytes of its disks together.
    pub size_bytes: u64,
    /// The roots of its disks' digests, in the order of the disks, hexadecimal.
    pub roots: Vec<String>,
    /// How its content came to be stored: shared blocks, an overlay, or bytes that were copied.
    pub storage: String,
}

/// How far a running job is, as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobProgress {
    /// Percent of the run, 0 to 100.
    pub percent: f32,
    /// The figures in full, one JSON object; shown as `StatusInfo`.
    pub info: String,
}

impl Trigger {
    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "Manual",
            Self::Schedule => "Schedule",
        }
    }

    /// Reads the contract's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Manual, Self::Schedule].into_iter().find(|trigger| trigger.as_str() == text)
    }
}

impl Job {
    /// The next moment at which the clock changes this job by itself.
    pub fn due(&self) -> Option<Timestamp> {
        match &self.state {
            State::Ready => Some(self.scheduled.map_or(self.valid_until, |at| at.min(self.valid_until))),
            State::Waiting { next } => Some((*next).min(self.valid_until)),
            State::Stopped { .. } | State::InError { .. } => Some(self.valid_until),
            State::Expired { at } => Some(at.plus_days(DAYS_EXPIRED)),
            State::Running(_) | State::Finished | State::Deleting => None,
        }
    }
}
