//! The table of jobs. A job is read out of its document; the other columns are there to be looked for, and a row in
//! which they say something else is not believed.

use ram::AccountId;
use smc::{
    JobId,
    job::{Job, Stage},
    ports::StoreError,
    workgroup::CreatingCall,
};

use super::listing;
use crate::{
    driver::{Engine, Value, insert_text},
    predicate::Predicate,
    row::{self, Fields},
    tables::document,
    transaction::Transaction,
};

/// What is taken out of a job, then the job.
pub(super) const COLUMNS: &[&str] = &[
    "id",
    "account",
    "source",
    "region",
    "name",
    "status",
    "stage",
    "image_name",
    "created",
    "due",
    "document",
];

const WRITTEN: &[&str] = &[
    "id",
    "account",
    "source",
    "region",
    "name",
    "status",
    "stage",
    "image_name",
    "created",
    "due",
    "document",
    "client_token",
    "parameters",
];

pub(super) fn insert(
    transaction: &mut Transaction<'_>,
    job: &Job,
    call: Option<&CreatingCall>,
) -> Result<(), StoreError> {
    let mut values = values(job)?;
    values.push(call.map(|call| call.client_token.as_str()).into());
    values.push(call.map(|call| call.parameters.as_str()).into());
    transaction.execute(&insert_text("jobs", WRITTEN, 1), &values)?;
    Ok(())
}

pub(super) fn of_call(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    client_token: &str,
) -> Result<Option<(JobId, String)>, StoreError> {
    let mut predicate = Predicate::of_account(account.to_string());
    predicate.with("client_token = ?", client_token);
    if predicate.impossible() {
        return Ok(None);
    }
    let sql = format!("SELECT id, parameters FROM jobs WHERE {}", predicate.sql());
    let read = |values| {
        let mut row = Fields::new("jobs", &["id", "parameters"], values);
        Ok((row.parsed(JobId::parse)?, row.text()?))
    };
    transaction.query(&sql, predicate.values())?.into_iter().next().map(read).transpose()
}

pub(super) fn find(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    id: &JobId,
) -> Result<Option<Job>, StoreError> {
    let sql = format!("{} WHERE id = $1 AND account = $2", select());
    let rows = transaction.query(&sql, &[id.as_str().into(), account.to_string().into()])?;
    rows.into_iter().next().map(read).transpose()
}

/// SQLite has one writer, who needs no lock on a row. A row that is not believed is told in the log too: the clock, which
/// asks for it, goes on with the others.
pub(super) fn find_and_lock(
    transaction: &mut Transaction<'_>,
    id: &JobId,
) -> Result<Option<Job>, StoreError> {
    let lock = match transaction.engine() {
        Engine::Sqlite => "",
        Engine::Postgres => " FOR UPDATE",
    };
    let sql = format!("{} WHERE id = $1{lock}", select());
    let row = transaction.query(&sql, &[id.as_str().into()])?.into_iter().next();
    let told = |error: &StoreError| tracing::error!(%error, "a job is left as it is");
    row.map(|values| read(values).inspect_err(told)).transpose()
}

pub(super) fn update(transaction: &mut Transaction<'_>, job: &Job) -> Result<(), StoreError> {
    let sets: Vec<_> =
        COLUMNS.iter().zip(1..).skip(1).map(|(column, at)| format!("{column} = ${at}")).collect();
    let sql = format!("UPDATE jobs SET {}, revision = revision + 1 WHERE id = $1", sets.join(", "));
    transaction.execute(&sql, &values(job)?)?;
    Ok(())
}

pub(super) fn delete(transaction: &mut Transaction<'_>, id: &JobId) -> Result<bool, StoreError> {
    Ok(transaction.execute("DELETE FROM jobs WHERE id = $1", &[id.as_str().into()])? == 1)
}

pub(super) fn count(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    enough: u32,
) -> Result<u32, StoreError> {
    let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM jobs WHERE account = $1 LIMIT $2) AS counted";
    let rows = transaction.query(sql, &[account.to_string().into(), enough.into()])?;
    Ok(u32::try_from(row::single_count(rows)?).unwrap_or(u32::MAX))
}

pub(super) fn name_taken(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    name: &str,
    except: Option<&JobId>,
) -> Result<bool, StoreError> {
    let mut predicate = Predicate::of_account(account.to_string());
    predicate.with("name = ?", name);
    exists(transaction, predicate, except)
}

pub(super) fn image_name_planned(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    region: &str,
    name: &str,
    except: Option<&JobId>,
) -> Result<bool, StoreError> {
    let mut predicate = Predicate::of_account(account.to_string());
    predicate.with("region = ?", region);
    predicate.with("image_name = ?", name);
    predicate.plain(listing::UNFINISHED);
    exists(transaction, predicate, except)
}

fn exists(
    transaction: &mut Transaction<'_>,
    mut predicate: Predicate,
    except: Option<&JobId>,
) -> Result<bool, StoreError> {
    if let Some(except) = except {
        predicate.with("id <> ?", except.as_str());
    }
    if predicate.impossible() {
        return Ok(false);
    }
    let sql = format!("SELECT 1 FROM jobs WHERE {} LIMIT 1", predicate.sql());
    Ok(!transaction.query(&sql, predicate.values())?.is_empty())
}

pub(super) fn select() -> String {
    format!("SELECT {} FROM jobs", COLUMNS.join(", "))
}

/// The values of [`COLUMNS`].
fn values(job: &Job) -> Result<Vec<Value>, StoreError> {
    let mut values = derived(job);
    values.push(document::written("a job", job)?.into());
    Ok(values)
}

/// The values of [`COLUMNS`] but the document.
fn derived(job: &Job) -> Vec<Value> {
    vec![
        job.id.as_str().into(),
        job.account.to_string().into(),
        job.source.as_str().into(),
        job.settings.region.as_str().into(),
        job.name.as_deref().into(),
        job.state.status().as_str().into(),
        job.state.stage().map(Stage::as_str).into(),
        job.settings.image_name.as_deref().into(),
        job.created.into(),
        job.due().into(),
    ]
}

pub(super) fn read(values: Vec<Value>) -> Result<Job, StoreError> {
    document::read("jobs", COLUMNS, values, derived)
}
