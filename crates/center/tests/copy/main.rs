//! The copy path: the agent's sending side and the center's receiving side, over a stream in memory, on real files and on
//! real disks: loop devices, for which it takes root.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bench;
mod devices;
mod failures;
#[path = "../../../landfall-agent/tests/loops/mod.rs"]
mod loops;
mod proof;
mod transfers;
mod witness;
