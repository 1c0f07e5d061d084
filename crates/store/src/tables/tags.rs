//! Tags, on whatever carries them.

use ram::AccountId;
use smc::{
    JobId, SourceId,
    ports::StoreError,
    tag::{Tag, TagFilter},
};

use super::many::{self, Owner};
use crate::{driver::Value, predicate::Predicate, row::Fields, transaction::Transaction};

/// The id of something that carries tags.
pub(super) trait Carrier: Owner {
    /// The table of those that carry tags.
    const CARRIERS: &'static str;
    /// The table of their tags.
    const TAGS: &'static str;
    /// The columns of that: who carries the tag, its key and its value.
    const COLUMNS: &'static [&'static str; 3];
}

impl Carrier for SourceId {
    const CARRIERS: &'static str = "sources";
    const TAGS: &'static str = "tags";
    const COLUMNS: &'static [&'static str; 3] = &["source", "key", "value"];
}

impl Carrier for JobId {
    const CARRIERS: &'static str = "jobs";
    const TAGS: &'static str = "job_tags";
    const COLUMNS: &'static [&'static str; 3] = &["job", "key", "value"];
}

pub(super) fn of<C: Carrier>(
    transaction: &mut Transaction<'_>,
    carriers: &[C],
) -> Result<Vec<(C, Tag)>, StoreError> {
    let [carrier, ..] = C::COLUMNS;
    let select = format!("SELECT {} FROM {}", C::COLUMNS.join(", "), C::TAGS);
    many::rows_of(transaction, (&select, carrier, "key"), carriers, read)
}

pub(super) fn put<C: Carrier>(
    transaction: &mut Transaction<'_>,
    carrier: &C,
    tags: &[Tag],
) -> Result<(), StoreError> {
    let ([column, ..], table) = (C::COLUMNS, C::TAGS);
    let sql = format!(
        "INSERT INTO {table} ({column}, key, value) VALUES ($1, $2, $3)
        ON CONFLICT ({column}, key) DO UPDATE SET value = excluded.value"
    );
    for tag in tags {
        let values = [carrier.text().into(), tag.key.as_str().into(), tag.value.as_str().into()];
        transaction.execute(&sql, &values)?;
    }
    Ok(())
}

pub(super) fn remove<C: Carrier>(
    transaction: &mut Transaction<'_>,
    carrier: &C,
    keys: &[String],
) -> Result<(), StoreError> {
    let ([column, ..], table) = (C::COLUMNS, C::TAGS);
    let mut predicate = Predicate::default();
    predicate.with(&format!("{column} = ?"), carrier.text());
    // A key that no tag can have needs no removing.
    predicate.among("key", keys.iter().map(String::as_str).filter(|key| !key.contains('\0')));
    if !keys.is_empty() && predicate.values().len() == 1 {
        return Ok(());
    }
    transaction.execute(&format!("DELETE FROM {table} WHERE {}", predicate.sql()), predicate.values())?;
    Ok(())
}

pub(super) fn tagged<C: Carrier>(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    among: &[C],
    tags: &[TagFilter],
    after: Option<&C>,
    limit: u32,
) -> Result<Vec<C>, StoreError> {
    let mut predicate = Predicate::of_account(account.to_string());
    predicate.among("id", among.iter().map(Owner::text));
    if let Some(after) = after {
        predicate.with("id > ?", after.text());
    }
    carrying::<C>(&mut predicate, tags);
    if predicate.impossible() {
        return Ok(Vec::new());
    }
    let limit = predicate.bind(limit);
    let sql = format!("SELECT id FROM {} WHERE {} ORDER BY id LIMIT {limit}", C::CARRIERS, predicate.sql());
    let rows = transaction.query(&sql, predicate.values())?;
    rows.into_iter().map(|values| Fields::new(C::CARRIERS, &["id"], values).parsed(C::read)).collect()
}

/// Adds that a row of the carriers' table carries all of the tags.
pub(super) fn carrying<C: Carrier>(predicate: &mut Predicate, tags: &[TagFilter]) {
    let ([column, ..], table, carriers) = (C::COLUMNS, C::TAGS, C::CARRIERS);
    for tag in tags {
        let key = predicate.bind(tag.key.as_str());
        let value = match &tag.value {
            Some(value) => format!(" AND {table}.value = {}", predicate.bind(value.as_str())),
            None => String::new(),
        };
        predicate.plain(&format!(
            "EXISTS (SELECT 1 FROM {table} WHERE {table}.{column} = {carriers}.id AND {table}.key = {key}{value})"
        ));
    }
}

fn read<C: Carrier>(values: Vec<Value>) -> Result<(C, Tag), StoreError> {
    let mut row = Fields::new(C::TAGS, C::COLUMNS, values);
    Ok((row.parsed(C::read)?, Tag { key: row.text()?, value: row.text()? }))
}
