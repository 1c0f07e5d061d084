//! The statements, one module for each table or pair of tables that belong together.

pub(crate) mod access_tokens;
pub(crate) mod audit;
mod document;
mod heartbeats;
mod jobs;
mod many;
mod port;
pub(crate) mod sources;
mod tags;
mod workgroups;
