//! Imported servers and their inventories.

use ram::AccountId;
use smc::{
    AccessTokenId, SourceId, Timestamp,
    ports::{Listing, NameTaken, Page, Related, SourceFilter, StoreError},
    source::{Fault, Inventory, KeyFingerprint, MachineId, Source, State, offline_before},
};

use super::{jobs, tags};
use crate::{
    driver::{Value, insert_text},
    predicate::Predicate,
    row::{self, Fields},
    transaction::{Held, Relation, Transaction},
};

/// The columns of `inventories`.
pub(crate) const INVENTORY_COLUMNS: &[&str] = &["source", "document"];

const COLUMNS: &[&str] = &[
    "id",
    "account",
    "name",
    "description",
    "token",
    "machine",
    "key",
    "agent_version",
    "address",
    "imported",
    "last_seen",
    "fault_code",
    "fault_message",
];

/// Columns of a source, then its inventory.
const READ: &[&str] = &[
    "id",
    "account",
    "name",
    "description",
    "token",
    "machine",
    "key",
    "agent_version",
    "address",
    "imported",
    "last_seen",
    "fault_code",
    "fault_message",
    "document",
];

pub(super) fn insert(transaction: &mut Transaction<'_>, source: &Source) -> Result<(), StoreError> {
    let values = [
        source.id.as_str().into(),
        source.account.to_string().into(),
        source.name.as_str().into(),
        source.description.as_str().into(),
        source.token.as_str().into(),
        source.machine.as_str().into(),
        source.key.as_str().into(),
        source.agent_version.as_str().into(),
        source.address.as_str().into(),
        source.imported.into(),
        source.last_seen.into(),
        source.fault.as_ref().map(|fault| fault.error_code.as_str()).into(),
        source.fault.as_ref().map(|fault| fault.error_msg.as_str()).into(),
    ];
    transaction.execute(&insert_text("sources", COLUMNS, 1), &values)?;
    transaction.hold(Held::Inventories, vec![source.id.as_str().into(), written(&source.inventory)?.into()]);
    transaction.count(source.account, Relation::Sources, 1);
    Ok(())
}

pub(super) fn find(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    id: &SourceId,
) -> Result<Option<Source>, StoreError> {
    let sql = format!("SELECT {} FROM sources WHERE id = $1 AND account = $2", COLUMNS.join(", "));
    single(transaction, &sql, &[id.as_str().into(), account.to_string().into()])
}

pub(super) fn find_by_key(
    transaction: &mut Transaction<'_>,
    key: &KeyFingerprint,
) -> Result<Option<Source>, StoreError> {
    let sql = format!("SELECT {} FROM sources WHERE key = $1", COLUMNS.join(", "));
    single(transaction, &sql, &[key.as_str().into()])
}

/// Two lookups by an index each, whatever the planner thinks of the table: an `OR` is a scan of it while it is young.
pub(super) fn find_by_key_or_machine(
    transaction: &mut Transaction<'_>,
    key: &KeyFingerprint,
    account: AccountId,
    machine: &MachineId,
) -> Result<Option<Source>, StoreError> {
    let columns = COLUMNS.join(", ");
    let sql = format!(
        "SELECT {columns} FROM (
            SELECT {columns}, 1 AS preference FROM sources WHERE key = $1
            UNION ALL
            SELECT {columns}, 2 AS preference FROM sources WHERE account = $2 AND machine = $3
        ) AS known ORDER BY preference LIMIT 1"
    );
    let values = [key.as_str().into(), account.to_string().into(), machine.as_str().into()];
    single(transaction, &sql, &values)
}

pub(super) fn id_by_key(
    transaction: &mut Transaction<'_>,
    key: &KeyFingerprint,
) -> Result<Option<SourceId>, StoreError> {
    let rows = transaction.query("SELECT id FROM sources WHERE key = $1", &[key.as_str().into()])?;
    rows.into_iter()
        .next()
        .map(|values| Fields::new("sources", &["id"], values).parsed(SourceId::parse))
        .transpose()
}

