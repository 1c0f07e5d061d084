//! `cargo xtask boot-test`: a Debian that runs in QEMU is imported and replicated by the real agent inside of it, while it
//! writes files; then its image has to boot, hold the files of one moment, and have a clean filesystem.

mod bounded;
mod center;
mod copy;
mod layout;
mod machine;
mod nvme;
mod recipe;
mod replica;
mod report;
mod source;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::{
    agent_static, setup,
    shell::{command, run as run_shown},
};
use center::Center;
use copy::Checked;
use layout::Variant;
use report::{Report, Steps};

/// Files that the source has to have written before anything is copied.
const FILES_BEFORE: u64 = 20;

/// How long a guest may take to start: software emulation on a busy machine is slow.
const BOOT: Duration = Duration::from_mins(7);

/// How long a source may take to import itself.
const IMPORT: Duration = Duration::from_mins(4);

/// How long a source may take to write a few files.
const WRITING: Duration = Duration::from_mins(2);

/// Options of `boot-test`.
#[derive(Args)]
pub(crate) struct Options {
    /// How the guest starts, and how its disk is divided
    #[arg(long, value_enum, default_value_t = Which::All)]
    variant: Which,
    /// Keep the disks, logs and the center's data of this run
    #[arg(long)]
    keep: bool,
    /// Where guests' disks are kept between runs, and runs have their files
    #[arg(long, value_name = "DIR", default_value = "target/boot-test")]
    cache: PathBuf,
    /// The center to test, instead of building one
    #[arg(long, value_name = "FILE")]
    center: Option<PathBuf>,
    /// The static agent to test, instead of building one
    #[arg(long, value_name = "FILE")]
    agent: Option<PathBuf>,
    /// Replicate nothing: the copy is the source's own disk after a power failure. It tests this test
    #[arg(long)]
    rehearse: bool,
    /// Where the report is written as JSON
    #[arg(long, value_name = "FILE", default_value = "target/boot-test/report.json")]
    json: PathBuf,
}

/// Which guests.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Bios,
    Uefi,
    /// No copy: disks on NVMe, followed by the tests of what only those do
    Nvme,
    All,
}

/// What all variants are tested with.
struct Bench {
    cache: PathBuf,
    center: PathBuf,
    agent: PathBuf,
    keep: bool,
    rehearse: bool,
}

/// Tests what the options ask for, and fails if anything is not as it has to be.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    setup::prepare(root)?;
    let mut failed = Vec::new();
    if matches!(options.variant, Which::Nvme | Which::All)
        && let Err(error) = nvme::test(root, &root.join(&options.cache), options.keep)
    {
        eprintln!("nvme: {error:#}");
        failed.push("nvme");
    }
    if options.variant == Which::Nvme {
        return ended(&failed);
    }
    let bench = Bench {
        cache: root.join(&options.cache),
        center: options.center.clone().map_or_else(|| build_center(root), Ok)?,
        agent: options.agent.clone().map_or_else(|| agent_static::build(root), Ok)?,
        keep: options.keep,
        rehearse: options.rehearse,
    };
    let mut reports = Vec::new();
    for variant in options.variant.all() {
        match bench.test(*variant) {
            Ok(report) => {
                println!("{report}");
                reports.push(report);
            }
            Err(error) => {
                eprintln!("{}: {error:#}", variant.word());
                failed.push(variant.word());
            }
        }
    }
    let json = root.join(&options.json);
    let text = serde_json::to_string_pretty(&reports).context("writing the report")?;
    if let Some(directory) = json.parent() {
        fs::create_dir_all(directory)
            .with_context(|| format!("making the directory {}", directory.display()))?;
    }
    fs::write(&json, text + "\n").with_context(|| format!("writing {}", json.display()))?;
    ended(&failed)
}

fn ended(failed: &[&str]) -> anyhow::Result<()> {
    if failed.is_empty() { Ok(()) } else { bail!("the boot test failed for {}", failed.join(" and ")) }
}

impl Which {
    fn all(self) -> &'static [Variant] {
        match self {
            Self::Bios => &[Variant::Bios],
            Self::Uefi => &[Variant::Uefi],
            Self::Nvme => &[],
            Self::All => &[Variant::Bios, Variant::Uefi],
        }
    }
}

fn build_center(root: &Path) -> anyhow::Result<PathBuf> {
    let target = root.join("target");
    let build = ["build", "--locked", "--release", "-p", "landfall"];
    run_shown(command(root, "cargo", &build).env("CARGO_TARGET_DIR", &target))?;
    Ok(target.join("release/landfall"))
}

/// Runs a test in a directory of its own, which goes away with it unless it is to be kept.
fn in_directory<T>(
    cache: &Path,
    word: &str,
    keep: bool,
    test: impl FnOnce(&Path) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let directory = cache.join(format!("run-{word}-{}", std::process::id()));
    fs::create_dir_all(&directory)
        .with_context(|| format!("making the directory {}", directory.display()))?;
    let result = test(&directory);
    if keep {
        println!("{word}: kept in {}", directory.display());
    } else {
        fs::remove_dir_all(&directory).with_context(|| format!("removing {}", directory.display()))?;
    }
    result
}

impl Bench {
    /// Tests one variant.
    fn test(&self, variant: Variant) -> anyhow::Result<Report> {
        let base = recipe::base(&self.cache, variant)?;
        in_directory(&self.cache, variant.word(), self.keep, |directory| {
            self.test_in(variant, &base, directory)
        })
    }

    fn test_in(&self, variant: Variant, base: &Path, directory: &Path) -> anyhow::Result<Report> {
        let mut steps = Steps::begin(variant);
        let center = Center::start(&self.center, &self.agent, directory)?;
        let source = source::start(&center, variant, base, directory, BOOT)?;
        steps.done("source up");
        source.machine.wait_for("imported=", IMPORT)?;
        let source_id = source::imported(&center)?;
        steps.done("imported");
        let before = source.machine.wait_for_more(FILES_BEFORE, WRITING)?;
        let (mut replica, disk) = if self.rehearse {
            let wrote = source.machine.wait_for_more(before + FILES_BEFORE, WRITING)?;
            (replica::Replica::rehearsed(wrote), source.stop())
        } else {
            let mut replica = replica::make(&center, &source, &source_id, &mut steps)?;
            drop(source.stop());
            let disk = replica::give_out(&center, &mut replica, directory, &mut steps)?;
            (replica, disk)
        };
        let (fsck, xfs_clean, said) = if self.rehearse {
            let said = copy::boot(variant, &disk, directory, "copy")?;
            steps.done("copy up");
            ("its power failed, it is not clean".to_owned(), None, said)
        } else {
            let (fsck, xfs_clean) = copy::filesystems(variant, &disk, directory, &mut steps)?;
            (fsck, xfs_clean, replica::test_boot(&center, &mut replica, &mut steps)?)
        };
        let files = copy::judge(&said, &replica)?;
        // Software emulation is slow, and one guest is enough to see that the checker sees.
        let control = variant == Variant::Bios;
        if control {
            copy::control_without_a_file(variant, &disk, &replica, directory)?;
            steps.done("control");
        }
        Ok(Report::new(variant, steps, replica, Checked { files, fsck, xfs_clean, control }))
    }
}
