//! The disk that the demo replicates: a small image with a partition, and a filesystem on it where mke2fs is installed.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

/// Bytes of the disk.
pub(super) const DISK_BYTES: u64 = 256 << 20;

/// Where its partition begins.
const PARTITION: u64 = 1 << 20;

/// Bytes of the files that are on it from the beginning.
const FILES_BYTES: usize = 24 << 20;

/// Bytes of the file that is changed between two copies.
const CHANGED_BYTES: usize = 1 << 20;

/// A disk image.
pub(super) struct Disk {
    pub(super) path: PathBuf,
    /// Whether its partition has a filesystem.
    pub(super) filesystem: bool,
    scratch: PathBuf,
}

impl Disk {
    /// Makes the disk with some files on it.
    pub(super) fn make(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join("disk.img");
        let file = File::create_new(&path).with_context(|| format!("making {}", path.display()))?;
        file.set_len(DISK_BYTES).with_context(|| format!("sizing {}", path.display()))?;
        file.write_all_at(&partition_table(), 0).context("writing the partition table")?;
        let scratch = directory.join("files");
        fs::create_dir(&scratch).context("making a directory for the disk's files")?;
        fs::write(scratch.join("data"), noise(FILES_BYTES, 1)).context("making a file")?;
        fs::write(scratch.join("changing"), noise(CHANGED_BYTES, 2)).context("making a file")?;
        let mut disk = Self { path, filesystem: false, scratch };
        disk.filesystem = disk.format()?;
        if !disk.filesystem {
            file.write_all_at(&noise(FILES_BYTES, 1), PARTITION).context("filling the partition")?;
        }
        Ok(disk)
    }

    /// Changes one of its files, as the machine would go on working.
    pub(super) fn change(&self, round: u32) -> anyhow::Result<()> {
        let content = noise(CHANGED_BYTES, 2 + u64::from(round));
        if !self.filesystem {
            let disk = OpenOptions::new().write(true).open(&self.path).context("opening the disk")?;
            return disk.write_all_at(&content, PARTITION).context("changing the disk");
        }
        let file = self.scratch.join("changing");
        fs::write(&file, content).context("changing a file")?;
        let mut debugfs = system_tool("debugfs");
        debugfs
            .arg("-w")
            .arg("-R")
            .arg(format!("write {} changed-{round}", file.display()))
            .arg(self.partition());
        if !succeeds(&mut debugfs).context("starting debugfs")? {
            bail!("debugfs did not change the disk; it is part of e2fsprogs, as mke2fs is");
        }
        Ok(())
    }

    /// Makes a filesystem with the files on it; says whether that is possible here.
    fn format(&self) -> anyhow::Result<bool> {
        let mut mke2fs = system_tool("mke2fs");
        mke2fs
            .args(["-q", "-F", "-t", "ext4", "-L", "demo", "-d"])
            .arg(&self.scratch)
            .args(["-E", &format!("offset={PARTITION}")])
            .arg(&self.path)
            .arg(format!("{}k", (DISK_BYTES - PARTITION) / 1024));
        match succeeds(&mut mke2fs) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).context("starting mke2fs"),
            Ok(true) => Ok(true),
            Ok(false) => bail!("mke2fs did not make a filesystem on {}", self.path.display()),
        }
    }

    /// How the tools of e2fsprogs name a partition in an image.
    fn partition(&self) -> String {
        format!("{}?offset={PARTITION}", self.path.display())
    }
}

/// A tool of the system, which ordinary users may not have in their path.
fn system_tool(name: &str) -> Command {
    let beside = Path::new("/sbin").join(name);
    let mut command = if beside.exists() { Command::new(beside) } else { Command::new(name) };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn succeeds(command: &mut Command) -> io::Result<bool> {
    Ok(command.status()?.success())
}

/// A master boot record with one Linux partition up to the end.
fn partition_table() -> [u8; 512] {
    let mut sector = [0; 512];
    let entry = &mut sector[446..462];
    entry[4] = 0x83;
    let sectors = |bytes: u64| u32::try_from(bytes / 512).unwrap_or(u32::MAX).to_le_bytes();
    entry[8..12].copy_from_slice(&sectors(PARTITION));
    entry[12..16].copy_from_slice(&sectors(DISK_BYTES - PARTITION));
    sector[440..444].copy_from_slice(b"demo");
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

/// Bytes that no two seeds share and that do not compress: xorshift.
fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut noise = Vec::with_capacity(bytes + 8);
    while noise.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend_from_slice(&state.to_le_bytes());
    }
    noise.truncate(bytes);
    noise
}
