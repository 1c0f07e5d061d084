//! The program on the source: it imports the machine into a center with an activation code, keeps it known there, and
//! copies its disks when the center asks for it.
//!
//! A library with a thin binary, so that the operator's program can carry the same code: [`main`] is the whole
//! of `landfall-agent`, and [`import`] and [`run`] are its two halves for programs of their own. The agent reads
//! disks through [`blockdev`] and never writes to them; all it writes is in its state directory ([`state`]).
//!
//! It is built as one static file. Nothing here loads code at run time or asks the name service switch for
//! anything but host names (`getaddrinfo`); on a machine where even that does not work in a static program, an
//! IP address as `--server` does.

pub mod center_url;
mod cli;
mod code;
mod command;
pub mod failure;
pub mod import;
pub mod link;
pub mod machine;
mod pace;
mod plan;
pub mod replicate;
pub mod run;
mod said;
mod screen;
mod service;
mod signals;
mod size;
pub mod state;
mod still;
pub mod system;
pub mod trust;
mod work;

use std::{
    ffi::OsString,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use tracing_subscriber::EnvFilter;

use cli::{Cli, Command};
use failure::Failure;
use said::Said;
use work::Tracked;

/// Does what the arguments (without the program's own name) ask for, and says so: data on standard output,
/// everything else on standard error. `invoked_as` is how a user calls it: `landfall-agent`, or `landfall agent`.
///
/// The code is 0 when done, 1 when refused or failed, 2 for wrong usage.
pub async fn main(invoked_as: &str, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Err(refusal) = code::refuse_in(&arguments) {
        return report(invoked_as, Err(refusal.into()));
    }
    match cli::parse(invoked_as, &arguments) {
        Ok(cli) => {
            log(if matches!(cli.command, Command::Run { .. }) { "info" } else { "warn" });
            report(invoked_as, perform(cli, invoked_as).await)
        }
        Err(error) => {
            let text = code::hidden(&error.to_string());
            put(&text, error.use_stderr());
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
    }
}

async fn perform(cli: Cli, invoked_as: &str) -> Result<Said, Failure> {
    match cli.command {
        Command::Import(args) => command::import(args, invoked_as).await,
        Command::Run { state, no_tracking } => {
            let tracked = if no_tracking { Tracked::Never } else { Tracked::IfPossible };
            command::run(&state.state_dir, tracked).await
        }
        Command::Status { state, output } => command::status(&state.state_dir, output.output),
        Command::Inventory { disks, output } => command::inventory(&disks, output.output),
        Command::Plan { disks, output } => command::plan(&disks, output.output),
        Command::Service(args) => Ok(command::service(&args.state_dir, invoked_as)),
        Command::Version => Ok(command::version(invoked_as)),
    }
}

fn report(invoked_as: &str, outcome: Result<Said, Failure>) -> ExitCode {
    match outcome {
        Ok(said) => {
            put(&said.data, false);
            put(&said.aside, true);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            let remedy = failure.remedy().map(|remedy| format!("what to do: {remedy}\n")).unwrap_or_default();
            put(&format!("{invoked_as}: {failure}\n{remedy}"), true);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Writes; a reader that is gone does not want it.
fn put(text: &str, aside: bool) {
    let _ =
        if aside { io::stderr().write_all(text.as_bytes()) } else { io::stdout().write_all(text.as_bytes()) };
}

/// Logs to standard error what LANDFALL_LOG asks for. A program that carries the agent may log already.
fn log(usual: &str) {
    let filter = std::env::var("LANDFALL_LOG").ok().and_then(|text| EnvFilter::try_new(text).ok());
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|| EnvFilter::new(usual)))
        .with_writer(|| screen::Writer)
        .with_ansi(io::stderr().is_terminal())
        .try_init();
}
