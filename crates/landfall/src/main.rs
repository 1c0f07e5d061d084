//! The operator's program: assembly and wiring. Rules are in the crates below; here are options, calls and words.

mod admin;
mod api;
mod cli;
mod client;
mod demo;
mod failure;
mod image;
mod job;
mod location;
mod output;
mod serve;
mod source;
mod token;
mod web_console;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(std::env::args_os())
}
