//! The port of the domain: a flat list that says which function of which table does what.

use smc::{
    AccessTokenId, SourceId, Timestamp,
    access_token::AccessToken,
    account::AccountId,
    audit,
    ports::{Heartbeat, Listing, NameTaken, Page, SourceFilter, StoreError, TokenFilter, Tx},
    source::{Inventory, KeyFingerprint, MachineId, Source},
    tag::{Tag, TagFilter, TagOn},
};

use super::{access_tokens, audit as trail, heartbeats, sources, tags};
use crate::Transaction;

impl Tx for Transaction<'_> {
    fn insert_token(&mut self, token: &AccessToken) -> Result<(), StoreError> {
        access_tokens::insert(self, token);
        Ok(())
    }

    fn token(&mut self, account: &AccountId, id: &AccessTokenId) -> Result<Option<AccessToken>, StoreError> {
        access_tokens::find(self, Some(*account), id)
    }

    fn token_of_any_account(&mut self, id: &AccessTokenId) -> Result<Option<AccessToken>, StoreError> {
        access_tokens::find(self, None, id)
    }

    fn tokens(
        &mut self,
        account: &AccountId,
        filter: &TokenFilter,
        page: Option<Page>,
        now: Timestamp,
    ) -> Result<Listing<AccessToken>, StoreError> {
        access_tokens::list(self, *account, filter, page, now)
    }

    fn unexpired_tokens(
        &mut self,
        account: &AccountId,
        now: Timestamp,
        enough: u32,
    ) -> Result<u32, StoreError> {
        access_tokens::count_unexpired(self, *account, now, enough)
    }

    fn spend_use(&mut self, id: &AccessTokenId, now: Timestamp) -> Result<bool, StoreError> {
        access_tokens::spend_use(self, id, now)
    }

    fn disable_token(
        &mut self,
        account: &AccountId,
        id: &AccessTokenId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        access_tokens::disable(self, *account, id, now)
    }

    fn delete_token(&mut self, account: &AccountId, id: &AccessTokenId) -> Result<bool, StoreError> {
        access_tokens::delete(self, *account, id)
    }

    fn insert_source(&mut self, source: &Source) -> Result<(), StoreError> {
        sources::insert(self, source)
    }

    fn source(&mut self, account: &AccountId, id: &SourceId) -> Result<Option<Source>, StoreError> {
        sources::find(self, *account, id)
    }

    fn source_by_key(&mut self, key: &KeyFingerprint) -> Result<Option<Source>, StoreError> {
        sources::find_by_key(self, key)
    }

    fn source_id_by_key(&mut self, key: &KeyFingerprint) -> Result<Option<SourceId>, StoreError> {
        sources::id_by_key(self, key)
    }

    fn source_by_key_or_machine(
        &mut self,
        key: &KeyFingerprint,
        account: &AccountId,
        machine: &MachineId,
    ) -> Result<Option<Source>, StoreError> {
        sources::find_by_key_or_machine(self, key, *account, machine)
    }

    fn source_name_taken(&mut self, account: &AccountId, name: &str) -> Result<bool, StoreError> {
        sources::name_taken(self, *account, name)
    }

    fn sources(
        &mut self,
        account: &AccountId,
        filter: &SourceFilter,
        page: Page,
        now: Timestamp,
    ) -> Result<Listing<Source>, StoreError> {
        sources::list(self, *account, filter, page, now)
    }

    fn describe_source(
        &mut self,
        id: &SourceId,
        name: &str,
        description: &str,
    ) -> Result<Result<(), NameTaken>, StoreError> {
        sources::describe(self, id, name, description)
    }

    fn refresh_source(&mut self, source: &Source) -> Result<(), StoreError> {
        sources::refresh(self, source)
    }

    fn replace_inventory(&mut self, id: &SourceId, inventory: &Inventory) -> Result<(), StoreError> {
        sources::replace_inventory(self, id, inventory)
    }

    fn note_heartbeats(&mut self, heartbeats: &[Heartbeat]) -> Result<(), StoreError> {
        heartbeats::note(self, heartbeats)
    }

    fn delete_source(&mut self, account: &AccountId, id: &SourceId) -> Result<bool, StoreError> {
        sources::delete(self, *account, id)
    }

    fn tags(&mut self, sources: &[SourceId]) -> Result<Vec<TagOn>, StoreError> {
        let found = tags::of(self, sources)?;
        Ok(found.into_iter().map(|(source, tag)| TagOn { source, tag }).collect())
    }

    fn put_tags(&mut self, source: &SourceId, new: &[Tag]) -> Result<(), StoreError> {
        tags::put(self, source, new)
    }

    fn remove_tags(&mut self, source: &SourceId, keys: &[String]) -> Result<(), StoreError> {
        tags::remove(self, source, keys)
    }

    fn tagged_sources(
        &mut self,
        account: &AccountId,
        among: &[SourceId],
        wanted: &[TagFilter],
        after: Option<&SourceId>,
        limit: u32,
    ) -> Result<Vec<SourceId>, StoreError> {
        tags::tagged(self, *account, among, wanted, after, limit)
    }

    fn record(&mut self, entry: &audit::Entry) -> Result<(), StoreError> {
        trail::record(self, entry);
        Ok(())
    }

    fn recorded(
        &mut self,
        account: &AccountId,
        filter: &audit::Filter,
        limit: u32,
    ) -> Result<Vec<audit::Recorded>, StoreError> {
        trail::list(self, *account, filter, limit)
    }

    fn last_recorded(&mut self) -> Result<Option<Timestamp>, StoreError> {
        trail::latest(self)
    }
}
