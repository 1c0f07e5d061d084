//! Putting tags on sources, taking them off, and finding sources by them.
//!
//! A call names up to 50 resources; it changes all of them or none.

use std::collections::BTreeMap;

use super::{Error, Registry};
use crate::{
    SourceId,
    account::AccountId,
    ports::{Clock, Random, Store, StoreError, Tx},
    tag::{MAX_TAGS, Tag, TagFilter, TagOn},
};

/// Resources on one page of [`Registry::list_tags`].
const PAGE_RESOURCES: u32 = 50;

/// A page of tags.
#[derive(Clone, Debug)]
pub struct TagPage {
    /// Tags by resource, then key.
    pub tags: Vec<TagOn>,
    /// The last resource of a page that is not the last.
    pub next: Option<SourceId>,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Puts tags on sources; a key that a source has gets the new value. At most 20 a source.
    pub async fn tag(&self, account: AccountId, sources: Vec<SourceId>, tags: Vec<Tag>) -> Result<(), Error> {
        self.store
            .write(move |tx| {
                if let Some(missing) = first_missing(tx, account, &sources)? {
                    return Ok(Err(Error::NoResource(missing.to_string())));
                }
                if let Some(error) = too_many(&tx.tags(&sources)?, &sources, &tags) {
                    return Ok(Err(error));
                }
                for source in &sources {
                    tx.put_tags(source, &tags)?;
                }
                Ok(Ok(()))
            })
            .await?
    }

    /// Takes tags off sources: these keys, or all of them when no key is given and `all` is said.
    pub async fn untag(
        &self,
        account: AccountId,
        sources: Vec<SourceId>,
        keys: Vec<String>,
        all: bool,
    ) -> Result<(), Error> {
        self.store
            .write(move |tx| {
                if let Some(missing) = first_missing(tx, account, &sources)? {
                    return Ok(Err(Error::NoResource(missing.to_string())));
                }
                if !keys.is_empty() || all {
                    for source in &sources {
                        tx.remove_tags(source, &keys)?;
                    }
                }
                Ok(Ok(()))
            })
            .await?
    }

    /// The tags of one source of the account; none if there is no such source.
    pub async fn source_tags(&self, account: AccountId, source: SourceId) -> Result<Vec<Tag>, Error> {
        let work = move |tx: &mut dyn Tx| {
            if tx.source(&account, &source)?.is_none() {
                return Ok(Vec::new());
            }
            Ok(tx.tags(&[source])?.into_iter().map(|on| on.tag).collect())
        };
        Ok(self.store.read(work).await?)
    }

    /// Lists the tags of those sources that carry all of `filter`; of all sources when none are named.
    pub async fn list_tags(
        &self,
        account: AccountId,
        sources: Vec<SourceId>,
        filter: Vec<TagFilter>,
        after: Option<SourceId>,
    ) -> Result<TagPage, Error> {
        self.store
            .read(move |tx| {
                if let Some(missing) = first_missing(tx, account, &sources)? {
                    return Ok(Err(Error::NoResource(missing.to_string())));
                }
                let mut page =
                    tx.tagged_sources(&account, &sources, &filter, after.as_ref(), PAGE_RESOURCES + 1)?;
                let more = page.len() > PAGE_RESOURCES as usize;
                page.truncate(PAGE_RESOURCES as usize);
                let next = page.last().filter(|_| more).cloned();
                Ok(Ok(TagPage { tags: tx.tags(&page)?, next }))
            })
            .await?
    }
}

fn first_missing<'a>(
    tx: &mut dyn Tx,
    account: AccountId,
    sources: &'a [SourceId],
) -> Result<Option<&'a SourceId>, StoreError> {
    for source in sources {
        if tx.source(&account, source)?.is_none() {
            return Ok(Some(source));
        }
    }
    Ok(None)
}

/// The first source that would carry more than 20 tags, were these put on it.
fn too_many(present: &[TagOn], sources: &[SourceId], added: &[Tag]) -> Option<Error> {
    let mut keys: BTreeMap<&SourceId, Vec<&str>> = BTreeMap::new();
    for on in present {
        keys.entry(&on.source).or_default().push(&on.tag.key);
    }
    sources.iter().find_map(|source| {
        let own = keys.remove(source).unwrap_or_default();
        let new = added.iter().filter(|tag| !own.contains(&tag.key.as_str())).count();
        let tags = own.len() + new;
        (tags > MAX_TAGS).then(|| Error::TooManyTags { source_id: source.clone(), tags })
    })
}
