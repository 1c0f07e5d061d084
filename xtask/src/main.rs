//! Every developer command: `cargo xtask <command>`. One module for each command; this file only names them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a developer command talks to its terminal")]

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

mod agent_static;
mod bench;
mod boot_test;
mod ci;
mod codegen;
mod console;
mod licences;
mod prove;
mod setup;
mod shell;
mod test;

/// The developer commands of Landfall.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generate the operation table, the typed requests and responses, and their reference pages from the model.
    Codegen(codegen::Options),
    /// Install what the tests need (as root through apt, else the command is printed) and run all of them.
    Test,
    /// Everything that has to hold for a commit: format, lints, generated code, licences, lock files, tests.
    Ci,
    /// Build the web console into console/dist, for which Node is needed.
    Console,
    /// Build the agent as one static file.
    AgentStatic,
    /// Replicate a Debian that runs in QEMU, cut over, and boot its image.
    BootTest(boot_test::Options),
    /// Check every dependency's licence and source against deny.toml.
    Licences,
    /// Copy disks among deaths, and disks of a running machine, again and again.
    Prove(prove::Options),
    /// Measure; the report says how each figure compares to its goal.
    #[command(subcommand)]
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("finding the root of the workspace")?;
    match &cli.command {
        Command::Codegen(options) => codegen::run(root, *options),
        Command::Test => test::run_all(root, None),
        Command::Ci => ci::run_all(root),
        Command::Console => console::build(root),
        Command::AgentStatic => agent_static::build(root).map(drop),
        Command::BootTest(options) => boot_test::run(root, options),
        Command::Licences => licences::check(root),
        Command::Prove(options) => prove::run_all(root, options),
        Command::Bench(what) => bench::measure(root, what),
    }
}
