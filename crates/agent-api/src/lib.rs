//! What agent and center say to each other: JSON over HTTP/1.1 over TLS, on the center's agent listener.
//!
//! The agent always presents a client certificate that it made itself; the TLS handshake proves that it holds
//! the key, and the key's fingerprint is who it is. No header holds a token or a signature.
//!
//! | call | in | out |
//! |---|---|---|
//! | `POST /agent/v1/check` | [`CheckRequest`] | [`CheckReply`] |
//! | `POST /agent/v1/import` | [`ImportRequest`] | [`ImportReply`] |
//! | `POST /agent/v1/heartbeat` | [`HeartbeatRequest`] | [`HeartbeatReply`] |
//! | `POST /agent/v1/report` | [`ReportRequest`] | [`Empty`] |
//! | `PUT /agent/v1/inventory` | [`InventoryRequest`] | [`Empty`] |
//! | `POST /agent/v1/replicate` | an upgrade to [`UPGRADE`] | frames, both ways ([`read_frame`], [`write_frame`]) |
//!
//! Every failure is an [`ErrorReply`]. A status of 5xx or 429 means: the same again later; any other 4xx
//! means: not without a change.

mod secret;
mod stream;
mod version;
mod work;

pub use secret::WireCode;
pub use smc::source::{Fault, Inventory, MachineId};
pub use stream::{JOB, REPLICATE, RUN, SESSION, StreamError, UPGRADE, read_frame, write_frame};
pub use version::{Incompatible, NEWEST, OLDEST, check_version};
pub use work::{LONGEST_WAIT_SECONDS, REPORT, ReportRequest, RunEvent, RunWork, Work, WorkDisk};

use serde::{Deserialize, Serialize};

/// Where codes are checked without being spent.
pub const CHECK: &str = "/agent/v1/check";
/// Where machines are imported.
pub const IMPORT: &str = "/agent/v1/import";
/// Where agents report that they live.
pub const HEARTBEAT: &str = "/agent/v1/heartbeat";
/// Where agents send what changed of their machine.
pub const INVENTORY: &str = "/agent/v1/inventory";

/// The greatest request body, in bytes; an inventory within its own bounds is far below.
pub const MAX_BODY: usize = 4 << 20;

/// Asks whether a code would import a machine now.
#[derive(Serialize, Deserialize)]
pub struct CheckRequest {
    /// Version of this protocol that the agent speaks.
    pub protocol: u32,
    /// The code's id.
    pub token_id: String,
    /// The code's value.
    pub token_code: WireCode,
}

/// The code would.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckReply {
    /// How many more machines it may import.
    pub uses_left: u32,
    /// When its time is over, `YYYY-MM-DDThh:mm:ssZ`.
    pub expires: String,
}

/// Asks to import this machine.
#[derive(Serialize, Deserialize)]
pub struct ImportRequest {
    /// Version of this protocol that the agent speaks.
    pub protocol: u32,
    /// Version of the agent.
    pub agent_version: String,
    /// The code's id.
    pub token_id: String,
    /// The code's value.
    pub token_code: WireCode,
    /// What machine this is.
    pub machine: MachineId,
    /// The name that the operator wants for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it consists of.
    pub inventory: Inventory,
}

/// The machine is a source now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImportReply {
    /// Names the source.
    pub source_id: String,
    /// Its name.
    pub name: String,
    /// Whether it came for the first time.
    pub arrival: Arrival,
    /// Seconds between heartbeats.
    pub heartbeat_seconds: u32,
}

/// How a machine came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arrival {
    /// For the first time; one use of the code is spent.
    New,
    /// Again; nothing is spent.
    Returned,
    /// Again, with a new key; nothing is spent.
    Rekeyed,
}

/// Says that the agent lives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeartbeatRequest {
    /// Version of this protocol that the agent speaks.
    pub protocol: u32,
    /// Version of the agent.
    pub agent_version: String,
    /// What is wrong on the machine, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// The [`HeartbeatReply::revision`] of the last answer; 0 when there was none.
    #[serde(default)]
    pub seen: u64,
    /// Seconds that the answer may be held back while its revision is the one seen; at most [`LONGEST_WAIT_SECONDS`].
    #[serde(default)]
    pub wait_seconds: u32,
}

/// Acknowledges a heartbeat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeartbeatReply {
    /// Names the source that the agent is.
    pub source_id: String,
    /// Seconds until the next.
    pub heartbeat_seconds: u32,
    /// Seconds that the answer to the next may be held back, which then is to be sent at once; 0 for none.
    #[serde(default)]
    pub wait_seconds: u32,
    /// Names this state of the work; another one means that there is news.
    #[serde(default)]
    pub revision: u64,
    /// What there is to do, if there is anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Work>,
}

/// Replaces what the center knows of the machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InventoryRequest {
    /// Version of this protocol that the agent speaks.
    pub protocol: u32,
    /// What the machine consists of.
    pub inventory: Inventory,
}

/// Done, and nothing to say about it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Empty {}

/// Not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReply {
    /// The code that the book explains, such as `AccessToken.Expired`.
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl ErrorReply {
    /// The agent's key belongs to no source: it was deleted, or never imported.
    pub const UNKNOWN_AGENT: &'static str = "Agent.Unknown";
}
