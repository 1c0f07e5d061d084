//! A loop device with two mounted filesystems: a disk that is written to while it is copied, or the copy of one.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// MiB of the two partitions: the least that XFS takes, and something smaller.
const EXT4_MIB: u64 = 96;
const XFS_MIB: u64 = 320;

pub(crate) struct Disk {
    pub(crate) device: String,
    /// Where its ext4 and its XFS are mounted.
    pub(crate) mounts: Vec<PathBuf>,
}

impl Disk {
    pub(crate) fn make(directory: &Path) -> Self {
        let file = directory.join("live.img");
        File::create_new(&file).unwrap().set_len((EXT4_MIB + XFS_MIB + 4) << 20).unwrap();
        let layout = format!("label: gpt\nsize={EXT4_MIB}MiB\nsize={XFS_MIB}MiB\n");
        fed("sfdisk", &["--quiet", text(&file)], &layout);
        let mut disk = Self::attach(&file);
        let kinds: [(&str, &[&str]); 2] = [("mkfs.ext4", &["-q", "-F"]), ("mkfs.xfs", &["-q", "-f"])];
        for (number, (program, options)) in (1..).zip(kinds) {
            done(program, &[options, &[&disk.part(number)]].concat());
            disk.mount(number, "rw", directory.join(format!("mounted-{number}")));
        }
        disk
    }

    /// The copy of a disk, once its filesystems have been checked.
    pub(crate) fn copied(copy: &Path, directory: &Path) -> Self {
        let mut disk = Self::attach(copy);
        let (ext4, xfs) = (directory.join("copied-1"), directory.join("copied-2"));
        // A frozen ext4 has nothing left in its journal. XFS leaves something there on purpose, to be replayed by a mount.
        done("e2fsck", &["-f", "-n", &disk.part(1)]);
        disk.mount(1, "ro", ext4);
        // XFS takes the same filesystem twice only when it is told so.
        disk.mount(2, "rw,nouuid", xfs.clone());
        done("umount", &[text(&disk.mounts.pop().unwrap())]);
        done("xfs_repair", &["-n", &disk.part(2)]);
        disk.mount(2, "ro,nouuid", xfs);
        disk
    }

    /// Checks that a copy's filesystems hold what this disk's hold.
    pub(crate) fn compare(&self, copy: &Self) {
        for (own, other) in self.mounts.iter().zip(&copy.mounts) {
            done("diff", &["--recursive", "--brief", text(own), text(other)]);
        }
    }

    fn attach(file: &Path) -> Self {
        let device = done("losetup", &["--find", "--show", "--partscan", text(file)]);
        let disk = Self { device: device.trim().to_owned(), mounts: Vec::new() };
        // The kernel may have looked before the table was there.
        done("partx", &["--update", &disk.device]);
        disk
    }

    fn part(&self, number: u32) -> String {
        format!("{}p{number}", self.device)
    }

    fn mount(&mut self, number: u32, options: &str, at: PathBuf) {
        std::fs::create_dir_all(&at).unwrap();
        done("mount", &["-o", options, &self.part(number), text(&at)]);
        self.mounts.push(at);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        for mount in &self.mounts {
            // What is frozen would stay for ever. Mostly nothing is, and the tool complains.
            let _ = Command::new("fsfreeze").arg("--unfreeze").arg(mount).stderr(Stdio::null()).status();
            let _ = Command::new("umount").arg("--lazy").arg(mount).status();
        }
        let _ = Command::new("losetup").args(["--detach", &self.device]).status();
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs a tool of the system, and gives what it says.
fn done(program: &str, arguments: &[&str]) -> String {
    fed(program, arguments, "")
}

fn fed(program: &str, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(program);
    child.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        child.spawn().unwrap_or_else(|error| panic!("{program}: {error}; cargo xtask test installs it"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?} (this takes root): {said}{complaint}");
    said
}
