//! The demo's replication: a first copy, a change, a second copy that moves only the change, cutover, and the proof.

use std::{path::Path, time::Duration};

use anyhow::{Context, bail};
use replication::progress::Progress;
use smc_model::{
    Request,
    generated::replication_job::{
        CreateReplicationJobRequest, CutOverReplicationJobRequest, DescribeReplicationJobsRequest,
        ReplicationJob, StartReplicationJobRequest,
    },
};
use tokio::time::{Instant, interval};

use super::{disk::Disk, say, step};
use crate::{client::Client, image::Shelf, location::Storage};

/// How long one copy of the small disk may take.
const PATIENCE: Duration = Duration::from_mins(3);

/// Replicates the disk; the steps are numbered from `first`.
pub(super) async fn run(
    client: &Client,
    source: &str,
    disk: &Disk,
    data_directory: &Path,
    first: u32,
) -> anyhow::Result<()> {
    step(first, "an incremental replication job, and its first run: everything is copied");
    let given = [("RegionId", "local"), ("SourceId", source)];
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut request = CreateReplicationJobRequest::parse(&given)?;
    request.name = Some("demo".to_owned());
    request.image_name = Some("demo".to_owned());
    request.run_once = false;
    request.frequency = Some(1);
    request.max_number_of_image_to_keep = Some(2);
    let job = client.call(&request).await?.job_id.context("the center gave the job no id")?;
    say(&format!("{job}, a run every hour, 2 images kept"));
    client.call(&StartReplicationJobRequest { job_id: job.clone() }).await?;
    let started = Instant::now();
    let copied = settled(client, &job, "Waiting").await?;
    say(&figures(&copied, started));

    step(first + 1, "a file of 1 MiB is written on the disk, and the second run copies what changed");
    disk.change(1)?;
    client.call(&StartReplicationJobRequest { job_id: job.clone() }).await?;
    let started = Instant::now();
    say(&figures(&settled(client, &job, "Waiting").await?, started));

    step(first + 2, "another change, and the cutover: a last run, then the job is finished");
    disk.change(2)?;
    client.call(&CutOverReplicationJobRequest { job_id: job.clone(), sync_data: true }).await?;
    let started = Instant::now();
    let finished = settled(client, &job, "Finished").await?;
    say(&figures(&finished, started));

    step(first + 3, "the proof: signature and digests of the image, and a comparison with the disk itself");
    let id = finished.image_id.context("the finished job names no image")?;
    let storage = Storage {
        data_dir: Some(data_directory.to_owned()),
        database_url: None,
        // What the environment says is about other centers.
        master_key_file: Some(data_directory.join("master.key")),
    };
    let (shelf, path) = (Shelf::open(&storage).await?, disk.path.clone());
    let said = tokio::task::spawn_blocking(move || proven(&shelf, &id, &path)).await??;
    say(&said);
    Ok(())
}

/// Follows the job to a status.
async fn settled(client: &Client, job: &str, wanted: &str) -> anyhow::Result<ReplicationJob> {
    let started = Instant::now();
    let mut look = interval(Duration::from_millis(100));
    loop {
        look.tick().await;
        let mut request = DescribeReplicationJobsRequest::parse(&[])?;
        request.job_id = vec![job.to_owned()];
        let found = client.call(&request).await?.replication_jobs.items.into_iter().next();
        let found = found.with_context(|| format!("{job} is gone"))?;
        if found.status == wanted {
            return Ok(found);
        }
        if found.status == "InError" {
            let known = |text: &Option<String>| text.clone().unwrap_or_default();
            bail!("{job} failed: {} {}", known(&found.error_code), known(&found.status_info));
        }
        if started.elapsed() > PATIENCE {
            bail!("{job} is {} after {} s; see the log above", found.status, PATIENCE.as_secs());
        }
    }
}

/// What a run came to, from what the center noted of it.
fn figures(job: &ReplicationJob, started: Instant) -> String {
    let seconds = started.elapsed().as_secs_f32();
    let image = job.image_id.as_deref().unwrap_or("no image");
    let noted = job.status_info.as_deref().and_then(|info| serde_json::from_str::<Progress>(info).ok());
    let moved = noted.map_or_else(String::new, |figures| {
        format!(
            "read {}, sent {} ({} on the wire), changes found by {}\n",
            mib(figures.read_bytes),
            mib(figures.sent_bytes),
            mib(figures.packed_bytes),
            figures.found_by()
        )
    });
    format!("{moved}image {image} after {seconds:.1} s")
}

/// Verifies the image and compares it with the disk, which nothing changes any more.
fn proven(shelf: &Shelf, id: &str, disk: &Path) -> anyhow::Result<String> {
    let image = shelf.library.image(id)?;
    let verified = image.verify(Some(shelf.trusted), |_| {})?;
    if let Some(damage) = verified.damage.first() {
        bail!("{id} is damaged: {damage}");
    }
    let first = image.manifest().disks.first().context("the image has no disk")?;
    if let Some(damage) = image.verify_file(first.index, disk, |_| {})?.first() {
        bail!("{id} and {} differ: {damage}", disk.display());
    }
    Ok(format!(
        "{id}: signed by this center, every digest holds, and equal to the disk byte for byte\nroot of its digests: {}\nwhere it is: {}",
        first.root,
        image.directory().display()
    ))
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
