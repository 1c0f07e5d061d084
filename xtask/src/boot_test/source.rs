//! The guest that is replicated.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};

use super::{
    bounded::Bounded,
    center::Center,
    layout::Variant,
    machine::{Guest, Machine},
};

/// What the source does; and the program that writes files and checks them.
const PROGRAMS: &[(&str, &str)] =
    &[("source", include_str!("guest/source")), ("files", include_str!("guest/files"))];

const COPYING: Duration = Duration::from_mins(2);

/// A source that runs, with its disk.
pub(super) struct Source {
    /// The guest.
    pub(super) machine: Machine,
    disk: PathBuf,
}

/// Starts a guest on a fresh disk, told to import itself with a new code.
pub(super) fn start(
    center: &Center,
    variant: Variant,
    base: &Path,
    directory: &Path,
    bound: Duration,
) -> anyhow::Result<Source> {
    let disk = directory.join("source.raw");
    duplicate(base, &disk)?;
    let instructions = instructions(center, directory)?;
    let guest = Guest {
        variant,
        disk: &disk,
        snapshot: false,
        nvme: None,
        instructions: Some(&instructions),
        directory,
        name: "source",
    };
    let machine = guest.start(bound)?;
    Ok(Source { machine, disk })
}

impl Source {
    /// Cuts the guest's power and gives its disk.
    pub(super) fn stop(self) -> PathBuf {
        self.disk
    }
}

/// The id of the one source that the center has.
pub(super) fn imported(center: &Center) -> anyhow::Result<String> {
    let listed = center.ask(&["source", "list"])?;
    let sources = listed.as_array().context("the list of sources is none")?;
    let [source] = sources.as_slice() else {
        bail!("one source was imported, and the center has {}", sources.len())
    };
    let id = source["SourceId"].as_str().context("the source has no id")?;
    Ok(id.to_owned())
}

/// Copies a disk, sparse, sharing blocks where the filesystem can.
pub(super) fn duplicate(from: &Path, to: &Path) -> anyhow::Result<()> {
    Bounded::new(COPYING, "cp").args(["--sparse=always", "--reflink=auto"]).args([from, to]).run()
}

/// An archive with what the guest runs, the command with its activation code among it, as the center prints it.
fn instructions(center: &Center, directory: &Path) -> anyhow::Result<PathBuf> {
    let code = center.ask(&["token", "create", "--name", "boot-test", "--count", "1", "--ttl-days", "1"])?;
    let command = code["InstallCommand"].as_str().context("the center hands out no agent")?;
    let files = PROGRAMS.iter().copied().chain([("install", command)]);
    archive(files.map(|(name, text)| (name, text.as_bytes())), directory)
}

/// An archive of files for a guest, which starts the one named `source`.
pub(super) fn archive<'a>(
    content: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    directory: &Path,
) -> anyhow::Result<PathBuf> {
    let files = directory.join("instructions");
    fs::create_dir_all(&files).with_context(|| format!("making the directory {}", files.display()))?;
    for (name, bytes) in content {
        let path = files.join(name);
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
    }
    let archive = directory.join("instructions.tar");
    Bounded::new(COPYING, "tar")
        .args(["--create", "--owner=0", "--group=0", "--file"])
        .args([&archive])
        .args(["--directory".as_ref(), files.as_os_str(), ".".as_ref()])
        .run()?;
    Ok(archive)
}
