//! Policies of an account, the built-in ones, and which user has which.

use ram::{AccountId, Policy, PolicyName, UserName, builtin};
use smc::ports::Clock;
use store::identities::{PolicyRemoval, PolicyRow};

use super::{Identities, IdentityError, keys::absent};

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
}

/// Whose a policy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// Comes with Landfall and cannot be changed.
    System,
    /// The account's own.
    Custom,
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
        Policy::parse(&document).map_err(|error| IdentityError::Policy { reason: error.to_string() })?;
        if builtin::find(name.as_str()).is_some() {
            return Err(IdentityError::BuiltIn(name));
        }
        let now = self.clock.now();
        let row = PolicyRow { account, name, document, description, created: now, updated: now };
        self.database
            .write(move |tx| match absent(tx, account, None)? {
                Some(refusal) => Ok(Err(refusal)),
                None => tx.put_policy(&row).map(Ok),
            })
            .await?
    }

    /// The built-in policies, then the account's own by name.
    pub async fn policies(&self, account: AccountId) -> Result<Vec<PolicyText>, IdentityError> {
        let own = self.database.read(move |tx| tx.policies(account)).await?;
        let system = builtin::ALL.iter().filter_map(built_in);
        Ok(system.chain(own.into_iter().map(custom)).collect())
    }

    /// Deletes one of the account's own policies, unless a user has it.
    pub async fn delete_policy(&self, account: AccountId, name: PolicyName) -> Result<(), IdentityError> {
        if builtin::find(name.as_str()).is_some() {
            return Err(IdentityError::BuiltIn(name));
        }
        let policy = name.clone();
        match self.database.write(move |tx| tx.delete_policy(account, &name)).await? {
            PolicyRemoval::Removed => Ok(()),
            PolicyRemoval::Unknown => Err(IdentityError::NoPolicy(policy)),
            PolicyRemoval::Attached(users) => {
                let users = users.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                Err(IdentityError::Attached { policy, users })
            }
        }
    }

    /// Gives a user a policy, built-in or the account's own; doing so again changes nothing.
    pub async fn attach(
        &self,
        account: AccountId,
        user: UserName,
        name: PolicyName,
    ) -> Result<(), IdentityError> {
        self.database
            .write(move |tx| {
                if let Some(refusal) = absent(tx, account, Some(&user))? {
                    return Ok(Err(refusal));
                }
                if builtin::find(name.as_str()).is_none() && tx.policy(account, &name)?.is_none() {
                    return Ok(Err(IdentityError::NoPolicy(name.clone())));
                }
                tx.attach(account, &user, &name)?;
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
        Ok(self.database.write(move |tx| tx.detach(account, &user, &name)).await?)
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
    })
}

fn custom(row: PolicyRow) -> PolicyText {
    PolicyText {
        name: row.name,
        kind: PolicyKind::Custom,
        description: row.description,
        document: row.document,
    }
}
