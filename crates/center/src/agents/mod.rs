//! What agents ask of a center: import, check, heartbeat, inventory; and what an installer fetches.

mod install;
mod known;
mod protocol;
mod replicate;

pub(crate) use install::{AgentBinary, Installer};
pub(crate) use known::KnownAgents;
pub(crate) use protocol::{AgentService, AgentSettings};
