//! Importing this machine in the demo: the agent's own program, in a process of its own.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, bail};
use serde::Deserialize;
use tokio::process::Command;

/// What the agent is told.
pub(super) struct Import<'a> {
    pub(super) server: String,
    pub(super) ca_fingerprint: String,
    pub(super) token_id: String,
    pub(super) token_code: &'a str,
    pub(super) state_dir: PathBuf,
    /// Where a disk image can be made, for machines on which no disk can be seen.
    pub(super) scratch: &'a Path,
}

/// Size of the disk image that stands in where no disk can be seen, as in many containers.
const IMAGE_BYTES: u64 = 64 << 20;

/// What the agent prints.
#[derive(Deserialize)]
struct Imported {
    source_id: String,
}

/// Runs the agent and gives the id of the source that this machine is now; the code travels in its environment, as in a real import.
pub(super) async fn import(import: Import<'_>) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("finding this program")?;
    let mut agent = Command::new(program);
    agent
        .args(["agent", "import", "--server", &import.server, "--ca-fingerprint", &import.ca_fingerprint])
        .args(["--token-id", &import.token_id, "--output", "json", "--state-dir"])
        .arg(&import.state_dir)
        .stdout(Stdio::piped())
        .env("LANDFALL_TOKEN_CODE", import.token_code)
        .kill_on_drop(true);
    if blockdev::Inventory::collect(&blockdev::Roots::default()).map_or(true, |found| found.disks.is_empty())
    {
        let image = import.scratch.join("disk.img");
        File::create_new(&image)
            .and_then(|file| file.set_len(IMAGE_BYTES))
            .with_context(|| format!("making the disk image {}", image.display()))?;
        agent.arg("--disk").arg(image);
    }
    let output = agent.output().await.context("starting the agent")?;
    if !output.status.success() {
        bail!("the agent did not import this machine ({}); what it said is above", output.status);
    }
    let imported: Imported =
        serde_json::from_slice(&output.stdout).context("reading what the agent printed")?;
    Ok(imported.source_id)
}
