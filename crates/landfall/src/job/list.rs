//! `landfall job list`.

use smc_model::{
    Request,
    generated::{
        replication_job::{DescribeReplicationJobsRequest, ReplicationJob},
        shared::ReplicationJobStatus,
    },
};

use super::{ListArgs, status};
use crate::{
    client::Client,
    output::{Cell, Output, Said, Screen, table},
};

/// Jobs asked for at once; the most the contract allows.
const PAGE: u32 = 50;

pub(super) async fn run(
    client: &Client,
    args: ListArgs,
    output: Output,
    screen: Screen,
) -> anyhow::Result<Said> {
    let mut request = DescribeReplicationJobsRequest::parse(&[])?;
    request.status = args.status.as_deref().and_then(ReplicationJobStatus::from_text);
    request.source_id = args.source.into_iter().collect();
    let jobs = all(client, request).await?;
    let said = output.say(&jobs, || {
        let rows: Vec<_> = jobs.iter().map(|job| row(job, screen)).collect();
        table(screen, ["ID", "NAME", "SOURCE", "STATUS", "DONE", "CREATED"], &rows)
    });
    Ok(if jobs.is_empty() {
        said.with_aside("No replication jobs; landfall job create plans one for a source")
    } else {
        said
    })
}

/// Every page. A job that was made meanwhile may move a row to the next page, so rows are told apart by id.
async fn all(
    client: &Client,
    mut request: DescribeReplicationJobsRequest,
) -> anyhow::Result<Vec<ReplicationJob>> {
    request.page_size = PAGE;
    let mut jobs: Vec<ReplicationJob> = Vec::new();
    for page_number in 1.. {
        request.page_number = page_number;
        let page = client.call(&request).await?;
        let last = page.replication_jobs.items.is_empty()
            || u64::from(page_number) * u64::from(PAGE) >= u64::from(page.total_count);
        let seen: std::collections::HashSet<Option<String>> =
            jobs.iter().rev().take(PAGE as usize).map(|job| job.job_id.clone()).collect();
        jobs.extend(page.replication_jobs.items.into_iter().filter(|new| !seen.contains(&new.job_id)));
        if last {
            break;
        }
    }
    Ok(jobs)
}

fn row(job: &ReplicationJob, screen: Screen) -> [Cell; 6] {
    [
        Cell::known(job.job_id.as_deref()),
        Cell::known(job.name.as_deref()),
        job.source_id.as_str().into(),
        status(job),
        job.progress.map_or_else(|| Cell::known(None), |done| Cell::from(format!("{done:.0} %"))),
        screen.written(&job.creation_time),
    ]
}
