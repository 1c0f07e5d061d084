//! `cargo xtask bench`: measurements. They report and never fail by what they measure.

use std::{path::Path, path::PathBuf};

use clap::{Args, Subcommand};

use crate::shell::{command, run};

/// What to measure.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Codes, redemptions, size and start of a release center and agent; the report is also written as JSON.
    Api(ApiOptions),
}

/// Options of `bench api`.
#[derive(Args)]
pub(crate) struct ApiOptions {
    /// Few and short measurements, to see that everything works; their figures mean little.
    #[arg(long)]
    quick: bool,
    /// Only the cases whose name begins so: start, creation, race, size; creation-postgres names one engine.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Where the report is written as JSON.
    #[arg(long, value_name = "FILE", default_value = "target/bench/api.json")]
    json: PathBuf,
}

/// Builds what is measured with the release profile and measures it.
pub(crate) fn measure(root: &Path, bench: &Bench) -> anyhow::Result<()> {
    let Bench::Api(options) = bench;
    // Where Cargo builds elsewhere, the directory that is measured in is not there yet.
    std::fs::create_dir_all(root.join("target"))?;
    let build =
        ["build", "--locked", "--release", "-p", "landfall", "-p", "landfall-agent", "-p", "bench-api"];
    run(&mut command(root, "cargo", &build))?;
    let mut measurement = command(root, "cargo", &["run", "--locked", "--release", "-p", "bench-api", "--"]);
    if options.quick {
        measurement.arg("--quick");
    }
    if let Some(only) = &options.only {
        measurement.arg("--only").arg(only);
    }
    run(measurement.arg("--directory").arg("target").arg("--json").arg(&options.json))
}
