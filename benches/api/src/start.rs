//! How soon a new center is ready, and what a center and an agent weigh when nothing happens.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bench_report::{Goal, Report};
use test_center::{ApiClient, Center, cpu_seconds, resident_bytes, thread_count};
use tokio::time::sleep;

use crate::{
    lab::{Engine, Lab},
    size::mebibytes,
    spread::Spread,
};

/// How long an agent may take to be heard of.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn measure(lab: &Lab, report: &mut Report) -> anyhow::Result<()> {
    for engine in Engine::ALL {
        let mut ready = Vec::new();
        for round in 0..lab.many(10) {
            ready.push(lab.launch(&format!("start-{engine}-{round}"), engine)?.start()?.ready_after());
        }
        let ready = Spread::of(ready).percentile(100).as_secs_f64();
        report.add(
            "start",
            &format!("{engine}, empty: start to ready, slowest"),
            ready,
            "s",
            Goal::AtMost(1.0),
        );
    }
    let center = lab.launch("start-idle", Engine::Sqlite)?.start()?;
    let (cpu, began) = (cpu_seconds(center.pid())?, Instant::now());
    sleep(lab.seconds(10)).await;
    let share = (cpu_seconds(center.pid())? - cpu) / began.elapsed().as_secs_f64() * 100.0;
    report.add("start", "idle center: processor", share, "% of one", Goal::AtMost(5.0));
    let resident = mebibytes(resident_bytes(center.pid())?);
    report.add("start", "idle center: resident", resident, "MiB", Goal::AtMost(64.0));
    agent(lab, &center, report).await
}

/// Imports this machine with the real agent and weighs it once it was heard of.
async fn agent(lab: &Lab, center: &Center, report: &mut Report) -> anyhow::Result<()> {
    let directory = lab.directory("agent");
    fs::create_dir_all(&directory)?;
    let disk = directory.join("disk.img");
    File::create(&disk)?.set_len(64 << 20)?;
    let key = center.first_key().context("reading the first key")?;
    let code = ApiClient::connect(center.api(), &key).await?.create_code(1).await?;
    let import = command(lab.agent(), &directory)
        .args(["import", "--server", &format!("https://{}", center.agents())])
        .args(["--ca-fingerprint", &fingerprint(center)?, "--token-id", &code.id])
        .arg("--disk")
        .arg(&disk)
        .env("LANDFALL_TOKEN_CODE", code.value.reveal())
        .output()
        .context("starting the agent")?;
    if !import.status.success() {
        bail!("the agent did not import this machine: {}", String::from_utf8_lossy(&import.stderr));
    }
    let mut run = command(lab.agent(), &directory);
    let running = Running(run.arg("run").stderr(Stdio::null()).spawn().context("starting the agent")?);
    heard_of(center).await?;
    let resident = mebibytes(resident_bytes(running.0.id())?);
    report.add("start", "running agent: resident", resident, "MiB", Goal::AtMost(32.0));
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let threads = thread_count(running.0.id())? as f64;
    report.add("start", "running agent: threads", threads, "", Goal::None);
    Ok(())
}

fn command(agent: &Path, directory: &Path) -> Command {
    let mut command = Command::new(agent);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("LANDFALL_STATE_DIR", directory.join("state")).stdin(Stdio::null());
    command
}

fn fingerprint(center: &Center) -> anyhow::Result<String> {
    let said = center.announcement();
    let word = said.split_whitespace().find(|word| word.starts_with("sha256:"));
    Ok(word.context("reading the center's fingerprint")?.to_owned())
}

/// Waits until the center counts a heartbeat.
async fn heard_of(center: &Center) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let (_, metrics) = center.get("/metrics")?;
        if metrics.lines().any(|line| line.contains("call=\"heartbeat\",code=\"OK\"")) {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            bail!("the center heard nothing of the agent: {metrics}");
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// A child that ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
