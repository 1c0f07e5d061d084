//! Sign-ins in the audit trail.

use std::sync::Arc;

use ram::AccountId;
use smc::{
    audit::{Entry, Event},
    ports::{Clock, StoreError, Tx},
};
use store::Database;

use crate::clock::SystemClock;

/// Writes what happens to sessions into the trail of their account.
pub(super) struct Trail {
    database: Database,
    clock: Arc<SystemClock>,
}

/// What happened to a session.
pub(super) struct Happened<'a> {
    /// Whose trail it belongs to.
    pub(super) account: AccountId,
    /// What.
    pub(super) event: Event,
    /// Id of the session's key, or of the AccessKey that was refused.
    pub(super) resource: &'a str,
    /// Who.
    pub(super) actor: String,
    /// From where.
    pub(super) address: String,
    /// How.
    pub(super) detail: &'a str,
}

impl Trail {
    /// Writes to a database, at the center's time, as everything else in the trail is.
    pub(super) fn new(database: Database, clock: Arc<SystemClock>) -> Self {
        Self { database, clock }
    }

    /// Writes a line.
    pub(super) async fn record(&self, happened: Happened<'_>) -> Result<(), StoreError> {
        let entry = Entry {
            account: happened.account,
            at: self.clock.now(),
            event: happened.event,
            resource: happened.resource.to_owned(),
            actor: happened.actor,
            address: happened.address,
            detail: happened.detail.to_owned(),
        };
        self.database.write(move |tx| Tx::record(tx, &entry)).await
    }

    /// Writes a line that nothing waits for; that it is missing is for the log.
    pub(super) async fn note(&self, happened: Happened<'_>) {
        if let Err(error) = self.record(happened).await {
            tracing::warn!(%error, "the audit trail lacks the end or refusal of a session");
        }
    }
}
