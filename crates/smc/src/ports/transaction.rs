//! One transaction over what tenants own. Every method that names an account sees that account's rows only.

use super::{JobTx, StoreError, WorkgroupTx};
use crate::{
    AccessTokenId, JobId, SourceId, Timestamp, WorkgroupId,
    access_token::{AccessToken, Status},
    account::AccountId,
    audit,
    source::{Fault, Inventory, KeyFingerprint, MachineId, Source, State},
    tag::{Tag, TagFilter, TagOn},
};

/// A page: rows to pass over, and how many to give at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Rows passed over.
    pub offset: u64,
    /// Rows given at the most.
    pub limit: u32,
}

/// A page of rows, and how many rows there are in all.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing<T> {
    /// The rows of the page, newest first.
    pub rows: Vec<T>,
    /// All rows that match.
    pub total: u64,
}

/// Which codes to list; what is empty does not limit, what is given must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFilter {
    /// One of these.
    pub ids: Vec<AccessTokenId>,
    /// Exactly this name.
    pub name: Option<String>,
    /// In this state at the time of the call.
    pub status: Option<Status>,
}

/// Which sources to list; what is empty does not limit, what is given must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFilter {
    /// One of these.
    pub ids: Vec<SourceId>,
    /// Exactly this name.
    pub name: Option<String>,
    /// In this state at the time of the call.
    pub state: Option<State>,
    /// Carrying all of these.
    pub tags: Vec<TagFilter>,
    /// Brought by this code.
    pub token: Option<AccessTokenId>,
    /// In this workgroup.
    pub workgroup: Option<WorkgroupId>,
    /// Having this job.
    pub job: Option<JobId>,
    /// Having any job at all, or none.
    pub related: Option<Related>,
}

/// Whether a source has jobs, whatever their status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Related {
    /// It has one at least.
    ToJobs,
    /// It has none.
    ToNone,
}

/// That an agent was heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Which source.
    pub source: SourceId,
    /// When.
    pub at: Timestamp,
    /// From where.
    pub address: String,
    /// The agent's version.
    pub agent_version: String,
    /// What it reports to be wrong; `None` clears an earlier report.
    pub fault: Option<Fault>,
}

/// Another source of the account has the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameTaken;

/// One transaction. Rows written are seen by later reads of the same transaction.
pub trait Tx: WorkgroupTx + JobTx {
    /// Adds a code.
    fn insert_token(&mut self, token: &AccessToken) -> Result<(), StoreError>;
    /// Finds a code of the account.
    fn token(&mut self, account: &AccountId, id: &AccessTokenId) -> Result<Option<AccessToken>, StoreError>;
    /// Finds a code of any account: for its holder, who does not know the account.
    fn token_of_any_account(&mut self, id: &AccessTokenId) -> Result<Option<AccessToken>, StoreError>;
    /// Lists codes, newest first; without a page, all of them.
    fn tokens(
        &mut self,
        account: &AccountId,
        filter: &TokenFilter,
        page: Option<Page>,
        now: Timestamp,
    ) -> Result<Listing<AccessToken>, StoreError>;
    /// Counts the account's codes that are not past their time, up to `enough`; on a database with several
    /// writers it holds other creators of this account back until the transaction ends.
    fn unexpired_tokens(
        &mut self,
        account: &AccountId,
        now: Timestamp,
        enough: u32,
    ) -> Result<u32, StoreError>;
    /// Takes one use of a code, if it is enabled, in time and not used up: the one write that spends a use.
    fn spend_use(&mut self, id: &AccessTokenId, now: Timestamp) -> Result<bool, StoreError>;
    /// Marks a code as disabled; says whether the account has it. The first moment stays.
    fn disable_token(
        &mut self,
        account: &AccountId,
        id: &AccessTokenId,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Removes a code; says whether the account had it.
    fn delete_token(&mut self, account: &AccountId, id: &AccessTokenId) -> Result<bool, StoreError>;

    /// Adds a source; its id, name (in its account), machine (in its account) and key are unique.
    fn insert_source(&mut self, source: &Source) -> Result<(), StoreError>;
    /// Finds a source of the account.
    fn source(&mut self, account: &AccountId, id: &SourceId) -> Result<Option<Source>, StoreError>;
    /// Finds the source whose agent has this key.
    fn source_by_key(&mut self, key: &KeyFingerprint) -> Result<Option<Source>, StoreError>;
    /// Finds which source's agent has this key, without its inventory: the cheap form for heartbeats.
    fn source_id_by_key(&mut self, key: &KeyFingerprint) -> Result<Option<SourceId>, StoreError>;
    /// Finds the source whose agent has this key, else the account's source that is this machine: one question for
    /// what every import asks.
    fn source_by_key_or_machine(
        &mut self,
        key: &KeyFingerprint,
        account: &AccountId,
        machine: &MachineId,
    ) -> Result<Option<Source>, StoreError>;
    /// Says whether a source of the account has this name.
    fn source_name_taken(&mut self, account: &AccountId, name: &str) -> Result<bool, StoreError>;
    /// Lists sources, newest first.
    fn sources(
        &mut self,
        account: &AccountId,
        filter: &SourceFilter,
        page: Page,
        now: Timestamp,
    ) -> Result<Listing<Source>, StoreError>;
    /// Changes name and description of a source.
    fn describe_source(
        &mut self,
        id: &SourceId,
        name: &str,
        description: &str,
    ) -> Result<Result<(), NameTaken>, StoreError>;
    /// Replaces what an agent reports of a source: key, version, address, inventory, and that it was heard of.
    fn refresh_source(&mut self, source: &Source) -> Result<(), StoreError>;
    /// Replaces the inventory of a source.
    fn replace_inventory(&mut self, id: &SourceId, inventory: &Inventory) -> Result<(), StoreError>;
    /// Notes heartbeats; a source that is gone is passed over, an earlier moment never replaces a later one.
    fn note_heartbeats(&mut self, heartbeats: &[Heartbeat]) -> Result<(), StoreError>;
    /// Removes a source with its tags; says whether the account had it.
    fn delete_source(&mut self, account: &AccountId, id: &SourceId) -> Result<bool, StoreError>;

    /// The tags of these sources, by source in the order given, then by key.
    fn tags(&mut self, sources: &[SourceId]) -> Result<Vec<TagOn>, StoreError>;
    /// Puts tags on a source; a key that it has gets the new value.
    fn put_tags(&mut self, source: &SourceId, tags: &[Tag]) -> Result<(), StoreError>;
    /// Takes tags off a source: these keys, or all when there are none given.
    fn remove_tags(&mut self, source: &SourceId, keys: &[String]) -> Result<(), StoreError>;
    /// Which of the account's sources carry all of these tags, in the order of their ids, after `after`.
    fn tagged_sources(
        &mut self,
        account: &AccountId,
        among: &[SourceId],
        tags: &[TagFilter],
        after: Option<&SourceId>,
        limit: u32,
    ) -> Result<Vec<SourceId>, StoreError>;

    /// Adds a line to the audit trail.
    fn record(&mut self, entry: &audit::Entry) -> Result<(), StoreError>;
    /// Reads the trail, newest first.
    fn recorded(
        &mut self,
        account: &AccountId,
        filter: &audit::Filter,
        limit: u32,
    ) -> Result<Vec<audit::Recorded>, StoreError>;
    /// The latest moment the trail speaks of, in any account.
    fn last_recorded(&mut self) -> Result<Option<Timestamp>, StoreError>;
}
