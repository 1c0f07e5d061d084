//! Whole runs of the agent against a small center in memory: images, live disks with a tracker, breaks and limits.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod center;
mod live;
mod runs;
