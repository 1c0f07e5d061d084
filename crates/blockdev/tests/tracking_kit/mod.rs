//! Disks, loop devices for the most part, filesystems on them, and a copy that follows a live disk. Needs root, losetup, and the tools of ext4, xfs.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs::File;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use blockdev::freeze::Freezer;
use blockdev::track::{BlockRange, Tracker};
use outcome::Outcome;
use tempfile::TempDir;

pub(crate) mod outcome;
#[path = "../unmount/mod.rs"]
mod unmount;

/// Runs a tool; when it is missing or fails, says which and why.
pub(crate) fn tool(name: &str, arguments: &[&str]) -> String {
    let output = Command::new(name).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("this test needs root and {name}: {error}"));
    assert!(output.status.success(), "{name} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A folder in memory where there is one: a fast disk leaves races less room to hide.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// A disk, and where it may be mounted.
pub(crate) struct Disk {
    pub(crate) path: PathBuf,
    mounted: Vec<PathBuf>,
    /// The file under a loop device that was made for the test.
    image: Option<File>,
}

impl Disk {
    pub(crate) fn new(folder: &Path, name: &str, bytes: u64) -> Self {
        let path = folder.join(name);
        let image = File::create(&path).unwrap();
        image.set_len(bytes).unwrap();
        Self::attach(&path, image, "--direct-io=off")
    }

    /// One whose image is written already, and read and written past the page cache.
    pub(crate) fn direct(folder: &Path, name: &str, bytes: u64) -> Self {
        let path = folder.join(name);
        let image = File::create(&path).unwrap();
        let text = vec![0x5a; 1 << 20];
        for offset in (0..bytes).step_by(text.len()) {
            image.write_all_at(&text, offset).unwrap();
        }
        image.sync_all().unwrap();
        Self::attach(&path, image, "--direct-io=on")
    }

    fn attach(image: &Path, file: File, direct: &str) -> Self {
        let path = tool("losetup", &["--show", "--find", direct, image.to_str().unwrap()]);
        Self { path: path.into(), mounted: Vec::new(), image: Some(file) }
    }

    /// One that the machine has.
    pub(crate) fn of_machine(path: PathBuf) -> Self {
        Self { path, mounted: Vec::new(), image: None }
    }

    pub(crate) fn name(&self) -> &str {
        self.path.to_str().unwrap()
    }

    pub(crate) fn format(&self, kind: &str) {
        let quiet: &[&str] = match kind {
            "ext4" => &["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
            "xfs" => &["-q", "-f"],
            _ => &[],
        };
        tool(&format!("mkfs.{kind}"), &[quiet, &[self.name()]].concat());
    }

    pub(crate) fn mount(&mut self, point: &Path, options: &str) {
        std::fs::create_dir_all(point).unwrap();
        tool("mount", &["-o", options, self.name(), point.to_str().unwrap()]);
        self.mounted.push(point.to_owned());
    }

    /// Mounts a directory of what is mounted from it at another place.
    pub(crate) fn mount_part(&mut self, part: &Path, point: &Path) {
        std::fs::create_dir_all(point).unwrap();
        tool("mount", &["--bind", part.to_str().unwrap(), point.to_str().unwrap()]);
        self.mounted.push(point.to_owned());
    }

    pub(crate) fn unmount(&mut self) {
        for point in self.mounted.drain(..).rev() {
            unmount::unmount(&point);
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        for point in self.mounted.iter().rev() {
            let _ = Command::new("umount").arg("--lazy").arg(point).status();
        }
        if self.image.is_some() {
            let _ = Command::new("losetup").arg("--detach").arg(&self.path).status();
        }
    }
}

/// How a copy reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    Direct,
    /// Through the page cache: wrong for a mounted disk.
    Buffered,
}

/// A copy of a disk in memory.
pub(crate) struct Copy {
    disk: File,
    direct: File,
    bytes: Vec<u8>,
    buffer: Aligned,
}

impl Copy {
    pub(crate) fn new(disk: &Disk, reads: Reads) -> Self {
        let open = |reads| {
            let flags = if reads == Reads::Direct { libc::O_DIRECT } else { 0 };
            File::options().read(true).custom_flags(flags).open(&disk.path).unwrap()
        };
        let sectors = tool("blockdev", &["--getsize64", disk.name()]).parse().unwrap();
        // Written once, so that none of it is new to the process while a filesystem is frozen.
        Self {
            disk: open(reads),
            direct: open(Reads::Direct),
            bytes: vec![0xa5; sectors],
            buffer: Aligned::new(),
        }
    }

    /// Reads a range into the copy.
    pub(crate) fn read(&mut self, range: BlockRange) {
        for (offset, length) in pieces(range) {
            let buffer = self.buffer.part(length);
            self.disk.read_exact_at(buffer, offset).unwrap();
            self.bytes[usize::try_from(offset).unwrap()..][..length].copy_from_slice(buffer);
        }
    }

    pub(crate) fn read_all(&mut self) {
        self.read(BlockRange { offset: 0, length: self.bytes.len() as u64 });
    }

    /// Takes the marks and reads what they say; returns how many ranges that were.
    pub(crate) fn pass(&mut self, tracker: &Tracker, index: usize) -> u64 {
        tracker.drain(index, &mut |range| self.read(range)).ranges
    }

    /// Freezes what is mounted from the only disk of a tracker, takes what is still marked, and compares.
    pub(crate) fn frozen(&mut self, tracker: &Tracker, path: &Path, budget: Duration) -> Outcome {
        let mut freezer = Freezer::prepare(&[path]).unwrap();
        freezer.sync().unwrap();
        let frozen = freezer.freeze(budget).unwrap();
        while self.pass(tracker, 0) > 0 {}
        let coverage = tracker.prove(0);
        let outcome = Outcome { stale_blocks: self.stale_blocks(), coverage };
        assert!(frozen.thaw().held);
        outcome
    }

    /// Counts the blocks in which the copy differs from the disk.
    pub(crate) fn stale_blocks(&mut self) -> usize {
        let mut stale = 0;
        for (offset, length) in pieces(BlockRange { offset: 0, length: self.bytes.len() as u64 }) {
            let buffer = self.buffer.part(length);
            self.direct.read_exact_at(buffer, offset).unwrap();
            let copied = &self.bytes[usize::try_from(offset).unwrap()..][..length];
            stale +=
                buffer.chunks(65536).zip(copied.chunks(65536)).filter(|(left, right)| left != right).count();
        }
        stale
    }
}

fn pieces(range: BlockRange) -> impl Iterator<Item = (u64, usize)> {
    let end = range.offset + range.length;
    let starts = (range.offset..end).step_by(1 << 20);
    starts.map(move |offset| (offset, usize::try_from((end - offset).min(1 << 20)).unwrap()))
}

/// A mebibyte at an address that direct reads and writes can use.
pub(crate) struct Aligned(Vec<u8>, usize);

impl Aligned {
    pub(crate) fn new() -> Self {
        let memory = vec![1_u8; (1 << 20) + 4096];
        let skip = memory.as_ptr().align_offset(4096);
        Self(memory, skip)
    }

    pub(crate) fn part(&mut self, length: usize) -> &mut [u8] {
        &mut self.0[self.1..][..length]
    }
}

/// Numbers that look random and are the same each time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}
