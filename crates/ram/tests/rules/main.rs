//! What policies decide, refuse and tell, through the public interface.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail the test")]

mod call;
mod decisions;
mod grammar;
mod invariants;
mod told;
