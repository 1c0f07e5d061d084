//! The replication of a source to an image, by the commands that an operator uses.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{center::Center, copy::CHECKED, report::Steps, source::Source};

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

/// What of a run is shown, and where the job's StatusInfo has it.
const FIGURES: &[(&str, &str)] = &[
    ("freeze ms", "/freeze_ms"),
    ("freeze predicted ms", "/predicted_freeze_ms"),
    ("bytes read", "/read_bytes"),
    ("bytes sent", "/sent_bytes"),
    ("bytes packed", "/packed_bytes"),
    ("tracking", "/tracking/mode"),
    ("not proven at first", "/unproven"),
];

/// How long the image may take to come up; where KVM hangs, a part of it goes by before software takes over.
const BOOT: Duration = Duration::from_mins(8);

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
    let mut figures = Map::new();
    let waiting = watch(center, &job, FIRST_RUN, "Waiting")?;
    note(&mut figures, "first run", &waiting)?;
    steps.done("first run");
    let ended = source.machine.wrote();
    ensure!(ended > began, "the source wrote nothing while it was copied; it is stuck");
    let durable_before = source.machine.wait_for_more(ended + FILES_MEANWHILE, WRITING)?;
    center.command(WRITING).args(["job", "cutover", &job, "--sync"]).run()?;
    let job = watch(center, &job, LAST_RUN, "Finished")?;
    note(&mut figures, "cutover", &job)?;
    steps.done("cutover");
    let meanwhile = source.machine.wrote();
    let durable_after = source.machine.wait_for_more(meanwhile, WRITING)?;
    let image_id = job["ImageId"].as_str().context("the job ended without an image")?.to_owned();
    figures.insert("first run, files meanwhile".into(), json!(ended - began));
    figures.insert("cutover, files meanwhile".into(), json!(durable_after - durable_before));
    figures.insert("cutover, longest file ms".into(), json!(source.machine.longest_after(durable_before)));
    Ok(Replica { durable_before, durable_after, frozen: true, image_id, figures, job })
}

/// Verifies the image and takes its disk out of the center, which has to be equal.
pub(super) fn give_out(
    center: &Center,
    replica: &mut Replica,
    directory: &Path,
    steps: &mut Steps,
) -> anyhow::Result<PathBuf> {
    let image = replica.image_id.clone();
    let verified = center.long(IMAGE, &["image", "verify", &image])?;
    ensure!(verified["Equal"] == true, "the image {image} is not what was signed: {verified}");
    steps.done("image verified");
    let disk = directory.join("image.raw");
    let file = disk.to_str().context("the path of the exported disk is not text")?;
    let given = center.long(IMAGE, &["image", "export", &image, "--format", "raw", "--to", file])?;
    let equal = center.long(IMAGE, &["image", "verify", &image, "--against", file])?;
    ensure!(equal["Equal"] == true, "the exported disk is not what was signed: {equal}");
    replica.figures.insert("bytes of the disk".into(), given["SizeBytes"].clone());
    replica.figures.insert("bytes of the export".into(), given["RoomBytes"].clone());
    steps.done("image exported");
    Ok(disk)
}

/// Has the center start the image, and gives the verdict of the checker in it.
pub(super) fn test_boot(center: &Center, replica: &mut Replica, steps: &mut Steps) -> anyhow::Result<String> {
    let seconds = BOOT.as_secs().to_string();
    let expect = ["--expect", CHECKED, "--timeout", &seconds, "--memory", "768"];
    let words: Vec<&str> = ["image", "test-boot", &replica.image_id].into_iter().chain(expect).collect();
    let started = center.long(BOOT + IMAGE, &words)?;
    ensure!(started["Up"] == true, "the image did not come up: {started}");
    ensure!(started["Untouched"] == true, "the start changed the image: {started}");
    replica.figures.insert("image up by".into(), started["Accelerator"].clone());
    replica.figures.insert("image up after s".into(), started["Seconds"].clone());
    steps.done("image up");
    let lines = started["LastLines"].as_array().context("the start says nothing of the serial line")?;
    let mut said = lines.iter().filter_map(|line| line.as_str()?.strip_prefix("boot-test: check="));
    said.next_back().map(|verdict| format!("check={verdict}")).context("the image came up without a verdict")
}

/// Makes an incremental job whose cycle does not come by itself.
fn create(center: &Center, source_id: &str) -> anyhow::Result<String> {
    let options = ["--name", "boot-test", "--image-name", "boot-test", "--every", "168", "--keep", "2"];
    let words: Vec<&str> = ["job", "create", source_id].into_iter().chain(options).collect();
    let created = center.ask(&words)?;
    created["JobId"].as_str().map(str::to_owned).context("the new job has no id")
}

/// Notes what a run came to.
fn note(figures: &mut Map<String, Value>, run: &str, job: &Value) -> anyhow::Result<()> {
    let info = job["StatusInfo"].as_str().context("the job says nothing of how its run went")?;
    let info: Value = serde_json::from_str(info).context("reading how the run went")?;
    for (name, place) in FIGURES {
        figures.insert(format!("{run}, {name}"), info.pointer(place).cloned().unwrap_or(Value::Null));
    }
    ensure!(info["freeze_ms"].is_u64(), "the job does not say how long the source was frozen: {info}");
    Ok(())
}

/// Watches a job until it does nothing more by itself, which has to be in this state.
fn watch(center: &Center, job: &str, bound: Duration, state: &str) -> anyhow::Result<Value> {
    let job = center.watch(bound, job)?;
    ensure!(job["Status"] == state, "the job should be {state} now: {job}");
    Ok(job)
}
