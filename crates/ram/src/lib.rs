//! Identities and policy documents: decide(request) -> allow or deny, and why.
//!
//! Follows Alibaba Cloud RAM: accounts and their users, AccessKeys, policies of grammar version 1. Everything is a value
//! given by the caller: who calls, what is attached to the caller, what is acted on, when and from where. Nothing here
//! reads a clock, a file or a database, or knows what a request looked like on the wire.
//!
//! [`Policy::parse`] refuses at writing time whatever evaluation could not honour, and evaluation counts whatever it
//! cannot tell against the request. [`authorize`] is the one question to ask for each call; [`explain`] tells a person
//! how the answer came about; [`AccessDeniedDetail`] tells the caller as much of it as the caller may know.

mod arn;
pub mod builtin;
mod condition;
mod context;
mod decide;
mod denial;
mod explain;
mod glob;
mod identity;
mod json;
pub mod limits;
mod policy;
mod quote;

pub use self::{
    arn::{Action, Arn, ArnError},
    context::{Context, Request, Resource, Tags},
    decide::{Decision, authorize, decide},
    denial::AccessDeniedDetail,
    explain::{Explanation, Fit, Said, explain},
    identity::{AccessKeyId, AccountId, IdentityError, KeyStatus, PolicyName, Principal, UserName},
    policy::{Effect, NamedPolicy, Policy, PolicyError, Problem},
};
