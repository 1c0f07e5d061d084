//! The contract: SMC operations as data, and the typed requests and responses generated from it.
//!
//! `model/*.json` declares each operation once: its parameters with their limits, its reply, its errors, the words
//! about them. `cargo xtask codegen` turns that into [`generated`]; the hand-written modules beside it are the small
//! engine that reads the tables. What an operation *does* is elsewhere: this crate validates form, never existence.
//!
//! A server looks an operation up with [`operation`], parses the flat decoded parameters with [`Request::parse`] (or
//! only [`validate`]s them, for an operation it does not offer) and answers with the operation's response type.
//! `RequestId` is part of every reply and of no response type: the gateway adds it.

mod contract;
mod encode;
mod format;
pub mod generated;
mod lookup;
mod place;
mod request;
mod resources;
mod secret;
mod validate;
mod value;
mod violation;

pub use contract::{
    Access, Distinct, ErrorEntry, Format, Integer, JobError, Kind, Method, Operation, Parameter, Presence,
    Repeat, ResourcePattern, ResponseField, ResponseKind, Text, Width,
};
pub use encode::encode;
pub use lookup::{error, job_error, operation, operations, versions};
pub use request::Request;
pub use secret::OneTimeSecret;
pub use validate::validate;
pub use value::{Field, Object, Value};
pub use violation::Violation;
