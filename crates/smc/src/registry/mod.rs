//! The operations over codes, sources and jobs: each reads through the ports, decides by the rules, and writes in
//! one transaction together with its line in the audit trail.

mod audits;
mod codes;
mod error;
mod imports;
mod jobs;
mod sources;
mod tags;
mod workgroups;

pub use codes::{CodeCheck, Created, Lineage, NewCode};
pub use error::{Error, Refusal};
pub use imports::{Arrival, Import, Imported};
pub use jobs::{JobChange, JobQuery, JobView, NewJob, keep_image_check};
pub use sources::{Removal, Rename, SourceView};
pub use tags::{Resources, TagPage, Tagged};
pub use workgroups::{NewWorkgroup, WorkgroupFilter};

use std::sync::Arc;

use crate::{
    access_token::CodeKey,
    ports::{Clock, Random, Store},
};

/// How many unexpired codes an account may have unless configured otherwise.
pub const DEFAULT_CODE_QUOTA: u32 = 1_000;

/// What an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many codes of an account may be unexpired at once; `None` for no limit.
    pub code_quota: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { code_quota: Some(DEFAULT_CODE_QUOTA) }
    }
}

/// The registry of one center: its store, its clock, its randomness, and the key that digests codes.
pub struct Registry<S, C, R> {
    store: S,
    clock: Arc<C>,
    random: Arc<R>,
    code_key: CodeKey,
    settings: Settings,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Puts a registry together.
    pub fn new(store: S, clock: Arc<C>, random: Arc<R>, code_key: CodeKey, settings: Settings) -> Self {
        Self { store, clock, random, code_key, settings }
    }

    /// The clock that the registry goes by.
    pub fn clock(&self) -> &C {
        &self.clock
    }
}

/// Audit entries name an address only when the work came over a network.
fn address_text(address: Option<std::net::IpAddr>) -> String {
    address.map(|address| address.to_string()).unwrap_or_default()
}
