//! `cargo xtask prove`: the copies among deaths and of live disks, as often as is asked; a night's work rather than a commit's.

use std::path::Path;

use crate::{
    agent_static, setup,
    shell::{command, run},
};

/// Options of `cargo xtask prove`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How often each proof is made.
    #[arg(long, default_value_t = 30)]
    runs: u32,
}

/// Makes each proof again and again, and ends with the first that fails; it says how to repeat it.
pub(crate) fn run_all(root: &Path, options: &Options) -> anyhow::Result<()> {
    setup::prepare(root)?;
    let programs = ["build", "--locked", "--release", "-p", "landfall", "-p", "landfall-agent"];
    run(&mut command(root, "cargo", &programs))?;
    let agent = agent_static::build(root)?;
    let center = root.join("target/release/landfall");
    let suite = |test: &str| {
        let mut suite =
            command(root, "cargo", &["test", "--locked", "-p", "reliability", "--", "--nocapture", test]);
        suite.env("LANDFALL_BIN", &center).env("LANDFALL_AGENT_BIN", &agent);
        suite
    };
    run(suite("taken_over::").arg("--include-ignored"))?;
    // Of an image file, and by `live_copies` of a disk that programs write to.
    run(suite("copies::").env("LANDFALL_COPY_RUNS", options.runs.to_string()))?;
    let everything = ["test", "--locked", "-p", "center", "--test", "copy", "--", "--nocapture", "proof::"];
    run(command(root, "cargo", &everything).env("LANDFALL_PROOF_RUNS", options.runs.to_string()))?;
    for number in 1..=options.runs {
        println!("live disks: {number} of {}", options.runs);
        run(&mut suite("live::"))?;
        let copies = ["test", "--locked", "-p", "center", "--test", "copy", "--", "devices::"];
        run(&mut command(root, "cargo", &copies))?;
    }
    Ok(())
}
