//! The frames that are JSON: they are rare, and grow with versions. Members that a side does not know are ignored.

use serde::{Deserialize, Serialize};

/// The agent begins a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Version of the agent, for logs.
    pub agent_version: String,
    /// Names this attempt of the agent at the run; its streams share it.
    pub session: String,
    /// Number of the stream in the session, from 0.
    pub stream: u16,
}

/// The center takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Version of the center, for logs.
    pub center_version: String,
    /// Bytes of content that may be on their way without being durable.
    pub window_bytes: u64,
    /// The key of the job's digests, hexadecimal.
    pub leaf_key: String,
    /// Whether the copy is empty: then nothing needs to be compared, and holes are zeros already.
    pub fresh: bool,
    /// How to copy.
    pub settings: Settings,
}

/// How to copy; sent again whenever it changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Bytes a second on the network at the most; absent for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth_bytes_per_second: Option<u64>,
    /// Level of zstd, 0 for no compression; absent when the agent may choose by what it measures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression_level: Option<i32>,
    /// Whether everything is compared once more before the freeze; absent where the run's work says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<bool>,
}

/// The center cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The code that the book explains.
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Whether the same may succeed later without a change of the job.
    #[serde(default)]
    pub again: bool,
}
