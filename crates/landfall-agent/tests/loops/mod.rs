//! A loop device with mounted filesystems, and programs that write to them. Needs root, and the tools that are named when
//! they are missing.
#![allow(dead_code, reason = "each set of tests uses its own part")]

use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use tempfile::TempDir;

/// What the disk is full of before anything is made on it: garbage that no copy should hold.
pub(crate) const GARBAGE: u8 = 0xa5;

/// Runs a tool with this input and returns what it prints.
pub(crate) fn tool(name: &str, arguments: &[&str], input: &str) -> String {
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        unreachable!("{name} is missing: cargo xtask test, as root, installs it");
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {said}{error}; these tests need root");
    said.trim().to_owned()
}

/// A filesystem on a disk, and its size.
pub(crate) type Part = (&'static str, u64);

/// A disk with a GPT and filesystems, all mounted, in memory where there is any: a fast disk hides no race.
pub(crate) struct LiveDisk {
    pub(crate) path: PathBuf,
    pub(crate) mounted: Vec<PathBuf>,
    folder: TempDir,
}

impl LiveDisk {
    pub(crate) fn new(parts: &[Part]) -> Self {
        Self::mounted_with(parts, "rw")
    }

    /// A disk whose filesystems are mounted with these options. A part of the kind `swap` is one, and one of the kind
    /// `nothing` stays as it is.
    pub(crate) fn mounted_with(parts: &[Part], options: &str) -> Self {
        let size = parts.iter().map(|(_, mebibytes)| mebibytes).sum::<u64>() + 40;
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.unwrap();
        let image = folder.path().join("disk.img");
        let file = File::create_new(&image).unwrap();
        for piece in 0..size {
            file.write_all_at(&vec![GARBAGE; 1 << 20], piece << 20).unwrap();
        }
        let text = image.to_str().unwrap();
        let sizes: Vec<String> = parts.iter().map(|(_, mebibytes)| format!("size={mebibytes}MiB")).collect();
        tool("sfdisk", &["--quiet", text], &format!("label: gpt\n{}\n", sizes.join("\n")));
        let device = tool("losetup", &["--show", "--find", "--partscan", text], "");
        let mut disk = Self { path: device.clone().into(), mounted: vec![], folder };
        tool("partx", &["--update", &device], "");
        for (number, (kind, _)) in (1..).zip(parts) {
            let part = format!("{device}p{number}");
            let making: &[&str] = match *kind {
                "nothing" => continue,
                "swap" => {
                    tool("mkswap", &[&part], "");
                    continue;
                }
                "ext4" => &["-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0"],
                _ => &["-q", "-f", "-K"],
            };
            tool(&format!("mkfs.{kind}"), &[making, &[&part]].concat(), "");
            let point = disk.folder().join(kind);
            std::fs::create_dir(&point).unwrap();
            tool("mount", &["-o", options, &part, point.to_str().unwrap()], "");
            disk.mounted.push(point);
        }
        disk
    }

    /// A partition of it, counted from 1.
    pub(crate) fn part(&self, number: usize) -> PathBuf {
        format!("{}p{number}", self.path.display()).into()
    }

    /// A folder that goes away with the disk.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file in each filesystem.
    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        for point in &self.mounted {
            let mut file = File::create(point.join(name)).unwrap();
            file.write_all(content).unwrap();
            file.sync_all().unwrap();
        }
    }

    pub(crate) fn remove(&self, name: &str) {
        for point in &self.mounted {
            std::fs::remove_file(point.join(name)).unwrap();
        }
    }
}

impl Drop for LiveDisk {
    fn drop(&mut self) {
        for point in self.mounted.iter().rev() {
            let _ = Command::new("umount").arg(point).status();
        }
        let _ = Command::new("losetup").arg("--detach").arg(&self.path).status();
    }
}

/// Writes, rewrites, grows and removes files at random until told to stop, with a pause between; syncs each write. Together they are well below
/// what an agent holds during a freeze, so that a slow machine converges too.
pub(crate) fn churn(point: &Path, seed: u64, pause: Duration, stop: &AtomicBool) {
    let mut state = seed | 1;
    let mut roll = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    while !stop.load(Ordering::Relaxed) {
        thread::park_timeout(pause);
        let path = point.join(format!("churn-{}", roll(16)));
        if roll(8) == 0 {
            let _ = std::fs::remove_file(&path);
            continue;
        }
        // Never zeros and never the disk's old garbage, so that both can be told from what was written.
        let letter = 1 + u8::try_from(roll(u64::from(GARBAGE) - 1)).unwrap();
        let text = vec![letter; usize::try_from(1 + roll(20_000)).unwrap()];
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).unwrap();
        file.write_all_at(&text, roll(256 << 10)).unwrap();
        file.sync_data().unwrap();
    }
}
