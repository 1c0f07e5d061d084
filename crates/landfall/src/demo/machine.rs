//! This machine as a source in the demo: the agent's own program, in processes of its own.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, bail};
use serde::Deserialize;
use tokio::process::{Child, Command};

/// What the agent is told.
pub(super) struct Import<'a> {
    pub(super) server: String,
    pub(super) ca_fingerprint: String,
    pub(super) token_id: String,
    pub(super) token_code: &'a str,
    pub(super) state_dir: PathBuf,
    /// The disk that is imported; this machine's own are left alone.
    pub(super) disk: &'a Path,
}

/// What the agent prints.
#[derive(Deserialize)]
struct Imported {
    source_id: String,
}

/// Runs the agent and gives the id of the source that this machine is now; the code travels in its environment, as in a real import.
pub(super) async fn import(import: &Import<'_>) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("finding this program")?;
    let mut agent = Command::new(program);
    agent
        .args(["agent", "import", "--server", &import.server, "--ca-fingerprint", &import.ca_fingerprint])
        .args(["--token-id", &import.token_id, "--output", "json", "--state-dir"])
        .arg(&import.state_dir)
        .args(["--images-only", "--disk"])
        .arg(import.disk)
        .stdout(Stdio::piped())
        .env("LANDFALL_TOKEN_CODE", import.token_code)
        .kill_on_drop(true);
    let output = agent.output().await.context("starting the agent")?;
    if !output.status.success() {
        bail!("the agent did not import this machine ({}); what it said is above", output.status);
    }
    let imported: Imported =
        serde_json::from_slice(&output.stdout).context("reading what the agent printed")?;
    Ok(imported.source_id)
}

/// Starts the agent that stays; it ends with what is given back. What it says goes to a file beside its state.
pub(super) fn run(state_dir: &Path) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("finding this program")?;
    let log = state_dir.with_extension("log");
    let said = File::create(&log).with_context(|| format!("making {}", log.display()))?;
    let agent = Command::new(program)
        .args(["agent", "run", "--state-dir"])
        .arg(state_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said)
        .kill_on_drop(true)
        .spawn();
    agent.context("starting the agent")
}
