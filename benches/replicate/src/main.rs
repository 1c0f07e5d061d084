//! Measures copies of disks: each figure beside its goal, and every comparison with another program in the same run, on
//! the same disk and the same filesystem.
//!
//! `cargo xtask bench replicate` installs what is measured against, builds and runs this as root. Both ends of a copy are
//! processes of their own, which run what agent and center run: the whole run of a source over TLS into staging disks.
//! Nothing here passes or fails by time. A copy that is not equal to its source ends the measurement.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the report is what it is for")]
#![allow(clippy::cast_precision_loss, reason = "figures to show")]

mod freeze;
mod full;
mod garbage;
mod ground;
mod hash;
mod incremental;
mod lab;
mod link;
mod memory;
mod noise;
mod peers;
mod roles;
mod streams;
mod tracker;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use bench_report::Report;
use clap::Parser;

use crate::{lab::Lab, roles::Role};

/// What to measure.
#[derive(Parser)]
#[command(name = "cargo xtask bench replicate", about = "Measures copies of disks")]
struct Options {
    #[command(subcommand)]
    role: Option<Role>,
    /// Few and short measurements, to see that everything works; their figures mean little
    #[arg(long)]
    quick: bool,
    /// Only the cases whose name begins so
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Bytes of the disk that is copied, such as 8G [default: 8G, quick: 1G]
    #[arg(long, value_name = "BYTES", value_parser = size)]
    size: Option<u64>,
    /// How often each figure is measured [default: 5, quick: 1]
    #[arg(long, value_name = "NUMBER")]
    runs: Option<usize>,
    /// Streams of a copy
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    streams: u16,
    /// Where the report is written as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where disks and their copies are put, since what is under them is part of what is measured [default: here]
    #[arg(long, value_name = "DIR", default_value = ".")]
    directory: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match &options.role {
        Some(role) => roles::play(role),
        None => run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A case: its name, and what measures it.
type Case = (&'static str, fn(&Lab, &mut Report) -> anyhow::Result<()>);

const CASES: &[Case] = &[
    ("full", full::measure),
    ("noise", full::measure_noise),
    ("garbage", garbage::measure),
    ("incremental", incremental::measure),
    ("tracker", tracker::measure),
    ("freeze", freeze::measure),
    ("memory", memory::measure),
    ("streams", streams::measure),
    ("link", link::measure),
    ("hash", hash::measure),
];

fn run(options: &Options) -> anyhow::Result<()> {
    let size = options.size.unwrap_or(if options.quick { 1 << 30 } else { 8 << 30 });
    let runs = options.runs.unwrap_or(if options.quick { 1 } else { 5 }).max(1);
    let lab = Lab::open(&options.directory, size, runs, options.streams, options.quick)?;
    let mut report = Report::new(options.quick);
    let mut failures = Vec::new();
    for (name, measure) in CASES {
        if options.only.as_ref().is_none_or(|only| name.starts_with(only.as_str())) {
            let measured = measure(&lab, &mut report).with_context(|| format!("measuring {name}"));
            // The figures of the other cases are worth having all the same.
            failures.extend(measured.err().inspect(|error| eprintln!("error: {error:#}")));
        }
    }
    println!("\n{}", report.table());
    if let Some(path) = &options.json {
        report.write(path)?;
        println!("\nwritten to {}", path.display());
    }
    match failures.len() {
        0 => Ok(()),
        count => bail!("{count} of the cases could not be measured; what was said of them above says why"),
    }
}

/// Reads a number of bytes with a unit.
fn size(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.chars().last() {
        Some('K') => (&text[..text.len() - 1], 10),
        Some('M') => (&text[..text.len() - 1], 20),
        Some('G') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let number: u64 = digits.parse().map_err(|_| format!("{text:?} is no size; write such as 8G"))?;
    number.checked_mul(1 << shift).filter(|bytes| *bytes >= 64 << 20).ok_or_else(|| "at least 64M".to_owned())
}
