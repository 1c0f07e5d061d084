//! A real center in a process of its own, and the two kinds of clients that load it: callers of the API, who sign
//! with V3, and agents, each with a TLS connection and a key of its own.
//!
//! Tests and measurements that kill a center, or weigh it, need it outside their own process. What is expected of it
//! is theirs to say; this crate only starts, stops, asks and reads.

mod agent;
mod api;
mod exchange;
mod machine;
mod process;
mod usage;

pub use agent::{AgentKey, AgentLine};
pub use api::{ApiClient, ApiKey, Code, now};
pub use exchange::ClientError;
pub use machine::{inventory, machine_id};
pub use process::{Center, CenterError, Launch};
pub use usage::{UsageError, cpu_seconds, resident_bytes, thread_count};
