//! How far jobs are.

use std::collections::BTreeMap;

use smc::{JobId, job::JobProgress, ports::StoreError};

use crate::{
    driver::Value,
    row::Fields,
    tables::{document, many},
    transaction::Transaction,
};

const COLUMNS: &[&str] = &["job", "document"];

/// Each job's last progress only, and in the order of the ids, which every center follows.
pub(super) fn note(
    transaction: &mut Transaction<'_>,
    noted: &[(JobId, JobProgress)],
) -> Result<(), StoreError> {
    let last: BTreeMap<&JobId, &JobProgress> = noted.iter().map(|(job, progress)| (job, progress)).collect();
    let sql = "INSERT INTO job_progress (job, document) SELECT id, CAST($2 AS TEXT) FROM jobs WHERE id = $1
        ON CONFLICT (job) DO UPDATE SET document = excluded.document";
    for (job, progress) in last {
        transaction.execute(sql, &[job.as_str().into(), written(progress)?.into()])?;
    }
    Ok(())
}

pub(super) fn of(
    transaction: &mut Transaction<'_>,
    jobs: &[JobId],
) -> Result<Vec<(JobId, JobProgress)>, StoreError> {
    many::rows_of(transaction, ("SELECT job, document FROM job_progress", "job", "job"), jobs, read)
}

/// JSON has no word for a number that is not finite: it would not read back.
fn written(progress: &JobProgress) -> Result<String, StoreError> {
    if !progress.percent.is_finite() {
        return Err(StoreError::Corrupt("writing progress: its percent is not a finite number".into()));
    }
    document::written("progress", progress)
}

fn read(values: Vec<Value>) -> Result<(JobId, JobProgress), StoreError> {
    let mut row = Fields::new("job_progress", COLUMNS, values);
    Ok((row.parsed(JobId::parse)?, row.parsed(|text| serde_json::from_str(text))?))
}
