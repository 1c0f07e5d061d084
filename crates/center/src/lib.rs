//! The server side of Landfall: listeners, agent endpoints, custody of keys, metrics.
//!
//! It knows neither SQL (that is `store`), nor how requests are signed (`pop`), nor what SMC's operations
//! look like on the wire (`smc::api`, `smc-model`): it lets bytes in, finds out who sent them, and hands
//! them to the one that knows. [`server`] puts everything together.

mod agents;
mod api_service;
pub mod clock;
mod conductor;
pub mod console;
mod emulator;
mod endpoint;
mod events;
mod gateway;
mod guard;
mod heartbeats;
mod http;
pub mod identity;
pub mod keyring;
mod metrics;
mod probes;
pub mod receivers;
mod request_id;
pub mod server;
pub mod tls;

pub use endpoint::AgentEndpoint;

/// The domain over this program's store, clock and randomness.
pub type Registry = smc::registry::Registry<store::Database, clock::SystemClock, clock::SystemRandom>;
