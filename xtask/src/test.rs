//! `cargo xtask test`: everything that can be tested on this machine, from a fresh clone on.

use std::{path::Path, time::Instant};

use crate::{
    agent_static, console, setup,
    shell::{command, run},
};

/// Prepares the machine, then runs the Rust tests, the reliability tests, the official SDKs, and the console in a browser.
pub(crate) fn run_all(root: &Path) -> anyhow::Result<()> {
    let began = Instant::now();
    setup::prepare(root)?;
    console::check(root)?;
    let mut workspace = vec!["test", "--locked", "--workspace"];
    // The first has the release programs below; the others measure, and are tried by being run.
    for package in ["reliability", "bench-api", "bench-replicate"] {
        workspace.extend(["--exclude", package]);
    }
    run(&mut command(root, "cargo", &workspace))?;
    run(&mut command(root, "cargo", &["build", "--locked", "--release", "-p", "landfall"]))?;
    let agent = agent_static::build(root)?;
    let center = root.join("target/release/landfall");
    run(command(root, "cargo", &["test", "--locked", "-p", "reliability"])
        .env("LANDFALL_BIN", &center)
        .env("LANDFALL_AGENT_BIN", &agent))?;
    run(command(root, "conformance/run", &[])
        .env("LANDFALL_BIN", &center)
        .env("LANDFALL_AGENT_BIN", &agent))?;
    console::browser(root, &center, &agent)?;
    println!("\nall tests passed in {} s", began.elapsed().as_secs());
    Ok(())
}
