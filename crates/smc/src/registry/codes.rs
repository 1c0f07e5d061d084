//! Creating, listing, disabling and deleting codes; checking one without spending it; its lineage.

use std::net::IpAddr;

use super::{Error, Refusal, Registry, address_text};
use crate::{
    AccessTokenId, Timestamp,
    access_token::{
        AccessToken, AccessTokenCode, CodeDigest, Description, TimeToLive, Unusable, UseLimit,
        code::CODE_ENTROPY,
    },
    account::{AccountId, Caller},
    audit::{Entry, Event},
    ports::{Clock, Listing, Page, Random, SourceFilter, Store, StoreError, TokenFilter, Tx},
    source::{Source, State},
};

/// A code to create.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// Its name, by the contract's name rule; empty for none.
    pub name: String,
    /// Free text.
    pub description: Description,
    /// How many servers it may import.
    pub use_limit: UseLimit,
    /// How long it may be used.
    pub time_to_live: TimeToLive,
}

/// A code just created, with its value: the only time that it is given out.
pub struct Created {
    /// Names the code.
    pub id: AccessTokenId,
    /// The value.
    pub code: AccessTokenCode,
}

/// A code together with the sources that it brought.
#[derive(Clone, Debug)]
pub struct Lineage {
    /// The code.
    pub token: AccessToken,
    /// The sources that still exist with their states, newest first, at most 1000, the greatest Count.
    pub sources: Vec<(Source, State)>,
    /// How many sources still exist.
    pub source_count: u64,
    /// The moment that states refer to.
    pub now: Timestamp,
}

/// How many sources a lineage shows at the most; as many as a code has uses.
const LINEAGE_ROWS: u32 = 1_000;

/// What the holder of a usable code may know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeCheck {
    /// How many more servers it may import.
    pub uses_left: u32,
    /// When its time is over.
    pub expires: Timestamp,
}

