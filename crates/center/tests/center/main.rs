//! A whole center in this process, on loopback: calls signed as clients sign them, agents over TLS.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod administration;
mod agents;
mod codes;
mod copies;
mod emulator;
mod events;
mod gateway;
mod harness;
mod identities;
mod jobs;
mod keys;
mod streams;
