//! `cargo xtask test`: everything that can be tested on this machine, from a fresh clone on.

use std::{path::Path, time::Instant};

use crate::{
    agent_static, console, setup,
    shell::{command, run},
};

/// How often a commit's copies among deaths and copies of live disks are proven equal to their disks.
pub(crate) const PROOFS: u32 = 30;

/// Prepares the machine, then runs the Rust tests, the reliability tests, the official SDKs, and the console in a browser.
/// Proofs that are made again and again are made `proofs` times, or as often as each does by itself.
pub(crate) fn run_all(root: &Path, proofs: Option<u32>) -> anyhow::Result<()> {
    let began = Instant::now();
    setup::prepare(root)?;
    console::check(root)?;
    let mut workspace = vec!["test", "--locked", "--workspace"];
    // The first has the release programs below; the others measure, and are tried by being run.
    for package in ["reliability", "bench-api", "bench-replicate"] {
        workspace.extend(["--exclude", package]);
    }
    let proofs = proofs.map(|proofs| proofs.to_string());
    let proving = |name: &'static str| proofs.clone().map(|proofs| (name, proofs));
    run(command(root, "cargo", &workspace).envs(proving("LANDFALL_PROOF_RUNS")))?;
    run(&mut command(root, "cargo", &["build", "--locked", "--release", "-p", "landfall"]))?;
    let agent = agent_static::build(root)?;
    let center = root.join("target/release/landfall");
    run(command(root, "cargo", &["test", "--locked", "-p", "reliability"])
        .envs(proving("LANDFALL_COPY_RUNS"))
        .env("LANDFALL_BIN", &center)
        .env("LANDFALL_AGENT_BIN", &agent))?;
    run(command(root, "conformance/run", &[])
        .env("LANDFALL_BIN", &center)
        .env("LANDFALL_AGENT_BIN", &agent))?;
    console::browser(root, &center, &agent)?;
    println!("\nall tests passed in {} s", began.elapsed().as_secs());
    Ok(())
}
