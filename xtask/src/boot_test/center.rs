//! A center on this machine's loopback, asked by its own program as an operator would.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::mpsc,
    time::Duration,
};

use anyhow::{Context, bail};
use serde_json::Value;

use super::bounded::{Bounded, tied};

/// How long a center may take to start.
const START: Duration = Duration::from_mins(1);

/// How long a plain question may take.
const ANSWER: Duration = Duration::from_mins(1);

/// The address by which a guest in QEMU's user network reaches this machine's loopback.
const HOST_FOR_GUESTS: &str = "10.0.2.2";

/// A center that runs. It is killed with this value.
pub(super) struct Center {
    child: Child,
    program: PathBuf,
    data: PathBuf,
    endpoint: String,
    key: String,
    secret: String,
}

impl Center {
    /// Starts a center with all it has in a directory; it hands out the agent.
    pub(super) fn start(program: &Path, agent: &Path, directory: &Path) -> anyhow::Result<Self> {
        let (data, log) = (directory.join("center"), directory.join("center.log"));
        let errors = File::create(&log).with_context(|| format!("making {}", log.display()))?;
        let mut child = tied("KILL", program)
            .args(["serve", "--api-listen", "127.0.0.1:0", "--agent-listen", "127.0.0.1:0"])
            .args(["--agent-address", HOST_FOR_GUESTS, "--agent-binary"])
            .arg(agent)
            .arg("--data-dir")
            .arg(&data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let said = announcement(&mut child);
        let mut center = Self {
            child,
            program: program.to_owned(),
            data,
            endpoint: String::new(),
            key: String::new(),
            secret: String::new(),
        };
        let said = said.with_context(|| format!("starting the center; see {}", log.display()))?;
        let word = |after: &str| {
            let rest = said.split_once(after).map(|(_, rest)| rest);
            let found = rest.and_then(|rest| rest.split_whitespace().next()).map(str::to_owned);
            found.with_context(|| format!("the center did not say {after:?}"))
        };
        center.endpoint = word("API ")?;
        center.key = word("ALIBABA_CLOUD_ACCESS_KEY_ID=")?;
        center.secret = word("ALIBABA_CLOUD_ACCESS_KEY_SECRET=")?;
        Ok(center)
    }

    /// Runs the center's program for something short and gives the JSON that it prints.
    pub(super) fn ask(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        self.long(ANSWER, arguments)
    }

    /// Runs the center's program for something that takes longer, and gives the JSON that it prints.
    pub(super) fn long(&self, bound: Duration, arguments: &[&str]) -> anyhow::Result<Value> {
        let printed = self.command(bound).args(arguments).args(["--output", "json"]).output()?;
        serde_json::from_str(&printed)
            .with_context(|| format!("reading what landfall {} printed", arguments.join(" ")))
    }

    /// Watches a job until it does nothing more by itself, and gives it as it is then: the last of the lines, one for each change.
    pub(super) fn watch(&self, bound: Duration, job: &str) -> anyhow::Result<Value> {
        let printed = self.command(bound).args(["job", "watch", job, "--output", "json"]).output()?;
        let last = printed.lines().next_back().context("landfall job watch printed nothing")?;
        serde_json::from_str(last).context("reading what landfall job watch printed last")
    }

    /// Runs the center's program, which asks this center, with its key.
    pub(super) fn command(&self, bound: Duration) -> Bounded {
        Bounded::new(bound, &self.program)
            .env("LANDFALL_ENDPOINT", &self.endpoint)
            .env("LANDFALL_DATA_DIR", &self.data)
            .env("ALIBABA_CLOUD_ACCESS_KEY_ID", &self.key)
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", &self.secret)
    }
}

impl Drop for Center {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads what a center says until it is ready.
fn announcement(child: &mut Child) -> anyhow::Result<String> {
    let output = child.stdout.take().context("it has no standard output")?;
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    let mut said = String::new();
    loop {
        match told.recv_timeout(START) {
            Ok(line) if line.starts_with("Ready") => return Ok(said),
            Ok(line) => {
                said.push_str(&line);
                said.push('\n');
            }
            Err(mpsc::RecvTimeoutError::Timeout) => bail!("it was not ready within {} s", START.as_secs()),
            Err(mpsc::RecvTimeoutError::Disconnected) => bail!("it ended"),
        }
    }
}