pub(super) fn name_taken(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    name: &str,
) -> Result<bool, StoreError> {
    if name.contains('\0') {
        return Ok(false);
    }
    let sql = "SELECT 1 FROM sources WHERE account = $1 AND name = $2";
    Ok(!transaction.query(sql, &[account.to_string().into(), name.into()])?.is_empty())
}

pub(super) fn list(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    filter: &SourceFilter,
    page: Page,
    now: Timestamp,
) -> Result<Listing<Source>, StoreError> {
    let nothing = Listing { rows: Vec::new(), total: 0 };
    transaction.release(Held::Inventories)?;
    let mut predicate = Predicate::of_account(account.to_string());
    predicate.among("id", filter.ids.iter().map(SourceId::as_str));
    if let Some(name) = &filter.name {
        predicate.with("name = ?", name.as_str());
    }
    if let Some(token) = &filter.token {
        predicate.with("token = ?", token.as_str());
    }
    if let Some(workgroup) = &filter.workgroup {
        predicate
            .with("id IN (SELECT source FROM workgroup_members WHERE workgroup = ?)", workgroup.as_str());
    }
    if let Some(job) = &filter.job {
        predicate.with("id IN (SELECT source FROM jobs WHERE id = ?)", job.as_str());
    }
    match filter.related {
        Some(Related::ToJobs) => predicate.plain(&with_job("TRUE")),
        Some(Related::ToNone) => predicate.plain(&format!("NOT {}", with_job("TRUE"))),
        None => {}
    }
    match filter.state {
        Some(State::Available) => {
            predicate.with("last_seen >= ? AND fault_code IS NULL", offline_before(now));
            predicate.plain(&format!("NOT {}", with_job(jobs::UNFINISHED)));
        }
        Some(State::InUse) => {
            predicate.with("last_seen >= ? AND fault_code IS NULL", offline_before(now));
            predicate.plain(&with_job(jobs::UNFINISHED));
        }
        Some(State::Unavailable) => {
            predicate.with("(last_seen < ? OR fault_code IS NOT NULL)", offline_before(now));
        }
        // A source is removed at once; what is left of it are its jobs.
        Some(State::Deleting) => return Ok(nothing),
        None => {}
    }
    tags::carrying::<SourceId>(&mut predicate, &filter.tags);
    if predicate.impossible() {
        return Ok(nothing);
    }
    let total = if *filter == SourceFilter::default() {
        transaction.total(account, Relation::Sources)?
    } else {
        let count = format!("SELECT COUNT(*) FROM sources WHERE {}", predicate.sql());
        row::single_count(transaction.query(&count, predicate.values())?)?
    };
    let where_clause = predicate.sql();
    let (limit, offset) = (predicate.bind(page.limit), predicate.bind(page.offset));
    // The page is cut before inventories are joined: those passed over are not read.
    let sql = format!(
        "SELECT {}, document FROM (
            SELECT * FROM sources WHERE {where_clause} ORDER BY imported DESC, position DESC LIMIT {limit} OFFSET {offset}
        ) AS page LEFT JOIN inventories ON inventories.source = page.id ORDER BY imported DESC, position DESC",
        COLUMNS.join(", ")
    );
    let rows = transaction.query(&sql, predicate.values())?;
    Ok(Listing { rows: rows.into_iter().map(read).collect::<Result<_, _>>()?, total })
}

/// Holds for a source that has a job for which the condition holds.
pub(super) fn with_job(condition: &str) -> String {
    format!("EXISTS (SELECT 1 FROM jobs WHERE jobs.source = sources.id AND {condition})")
}

pub(super) fn describe(
    transaction: &mut Transaction<'_>,
    id: &SourceId,
    name: &str,
    description: &str,
) -> Result<Result<(), NameTaken>, StoreError> {
    let others = "SELECT 1 FROM sources WHERE name = $2 AND id <> $1
        AND account = (SELECT account FROM sources WHERE id = $1)";
    if !transaction.query(others, &[id.as_str().into(), name.into()])?.is_empty() {
        return Ok(Err(NameTaken));
    }
    let sql = "UPDATE sources SET name = $2, description = $3 WHERE id = $1";
    transaction.execute(sql, &[id.as_str().into(), name.into(), description.into()])?;
    Ok(Ok(()))
}

