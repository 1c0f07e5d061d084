//! Policies of an account, the built-in ones, and which user has which.

use ram::{AccountId, NamedPolicy, Policy, PolicyName, UserName, builtin};
use smc::{Timestamp, audit::Event, ports::Clock};
use store::identities::{PolicyRemoval, PolicyRow};

use super::{Identities, IdentityError, actor::Change, keys::absent, lookup::policies_of};

/// A policy as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyText {
    /// Its name.
    pub name: PolicyName,
    /// Whose it is.
    pub kind: PolicyKind,
    /// What it is for.
    pub description: String,
    /// The document.
    pub document: String,
    /// When it was last written; never for a built-in one.
    pub updated: Option<Timestamp>,
}

/// Whose a policy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// Comes with Landfall and cannot be changed.
    System,
    /// The account's own.
    Custom,
}

/// Which names a policy may be written under.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Put {
    Any,
    New,
    Known,
}

impl Identities {
    /// Writes a policy, new or in place of the account's one of that name. What `ram` would not understand
    /// is refused here, once, so that nothing has to be guessed when it is evaluated.
    pub async fn put_policy(
        &self,
        account: AccountId,
        name: PolicyName,
        document: String,
        description: String,
    ) -> Result<(), IdentityError> {
        self.write_policy(Put::Any, account, name, document, Some(description)).await
    }

    /// Writes a policy of a name that the account does not have.
    pub async fn create_policy(
        &self,
        account: AccountId,
        name: PolicyName,
        document: String,
        description: Option<String>,
    ) -> Result<(), IdentityError> {
        self.write_policy(Put::New, account, name, document, description).await
    }

    /// Writes a policy of the account anew; without a description it keeps the one it has.
    pub async fn update_policy(
        &self,
        account: AccountId,
        name: PolicyName,
        document: String,
        description: Option<String>,
    ) -> Result<(), IdentityError> {
        self.write_policy(Put::Known, account, name, document, description).await
    }

    async fn write_policy(
        &self,
        put: Put,
        account: AccountId,
        name: PolicyName,
        document: String,
        description: Option<String>,
    ) -> Result<(), IdentityError> {
        Policy::parse(&document).map_err(|error| IdentityError::Policy { reason: error.to_string() })?;
        if builtin::find(name.as_str()).is_some() {
            return Err(IdentityError::BuiltIn(name));
        }
        let (actor, at) = (self.actor.clone(), self.clock.now());
        self.database
            .write(move |tx| {
                if let Some(refusal) = absent(tx, account, None)? {
                    return Ok(Err(refusal));
                }
                let before = tx.policy(account, &name)?;
                let event = match (put, &before) {
                    (Put::New, Some(_)) => return Ok(Err(IdentityError::PolicyExists(name.clone()))),
                    (Put::Known, None) => return Ok(Err(IdentityError::NoPolicy(name.clone()))),
                    (_, None) => Event::PolicyCreated,
                    (_, Some(_)) => Event::PolicyChanged,
                };
                let kept = || before.map(|row| row.description).unwrap_or_default();
                let description = description.clone().unwrap_or_else(kept);
                let (name, document) = (name.clone(), document.clone());
                let row = PolicyRow { account, name, document, description, created: at, updated: at };
                tx.put_policy(&row)?;
                let resource = row.name.as_str();
                actor.record(tx, &Change { account, at, event, resource, detail: "" })?;
                Ok(Ok(()))
            })
            .await?
    }

    /// The built-in policies, then the account's own by name.
    pub async fn policies(&self, account: AccountId) -> Result<Vec<PolicyText>, IdentityError> {
        let own = self.database.read(move |tx| tx.policies(account)).await?;
        let system = builtin::ALL.iter().filter_map(built_in);
        Ok(system.chain(own.into_iter().map(custom)).collect())
    }

    /// One policy, built-in or the account's own.
    pub async fn policy(&self, account: AccountId, name: PolicyName) -> Result<PolicyText, IdentityError> {
        if let Some(found) = builtin::find(name.as_str()).and_then(built_in) {
            return Ok(found);
        }
        let wanted = name.clone();
        let found = self.database.read(move |tx| tx.policy(account, &wanted)).await?;
        found.map(custom).ok_or(IdentityError::NoPolicy(name))
    }

