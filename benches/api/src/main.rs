//! Measures a release center and agent, each as its own process, against the goals of the project.
//!
//! `cargo xtask bench api` builds what is needed and runs this. Nothing here passes or fails by time: it reports, as a
//! table and as JSON, and says beside each figure what the goal is. Where a goal is a ratio, both sides of it are
//! measured in the same run, on the same file system or the same server.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the report is what it is for")]

mod creation;
mod fleet;
mod lab;
mod race;
mod size;
mod spread;
mod start;
mod throttle;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use bench_report::Report;
use clap::Parser;

use crate::{lab::Engine, lab::Lab};

/// The load must cost little of what it measures.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What to measure.
#[derive(Parser)]
#[command(name = "cargo xtask bench api", about = "Measures a release center and agent")]
struct Options {
    /// Few and short measurements, to see that everything works; their figures mean little
    #[arg(long)]
    quick: bool,
    /// Only the cases whose name begins so: start, creation, race, size; creation-postgres names one engine
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Where the report is written as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The center's program [default: landfall beside this program]
    #[arg(long, value_name = "FILE", env = "LANDFALL_BIN")]
    landfall: Option<PathBuf>,
    /// The agent's program [default: landfall-agent beside this program]
    #[arg(long, value_name = "FILE", env = "LANDFALL_AGENT_BIN")]
    agent: Option<PathBuf>,
    /// Where databases are put, since the file system under them is part of what is measured [default: here]
    #[arg(long, value_name = "DIR", default_value = ".")]
    directory: PathBuf,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> anyhow::Result<()> {
    let beside = std::env::current_exe().context("finding this program")?;
    let program =
        |given: &Option<PathBuf>, name: &str| given.clone().unwrap_or_else(|| beside.with_file_name(name));
    let lab = Lab::open(
        program(&options.landfall, "landfall"),
        program(&options.agent, "landfall-agent"),
        &options.directory,
        options.quick,
    )?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut report = Report::new(options.quick);
    let wanted = |case: &str| options.only.as_ref().is_none_or(|only| case.starts_with(only.as_str()));
    if wanted("start") {
        runtime.block_on(start::measure(&lab, &mut report)).context("measuring the start")?;
    }
    for engine in Engine::ALL {
        let case = |name: &str| format!("{name}-{engine}");
        if wanted(&case("creation")) {
            runtime
                .block_on(creation::measure(&lab, engine, &mut report))
                .with_context(|| case("creation"))?;
        }
        if engine == Engine::Sqlite && wanted(&case("creation")) {
            runtime
                .block_on(creation::measure_slow(&lab, engine, &mut report))
                .with_context(|| case("creation"))?;
        }
        if wanted(&case("race")) {
            runtime.block_on(race::measure(&lab, engine, &mut report)).with_context(|| case("race"))?;
        }
        if wanted(&case("size")) {
            runtime.block_on(size::measure(&lab, engine, &mut report)).with_context(|| case("size"))?;
        }
    }
    println!("\n{}", report.table());
    if let Some(path) = &options.json {
        report.write(path)?;
        println!("\nwritten to {}", path.display());
    }
    Ok(())
}
