//! What it costs a disk's own work that its changes are tracked, while nothing is copied.

use anyhow::Context;
use bench_report::{Goal, Report};
use serde_json::Value;

use crate::{
    lab::{Disk, Lab, Mounted, median, said},
    noise::Noise,
    roles::{Agent, Center},
};

/// Bytes of the disk that is written to.
const BYTES: u64 = 512 << 20;

pub(crate) fn measure(lab: &Lab, report: &mut Report) -> anyhow::Result<()> {
    let directory = lab.directory("tracker")?;
    // In memory, since a disk in memory is the fastest there is, and so the hardest case.
    let memory = Mounted::in_memory(directory.join("memory"), BYTES + (64 << 20))?;
    let disk = Disk::in_memory(memory.point().join("source.img"), BYTES)?;
    Noise::new(2).write_file(disk.image(), BYTES)?;
    let center = Center::start(&directory, disk.size)?;
    for (case, rate, goal) in [("tracker-10000", Some(10_000), 2.0), ("tracker-most", None, 5.0)] {
        let (mut without, mut with, mut lost) = (Vec::new(), Vec::new(), Vec::new());
        for run in 0..lab.runs.max(3) {
            let plain = random_writes(lab, &disk, rate)?;
            let agent = Agent::start(&disk.name(), center.address(0)?, center.pin(), 1)?;
            let tracked = random_writes(lab, &disk, rate)?;
            drop(agent);
            println!("  {case} run {run}: {plain:.0} without, {tracked:.0} with");
            without.push(plain);
            with.push(tracked);
            lost.push((1.0 - tracked / plain) * 100.0);
        }
        report.add(case, "writes a second, not tracked", median(without), "/s", Goal::None);
        report.add(case, "writes a second, tracked", median(with), "/s", Goal::None);
        report.add(case, "lost, the middle of all pairs", median(lost), "%", Goal::AtMost(goal));
    }

    // Counting takes time itself, so it is done apart from the rest.
    let counting = Counting::begin()?;
    let agent = Agent::start(&disk.name(), center.address(0)?, center.pin(), 1)?;
    let before = cost()?;
    let requests = random_writes(lab, &disk, Some(10_000))? * lab.many(10) as f64;
    let after = cost()?;
    drop((agent, counting));
    let (runs, nanoseconds) = (after.0 - before.0, after.1 - before.1);
    println!("  {requests} requests, {runs} runs of programs, {nanoseconds} ns");
    report.add("tracker-cpu", "runs of programs for each request", runs / requests, "", Goal::None);
    report.add("tracker-cpu", "one run of a program", nanoseconds / runs / 1_000.0, "us", Goal::None);
    let each = nanoseconds / requests / 1_000.0;
    report.add("tracker-cpu", "processor time for each request", each, "us", Goal::AtMost(0.4));
    Ok(())
}

/// Runs and nanoseconds of all tracking programs, as the kernel counts them.
fn cost() -> anyhow::Result<(f64, f64)> {
    let told: Value = serde_json::from_str(&said("bpftool", &["--json", "prog", "show"])?)
        .context("reading the kernel's list of programs")?;
    let ours = told.as_array().into_iter().flatten().filter(|program| program["name"] == "landfall_track");
    Ok(ours.fold((0.0, 0.0), |(runs, time), program| {
        let number = |name: &str| program[name].as_f64().unwrap_or(0.0);
        (runs + number("run_cnt"), time + number("run_time_ns"))
    }))
}

/// Writes of 4 KiB a second that the disk takes, or that are asked of it.
fn random_writes(lab: &Lab, disk: &Disk, rate: Option<u64>) -> anyhow::Result<f64> {
    let name = format!("--filename={}", disk.name());
    let runtime = format!("--runtime={}", lab.many(10));
    let mut words = vec![
        "--name=writes",
        "--rw=randwrite",
        "--bs=4k",
        "--direct=1",
        "--ioengine=libaio",
        "--iodepth=32",
        "--time_based",
        "--randrepeat=1",
        "--output-format=json",
        &name,
        &runtime,
    ];
    let rate = rate.map(|rate| format!("--rate_iops={rate}"));
    words.extend(rate.as_deref());
    let said = said("fio", &words)?;
    let told: Value = serde_json::from_str(&said).context("reading fio's figures")?;
    told["jobs"][0]["write"]["iops"].as_f64().context("reading fio's figures")
}

/// The kernel counts what its programs cost; no more with its end.
struct Counting {
    before: String,
}

impl Counting {
    fn begin() -> anyhow::Result<Self> {
        let before = said("sysctl", &["--values", "kernel.bpf_stats_enabled"])?.trim().to_owned();
        said("sysctl", &["--quiet", "--write", "kernel.bpf_stats_enabled=1"])?;
        Ok(Self { before })
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        let _ = said("sysctl", &["--quiet", "--write", &format!("kernel.bpf_stats_enabled={}", self.before)]);
    }
}
