//! The audit trail. There is no statement here that changes or removes a line, and the schema refuses any.

use ram::AccountId;
use smc::{
    Timestamp,
    audit::{Entry, Event, Filter, Recorded},
    ports::StoreError,
};

use crate::{
    driver::Value,
    predicate::Predicate,
    row::Fields,
    transaction::{Held, Transaction},
};

/// All but the number, which the database gives.
pub(crate) const WRITTEN: &[&str] = &["account", "moment", "event", "resource", "actor", "address", "detail"];

const COLUMNS: &[&str] = &["id", "account", "moment", "event", "resource", "actor", "address", "detail"];

/// Lines among which the latest is: works are gathered, and centers have clocks of their own, so it need not be the last.
const LAST: u32 = 1_000;

pub(super) fn record(transaction: &mut Transaction<'_>, entry: &Entry) {
    transaction.hold(
        Held::Audit,
        vec![
            entry.account.to_string().into(),
            entry.at.into(),
            entry.event.as_str().into(),
            entry.resource.as_str().into(),
            entry.actor.as_str().into(),
            entry.address.as_str().into(),
            entry.detail.as_str().into(),
        ],
    );
}

pub(super) fn list(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    filter: &Filter,
    limit: u32,
) -> Result<Vec<Recorded>, StoreError> {
    transaction.release(Held::Audit)?;
    let mut predicate = Predicate::of_account(account.to_string());
    if let Some(event) = filter.event {
        predicate.with("event = ?", event.as_str());
    }
    if let Some(resource) = &filter.resource {
        predicate.with("resource = ?", resource.as_str());
    }
    if let Some(actor) = &filter.actor {
        predicate.with("actor = ?", actor.as_str());
    }
    if let Some(from) = filter.from {
        predicate.with("moment >= ?", from);
    }
    if let Some(until) = filter.until {
        predicate.with("moment < ?", until);
    }
    if let Some(before) = filter.before {
        predicate.with("id < ?", before);
    }
    if predicate.impossible() {
        return Ok(Vec::new());
    }
    let limit = predicate.bind(limit);
    let columns = COLUMNS.join(", ");
    let sql = format!("SELECT {columns} FROM audit WHERE {} ORDER BY id DESC LIMIT {limit}", predicate.sql());
    transaction.query(&sql, predicate.values())?.into_iter().map(read).collect()
}

pub(super) fn latest(transaction: &mut Transaction<'_>) -> Result<Option<Timestamp>, StoreError> {
    transaction.release(Held::Audit)?;
    let sql = "SELECT MAX(moment) FROM (SELECT moment FROM audit ORDER BY id DESC LIMIT $1) AS last";
    let rows = transaction.query(sql, &[LAST.into()])?;
    rows.into_iter()
        .next()
        .map_or(Ok(None), |values| Fields::new("audit", &["moment"], values).optional_moment())
}

fn read(values: Vec<Value>) -> Result<Recorded, StoreError> {
    let mut row = Fields::new("audit", COLUMNS, values);
    Ok(Recorded {
        id: row.int()?,
        entry: Entry {
            account: row.parsed(str::parse)?,
            at: row.moment()?,
            event: row.parsed(|text| Event::parse(text).ok_or("is not an event"))?,
            resource: row.text()?,
            actor: row.text()?,
            address: row.text()?,
            detail: row.text()?,
        },
    })
}
