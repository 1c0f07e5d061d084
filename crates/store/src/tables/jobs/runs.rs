//! The runs of jobs.

use smc::{
    ImageId, JobId, RunId, Timestamp,
    job::{MAX_RUNS_SHOWN, Run, Trigger},
    ports::StoreError,
};

use crate::{
    driver::{Value, insert_text},
    row::Fields,
    tables::many,
    transaction::Transaction,
};

const COLUMNS: &[&str] = &["id", "job", "began_by", "started", "ended", "image"];

pub(super) fn open(transaction: &mut Transaction<'_>, run: &Run) -> Result<(), StoreError> {
    let values = [
        run.id.as_str().into(),
        run.job.as_str().into(),
        run.trigger.as_str().into(),
        run.started.into(),
        run.ended.into(),
        run.image.as_ref().map(ImageId::as_str).into(),
    ];
    transaction.execute(&insert_text("job_runs", COLUMNS, 1), &values)?;
    Ok(())
}

/// The first end stays.
pub(super) fn close(
    transaction: &mut Transaction<'_>,
    id: &RunId,
    ended: Timestamp,
    image: Option<&ImageId>,
) -> Result<(), StoreError> {
    let sql = "UPDATE job_runs SET ended = $2, image = $3 WHERE id = $1 AND ended IS NULL";
    transaction.execute(sql, &[id.as_str().into(), ended.into(), image.map(ImageId::as_str).into()])?;
    Ok(())
}

pub(super) fn of(transaction: &mut Transaction<'_>, jobs: &[JobId]) -> Result<Vec<Run>, StoreError> {
    let found = many::rows_of(transaction, (&newest(), "job", "started, position"), jobs, |values| {
        let run = read(values)?;
        Ok((run.job.clone(), run))
    })?;
    Ok(found.into_iter().map(|(_, run)| run).collect())
}

/// Of each job the newest. What is asked of it afterwards is about the jobs, by which they are numbered: so both engines
/// look at the runs of those jobs alone.
fn newest() -> String {
    let columns = COLUMNS.join(", ");
    format!(
        "SELECT {columns} FROM (SELECT {columns}, position FROM (SELECT {columns}, position,
            ROW_NUMBER() OVER (PARTITION BY job ORDER BY started DESC, position DESC) AS age
            FROM job_runs) AS numbered WHERE age <= {MAX_RUNS_SHOWN}) AS newest"
    )
}

fn read(values: Vec<Value>) -> Result<Run, StoreError> {
    let mut row = Fields::new("job_runs", COLUMNS, values);
    Ok(Run {
        id: row.parsed(RunId::parse)?,
        job: row.parsed(JobId::parse)?,
        trigger: row.parsed(|text| Trigger::parse(text).ok_or("is not a trigger"))?,
        started: row.moment()?,
        ended: row.optional_moment()?,
        image: match row.optional_text()? {
            Some(text) => Some(ImageId::parse(&text).map_err(|error| row.corrupt(error))?),
            None => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::newest;
    use crate::{
        Location,
        driver::{Connector, Value},
        migrations,
    };

    #[test]
    fn the_runs_of_other_jobs_are_not_looked_at() {
        let mut connection = Connector::new(&Location::SqliteMemory).unwrap().connect().unwrap();
        assert!(migrations::migrate(connection.as_mut()).is_ok());
        let sql = format!("EXPLAIN QUERY PLAN {} WHERE job IN ($1, $2)", newest());
        let steps = connection.query(&sql, &[Value::Text("a".into()), Value::Text("b".into())]).unwrap();
        let told = format!("{steps:?}");
        assert!(told.contains("SEARCH job_runs USING INDEX job_runs_by_job (job=?)"), "{told}");
        assert!(!told.contains("SCAN job_runs"), "{told}");
    }
}
