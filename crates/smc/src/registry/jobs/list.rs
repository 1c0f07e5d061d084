//! Listing jobs with what belongs to them.

use std::collections::HashMap;

use crate::{
    JobId, SourceId, WorkgroupId,
    account::AccountId,
    job::{Job, JobProgress, MAX_JOBS, Run},
    ports::{Clock, JobFilter, Listing, Page, Random, Store, StoreError, Tx},
    registry::{Error, Registry},
    tag::Tag,
};

/// A job and what belongs to it.
#[derive(Clone, Debug)]
pub struct JobView {
    /// The job.
    pub job: Job,
    /// Its runs, the oldest first.
    pub runs: Vec<Run>,
    /// How far it is, as far as it was noted.
    pub progress: Option<JobProgress>,
    /// Its tags by key.
    pub tags: Vec<Tag>,
    /// The workgroup of its source.
    pub workgroup: Option<WorkgroupId>,
}

/// Which jobs to list.
#[derive(Clone, Debug, Default)]
pub struct JobQuery {
    /// What the store finds them by.
    pub filter: JobFilter,
    /// Values under the contract's names that were stored for their creators, such as `ResourceGroupId`.
    pub echoed: Vec<(&'static str, String)>,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Lists the account's jobs, newest first.
    pub async fn list_jobs(
        &self,
        account: AccountId,
        query: JobQuery,
        page: Page,
    ) -> Result<Listing<JobView>, Error> {
        let work = move |tx: &mut dyn Tx| {
            let Listing { rows, total } = found(tx, account, &query, page)?;
            Ok(Listing { rows: with_belongings(tx, rows)?, total })
        };
        Ok(self.store.read(work).await?)
    }
}

/// A page of jobs. What is only echoed has no column: those few calls look through all of the account's jobs.
fn found(
    tx: &mut dyn Tx,
    account: AccountId,
    query: &JobQuery,
    page: Page,
) -> Result<Listing<Job>, StoreError> {
    if query.echoed.is_empty() {
        return tx.jobs(&account, &query.filter, page);
    }
    let mut rows = tx.jobs(&account, &query.filter, Page { offset: 0, limit: MAX_JOBS })?.rows;
    rows.retain(|job| query.echoed.iter().all(|(name, value)| job.settings.echoed.get(*name) == Some(value)));
    let total = rows.len() as u64;
    let passed_over = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let rows = rows.into_iter().skip(passed_over).take(page.limit as usize).collect();
    Ok(Listing { rows, total })
}

fn with_belongings(tx: &mut dyn Tx, jobs: Vec<Job>) -> Result<Vec<JobView>, StoreError> {
    let ids: Vec<_> = jobs.iter().map(|job| job.id.clone()).collect();
    let sources: Vec<SourceId> = jobs.iter().map(|job| job.source.clone()).collect();
    let mut runs = by_job(tx.runs(&ids)?.into_iter().map(|run| (run.job.clone(), run)));
    let mut tags = by_job(tx.job_tags(&ids)?);
    let mut progress: HashMap<JobId, JobProgress> = tx.progress(&ids)?.into_iter().collect();
    let memberships = tx.memberships(&sources)?;
    let view = |job: Job| JobView {
        runs: runs.remove(&job.id).unwrap_or_default(),
        tags: tags.remove(&job.id).unwrap_or_default(),
        progress: progress.remove(&job.id),
        workgroup: memberships
            .iter()
            .find(|membership| membership.source == job.source)
            .map(|membership| membership.workgroup.clone()),
        job,
    };
    Ok(jobs.into_iter().map(view).collect())
}

fn by_job<T>(rows: impl IntoIterator<Item = (JobId, T)>) -> HashMap<JobId, Vec<T>> {
    let mut sorted: HashMap<JobId, Vec<T>> = HashMap::new();
    for (job, row) in rows {
        sorted.entry(job).or_default().push(row);
    }
    sorted
}
