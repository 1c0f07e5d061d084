//! The replication of a source to an image, by the commands that an operator uses.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{center::Center, layout::Variant, report::Steps, source::Source};

/// Files that the source has to write more while its disk is copied, before the cutover.
const FILES_MEANWHILE: u64 = 20;

/// How long the first run may take: software emulation reads, digests, compresses and encrypts all of the disk.
const FIRST_RUN: Duration = Duration::from_mins(20);

/// How long the last run may take, which copies what changed.
const LAST_RUN: Duration = Duration::from_mins(10);

/// How long the source may take to write a few files.
const WRITING: Duration = Duration::from_mins(2);

/// How long the center may take over all of an image.
const IMAGE: Duration = Duration::from_mins(10);

/// What was replicated.
#[derive(Serialize)]
pub(super) struct Replica {
    /// The last file that the source had said to be durable before the cutover began.
    pub(super) durable_before: u64,
    /// The last file that it said to be durable after it had ended.
    pub(super) durable_after: u64,
    /// Whether the copy is of a moment at which the filesystems were frozen.
    pub(super) frozen: bool,
    /// The image.
    pub(super) image_id: String,
    /// What was measured.
    pub(super) figures: Map<String, Value>,
    /// What the center says of the job in the end.
    pub(super) job: Value,
}

impl Replica {
    /// A disk whose machine lost its power right after it had said that a file is durable.
    pub(super) fn rehearsed(wrote: u64) -> Self {
        Self {
            durable_before: wrote,
            // The writer may have gone on for as long as the power did.
            durable_after: u64::MAX,
            frozen: false,
            image_id: String::new(),
            figures: Map::new(),
            job: Value::Null,
        }
    }
}

/// Replicates a source while it writes: all of it once, then what changed, at a cutover.
pub(super) fn make(
    center: &Center,
    source: &Source,
    source_id: &str,
    steps: &mut Steps,
) -> anyhow::Result<Replica> {
    let job = create(center, source_id)?;
    let began = source.machine.wrote();
    center.command(WRITING).args(["job", "start", &job]).run()?;
    watch(center, &job, FIRST_RUN, "Waiting")?;
    steps.done("first run");
    let ended = source.machine.wrote();
    ensure!(ended > began, "the source wrote nothing while it was copied; it is stuck");
    let durable_before = source.machine.wait_for_more(ended + FILES_MEANWHILE, WRITING)?;
    center.command(WRITING).args(["job", "cutover", &job, "--sync"]).run()?;
    let job = watch(center, &job, LAST_RUN, "Finished")?;
    steps.done("cutover");
    let meanwhile = source.machine.wrote();
    let durable_after = source.machine.wait_for_more(meanwhile, WRITING)?;
    let image_id = job["ImageId"].as_str().context("the job ended without an image")?.to_owned();
    let mut figures = Map::new();
    figures.insert("files during first run".into(), json!(ended - began));
    figures.insert("files during cutover".into(), json!(durable_after - durable_before));
    figures.insert("longest file ms, cutover".into(), json!(source.machine.longest_after(durable_before)));
    Ok(Replica { durable_before, durable_after, frozen: true, image_id, figures, job })
}

/// Verifies the image, has the center start it, and takes its disk out.
pub(super) fn give_out(
    center: &Center,
    variant: Variant,
    replica: &mut Replica,
    directory: &Path,
    steps: &mut Steps,
) -> anyhow::Result<PathBuf> {
    let image = replica.image_id.clone();
    let verified = center.long(IMAGE, &["image", "verify", &image])?;
    ensure!(verified["Equal"] == true, "the image {image} is not what was signed: {verified}");
    replica.figures.insert("bytes of the disk".into(), verified["CheckedBytes"].clone());
    let shown = center.ask(&["image", "show", &image])?;
    replica.figures.insert("bytes on the center".into(), shown["RoomBytes"].clone());
    steps.done("image verified");
    let _ = variant;
    let disk = directory.join("image.raw");
    let raw =
        Path::new(shown["Directory"].as_str().context("the image has no directory")?).join("disk-0.raw");
    super::source::duplicate(&raw, &disk)?;
    let length = fs::metadata(&disk).with_context(|| format!("looking at {}", disk.display()))?.len();
    ensure!(verified["CheckedBytes"] == length, "the image's disk has {length} bytes, and it is {verified}");
    steps.done("image given out");
    Ok(disk)
}

/// Makes an incremental job whose cycle does not come by itself.
fn create(center: &Center, source_id: &str) -> anyhow::Result<String> {
    let options = ["--name", "boot-test", "--image-name", "boot-test", "--every", "168", "--keep", "2"];
    let words: Vec<&str> = ["job", "create", source_id].into_iter().chain(options).collect();
    let created = center.ask(&words)?;
    created["JobId"].as_str().map(str::to_owned).context("the new job has no id")
}

/// Watches a job until it does nothing more by itself, which has to be in this state.
fn watch(center: &Center, job: &str, bound: Duration, state: &str) -> anyhow::Result<Value> {
    let job = center.long(bound, &["job", "watch", job])?;
    ensure!(job["Status"] == state, "the job should be {state} now: {job}");
    Ok(job)
}
