//! `ReplicationParameters`: how a copy goes about its work, as JSON that the caller writes.

use serde::{Deserialize, Serialize};

/// How to copy. May be changed while a copy goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// KiB a second on the network at the most; 0 for no limit.
    #[serde(default)]
    pub bandwidth_limit: u64,
    /// How hard to compress, 0 (not at all) to 10; absent when the agent may choose by what it measures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compress_level: Option<u8>,
    /// Whether everything is compared with the source once more before the end.
    #[serde(default)]
    pub checksum: bool,
    /// Longest time that filesystems may stay frozen, in milliseconds; absent for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freeze_budget_ms: Option<u32>,
}
