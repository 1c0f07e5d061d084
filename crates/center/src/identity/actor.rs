//! Who manages identities, and what each change leaves in the audit trail.

use std::net::IpAddr;

use ram::{AccessKeyId, AccountId, Principal, UserName};
use smc::{
    Timestamp,
    audit::{Entry, Event},
    ports::{StoreError, Tx},
};
use store::{Transaction, identities::KeyRow};

use super::IdentityError;

/// Who makes a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Whoever has the center's data and its master key, by `landfall admin`. No rule protects from them.
    Operator,
    /// Who made a call.
    Caller {
        /// Who signed it.
        principal: Principal,
        /// Where it came from.
        address: IpAddr,
        /// The key that signed it, or that its session was begun with. A session by link may have none.
        key: Option<AccessKeyId>,
    },
}

/// One change, before it is written into the trail.
pub(crate) struct Change<'a> {
    pub(crate) account: AccountId,
    pub(crate) at: Timestamp,
    pub(crate) event: Event,
    pub(crate) resource: &'a str,
    pub(crate) detail: &'a str,
}

impl Actor {
    /// Writes a change into the trail, in the transaction that makes it.
    pub(crate) fn record(&self, tx: &mut Transaction<'_>, change: &Change<'_>) -> Result<(), StoreError> {
        let (actor, address) = match self {
            Self::Operator => ("operator".to_owned(), String::new()),
            Self::Caller { principal, address, .. } => (principal.arn(), address.to_string()),
        };
        let entry = Entry {
            account: change.account,
            at: change.at,
            event: change.event,
            resource: change.resource.to_owned(),
            actor,
            address,
            detail: change.detail.to_owned(),
        };
        Tx::record(tx, &entry)
    }

    /// The refusal to give before a key stops signing, by being disabled or deleted.
    pub(super) fn may_silence(
        &self,
        tx: &mut Transaction<'_>,
        row: &KeyRow,
    ) -> Result<Option<IdentityError>, StoreError> {
        let Self::Caller { key, .. } = self else { return Ok(None) };
        if key.as_ref() == Some(&row.id) {
            return Ok(Some(IdentityError::SigningKey(row.id.to_string())));
        }
        if let Some(refusal) = self.may_touch(row) {
            return Ok(Some(refusal));
        }
        if row.user.is_some() {
            return Ok(None);
        }
        let others = tx.keys(row.account, None)?;
        let another = others.iter().any(|other| other.id != row.id && other.status == ram::KeyStatus::Active);
        let last = row.status == ram::KeyStatus::Active && !another;
        Ok(last.then(|| IdentityError::LastOwnerKey(row.id.clone())))
    }

    /// The refusal to give if the key is the owner's and this is not the owner: policies cannot name an owner.
    pub(super) fn may_touch(&self, row: &KeyRow) -> Option<IdentityError> {
        let user = matches!(self, Self::Caller { principal: Principal::User { .. }, .. });
        (user && row.user.is_none()).then_some(IdentityError::OwnersKey)
    }

    /// The refusal to give before a user goes.
    pub(super) fn may_remove(&self, user: &UserName) -> Option<IdentityError> {
        match self {
            Self::Caller { principal: Principal::User { name, .. }, .. } if name == user => {
                Some(IdentityError::SigningKey(user.to_string()))
            }
            _ => None,
        }
    }
}