pub(super) fn refresh(transaction: &mut Transaction<'_>, source: &Source) -> Result<(), StoreError> {
    let sql =
        "UPDATE sources SET key = $2, agent_version = $3, address = $4, fault_code = $5, fault_message = $6,
        last_seen = CASE WHEN last_seen > $7 THEN last_seen ELSE $7 END WHERE id = $1";
    let values = [
        source.id.as_str().into(),
        source.key.as_str().into(),
        source.agent_version.as_str().into(),
        source.address.as_str().into(),
        source.fault.as_ref().map(|fault| fault.error_code.as_str()).into(),
        source.fault.as_ref().map(|fault| fault.error_msg.as_str()).into(),
        source.last_seen.into(),
    ];
    transaction.execute(sql, &values)?;
    replace_inventory(transaction, &source.id, &source.inventory)
}

pub(super) fn replace_inventory(
    transaction: &mut Transaction<'_>,
    id: &SourceId,
    inventory: &Inventory,
) -> Result<(), StoreError> {
    transaction.release(Held::Inventories)?;
    let sql = "UPDATE inventories SET document = $2 WHERE source = $1";
    transaction.execute(sql, &[id.as_str().into(), written(inventory)?.into()])?;
    Ok(())
}

pub(super) fn delete(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    id: &SourceId,
) -> Result<bool, StoreError> {
    transaction.release(Held::Inventories)?;
    let sql = "DELETE FROM sources WHERE id = $1 AND account = $2";
    let deleted = transaction.execute(sql, &[id.as_str().into(), account.to_string().into()])? == 1;
    if deleted {
        transaction.count(account, Relation::Sources, -1);
    }
    Ok(deleted)
}

/// Most questions find nothing, so inventories that are held back stay so until there is one to read.
fn single(
    transaction: &mut Transaction<'_>,
    sql: &str,
    values: &[Value],
) -> Result<Option<Source>, StoreError> {
    let Some(mut found) = transaction.query(sql, values)?.into_iter().next() else { return Ok(None) };
    transaction.release(Held::Inventories)?;
    let document = "SELECT document FROM inventories WHERE source = $1";
    let document = transaction.query(document, found.get(..1).unwrap_or_default())?;
    found.extend(document.into_iter().next().and_then(|row| row.into_iter().next()));
    read(found).map(Some)
}

/// Writes an inventory as JSON, which has no word for a number that is not finite: it would not read back.
fn written(inventory: &Inventory) -> Result<String, StoreError> {
    if !inventory.cpu.usage_percent.is_finite() {
        return Err(StoreError::Corrupt(
            "writing an inventory: its processor usage is not a finite number".into(),
        ));
    }
    serde_json::to_string(inventory)
        .map_err(|error| StoreError::Corrupt(format!("writing an inventory as JSON: {error}")))
}

fn read(values: Vec<Value>) -> Result<Source, StoreError> {
    let mut row = Fields::new("sources", READ, values);
    Ok(Source {
        id: row.parsed(SourceId::parse)?,
        account: row.parsed(str::parse)?,
        name: row.text()?,
        description: row.text()?,
        token: row.parsed(AccessTokenId::parse)?,
        machine: row.parsed(MachineId::parse)?,
        key: row.parsed(KeyFingerprint::parse)?,
        agent_version: row.text()?,
        address: row.text()?,
        imported: row.moment()?,
        last_seen: row.moment()?,
        fault: match (row.optional_text()?, row.optional_text()?) {
            (Some(error_code), Some(error_msg)) => Some(Fault { error_code, error_msg }),
            (None, None) => None,
            _ => return Err(row.corrupt("is there without its other half")),
        },
        inventory: row.parsed(|text| serde_json::from_str(text))?,
    })
}
