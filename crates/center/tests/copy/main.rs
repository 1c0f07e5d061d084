//! The copy path: the agent's sending side and the center's receiving side, over a stream in memory, on real files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bench;
mod failures;
mod transfers;
