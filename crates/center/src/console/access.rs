//! Who may come in, and who a session is: what the console and the gateway both ask.

use std::sync::Arc;

use pop::{AccessKey, Secret, SecurityToken};
use ram::{AccessKeyId, AccountId};
use smc::{
    Timestamp,
    ports::{Clock, RandomError, StoreError},
};

use super::{
    hidden::Hidden,
    links::{Link, Links},
    sessions::{Holder, Session, Sessions},
};
use crate::{
    clock::SystemClock,
    identity::{Identity, Lookup},
};

/// The sessions and links of a center, and where their holders are looked up.
pub(crate) struct Access {
    lookup: Arc<Lookup>,
    clock: Arc<SystemClock>,
    sessions: Sessions,
    links: Links,
}

/// Somebody who is signed in.
pub(super) struct SignedIn {
    /// Their session.
    pub(super) session: Arc<Session>,
    /// Who they are, and their policies.
    pub(super) identity: Arc<Identity>,
}

impl Access {
    /// Nobody is signed in yet.
    pub(crate) fn new(lookup: Arc<Lookup>, clock: Arc<SystemClock>) -> Self {
        Self { lookup, clock, sessions: Sessions::default(), links: Links::default() }
    }

    /// Now, by the clock of sessions.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Finds the key that a session signs with; `None` if it is no such key.
    pub(crate) async fn key(&self, id: &str) -> Result<Option<AccessKey<Arc<Identity>>>, StoreError> {
        let Some(session) = self.sessions.of_key(id, self.now()) else { return Ok(None) };
        let Some(identity) = self.identity(&session.holder).await? else { return Ok(None) };
        Ok(Some(AccessKey {
            secret: Secret::new(session.key_secret.reveal()),
            active: true,
            security_token: Some(SecurityToken {
                value: Secret::new(session.security_token.reveal()),
                expires_at: session.token_ends,
            }),
            principal: identity,
        }))
    }

    /// The AccessKey behind the key that a call was signed with: itself, or the one its session was begun with.
    pub(crate) fn permanent_key(&self, signed_with: &str) -> Option<AccessKeyId> {
        match self.holder(signed_with)?.0 {
            Holder::Key(id) => Some(id),
            Holder::Owner(_) => None,
        }
    }

    /// Makes a link that signs in whoever signed a call with this key. Made by a session, it begins one that ends no
    /// later: nobody stays longer by way of links.
    pub(crate) fn link(&self, signed_with: &str) -> Result<Option<String>, RandomError> {
        let Some((holder, until)) = self.holder(signed_with) else { return Ok(None) };
        let token = self.links.make(holder, until, self.now())?;
        Ok(Some(token.reveal().to_owned()))
    }

    /// Makes a link for the owner of an account.
    pub(crate) fn owners_link(&self, account: AccountId) -> Result<String, RandomError> {
        Ok(self.links.make(Holder::Owner(account), None, self.now())?.reveal().to_owned())
    }

    /// Spends a link.
    pub(super) fn spend(&self, token: &str) -> Option<Link> {
        self.links.spend(token, self.now())
    }

    /// Finds whoever holds an AccessKey.
    pub(super) async fn key_holder(&self, id: &AccessKeyId) -> Result<Option<Arc<Identity>>, StoreError> {
        self.lookup.find(id).await
    }

    /// Finds out who a holder is now; `None` if the key is disabled or gone, with its user perhaps.
    pub(super) async fn identity(&self, holder: &Holder) -> Result<Option<Arc<Identity>>, StoreError> {
        match holder {
            Holder::Key(id) => Ok(self.lookup.find(id).await?.filter(|identity| identity.active)),
            Holder::Owner(account) => self.lookup.owner(*account).await,
        }
    }

    /// Begins a session; gives it with what its cookie holds.
    pub(super) fn begin(
        &self,
        holder: Holder,
        until: Option<Timestamp>,
    ) -> Result<(Arc<Session>, Hidden), RandomError> {
        self.sessions.begin(holder, until, self.now())
    }

    /// Finds who is signed in by a cookie, and ends the session of whoever is nobody any more.
    pub(super) async fn signed_in(
        &self,
        cookie: &str,
        background: bool,
    ) -> Result<Option<SignedIn>, StoreError> {
        let Some(session) = self.sessions.find(cookie, background, self.now()) else { return Ok(None) };
        let Some(identity) = self.identity(&session.holder).await? else {
            self.sessions.end(&session.key_id);
            return Ok(None);
        };
        Ok(Some(SignedIn { session, identity }))
    }

    /// Ends a session.
    pub(super) fn end(&self, session: &Session) {
        self.sessions.end(&session.key_id);
    }

    fn holder(&self, signed_with: &str) -> Option<(Holder, Option<Timestamp>)> {
        match self.sessions.of_key(signed_with, self.now()) {
            Some(session) => Some((session.holder.clone(), Some(session.ends))),
            None => signed_with.parse().ok().map(|id| (Holder::Key(id), None)),
        }
    }
}
