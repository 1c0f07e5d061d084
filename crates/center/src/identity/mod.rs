//! Accounts, users, AccessKeys and policies: keeping them, and finding out who signed a request.
//!
//! What a policy means is `ram`'s business, where rows live is `store`'s. Here secrets are made, sealed and
//! opened, and the rules that need both are kept: at most two active keys a user, built-in policies that
//! cannot be replaced, a policy that is attached cannot be deleted.

mod actor;
mod error;
mod key_uses;
mod keys;
mod lookup;
mod policies;
mod users;

pub use actor::Actor;
pub(crate) use actor::Change;
pub use error::IdentityError;
pub use key_uses::KeyUses;
pub use keys::{NewKey, SecretText, secret_context};
pub use lookup::{Identity, Lookup};
pub use policies::{PolicyKind, PolicyText};
pub use users::UserSummary;

use std::sync::Arc;

use ram::AccountId;
use smc::{
    Timestamp,
    audit::Event,
    job::MAX_JOBS,
    ports::{Clock, JobFilter, JobTx, Page, Random, SourceFilter, StoreError, TokenFilter, Tx},
};
use store::{Database, Transaction, identities::AccountRow};

use self::keys::KeyHolder;
use crate::{
    clock::{SystemClock, SystemRandom},
    keyring::Vault,
};

/// Manages identities on a database.
#[derive(Clone)]
pub struct Identities {
    database: Database,
    vault: Arc<Vault>,
    clock: Arc<SystemClock>,
    actor: Arc<Actor>,
}

impl Identities {
    /// Puts the parts together; changes are the operator's.
    pub fn new(database: Database, vault: Arc<Vault>, clock: Arc<SystemClock>) -> Self {
        Self { database, vault, clock, actor: Arc::new(Actor::Operator) }
    }

    /// The same, for changes that somebody else makes.
    #[must_use]
    pub fn by(&self, actor: Actor) -> Self {
        Self { actor: Arc::new(actor), ..self.clone() }
    }

    /// All accounts, oldest first.
    pub async fn accounts(&self) -> Result<Vec<AccountRow>, IdentityError> {
        Ok(self.database.read(|tx| tx.accounts()).await?)
    }

    /// Makes an account and its owner's first key.
    pub async fn create_account(&self, name: &str) -> Result<(AccountRow, NewKey), IdentityError> {
        self.create_account_with(name, NewKey::generate(&SystemRandom)?).await
    }

    /// Makes the first account and its owner's key, if there is no account yet. Of several centers that
    /// start at once, one makes it.
    pub async fn bootstrap(&self, key: NewKey) -> Result<Option<NewKey>, IdentityError> {
        if !self.accounts().await?.is_empty() {
            return Ok(None);
        }
        let (account, holder) = self.new_account("default")?;
        let made = self
            .write_sealed(&key, holder, move |tx, row| {
                if !tx.accounts()?.is_empty() {
                    return Ok(Ok(false));
                }
                tx.insert_account(&account)?;
                tx.insert_key(row)?;
                Ok(Ok(true))
            })
            .await?;
        Ok(made.then_some(key))
    }

    /// Moves a key to a new account and removes the codes and sources of the one it had.
    pub async fn renew_account(&self, key: &NewKey) -> Result<(), IdentityError> {
        let (account, holder) = self.new_account("default")?;
        let now = self.clock.now();
        self.write_sealed(key, holder, move |tx, row| {
            if let Some(old) = tx.key(&row.id)? {
                remove_resources(tx, old.account, now)?;
                tx.delete_key(old.account, &old.id)?;
            }
            tx.insert_account(&account)?;
            tx.insert_key(row)?;
            Ok(Ok(()))
        })
        .await
    }

    async fn create_account_with(
        &self,
        name: &str,
        key: NewKey,
    ) -> Result<(AccountRow, NewKey), IdentityError> {
        if name.chars().count() > 64 || name.chars().any(char::is_control) {
            return Err(IdentityError::AccountName);
        }
        let (account, holder) = self.new_account(name)?;
        let (kept, actor) = (account.clone(), self.actor.clone());
        self.write_sealed(&key, holder, move |tx, row| {
            tx.insert_account(&account)?;
            tx.insert_key(row)?;
            let AccountRow { id, name, created: at } = &account;
            let (account, at, number) = (*id, *at, id.to_string());
            for (event, resource, detail) in [
                (Event::AccountCreated, number.as_str(), name.as_str()),
                (Event::KeyCreated, row.id.as_str(), "owner"),
            ] {
                actor.record(tx, &Change { account, at, event, resource, detail })?;
            }
            Ok(Ok(()))
        })
        .await?;
        Ok((kept, key))
    }

    fn new_account(&self, name: &str) -> Result<(AccountRow, KeyHolder), IdentityError> {
        let id = AccountId::from_random(u64::from_le_bytes(SystemRandom.bytes()?));
        let account = AccountRow { id, name: name.to_owned(), created: self.clock.now() };
        let holder = KeyHolder { account: id, user: None, created: account.created };
        Ok((account, holder))
    }
}

fn remove_resources(tx: &mut Transaction<'_>, account: AccountId, now: Timestamp) -> Result<(), StoreError> {
    let page = Page { offset: 0, limit: MAX_JOBS };
    for job in tx.jobs(&account, &JobFilter::default(), page)?.rows {
        tx.delete_job(&job.id)?;
    }
    for image in tx.images(&account, None)? {
        tx.delete_image(&image.id)?;
    }
    for token in tx.tokens(&account, &TokenFilter::default(), None, now)?.rows {
        tx.delete_token(&account, &token.id)?;
    }
    loop {
        let page = Page { offset: 0, limit: 100 };
        let sources = tx.sources(&account, &SourceFilter::default(), page, now)?.rows;
        if sources.is_empty() {
            return Ok(());
        }
        for source in sources {
            tx.delete_source(&account, &source.id)?;
        }
    }
}

/// Reads and writes of identities report the store's errors as their own.
impl From<StoreError> for IdentityError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