/// Stands in for the digest of a code that does not exist, so that an unknown id costs the same comparison.
const NO_DIGEST: CodeDigest = CodeDigest([0; 32]);

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Creates a code for the caller's account, within its quota of unexpired ones.
    pub async fn create_code(&self, caller: &Caller, new: NewCode) -> Result<Created, Error> {
        let code = AccessTokenCode::from_random(&self.random.bytes::<CODE_ENTROPY>()?);
        let token = AccessToken {
            id: AccessTokenId::from_random(&self.random.bytes()?),
            account: caller.account,
            name: new.name,
            description: new.description.into_string(),
            use_limit: new.use_limit,
            time_to_live: new.time_to_live,
            registered: 0,
            created: self.clock.now(),
            created_by: caller.arn.clone(),
            disabled: None,
            last_used: None,
            digest: self.code_key.digest(&code),
        };
        let id = token.id.clone();
        let quota = self.settings.code_quota;
        let entry = self.entry(caller, Event::TokenCreated, &id, String::new());
        self.store
            .write(move |tx| {
                if let Some(quota) = quota
                    && tx.unexpired_tokens(&token.account, token.created, quota)? >= quota
                {
                    return Ok(Err(Error::CodeQuota(quota)));
                }
                tx.insert_token(&token)?;
                tx.record(&entry)?;
                Ok(Ok(()))
            })
            .await??;
        Ok(Created { id, code })
    }

    /// Lists the account's codes, newest first.
    pub async fn list_codes(
        &self,
        account: AccountId,
        filter: TokenFilter,
        page: Option<Page>,
    ) -> Result<(Listing<AccessToken>, Timestamp), Error> {
        let now = self.clock.now();
        let listing = self.store.read(move |tx| tx.tokens(&account, &filter, page, now)).await?;
        Ok((listing, now))
    }

    /// Switches a code off; sources that it brought stay. Doing so again changes nothing.
    pub async fn disable_code(&self, caller: &Caller, id: AccessTokenId) -> Result<(), Error> {
        let (account, now) = (caller.account, self.clock.now());
        let entry = self.entry(caller, Event::TokenDisabled, &id, String::new());
        self.store
            .write(move |tx| match tx.token(&account, &id)? {
                None => Ok(Err(Error::NoToken(id.to_string()))),
                Some(token) if token.disabled.is_some() => Ok(Ok(())),
                Some(_) => {
                    tx.disable_token(&account, &id, now)?;
                    tx.record(&entry)?;
                    Ok(Ok(()))
                }
            })
            .await?
    }

    /// Removes a code in whatever state; sources that it brought stay.
    pub async fn delete_code(&self, caller: &Caller, id: AccessTokenId) -> Result<(), Error> {
        let account = caller.account;
        let entry = self.entry(caller, Event::TokenDeleted, &id, String::new());
        self.store
            .write(move |tx| {
                if !tx.delete_token(&account, &id)? {
                    return Ok(Err(Error::NoToken(id.to_string())));
                }
                tx.record(&entry)?;
                Ok(Ok(()))
            })
            .await?
    }

    /// Gives a code with the sources that it brought.
    pub async fn lineage(&self, account: AccountId, id: AccessTokenId) -> Result<Lineage, Error> {
        let now = self.clock.now();
        self.store
            .read(move |tx| {
                let Some(token) = tx.token(&account, &id)? else {
                    return Ok(Err(Error::NoToken(id.to_string())));
                };
                let filter = SourceFilter { token: Some(id), ..SourceFilter::default() };
                let found = tx.sources(&account, &filter, Page { offset: 0, limit: LINEAGE_ROWS }, now)?;
                let ids: Vec<_> = found.rows.iter().map(|source| source.id.clone()).collect();
                let jobs = tx.jobs_of_sources(&ids)?;
                let with_state = |source: Source| {
                    let state = source.state_with(jobs.iter().filter(|job| job.source == source.id), now);
                    (source, state)
                };
                let sources = found.rows.into_iter().map(with_state).collect();
                Ok(Ok(Lineage { token, sources, source_count: found.total, now }))
            })
            .await?
    }

    /// Says whether a code would import a machine now, and spends nothing. A real code that would not leaves a line in
    /// the audit trail, since somebody holds it.
    pub async fn check_code(
        &self,
        id: AccessTokenId,
        code: &AccessTokenCode,
        address: IpAddr,
    ) -> Result<CodeCheck, Refusal> {
        let (presented, now) = (self.code_key.digest(code), self.clock.now());
        let token = self.store.read(move |tx| authentic(tx, &id, &presented)).await?;
        let token = token.ok_or(Refusal::UnknownCode)?;
        if let Err(why) = token.usable(now) {
            let entry = Entry {
                account: token.account,
                at: now,
                event: Event::TokenRefused,
                resource: token.id.to_string(),
                actor: "unknown".to_owned(),
                address: address.to_string(),
                detail: format!("{} (check)", why.code()),
            };
            self.store.write(move |tx| tx.record(&entry)).await?;
            return Err(why.into());
        }
        Ok(CodeCheck { uses_left: token.uses_left(), expires: token.expires() })
    }

    /// Digests a presented code under the registry's key.
    pub(super) fn digest(&self, code: &AccessTokenCode) -> CodeDigest {
        self.code_key.digest(code)
    }

    /// A line of the audit trail about something the caller does now.
    pub(super) fn entry(
        &self,
        caller: &Caller,
        event: Event,
        resource: &impl ToString,
        detail: String,
    ) -> Entry {
        Entry {
            account: caller.account,
            at: self.clock.now(),
            event,
            resource: resource.to_string(),
            actor: caller.arn.clone(),
            address: address_text(caller.address),
            detail,
        }
    }
}

/// Finds the code that has this id and this value. An unknown id and a wrong value cost the same: one lookup
/// and one comparison.
pub(super) fn authentic(
    tx: &mut dyn Tx,
    id: &AccessTokenId,
    presented: &CodeDigest,
) -> Result<Option<AccessToken>, StoreError> {
    let token = tx.token_of_any_account(id)?;
    let expected = token.as_ref().map_or(NO_DIGEST, |token| token.digest);
    let same = expected == *presented;
    Ok(token.filter(|_| same))
}

/// The reason that a code could not be spent, read after the conditional write took nothing.
pub(super) fn reason(token: &AccessToken, now: Timestamp) -> Unusable {
    token.usable(now).err().unwrap_or(Unusable::Exhausted(token.use_limit))
}
