//! The states of a job, and what leads from one to the next.
//!
//! | state | leaves by |
//! |---|---|
//! | Ready | start, schedule, expiry, deletion |
//! | Running: Preparing → Syncing → Processing → Cleaning | the end of its work, stop (while Syncing), failure |
//! | (back from Processing to Preparing when the copy is not there any more) | |
//! | Stopped, InError | start, expiry, deletion |
//! | Waiting (between the runs of an incremental job) | schedule, start, cutover, expiry, deletion |
//! | Finished | deletion |
//! | Expired | deletion, by itself after seven days |
//! | Deleting | its resources being gone |

use serde::{Deserialize, Serialize};

use super::{Job, Trigger};
use crate::{ImageId, RunId, Timestamp};

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status")]
pub enum State {
    /// Created, not started.
    Ready,
    /// A run goes on.
    Running(Running),
    /// Someone stopped it; a start goes on from there.
    Stopped {
        /// Whether the run that was stopped was the last one of a cutover.
        last: bool,
    },
    /// A run failed; a start goes on from there.
    InError {
        /// The code that the book explains.
        code: String,
        /// What is wrong and what to do.
        message: String,
        /// Whether the run that failed was the last one of a cutover.
        last: bool,
    },
    /// Between two runs of an incremental job.
    Waiting {
        /// When the next begins by itself.
        next: Timestamp,
    },
    /// Done.
    Finished,
    /// Past its time.
    Expired {
        /// Since when.
        at: Timestamp,
    },
    /// Being removed.
    Deleting,
}

/// A run that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The run; absent when a cutover without a last copy only cleans up.
    pub run: Option<RunId>,
    /// How far it is.
    pub stage: Stage,
    /// Whether the job ends with it: always for a job that copies once.
    pub last: bool,
}

/// The contract's `BusinessStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Staging disks are made, the agent is waited for.
    Preparing,
    /// The agent copies.
    Syncing,
    /// The image is made.
    Processing,
    /// Staging disks are removed, older images are.
    Cleaning,
}

/// The contract's `Status`: a [`State`] without what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// See [`State::Ready`].
    Ready,
    /// See [`State::Running`].
    Running,
    /// See [`State::Stopped`].
    Stopped,
    /// See [`State::InError`].
    InError,
    /// See [`State::Waiting`].
    Waiting,
    /// See [`State::Finished`].
    Finished,
    /// See [`State::Expired`].
    Expired,
    /// See [`State::Deleting`].
    Deleting,
}

/// What happens to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Someone starts it; the run takes this id.
    Start {
        /// The new run.
        run: RunId,
    },
    /// Someone stops it.
    Stop,
    /// Someone cuts it over.
    CutOver {
        /// The last run, if there is to be one.
        last_run: Option<RunId>,
    },
    /// Someone deletes it.
    Delete,
    /// The clock: a schedule, expiry, or removal may be due; a run that begins takes this id.
    Tick {
        /// The run that may begin.
        run: RunId,
    },
    /// The staging disks are there and the agent has its work.
    Prepared {
        /// Of which run.
        run: RunId,
    },
    /// The copy equals the source.
    Synced {
        /// Of which run.
        run: RunId,
    },
    /// The copy is not where its image is to be made: another center has it, or it is gone. It is made anew.
    CopyLost {
        /// Of which run.
        run: RunId,
    },
    /// The image is there.
    Built {
        /// Of which run.
        run: RunId,
        /// The image.
        image: ImageId,
    },
    /// What was to be cleaned up is; `run` is absent where a cutover had none.
    Cleaned {
        /// Of which run.
        run: Option<RunId>,
    },
    /// The run cannot go on.
    Failed {
        /// Which run; absent where a cutover had none.
        run: Option<RunId>,
        /// The code that the book explains.
        code: String,
        /// What is wrong and what to do.
        message: String,
    },
}

/// What an event leads to: the job as it is then, and what becomes of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The job, changed.
    pub job: Job,
    /// A run that begins.
    pub begins: Option<(RunId, Trigger)>,
    /// A run that ends, and the image it made.
    pub ends: Option<(RunId, Option<ImageId>)>,
}

/// Why an event changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not in this status.
    #[error("the job is {current}; this is possible while it is {allowed}")]
    Status {
        /// The status it has.
        current: &'static str,
        /// Those in which it could be done.
        allowed: &'static str,
    },
    /// Not in this stage.
    #[error("the job is Running and {current}; this is possible while it is {allowed}")]
    Stage {
        /// The stage it has.
        current: &'static str,
        /// Those in which it could be done.
        allowed: &'static str,
    },
    /// A job that copies once cannot be cut over.
    #[error("the job copies once and ends by itself; only an incremental job is cut over")]
    NotIncremental,
    /// The event is about a run that does not go on any more, or nothing is due.
    #[error("the run it is about is over")]
    Stale,
}

impl State {
    /// The contract's `Status`.
    pub const fn status(&self) -> Status {
        match self {
            Self::Ready => Status::Ready,
            Self::Running(_) => Status::Running,
            Self::Stopped { .. } => Status::Stopped,
            Self::InError { .. } => Status::InError,
            Self::Waiting { .. } => Status::Waiting,
            Self::Finished => Status::Finished,
            Self::Expired { .. } => Status::Expired,
            Self::Deleting => Status::Deleting,
        }
    }

    /// The contract's `BusinessStatus`, while running.
    pub const fn stage(&self) -> Option<Stage> {
        match self {
            Self::Running(running) => Some(running.stage),
            _ => None,
        }
    }
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Ready,
        Self::Running,
        Self::Stopped,
        Self::InError,
        Self::Waiting,
        Self::Finished,
        Self::Expired,
        Self::Deleting,
    ];

    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Running => "Running",
            Self::Stopped => "Stopped",
            Self::InError => "InError",
            Self::Waiting => "Waiting",
            Self::Finished => "Finished",
            Self::Expired => "Expired",
            Self::Deleting => "Deleting",
        }
    }

    /// Whether a job in it keeps its source from having another.
    pub const fn unfinished(self) -> bool {
        !matches!(self, Self::Finished | Self::Deleting)
    }
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Preparing, Self::Syncing, Self::Processing, Self::Cleaning];

    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "Preparing",
            Self::Syncing => "Syncing",
            Self::Processing => "Processing",
            Self::Cleaning => "Cleaning",
        }
    }
}
