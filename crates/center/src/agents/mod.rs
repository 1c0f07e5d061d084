//! What agents ask of a center: import, check, heartbeat, inventory; and what an installer fetches.

mod guard;
mod install;
mod protocol;

pub use install::{AgentBinary, Installer};
pub use protocol::{AgentService, AgentSettings};
