//! RAM users of an account.

use ram::{AccountId, KeyStatus, UserName};
use smc::{audit::Event, ports::Clock};
use store::identities::UserRow;

use super::{Identities, IdentityError, actor::Change, keys::absent};

/// A user and how much it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// The user.
    pub user: UserRow,
    /// Its AccessKeys.
    pub keys: usize,
    /// Those of them that sign.
    pub active_keys: usize,
    /// Its policies.
    pub policies: usize,
}

impl Identities {
    /// Makes a user without keys or policies.
    pub async fn create_user(
        &self,
        account: AccountId,
        name: UserName,
        display_name: String,
    ) -> Result<UserRow, IdentityError> {
        let display_name = display_name.chars().filter(|c| !c.is_control()).take(128).collect();
        let user = UserRow { account, name, display_name, created: self.clock.now() };
        let (row, actor) = (user.clone(), self.actor.clone());
        self.database
            .write(move |tx| {
                if let Some(refusal) = absent(tx, account, None)? {
                    return Ok(Err(refusal));
                }
                if tx.user(account, &row.name)?.is_some() {
                    return Ok(Err(IdentityError::UserExists(row.name.clone())));
                }
                tx.insert_user(&row)?;
                let (event, resource) = (Event::UserCreated, row.name.as_str());
                actor.record(tx, &Change { account, at: row.created, event, resource, detail: "" })?;
                Ok(Ok(()))
            })
            .await??;
        Ok(user)
    }

    /// The users of an account by name.
    pub async fn users(&self, account: AccountId) -> Result<Vec<UserRow>, IdentityError> {
        Ok(self.database.read(move |tx| tx.users(account)).await?)
    }

    /// One user.
    pub async fn user(&self, account: AccountId, name: UserName) -> Result<UserRow, IdentityError> {
        let wanted = name.clone();
        let found = self.database.read(move |tx| tx.user(account, &wanted)).await?;
        found.ok_or(IdentityError::NoUser(name))
    }

    /// The users of an account by name, and how much each has.
    pub async fn user_summaries(&self, account: AccountId) -> Result<Vec<UserSummary>, IdentityError> {
        let (users, keys, attached) = self
            .database
            .read(move |tx| Ok((tx.users(account)?, tx.account_keys(account)?, tx.attachments(account)?)))
            .await?;
        let summary = |user: UserRow| {
            let own = || keys.iter().filter(|key| key.user.as_ref() == Some(&user.name));
            UserSummary {
                keys: own().count(),
                active_keys: own().filter(|key| key.status == KeyStatus::Active).count(),
                policies: attached.iter().filter(|(name, _)| *name == user.name).count(),
                user,
            }
        };
        Ok(users.into_iter().map(summary).collect())
    }

    /// Deletes a user with its keys and attachments.
    pub async fn delete_user(&self, account: AccountId, name: UserName) -> Result<(), IdentityError> {
        if let Some(refusal) = self.actor.may_remove(&name) {
            return Err(refusal);
        }
        let (actor, at) = (self.actor.clone(), self.clock.now());
        self.database
            .write(move |tx| {
                if !tx.delete_user(account, &name)? {
                    return Ok(Err(IdentityError::NoUser(name.clone())));
                }
                let (event, resource) = (Event::UserDeleted, name.as_str());
                actor.record(tx, &Change { account, at, event, resource, detail: "" })?;
                Ok(Ok(()))
            })
            .await?
    }
}
