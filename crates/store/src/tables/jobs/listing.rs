//! Looking for jobs: by what a caller asks for, by their sources, and by what is to be done.

use std::cmp::Reverse;

use ram::AccountId;
use smc::{
    JobId, SourceId, Timestamp,
    job::Job,
    ports::{JobFilter, Listing, Page, StoreError},
};

use super::rows::{COLUMNS, read, select};
use crate::{
    driver::Value,
    predicate::Predicate,
    row::{self, Fields},
    tables::{many, tags},
    transaction::Transaction,
};

/// Holds for a job that keeps its source from having another: in the words of the index on it.
pub(in crate::tables) const UNFINISHED: &str = "status NOT IN ('Finished', 'Deleting')";

/// Holds for a job that someone has to conduct: in the words of the index on it.
const CONDUCTED: &str = "status IN ('Running', 'Waiting', 'Deleting')";

/// What an idle center asks again and again.
const DUE: &str = "SELECT id FROM jobs WHERE due <= $1 ORDER BY due, position LIMIT $2";

pub(super) fn list(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    filter: &JobFilter,
    page: Page,
) -> Result<Listing<Job>, StoreError> {
    let mut predicate = Predicate::of_account(account.to_string());
    predicate.among("id", filter.ids.iter().map(JobId::as_str));
    predicate.among("source", filter.sources.iter().map(SourceId::as_str));
    if let Some(name) = &filter.name {
        predicate.with("name = ?", name.as_str());
    }
    if let Some(region) = &filter.region {
        predicate.with("region = ?", region.as_str());
    }
    if let Some(status) = filter.status {
        predicate.with("status = ?", status.as_str());
    }
    if let Some(stage) = filter.stage {
        predicate.with("stage = ?", stage.as_str());
    }
    tags::carrying::<JobId>(&mut predicate, &filter.tags);
    if predicate.impossible() {
        return Ok(Listing { rows: Vec::new(), total: 0 });
    }
    let count = format!("SELECT COUNT(*) FROM jobs WHERE {}", predicate.sql());
    let total = row::single_count(transaction.query(&count, predicate.values())?)?;
    let where_clause = predicate.sql();
    let (limit, offset) = (predicate.bind(page.limit), predicate.bind(page.offset));
    let sql = format!(
        "{} WHERE {where_clause} ORDER BY created DESC, position DESC LIMIT {limit} OFFSET {offset}",
        select()
    );
    let rows = transaction.query(&sql, predicate.values())?;
    Ok(Listing { rows: rows.into_iter().map(read).collect::<Result<_, _>>()?, total })
}

pub(super) fn of_sources(
    transaction: &mut Transaction<'_>,
    sources: &[SourceId],
) -> Result<Vec<Job>, StoreError> {
    let columns = format!("SELECT {}, position FROM jobs", COLUMNS.join(", "));
    let question = (columns.as_str(), "source", "position");
    let mut found = many::rows_of(transaction, question, sources, |mut values| {
        let Some(Value::Int(position)) = values.pop() else {
            return Err(StoreError::Corrupt("table jobs: a position is not a whole number".into()));
        };
        let job = read(values)?;
        Ok((job.source.clone(), (position, job)))
    })?;
    found.sort_by_key(|(_, (position, job))| Reverse((job.created, *position)));
    Ok(found.into_iter().map(|(_, (_, job))| job).collect())
}

pub(super) fn due(
    transaction: &mut Transaction<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<JobId>, StoreError> {
    let rows = transaction.query(DUE, &[now.into(), limit.into()])?;
    rows.into_iter().map(|values| Fields::new("jobs", &["id"], values).parsed(JobId::parse)).collect()
}

/// Those that were created first come first. The index holds all of it: a job's document is not touched.
pub(super) fn revisions(transaction: &mut Transaction<'_>) -> Result<Vec<(JobId, i64)>, StoreError> {
    let read = |values| {
        let mut row = Fields::new("jobs", &["id", "revision"], values);
        Ok((row.parsed(JobId::parse)?, row.int()?))
    };
    transaction.query(&conducted_revisions(), &[])?.into_iter().map(read).collect()
}

pub(super) fn believed_among(
    transaction: &mut Transaction<'_>,
    ids: &[JobId],
) -> Result<Vec<Job>, StoreError> {
    let found = many::rows_of(transaction, (&select(), "id", "position"), ids, |values| {
        let id = Fields::new("jobs", &["id"], values.clone()).parsed(JobId::parse)?;
        Ok((id, believed(values)))
    })?;
    Ok(found.into_iter().filter_map(|(_, job)| job).collect())
}

fn believed(values: Vec<Value>) -> Option<Job> {
    read(values).inspect_err(|error| tracing::error!(%error, "a job is not conducted")).ok()
}

fn conducted_revisions() -> String {
    format!("SELECT id, revision FROM jobs WHERE {CONDUCTED} ORDER BY created, position")
}

#[cfg(test)]
mod tests {
    use smc::job::Status;

    use super::{CONDUCTED, DUE, UNFINISHED, conducted_revisions};
    use crate::{
        Location,
        driver::{Connector, Value},
        migrations,
        tables::sources::with_job,
    };

    #[test]
    fn the_conditions_of_the_indexes_are_those_of_the_domain() {
        let quoted = |matching: &dyn Fn(Status) -> bool| {
            let all = Status::ALL.into_iter().filter(|status| matching(*status));
            all.map(|status| format!("'{}'", status.as_str())).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(UNFINISHED, format!("status NOT IN ({})", quoted(&|status| !status.unfinished())));
        let conducted = |status| matches!(status, Status::Running | Status::Waiting | Status::Deleting);
        assert_eq!(CONDUCTED, format!("status IN ({})", quoted(&conducted)));
        for schema in [
            include_str!("../../../migrations/sqlite/0003_jobs.sql"),
            include_str!("../../../migrations/postgres/0003_jobs.sql"),
        ] {
            assert!(schema.contains(&format!("WHERE {UNFINISHED};")));
            assert!(schema.contains(&format!("WHERE {CONDUCTED};")));
        }
        for schema in [
            include_str!("../../../migrations/sqlite/0005_job_revisions.sql"),
            include_str!("../../../migrations/postgres/0005_job_revisions.sql"),
        ] {
            assert!(schema.contains(&format!("WHERE {CONDUCTED};")));
        }
    }

    #[test]
    fn what_is_asked_every_second_is_answered_by_an_index() {
        let mut connection = Connector::new(&Location::SqliteMemory).unwrap().connect().unwrap();
        assert!(migrations::migrate(connection.as_mut()).is_ok());
        let mut plan = |sql: &str, values: &[Value]| {
            let steps = connection.query(&format!("EXPLAIN QUERY PLAN {sql}"), values).unwrap();
            let texts = steps.into_iter().filter_map(|mut step| match step.pop() {
                Some(Value::Text(text)) => Some(text),
                _ => None,
            });
            texts.collect::<Vec<_>>().join("; ")
        };
        let in_use = format!("SELECT COUNT(*) FROM sources WHERE account = $1 AND {}", with_job(UNFINISHED));
        let plans = [
            plan(DUE, &[Value::Int(1), Value::Int(1)]),
            plan(&conducted_revisions(), &[]),
            plan(&in_use, &[Value::Int(1)]),
        ];
        insta::assert_snapshot!(plans.join("\n"), @"
        SEARCH jobs USING INDEX jobs_by_due (due<?)
        SCAN jobs USING COVERING INDEX jobs_to_conduct
        SEARCH sources USING INDEX sources_by_import (account=?); SEARCH jobs EXISTS USING INDEX jobs_unfinished (source=?)
        ");
    }
}
