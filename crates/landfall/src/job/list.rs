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
    client::{Client, PAGE, every_page},
    output::{Cell, Output, Said, Screen, table},
};

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

async fn all(
    client: &Client,
    mut request: DescribeReplicationJobsRequest,
) -> anyhow::Result<Vec<ReplicationJob>> {
    request.page_size = PAGE;
    every_page(
        |job: &ReplicationJob| job.job_id.as_deref().unwrap_or_default(),
        async |number| {
            request.page_number = number;
            let page = client.call(&request).await?;
            Ok((page.replication_jobs.items, page.total_count))
        },
    )
    .await
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
