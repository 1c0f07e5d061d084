//! `cargo xtask bench`: measurements. They report and never fail by what they measure.

use std::{path::Path, path::PathBuf};

use clap::{Args, Subcommand};

use crate::{
    setup,
    shell::{command, run},
};

/// The programs that copies are measured against or with, and the Debian packages that they come in.
const PEERS: &[(&str, &str)] = &[
    ("nbdkit", "nbdkit"),
    ("nbdcopy", "libnbd-bin"),
    ("qemu-img", "qemu-utils"),
    ("rsync", "rsync"),
    ("partclone.ext4", "partclone"),
    ("zstd", "zstd"),
    ("ncat", "ncat"),
    ("restic", "restic"),
    ("fio", "fio"),
    ("bpftool", "bpftool"),
    ("tc", "iproute2"),
    ("mkfs.ext4", "e2fsprogs"),
    ("mkfs.xfs", "xfsprogs"),
    ("losetup", "mount"),
    ("blockdev", "util-linux"),
    ("sysctl", "procps"),
    ("cmp", "diffutils"),
];

/// What to measure.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Codes, redemptions, size and start of a release center and agent; the report is also written as JSON.
    Api(ApiOptions),
    /// Copies of disks, against other programs that copy disks; needs root. The report is also written as JSON.
    Replicate(ReplicateOptions),
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

/// Options of `bench replicate`.
#[derive(Args)]
pub(crate) struct ReplicateOptions {
    /// Few and short measurements of a small disk, to see that everything works; their figures mean little.
    #[arg(long)]
    quick: bool,
    /// Only the cases whose name begins so: full, noise, garbage, incremental, tracker, freeze, memory, streams, link.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Bytes of the disk that is copied, such as 8G.
    #[arg(long, value_name = "BYTES")]
    size: Option<String>,
    /// How often each figure is measured.
    #[arg(long, value_name = "NUMBER")]
    runs: Option<usize>,
    /// Where disks and their copies are put: room for three times the size is needed.
    #[arg(long, value_name = "DIR", default_value = "target")]
    directory: PathBuf,
    /// Where the report is written as JSON.
    #[arg(long, value_name = "FILE", default_value = "target/bench/replicate.json")]
    json: PathBuf,
}

/// Builds what is measured with the release profile and measures it.
pub(crate) fn measure(root: &Path, bench: &Bench) -> anyhow::Result<()> {
    match bench {
        Bench::Api(options) => api(root, options),
        Bench::Replicate(options) => replicate(root, options),
    }
}

fn replicate(root: &Path, options: &ReplicateOptions) -> anyhow::Result<()> {
    setup::install(root, PEERS)?;
    std::fs::create_dir_all(root.join(&options.directory))?;
    let arguments = ["run", "--locked", "--release", "-p", "bench-replicate", "--"];
    let mut measurement = command(root, "cargo", &arguments);
    measurement.arg("--directory").arg(&options.directory).arg("--json").arg(&options.json);
    if options.quick {
        measurement.arg("--quick");
    }
    let runs = options.runs.map(|runs| runs.to_string());
    for (name, value) in [("--only", &options.only), ("--size", &options.size), ("--runs", &runs)] {
        if let Some(value) = value {
            measurement.arg(name).arg(value);
        }
    }
    run(&mut measurement)
}

fn api(root: &Path, options: &ApiOptions) -> anyhow::Result<()> {
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
