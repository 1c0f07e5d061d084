//! Tags on sources.

use std::collections::HashMap;

use ram::AccountId;
use smc::{
    SourceId,
    ports::StoreError,
    tag::{Tag, TagFilter, TagOn},
};

use crate::{driver::Value, predicate::Predicate, row::Fields, transaction::Transaction};

const COLUMNS: &[&str] = &["source", "key", "value"];

/// Sources asked for in one statement.
const ASKED_AT_ONCE: usize = 128;

pub(super) fn of(transaction: &mut Transaction<'_>, sources: &[SourceId]) -> Result<Vec<TagOn>, StoreError> {
    let mut found = Vec::new();
    for some in sources.chunks(ASKED_AT_ONCE) {
        let mut predicate = Predicate::default();
        predicate.among("source", some.iter().map(SourceId::as_str));
        let sql = format!("SELECT source, key, value FROM tags WHERE {} ORDER BY key", predicate.sql());
        for values in transaction.query(&sql, predicate.values())? {
            found.push(read(values)?);
        }
    }
    let mut places = HashMap::with_capacity(sources.len());
    for (place, source) in sources.iter().enumerate() {
        places.entry(source).or_insert(place);
    }
    // Stable, so that the order of the keys remains within a source.
    found.sort_by_key(|on| places.get(&on.source).copied());
    Ok(found)
}

pub(super) fn put(
    transaction: &mut Transaction<'_>,
    source: &SourceId,
    tags: &[Tag],
) -> Result<(), StoreError> {
    let sql = "INSERT INTO tags (source, key, value) VALUES ($1, $2, $3)
        ON CONFLICT (source, key) DO UPDATE SET value = excluded.value";
    for tag in tags {
        transaction
            .execute(sql, &[source.as_str().into(), tag.key.as_str().into(), tag.value.as_str().into()])?;
    }
    Ok(())
}

pub(super) fn remove(
    transaction: &mut Transaction<'_>,
    source: &SourceId,
    keys: &[String],
) -> Result<(), StoreError> {
    let mut predicate = Predicate::default();
    predicate.with("source = ?", source.as_str());
    // A key that no tag can have needs no removing.
    predicate.among("key", keys.iter().map(String::as_str).filter(|key| !key.contains('\0')));
    if !keys.is_empty() && predicate.values().len() == 1 {
        return Ok(());
    }
    transaction.execute(&format!("DELETE FROM tags WHERE {}", predicate.sql()), predicate.values())?;
    Ok(())
}

pub(super) fn tagged(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    among: &[SourceId],
    tags: &[TagFilter],
    after: Option<&SourceId>,
    limit: u32,
) -> Result<Vec<SourceId>, StoreError> {
    let mut predicate = Predicate::of_account(account.to_string());
    predicate.among("id", among.iter().map(SourceId::as_str));
    if let Some(after) = after {
        predicate.with("id > ?", after.as_str());
    }
    carrying(&mut predicate, tags);
    if predicate.impossible() {
        return Ok(Vec::new());
    }
    let limit = predicate.bind(limit);
    let sql = format!("SELECT id FROM sources WHERE {} ORDER BY id LIMIT {limit}", predicate.sql());
    let rows = transaction.query(&sql, predicate.values())?;
    rows.into_iter().map(|values| Fields::new("sources", &["id"], values).parsed(SourceId::parse)).collect()
}

/// Adds that a row of `sources` carries all of the tags.
pub(super) fn carrying(predicate: &mut Predicate, tags: &[TagFilter]) {
    for tag in tags {
        let key = predicate.bind(tag.key.as_str());
        let value = match &tag.value {
            Some(value) => format!(" AND tags.value = {}", predicate.bind(value.as_str())),
            None => String::new(),
        };
        predicate.plain(&format!(
            "EXISTS (SELECT 1 FROM tags WHERE tags.source = sources.id AND tags.key = {key}{value})"
        ));
    }
}

fn read(values: Vec<Value>) -> Result<TagOn, StoreError> {
    let mut row = Fields::new("tags", COLUMNS, values);
    Ok(TagOn { source: row.parsed(SourceId::parse)?, tag: Tag { key: row.text()?, value: row.text()? } })
}
