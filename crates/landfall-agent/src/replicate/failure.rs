//! Why a copy cannot go on.

use std::io;

use agent_api::StreamError;
use blockdev::direct::Place;
use replication::frame::Failed;

/// Codes that say that the center's word on what to do is under way, or not there yet: trying again finds out.
const NOT_NOW: [&str; 2] = ["Replication.Superseded", "Replication.NotAssigned"];

/// Why a stream to the center cannot be opened.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ConnectError {
    /// The code that people see; `Replication.Broken` when the center did not answer.
    pub code: String,
    /// What was attempted and what became of it.
    pub message: String,
    /// Whether trying again later may help.
    pub again: bool,
}

/// Why a copy cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ReplicateError {
    /// The connection broke, or what came is no frame.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The center closed the stream.
    #[error("the center closed the stream of disk data")]
    Closed,
    /// The center cannot go on.
    #[error("{}: {}", .0.code, .0.message)]
    Center(Failed),
    /// The center's greeting makes no sense.
    #[error("the center's greeting cannot be used: {0}; upgrade the older of the two sides")]
    Greeting(&'static str),
    /// The disk cannot be read.
    #[error("reading {length} bytes at {offset} of the disk: {error}")]
    Disk {
        /// Where.
        offset: u64,
        /// How much.
        length: u64,
        /// What the system says.
        error: io::Error,
    },
    /// Compressing failed.
    #[error("compressing disk data: {0}")]
    Pack(io::Error),
    /// No stream to the center can be opened.
    #[error(transparent)]
    Connect(ConnectError),
    /// What a disk has in use cannot be found out.
    #[error("finding what disk {disk} has in use: {error}")]
    Allocation {
        /// Which disk.
        disk: u16,
        /// What the system says.
        error: io::Error,
    },
    /// Changes of a disk cannot be taken from the kernel.
    #[error("taking the changes of a disk from the kernel: {0}")]
    Track(io::Error),
    /// The filesystems cannot be flushed, frozen or thawed.
    #[error("holding the filesystems still: {0}")]
    Freeze(io::Error),
    /// The source does not come to rest.
    #[error("{0}")]
    NotConverging(String),
}

impl From<(Place, io::Error)> for ReplicateError {
    /// A place that could not be read, and why.
    fn from((place, error): (Place, io::Error)) -> Self {
        Self::Disk { offset: place.offset, length: place.bytes as u64, error }
    }
}

impl ReplicateError {
    /// Whether the same may succeed with another connection.
    pub fn again(&self) -> bool {
        match self {
            Self::Stream(StreamError::Broken(_)) | Self::Closed => true,
            Self::Center(failed) => failed.again || NOT_NOW.contains(&failed.code.as_str()),
            Self::Connect(error) => error.again || NOT_NOW.contains(&error.code.as_str()),
            _ => false,
        }
    }

    /// The code that people see and the book explains.
    pub fn code(&self) -> &str {
        match self {
            Self::Stream(StreamError::Broken(_)) | Self::Closed => "Replication.Broken",
            Self::Connect(error) => &error.code,
            Self::Stream(StreamError::Frame(_)) | Self::Greeting(_) => "Replication.Protocol",
            Self::Center(failed) => &failed.code,
            Self::Disk { .. } | Self::Allocation { .. } => "Replication.SourceDisk",
            Self::Pack(_) => "Replication.Internal",
            Self::Track(_) => "Replication.Tracking",
            Self::Freeze(_) => "Replication.Freeze",
            Self::NotConverging(_) => "Replication.NotConverging",
        }
    }
}

impl From<io::Error> for ReplicateError {
    fn from(error: io::Error) -> Self {
        Self::Stream(error.into())
    }
}
