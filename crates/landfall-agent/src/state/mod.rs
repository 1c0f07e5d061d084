//! What the agent remembers, all of it in one private directory: the only place it ever writes.
//!
//! | file | is |
//! |---|---|
//! | `key.pem` | the agent's key; made once, never replaced |
//! | `source.json` | which source of which center this machine is; written after each import |
//! | `heartbeat.json` | when the center was last heard; rewritten with each heartbeat |
//! | `work.json` | what the agent does for its center, if it ever did something |
//! | `run.lock` | held by the running agent |
//!
//! The directory is created with mode 0700, every file with 0600. The activation code is in none of them.

mod directory;
mod record;

pub use directory::{DEFAULT, RunLock, StateDir, StateError};
pub use record::{Heartbeat, HeartbeatState, Membership, WorkRecord, WorkState};
