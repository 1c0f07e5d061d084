//! What measurements stand on: a directory on the disk under test, loop devices, mounts, and other programs.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, bail};
use tempfile::TempDir;

/// The place where things are measured; gone with it.
pub(crate) struct Lab {
    directory: TempDir,
    /// Bytes of the disk that is copied.
    pub(crate) size: u64,
    /// How often each figure is measured.
    pub(crate) runs: usize,
    /// Streams of a copy.
    pub(crate) streams: u16,
    pub(crate) quick: bool,
}

impl Lab {
    pub(crate) fn open(
        directory: &Path,
        size: u64,
        runs: usize,
        streams: u16,
        quick: bool,
    ) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("landfall-bench-")
            .tempdir_in(directory)
            .with_context(|| format!("making a directory in {}", directory.display()))?;
        Ok(Self { directory, size, runs, streams, quick })
    }

    /// A directory of this name, which is made.
    pub(crate) fn directory(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.directory.path().join(name);
        fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(path)
    }

    /// How many to measure with: this many, or a fifth in a quick run.
    pub(crate) fn many(&self, usual: u64) -> u64 {
        if self.quick { (usual / 5).max(1) } else { usual }
    }
}

/// A disk: a loop device over a file, read and written past the page cache.
pub(crate) struct Disk {
    image: PathBuf,
    device: PathBuf,
    pub(crate) size: u64,
}

impl Disk {
    /// Makes one of zeros; the file is gone with it.
    pub(crate) fn new(image: PathBuf, size: u64) -> anyhow::Result<Self> {
        Self::attach(image, size, "--direct-io=on")
    }

    /// Makes one over a file in memory, which is not read past anything.
    pub(crate) fn in_memory(image: PathBuf, size: u64) -> anyhow::Result<Self> {
        Self::attach(image, size, "--direct-io=off")
    }

    fn attach(image: PathBuf, size: u64, direct: &str) -> anyhow::Result<Self> {
        let file = File::create(&image).with_context(|| format!("making {}", image.display()))?;
        file.set_len(size).with_context(|| format!("sizing {}", image.display()))?;
        let device = said("losetup", &["--show", "--find", direct, &text(&image)])?;
        Ok(Self { image, device: device.trim().into(), size })
    }

    /// The device.
    pub(crate) fn device(&self) -> &Path {
        &self.device
    }

    /// The device's path as text.
    pub(crate) fn name(&self) -> String {
        text(&self.device)
    }

    /// The file under the device.
    pub(crate) fn image(&self) -> &Path {
        &self.image
    }

    /// Makes a filesystem on the whole of it.
    pub(crate) fn format(&self, kind: &str) -> anyhow::Result<()> {
        let options: &[&str] = match kind {
            "ext4" => &["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
            _ => &["-q", "-f"],
        };
        said(&format!("mkfs.{kind}"), &[options, &[&self.name()]].concat()).map(drop)
    }

    /// Forgets what memory holds of the disk, so that the next reader reads it.
    pub(crate) fn forget(&self) -> anyhow::Result<()> {
        said("blockdev", &["--flushbufs", &self.name()])?;
        forget(&self.image)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = said("losetup", &["--detach", &self.name()]);
        let _ = fs::remove_file(&self.image);
    }
}

/// A mounted filesystem, unmounted with its value.
pub(crate) struct Mounted {
    point: PathBuf,
}

impl Mounted {
    pub(crate) fn new(what: &Path, point: PathBuf, options: &str) -> anyhow::Result<Self> {
        fs::create_dir_all(&point).with_context(|| format!("making {}", point.display()))?;
        said("mount", &["-o", options, &text(what), &text(&point)])?;
        Ok(Self { point })
    }

    /// An empty filesystem in memory.
    pub(crate) fn in_memory(point: PathBuf, size: u64) -> anyhow::Result<Self> {
        fs::create_dir_all(&point).with_context(|| format!("making {}", point.display()))?;
        said("mount", &["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs", &text(&point)])?;
        Ok(Self { point })
    }

    pub(crate) fn point(&self) -> &Path {
        &self.point
    }

    /// Bytes that the filesystem has in use, by its own account.
    pub(crate) fn used_bytes(&self) -> anyhow::Result<u64> {
        let figures = said("stat", &["--file-system", "--format=%b %f %S", &text(&self.point)])?;
        let numbers: Vec<u64> = figures.split_whitespace().filter_map(|text| text.parse().ok()).collect();
        let [blocks, free, size] = numbers[..] else { bail!("reading the size of a filesystem: {figures}") };
        Ok((blocks - free) * size)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = said("umount", &[&text(&self.point)]);
    }
}

/// Forgets what memory holds of a file.
pub(crate) fn forget(file: &Path) -> anyhow::Result<()> {
    let of = format!("of={}", file.display());
    said("dd", &[&of, "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none"]).map(drop)
}

/// Makes what was written to a file durable.
pub(crate) fn sync(file: &Path) -> anyhow::Result<()> {
    File::open(file).and_then(|file| file.sync_data()).with_context(|| format!("syncing {}", file.display()))
}

/// Fails unless two disks, or files, hold the same bytes.
pub(crate) fn compare(one: &Path, other: &Path) -> anyhow::Result<()> {
    let output = Command::new("cmp").args([one, other]).output().context("starting cmp")?;
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    match output.status.code() {
        Some(0) => Ok(()),
        Some(1) => bail!("the copy is not equal to its source: {said}"),
        _ => bail!("the copy could not be compared to its source: {complained}"),
    }
}

/// Seconds that something takes.
pub(crate) fn seconds(what: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let begun = Instant::now();
    what()?;
    Ok(begun.elapsed().as_secs_f64())
}

/// The middle of some figures; the lower of two middles.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// Runs a program and gives what it says; a failure tells which program and why.
pub(crate) fn said(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    said_by(Command::new(program).args(arguments))
}

/// Runs a command line of a shell.
pub(crate) fn shell(line: &str) -> anyhow::Result<String> {
    said_by(Command::new("bash").args(["-euo", "pipefail", "-c", line]))
}

fn said_by(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("starting {command:?}"))?;
    if !output.status.success() {
        let (said, complained) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        bail!("{command:?} failed ({}): {said}{complained}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> String {
    path.display().to_string()
}

/// The path of this program, which plays all roles.
pub(crate) fn this_program() -> anyhow::Result<String> {
    Ok(text(&std::env::current_exe().context("finding this program")?))
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_middle_is_a_member() {
        for (figures, middle) in [(vec![3.0, 1.0, 2.0], 2.0), (vec![4.0, 1.0], 1.0), (vec![5.0], 5.0)] {
            assert!((median(figures) - middle).abs() < f64::EPSILON);
        }
        assert!(median(Vec::new()).is_nan());
    }
}
