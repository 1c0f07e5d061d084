//! Putting tags on sources and jobs, taking them off, and finding either by them.
//!
//! A call names up to 50 resources of one kind; it changes all of them or none.

use std::collections::BTreeMap;

use super::{Error, Registry};
use crate::{
    JobId, SourceId,
    account::AccountId,
    ports::{Clock, Random, Store, StoreError, Tx},
    tag::{MAX_TAGS, Tag, TagFilter},
};

/// Resources on one page of [`Registry::list_tags`].
const PAGE_RESOURCES: u32 = 50;

/// Resources of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resources {
    /// Sources.
    Sources(Vec<SourceId>),
    /// Jobs.
    Jobs(Vec<JobId>),
}

/// A tag and the id of what it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// The resource.
    pub resource: String,
    /// The pair.
    pub tag: Tag,
}

/// A page of tags.
#[derive(Clone, Debug)]
pub struct TagPage {
    /// Tags by resource, then key.
    pub tags: Vec<Tagged>,
    /// The last resource of a page that is not the last.
    pub next: Option<String>,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Puts tags on resources; a key that one has gets the new value. At most 20 a resource.
    pub async fn tag(&self, account: AccountId, resources: Resources, tags: Vec<Tag>) -> Result<(), Error> {
        self.store
            .write(move |tx| {
                if let Some(missing) = resources.first_missing(tx, account)? {
                    return Ok(Err(Error::NoResource(missing)));
                }
                if let Some(error) = too_many(&resources.tags(tx)?, &resources.names(), &tags) {
                    return Ok(Err(error));
                }
                match &resources {
                    Resources::Sources(ids) => ids.iter().try_for_each(|id| tx.put_tags(id, &tags))?,
                    Resources::Jobs(ids) => ids.iter().try_for_each(|id| tx.put_job_tags(id, &tags))?,
                }
                Ok(Ok(()))
            })
            .await?
    }

    /// Takes tags off resources: these keys, or all of them when no key is given and `all` is said.
    pub async fn untag(
        &self,
        account: AccountId,
        resources: Resources,
        keys: Vec<String>,
        all: bool,
    ) -> Result<(), Error> {
        self.store
            .write(move |tx| {
                if let Some(missing) = resources.first_missing(tx, account)? {
                    return Ok(Err(Error::NoResource(missing)));
                }
                if keys.is_empty() && !all {
                    return Ok(Ok(()));
                }
                match &resources {
                    Resources::Sources(ids) => ids.iter().try_for_each(|id| tx.remove_tags(id, &keys))?,
                    Resources::Jobs(ids) => ids.iter().try_for_each(|id| tx.remove_job_tags(id, &keys))?,
                }
                Ok(Ok(()))
            })
            .await?
    }

    /// The tags of one source of the account; none if there is no such source.
    pub async fn source_tags(&self, account: AccountId, source: SourceId) -> Result<Vec<Tag>, Error> {
        self.tags_of(account, Resources::Sources(vec![source])).await
    }

    /// The tags of one job of the account; none if there is no such job.
    pub async fn job_tags(&self, account: AccountId, job: JobId) -> Result<Vec<Tag>, Error> {
        self.tags_of(account, Resources::Jobs(vec![job])).await
    }

    async fn tags_of(&self, account: AccountId, resources: Resources) -> Result<Vec<Tag>, Error> {
        let work = move |tx: &mut dyn Tx| {
            if resources.first_missing(tx, account)?.is_some() {
                return Ok(Vec::new());
            }
            Ok(resources.tags(tx)?.into_iter().map(|on| on.tag).collect())
        };
        Ok(self.store.read(work).await?)
    }

    /// Lists the tags of those resources that carry all of `filter`; of all of their kind when none are named.
    pub async fn list_tags(
        &self,
        account: AccountId,
        among: Resources,
        filter: Vec<TagFilter>,
        after: Option<String>,
    ) -> Result<TagPage, Error> {
        self.store
            .read(move |tx| {
                if let Some(missing) = among.first_missing(tx, account)? {
                    return Ok(Err(Error::NoResource(missing)));
                }
                let mut page = among.carrying(tx, account, &filter, after.as_deref())?;
                let more = page.count() > PAGE_RESOURCES as usize;
                page.truncate(PAGE_RESOURCES as usize);
                let next = page.names().pop().filter(|_| more);
                Ok(Ok(TagPage { tags: page.tags(tx)?, next }))
            })
            .await?
    }
}

impl Resources {
    fn count(&self) -> usize {
        match self {
            Self::Sources(ids) => ids.len(),
            Self::Jobs(ids) => ids.len(),
        }
    }

    fn truncate(&mut self, count: usize) {
        match self {
            Self::Sources(ids) => ids.truncate(count),
            Self::Jobs(ids) => ids.truncate(count),
        }
    }

    fn names(&self) -> Vec<String> {
        match self {
            Self::Sources(ids) => ids.iter().map(ToString::to_string).collect(),
            Self::Jobs(ids) => ids.iter().map(ToString::to_string).collect(),
        }
    }

    fn first_missing(&self, tx: &mut dyn Tx, account: AccountId) -> Result<Option<String>, StoreError> {
        match self {
            Self::Sources(ids) => {
                for id in ids {
                    if tx.source(&account, id)?.is_none() {
                        return Ok(Some(id.to_string()));
                    }
                }
            }
            Self::Jobs(ids) => {
                for id in ids {
                    if tx.job(&account, id)?.is_none() {
                        return Ok(Some(id.to_string()));
                    }
                }
            }
        }
        Ok(None)
    }

    fn tags(&self, tx: &mut dyn Tx) -> Result<Vec<Tagged>, StoreError> {
        Ok(match self {
            Self::Sources(ids) => tx.tags(ids)?.into_iter().map(|on| tagged(&on.source, on.tag)).collect(),
            Self::Jobs(ids) => tx.job_tags(ids)?.into_iter().map(|(job, tag)| tagged(&job, tag)).collect(),
        })
    }

    /// Those that carry all of the tags, one more than fits a page. A position that is no id of the kind is before all.
    fn carrying(
        &self,
        tx: &mut dyn Tx,
        account: AccountId,
        filter: &[TagFilter],
        after: Option<&str>,
    ) -> Result<Self, StoreError> {
        let limit = PAGE_RESOURCES + 1;
        Ok(match self {
            Self::Sources(ids) => {
                let after = after.and_then(|after| SourceId::parse(after).ok());
                Self::Sources(tx.tagged_sources(&account, ids, filter, after.as_ref(), limit)?)
            }
            Self::Jobs(ids) => {
                let after = after.and_then(|after| JobId::parse(after).ok());
                Self::Jobs(tx.tagged_jobs(&account, ids, filter, after.as_ref(), limit)?)
            }
        })
    }
}

fn tagged(resource: &impl ToString, tag: Tag) -> Tagged {
    Tagged { resource: resource.to_string(), tag }
}

/// The first resource that would carry more than 20 tags, were these put on it.
fn too_many(present: &[Tagged], resources: &[String], added: &[Tag]) -> Option<Error> {
    let mut keys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for on in present {
        keys.entry(&on.resource).or_default().push(&on.tag.key);
    }
    resources.iter().find_map(|resource| {
        let own = keys.remove(resource.as_str()).unwrap_or_default();
        let new = added.iter().filter(|tag| !own.contains(&tag.key.as_str())).count();
        let tags = own.len() + new;
        (tags > MAX_TAGS).then(|| Error::TooManyTags { resource: resource.clone(), tags })
    })
}