    /// Deletes one of the account's own policies, unless a user has it.
    pub async fn delete_policy(&self, account: AccountId, name: PolicyName) -> Result<(), IdentityError> {
        if builtin::find(name.as_str()).is_some() {
            return Err(IdentityError::BuiltIn(name));
        }
        let (actor, at) = (self.actor.clone(), self.clock.now());
        self.database
            .write(move |tx| match tx.delete_policy(account, &name)? {
                PolicyRemoval::Removed => {
                    let (event, resource) = (Event::PolicyDeleted, name.as_str());
                    actor.record(tx, &Change { account, at, event, resource, detail: "" })?;
                    Ok(Ok(()))
                }
                PolicyRemoval::Unknown => Ok(Err(IdentityError::NoPolicy(name.clone()))),
                PolicyRemoval::Attached(users) => {
                    let users = users.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                    Ok(Err(IdentityError::Attached { policy: name.clone(), users }))
                }
            })
            .await?
    }

    /// Gives a user a policy, built-in or the account's own; doing so again changes nothing.
    pub async fn attach(
        &self,
        account: AccountId,
        user: UserName,
        name: PolicyName,
    ) -> Result<(), IdentityError> {
        let (actor, at) = (self.actor.clone(), self.clock.now());
        self.database
            .write(move |tx| {
                if let Some(refusal) = absent(tx, account, Some(&user))? {
                    return Ok(Err(refusal));
                }
                if builtin::find(name.as_str()).is_none() && tx.policy(account, &name)?.is_none() {
                    return Ok(Err(IdentityError::NoPolicy(name.clone())));
                }
                if tx.attached_policies(account, &user)?.contains(&name) {
                    return Ok(Ok(()));
                }
                tx.attach(account, &user, &name)?;
                let (event, resource, detail) = (Event::PolicyAttached, name.as_str(), user.as_str());
                actor.record(tx, &Change { account, at, event, resource, detail })?;
                Ok(Ok(()))
            })
            .await?
    }

    /// Takes a policy from a user; says whether the user had it.
    pub async fn detach(
        &self,
        account: AccountId,
        user: UserName,
        name: PolicyName,
    ) -> Result<bool, IdentityError> {
        let (actor, at) = (self.actor.clone(), self.clock.now());
        let work = move |tx: &mut store::Transaction<'_>| {
            let detached = tx.detach(account, &user, &name)?;
            if detached {
                let (event, resource, detail) = (Event::PolicyDetached, name.as_str(), user.as_str());
                actor.record(tx, &Change { account, at, event, resource, detail })?;
            }
            Ok(detached)
        };
        Ok(self.database.write(work).await?)
    }

    /// Which user of an account has which policy.
    pub async fn attachments(
        &self,
        account: AccountId,
    ) -> Result<Vec<(UserName, PolicyName)>, IdentityError> {
        Ok(self.database.read(move |tx| tx.attachments(account)).await?)
    }

    /// What a user has, as it is evaluated. A policy that no longer parses fails, as it does a call.
    pub async fn evaluated(
        &self,
        account: AccountId,
        user: UserName,
    ) -> Result<Vec<NamedPolicy>, IdentityError> {
        let work = move |tx: &mut store::Transaction<'_>| {
            if let Some(refusal) = absent(tx, account, Some(&user))? {
                return Ok(Err(refusal));
            }
            policies_of(tx, account, &user).map(Ok)
        };
        self.database.read(work).await?
    }

    /// The names of a user's policies.
    pub async fn attached(
        &self,
        account: AccountId,
        user: UserName,
    ) -> Result<Vec<PolicyName>, IdentityError> {
        Ok(self.database.read(move |tx| tx.attached_policies(account, &user)).await?)
    }
}

fn built_in(policy: &builtin::BuiltinPolicy) -> Option<PolicyText> {
    Some(PolicyText {
        name: policy.name.parse().ok()?,
        kind: PolicyKind::System,
        description: policy.description.to_owned(),
        document: policy.document.to_owned(),
        updated: None,
    })
}

fn custom(row: PolicyRow) -> PolicyText {
    PolicyText {
        name: row.name,
        kind: PolicyKind::Custom,
        description: row.description,
        document: row.document,
        updated: Some(row.updated),
    }
}
