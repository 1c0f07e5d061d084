//! The domain of Landfall: activation codes, imported sources, tags, and the audit trail.
//!
//! Every rule and state decision is here, and nothing else is: this crate opens no file or socket, reads
//! no clock, draws no randomness and speaks no SQL. What it needs comes as an argument or through a port
//! ([`ports`]): [`ports::Store`] runs a closure inside one transaction, [`ports::Clock`] tells the time,
//! [`ports::Random`] fills bytes.
//!
//! Read in this order: [`access_token`] (what a code is, who may spend it), [`source`] (what an imported
//! server is), [`registry`] (the operations over both), [`api`] (the same operations as the SMC contract
//! words them).

pub mod access_token;
pub mod account;
pub mod api;
pub mod audit;
pub mod ids;
pub mod job;
pub mod ports;
pub mod registry;
pub mod source;
pub mod tag;
pub mod time;
pub mod workgroup;

pub use ids::{AccessTokenId, ImageId, JobId, RunId, SourceId, WorkgroupId};
pub use time::Timestamp;
