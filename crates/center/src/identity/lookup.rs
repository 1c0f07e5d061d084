//! Who signed a request: the AccessKey's secret, its holder, and the holder's policies, read together.
//!
//! What was read is kept for a second, so that a busy key does not cost a database read for each request; a
//! key disabled or a policy detached therefore takes effect within a second. Absence is not kept.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use ram::{AccessKeyId, AccountId, KeyStatus, NamedPolicy, Policy, Principal, UserName, builtin};
use smc::ports::StoreError;
use store::{Database, Transaction, identities::KeyRow};

use super::{NewKey, SecretText};
use crate::{
    clock::SystemRandom,
    keyring::{RenewError, Vault},
};

/// How long what was read may be used.
const FRESH: Duration = Duration::from_secs(1);

/// How often a key is read before its seal counts as damaged: once more for each rotation that comes between.
const TRIES: u32 = 3;

/// Keys kept at the most.
const KEPT: usize = 10_000;

/// An AccessKey and its holder.
pub struct Identity {
    /// Who holds the key.
    pub principal: Principal,
    /// The key's secret.
    pub secret: SecretText,
    /// Whether the key may sign.
    pub active: bool,
    /// The holder's policies; empty for owners, whom policies do not limit.
    pub policies: Vec<NamedPolicy>,
}

/// Finds identities by AccessKey.
pub struct Lookup {
    database: Database,
    vault: Arc<Vault>,
    kept: Mutex<HashMap<AccessKeyId, (Instant, Arc<Identity>)>>,
}

impl Lookup {
    /// Looks identities up in a database.
    pub fn new(database: Database, vault: Arc<Vault>) -> Self {
        Self { database, vault, kept: Mutex::default() }
    }

    /// Finds whoever holds the key; `None` if there is no such key.
    ///
    /// A policy that no longer parses fails the lookup: passing it over could drop a denial.
    pub async fn find(&self, id: &AccessKeyId) -> Result<Option<Arc<Identity>>, StoreError> {
        if let Some(identity) = self.kept(id) {
            return Ok(Some(identity));
        }
        let Some((key, policies, secret)) = self.read(id).await? else { return Ok(None) };
        let principal = match key.user {
            Some(name) => Principal::User { account: key.account, name },
            None => Principal::Owner { account: key.account },
        };
        let active = key.status == KeyStatus::Active;
        let identity = Arc::new(Identity { principal, secret, active, policies });
        self.keep(id, &identity);
        Ok(Some(identity))
    }

    /// Finds the owner of an account, who need not have a key; `None` if there is no such account.
    pub async fn owner(&self, account: AccountId) -> Result<Option<Arc<Identity>>, StoreError> {
        if self.database.read(move |tx| tx.account(account)).await?.is_none() {
            return Ok(None);
        }
        // Drawn and thrown away: nobody can sign with it.
        let drawn =
            NewKey::generate(&SystemRandom).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let principal = Principal::Owner { account };
        Ok(Some(Arc::new(Identity { principal, secret: drawn.secret, active: true, policies: Vec::new() })))
    }

    /// Forgets what was read, so that the next request sees the database as it is.
    pub fn forget(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Reads key, policies and secret. A seal that does not open may be of a keyring that was sealed anew since, so
    /// the keyring is looked at and the key read again before that is an error.
    async fn read(
        &self,
        id: &AccessKeyId,
    ) -> Result<Option<(KeyRow, Vec<NamedPolicy>, SecretText)>, StoreError> {
        for _ in 0..TRIES {
            let wanted = id.clone();
            let Some((key, policies)) = self.database.read(move |tx| read(tx, &wanted)).await? else {
                return Ok(None);
            };
            if let Ok(secret) = SecretText::open(&key, self.vault.keyring().sealing_key()) {
                return Ok(Some((key, policies, secret)));
            }
            self.vault.renew().await.map_err(|error| match error {
                RenewError::Store(error) => error,
                RenewError::Superseded(_) => StoreError::Unavailable(error.to_string()),
            })?;
        }
        Err(StoreError::Corrupt(format!("the secret of AccessKey {id} does not open with this keyring")))
    }

    fn kept(&self, id: &AccessKeyId) -> Option<Arc<Identity>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, identity) = kept.get(id)?;
        (read.elapsed() < FRESH).then(|| identity.clone())
    }

    fn keep(&self, id: &AccessKeyId, identity: &Arc<Identity>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.retain(|_, (read, _)| read.elapsed() < FRESH);
        }
        if kept.len() < KEPT {
            kept.insert(id.clone(), (Instant::now(), identity.clone()));
        }
    }
}

fn read(
    tx: &mut Transaction<'_>,
    id: &AccessKeyId,
) -> Result<Option<(KeyRow, Vec<NamedPolicy>)>, StoreError> {
    let Some(key) = tx.key(id)? else { return Ok(None) };
    let Some(user) = &key.user else { return Ok(Some((key, Vec::new()))) };
    let policies = policies_of(tx, key.account, user)?;
    Ok(Some((key, policies)))
}

/// The policies of a user, parsed.
pub(super) fn policies_of(
    tx: &mut Transaction<'_>,
    account: AccountId,
    user: &UserName,
) -> Result<Vec<NamedPolicy>, StoreError> {
    let mut policies = Vec::new();
    for name in tx.attached_policies(account, user)? {
        let document = match builtin::find(name.as_str()) {
            Some(policy) => policy.document.to_owned(),
            None => match tx.policy(account, &name)? {
                Some(row) => row.document,
                None => {
                    return Err(StoreError::Corrupt(format!(
                        "policy {name} is attached to {user} and does not exist"
                    )));
                }
            },
        };
        let policy = Policy::parse(&document)
            .map_err(|error| StoreError::Corrupt(format!("policy {name} cannot be read: {error}")))?;
        policies.push(NamedPolicy { name, policy });
    }
    Ok(policies)
}
