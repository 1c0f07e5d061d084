//! Asking for what belongs to many at once: in few statements, answered in the order of the question.

use std::{collections::HashMap, hash::Hash};

use smc::{ImageId, JobId, SourceId, ids::NotAnId, ports::StoreError};

use crate::{driver::Value, predicate::Predicate, transaction::Transaction};

/// Ids asked for in one statement.
const ASKED_AT_ONCE: usize = 128;

/// The id of something that rows of other tables belong to.
pub(super) trait Owner: Clone + Eq + Hash {
    /// The id as it is stored.
    fn text(&self) -> &str;
    /// Reads a stored id.
    fn read(text: &str) -> Result<Self, NotAnId>;
}

impl Owner for SourceId {
    fn text(&self) -> &str {
        self.as_str()
    }

    fn read(text: &str) -> Result<Self, NotAnId> {
        Self::parse(text)
    }
}

impl Owner for JobId {
    fn text(&self) -> &str {
        self.as_str()
    }

    fn read(text: &str) -> Result<Self, NotAnId> {
        Self::parse(text)
    }
}

impl Owner for ImageId {
    fn text(&self) -> &str {
        self.as_str()
    }

    fn read(text: &str) -> Result<Self, NotAnId> {
        Self::parse(text)
    }
}

/// Gives the rows of the owners, by owner in the order given. `select` is all up to the `WHERE`, `column` holds the
/// owner, and `order` is that of the rows of one owner.
pub(super) fn rows_of<I: Owner, T>(
    transaction: &mut Transaction<'_>,
    (select, column, order): (&str, &str, &str),
    owners: &[I],
    read: impl Fn(Vec<Value>) -> Result<(I, T), StoreError>,
) -> Result<Vec<(I, T)>, StoreError> {
    let mut found = Vec::new();
    for some in owners.chunks(ASKED_AT_ONCE) {
        let mut predicate = Predicate::default();
        predicate.among(column, some.iter().map(Owner::text));
        let sql = format!("{select} WHERE {} ORDER BY {order}", predicate.sql());
        for values in transaction.query(&sql, predicate.values())? {
            found.push(read(values)?);
        }
    }
    let mut places = HashMap::with_capacity(owners.len());
    for (place, owner) in owners.iter().enumerate() {
        places.entry(owner).or_insert(place);
    }
    // Stable, so that the order within an owner remains.
    found.sort_by_key(|(owner, _)| places.get(owner).copied());
    Ok(found)
}
