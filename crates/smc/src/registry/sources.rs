//! Describing, renaming and deleting sources.

use super::{Error, Registry};
use crate::{
    SourceId, Timestamp, WorkgroupId,
    access_token::Description,
    account::{AccountId, Caller},
    audit::Event,
    ports::{Clock, Listing, NameTaken, Page, Random, SourceFilter, Store},
    source::Source,
    tag::Tag,
};

/// A source and the tags on it.
#[derive(Clone, Debug)]
pub struct SourceWithTags {
    /// The source.
    pub source: Source,
    /// Its tags by key.
    pub tags: Vec<Tag>,
    /// The workgroup it is in.
    pub workgroup: Option<WorkgroupId>,
}

/// What to change of a source; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct Rename {
    /// A new name, by the contract's name rule.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<Description>,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Lists the account's sources with their tags, newest first, and the moment that their states refer to.
    pub async fn list_sources(
        &self,
        account: AccountId,
        filter: SourceFilter,
        page: Page,
    ) -> Result<(Listing<SourceWithTags>, Timestamp), Error> {
        let now = self.clock.now();
        let work = move |tx: &mut dyn crate::ports::Tx| {
            let listing = tx.sources(&account, &filter, page, now)?;
            let ids: Vec<_> = listing.rows.iter().map(|source| source.id.clone()).collect();
            let mut tags = tx.tags(&ids)?.into_iter().peekable();
            let memberships = tx.memberships(&ids)?;
            let rows = listing.rows.into_iter().map(|source| {
                let mut own = Vec::new();
                while let Some(on) = tags.next_if(|on| on.source == source.id) {
                    own.push(on.tag);
                }
                let membership = memberships.iter().find(|membership| membership.source == source.id);
                let workgroup = membership.map(|membership| membership.workgroup.clone());
                SourceWithTags { source, tags: own, workgroup }
            });
            Ok(Listing { rows: rows.collect(), total: listing.total })
        };
        Ok((self.store.read(work).await?, now))
    }

    /// Gives one source.
    pub async fn source(&self, account: AccountId, id: SourceId) -> Result<(Source, Timestamp), Error> {
        let now = self.clock.now();
        let name = id.to_string();
        let source = self.store.read(move |tx| tx.source(&account, &id)).await?;
        Ok((source.ok_or(Error::NoSource(name))?, now))
    }

    /// Changes name and description of a source, in any state.
    pub async fn rename_source(&self, account: AccountId, id: SourceId, change: Rename) -> Result<(), Error> {
        self.store
            .write(move |tx| {
                let Some(source) = tx.source(&account, &id)? else {
                    return Ok(Err(Error::NoSource(id.to_string())));
                };
                let name = change.name.as_deref().unwrap_or(&source.name);
                let description =
                    change.description.clone().map_or(source.description, Description::into_string);
                match tx.describe_source(&id, name, &description)? {
                    Ok(()) => Ok(Ok(())),
                    Err(NameTaken) => Ok(Err(Error::NameTaken(name.to_owned()))),
                }
            })
            .await?
    }

    /// Removes a source. Its code keeps the use it spent.
    pub async fn delete_source(&self, caller: &Caller, id: SourceId) -> Result<(), Error> {
        let account = caller.account;
        let entry = self.entry(caller, Event::SourceDeleted, &id, String::new());
        self.store
            .write(move |tx| {
                if !tx.delete_source(&account, &id)? {
                    return Ok(Err(Error::NoSource(id.to_string())));
                }
                tx.record(&entry)?;
                Ok(Ok(()))
            })
            .await?
    }
}
