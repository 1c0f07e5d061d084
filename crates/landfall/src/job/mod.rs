//! `landfall job`: replication jobs, from their creation to their image.

mod create;
mod figures;
mod list;
mod show;
mod watch;

use clap::{Args, Subcommand, builder::PossibleValuesParser};
use smc_model::{
    Request,
    generated::replication_job::{
        CutOverReplicationJobRequest, DeleteReplicationJobRequest, DescribeReplicationJobsRequest,
        ReplicationJob, StartReplicationJobRequest, StopReplicationJobRequest,
    },
    generated::shared::ReplicationJobStatus,
};

use crate::{
    client::{Client, ConnectionArgs},
    output::{Cell, OutputArgs, Said, Screen, Tone},
};

/// Options of `landfall job`.
#[derive(Args)]
pub(crate) struct JobArgs {
    #[command(subcommand)]
    command: JobCommand,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Subcommand)]
enum JobCommand {
    /// Plan the replication of a source; nothing is copied before it is started
    Create(Box<create::CreateArgs>),
    /// Start a job, or go on with one that was stopped or failed
    Start(JobArg),
    /// Stop a job while it copies; what was copied is kept, and a start goes on from there
    Stop(JobArg),
    /// End an incremental job that waits for its next cycle
    Cutover {
        #[command(flatten)]
        job: JobArg,
        /// Copy what changed once more before ending
        #[arg(long)]
        sync: bool,
    },
    /// List replication jobs, newest first
    List(ListArgs),
    /// Show a job: state, figures, runs, images
    Show(JobArg),
    /// Show how a job gets on, until it is done, waits or fails
    Watch(JobArg),
    /// Delete a job and what it copied; images that it made stay
    Delete(JobArg),
}

#[derive(Args)]
struct ListArgs {
    /// Only jobs in this state
    #[arg(long, value_parser = PossibleValuesParser::new(ReplicationJobStatus::ALL.iter().map(|status| status.as_str())))]
    status: Option<String>,

    /// Only jobs of this source
    #[arg(long, value_name = "s-…")]
    source: Option<String>,
}

#[derive(Args)]
struct JobArg {
    /// Id of the job
    #[arg(value_name = "j-…", value_parser = job_id)]
    id: String,
}

/// Does what `landfall job` is asked for.
pub(crate) async fn run(args: JobArgs) -> anyhow::Result<Said> {
    let client = args.connection.client()?;
    let (output, screen) = (args.output.output, Screen::of_stdout());
    match args.command {
        JobCommand::Create(args) => create::run(&client, *args, output).await,
        JobCommand::Start(job) => start(&client, job.id).await,
        JobCommand::Stop(job) => stop(&client, job.id).await,
        JobCommand::Cutover { job, sync } => cut_over(&client, job.id, sync).await,
        JobCommand::List(args) => list::run(&client, args, output, screen).await,
        JobCommand::Show(job) => show::run(&client, &job.id, output, screen).await,
        JobCommand::Watch(job) => watch::run(&client, &job.id, output).await,
        JobCommand::Delete(job) => delete(&client, job.id).await,
    }
}

async fn start(client: &Client, job_id: String) -> anyhow::Result<Said> {
    let said = Said::aside(format!("Started {job_id}; landfall job watch {job_id} shows how it gets on"));
    client.call(&StartReplicationJobRequest { job_id }).await?;
    Ok(said)
}

async fn stop(client: &Client, job_id: String) -> anyhow::Result<Said> {
    let said = Said::aside(format!("Stopped {job_id}; landfall job start {job_id} goes on"));
    client.call(&StopReplicationJobRequest { job_id }).await?;
    Ok(said)
}

async fn cut_over(client: &Client, job_id: String, sync_data: bool) -> anyhow::Result<Said> {
    let said = if sync_data {
        format!("Cutting over {job_id}: what changed is copied once more, then the job ends")
    } else {
        format!("Cutting over {job_id}: the job ends with the images that it has")
    };
    client.call(&CutOverReplicationJobRequest { job_id, sync_data }).await?;
    Ok(Said::aside(said))
}

async fn delete(client: &Client, job_id: String) -> anyhow::Result<Said> {
    let said = Said::aside(format!("Deleted {job_id}")).with_aside("Images that it made stay.");
    client.call(&DeleteReplicationJobRequest { job_id }).await?;
    Ok(said)
}

/// Asks for one job.
async fn find(client: &Client, id: &str) -> anyhow::Result<ReplicationJob> {
    let mut request = DescribeReplicationJobsRequest::parse(&[])?;
    request.job_id = vec![id.to_owned()];
    let page = client.call(&request).await?;
    let found = page.replication_jobs.items.into_iter().next();
    found.ok_or_else(|| {
        anyhow::anyhow!("the account has no replication job {id}; landfall job list shows those it has")
    })
}

/// Takes the id of a job. Whether there is one is the center's to say.
fn job_id(text: &str) -> Result<String, &'static str> {
    let is_id = text.starts_with("j-") && text.len() <= 64;
    if is_id { Ok(text.to_owned()) } else { Err("an id begins with j-; landfall job list shows them") }
}

/// A job's state with its tone; a running job says what it does.
fn status(job: &ReplicationJob) -> Cell {
    let tone = match job.status.as_str() {
        "Finished" | "Waiting" => Tone::Good,
        "InError" | "Expired" => Tone::Bad,
        "Running" | "Deleting" => Tone::Doubtful,
        _ => Tone::Plain,
    };
    match job.business_status.as_deref().filter(|doing| !doing.is_empty()) {
        Some(doing) if job.status == "Running" => Cell::new(format!("Running ({doing})"), tone),
        _ => Cell::new(job.status.as_str(), tone),
    }
}
