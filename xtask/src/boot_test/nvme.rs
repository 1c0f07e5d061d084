//! A guest with disks on NVMe, which take discards of several ranges at once and may have several paths, runs the tests that
//! follow those. The tests of this machine cannot: its loop devices have neither.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{
    BOOT,
    bounded::Bounded,
    in_directory,
    layout::Variant,
    machine::Guest,
    recipe,
    source::{archive, duplicate},
};
use crate::{
    agent_static,
    shell::{command, output},
};

/// The test, by the name of its file.
const TEST: &str = "tracking_nvme";

/// What the guest does.
const SCRIPT: &str = include_str!("guest/nvme");

/// The least that `mkfs.xfs` takes, and a little more.
const DISK_BYTES: u64 = 320 << 20;

/// What the test writes over.
const SHARED_BYTES: u64 = 32 << 20;

const MAKING: Duration = Duration::from_mins(1);

/// How long the test may take in software emulation.
const TESTING: Duration = Duration::from_mins(10);

/// Runs the test in a guest; fails as it does.
pub(super) fn test(root: &Path, cache: &Path, keep: bool) -> anyhow::Result<()> {
    let program = build(root)?;
    let base = recipe::base(cache, Variant::Bios)?;
    in_directory(cache, "nvme", keep, |directory| test_in(&program, &base, directory))
}

fn test_in(program: &Path, base: &Path, directory: &Path) -> anyhow::Result<()> {
    let begun = Instant::now();
    let disk = directory.join("disk.raw");
    duplicate(base, &disk)?;
    let single = blank(directory.join("single.raw"), DISK_BYTES)?;
    Bounded::new(MAKING, "mkfs.xfs").args(["-q"]).args([&single]).run()?;
    let shared = blank(directory.join("shared.raw"), SHARED_BYTES)?;
    let test = fs::read(program).with_context(|| format!("reading {}", program.display()))?;
    let instructions = archive([("source", SCRIPT.as_bytes()), (TEST, &test[..])], directory)?;
    let guest = Guest {
        variant: Variant::Bios,
        disk: &disk,
        snapshot: false,
        nvme: Some([&single, &shared]),
        instructions: Some(&instructions),
        directory,
        name: "nvme",
    };
    let machine = guest.start(BOOT)?;
    println!("nvme: guest up ({:.0} s)", begun.elapsed().as_secs_f64());
    let ended = machine.wait_for("tested=", TESTING)?;
    for line in machine.lines("test: ") {
        println!("nvme: {line}");
    }
    ensure!(ended == "tested=0", "the test failed in the guest: {ended}");
    println!(
        "nvme: discards of several ranges and several paths are followed ({:.0} s)",
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

fn blank(path: PathBuf, bytes: u64) -> anyhow::Result<PathBuf> {
    File::create_new(&path)
        .and_then(|file| file.set_len(bytes))
        .with_context(|| format!("making {}", path.display()))?;
    Ok(path)
}

/// Builds the test as a file without shared libraries, beside the static agent, and gives its path.
fn build(root: &Path) -> anyhow::Result<PathBuf> {
    let words = ["test", "--release", "--locked", "-p", "blockdev", "--test", TEST, "--no-run"];
    let mut cargo = command(root, "cargo", &words);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    agent_static::without_libraries(root, &mut cargo);
    let messages = output(&mut cargo)?;
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut built = messages.filter(|message| message["target"]["name"] == TEST);
    let built = built.find_map(|message| message["executable"].as_str().map(PathBuf::from));
    built.with_context(|| format!("cargo does not say where {TEST} is"))
}
