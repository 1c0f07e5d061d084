//! Describing, renaming and deleting sources.

use super::{Error, Registry};
use crate::{
    JobId, SourceId, Timestamp, WorkgroupId,
    access_token::Description,
    account::{AccountId, Caller},
    audit::Event,
    ports::{Clock, Listing, NameTaken, Page, Random, SourceFilter, Store},
    source::{Source, State},
    tag::Tag,
};

/// A source and what belongs to it.
#[derive(Clone, Debug)]
pub struct SourceView {
    /// The source.
    pub source: Source,
    /// Its state at the moment of the call, which also depends on its jobs.
    pub state: State,
    /// Its latest job.
    pub job: Option<JobId>,
    /// Its tags by key.
    pub tags: Vec<Tag>,
    /// The workgroup it is in.
    pub workgroup: Option<WorkgroupId>,
}

/// What to do with a source that has jobs when it is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Nothing: it stays.
    OnlyWithoutJobs,
    /// Its jobs are deleted with it, unless one is running.
    WithJobs,
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
    /// Lists the account's sources, newest first, and the moment that their states refer to.
    pub async fn list_sources(
        &self,
        account: AccountId,
        filter: SourceFilter,
        page: Page,
    ) -> Result<(Listing<SourceView>, Timestamp), Error> {
        let now = self.clock.now();
        let work = move |tx: &mut dyn crate::ports::Tx| {
            let listing = tx.sources(&account, &filter, page, now)?;
            let ids: Vec<_> = listing.rows.iter().map(|source| source.id.clone()).collect();
            let mut tags = tx.tags(&ids)?.into_iter().peekable();
            let memberships = tx.memberships(&ids)?;
            let jobs = tx.jobs_of_sources(&ids)?;
            let rows = listing.rows.into_iter().map(|source| {
                let mut own = Vec::new();
                while let Some(on) = tags.next_if(|on| on.source == source.id) {
                    own.push(on.tag);
                }
                let membership = memberships.iter().find(|membership| membership.source == source.id);
                let workgroup = membership.map(|membership| membership.workgroup.clone());
                let mut jobs = jobs.iter().filter(|job| job.source == source.id).peekable();
                let latest = jobs.peek().map(|job| job.id.clone());
                let state = source.state_with(jobs, now);
                SourceView { source, state, job: latest, tags: own, workgroup }
            });
            Ok(Listing { rows: rows.collect(), total: listing.total })
        };
        Ok((self.store.read(work).await?, now))
    }

    /// Gives one source and its state now.
    pub async fn source(&self, account: AccountId, id: SourceId) -> Result<(Source, State), Error> {
        let now = self.clock.now();
        let name = id.to_string();
        let work = move |tx: &mut dyn crate::ports::Tx| {
            let Some(source) = tx.source(&account, &id)? else { return Ok(None) };
            let state = source.state_with(&tx.jobs_of_sources(&[id])?, now);
            Ok(Some((source, state)))
        };
        self.store.read(work).await?.ok_or(Error::NoSource(name))
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

    /// Removes a source. Its code keeps the use it spent. Jobs that go with it are there, being deleted, until what
    /// they occupy is freed.
    pub async fn delete_source(&self, caller: &Caller, id: SourceId, removal: Removal) -> Result<(), Error> {
        let (account, caller, now) = (caller.account, caller.clone(), self.clock.now());
        let entry = self.entry(&caller, Event::SourceDeleted, &id, String::new());
        self.store
            .write(move |tx| {
                if tx.source(&account, &id)?.is_none() {
                    return Ok(Err(Error::NoSource(id.to_string())));
                }
                if let Some(refused) = super::jobs::delete_with_source(tx, &caller, &id, removal, now)? {
                    return Ok(Err(refused));
                }
                if !tx.delete_source(&account, &id)? {
                    return Ok(Err(Error::NoSource(id.to_string())));
                }
                tx.record(&entry)?;
                Ok(Ok(()))
            })
            .await?
    }
}
