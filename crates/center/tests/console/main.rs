//! The console of a whole center: signing in, what keeps others out, calls through the gateway, files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[allow(dead_code, reason = "these tests use a part of what the others share")]
#[path = "../center/harness.rs"]
mod harness;

mod browser;
mod calls;
mod pages;
mod sessions;
mod sign_in;
