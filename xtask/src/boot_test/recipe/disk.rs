//! A disk as a sparse file: table, filesystems, loader.

use std::{
    fs::{self, File},
    io::{Read, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, ensure};

use super::{loader, system};
use crate::boot_test::{
    bounded::Bounded,
    layout::{DATA_UUID, DISK_BYTES, Part, ROOT_UUID, SWAP_UUID, Variant},
};

const BOUND: Duration = Duration::from_mins(5);

/// Makes a disk in a directory of its own.
pub(super) fn make(debian: &Path, variant: Variant, work: &Path) -> anyhow::Result<PathBuf> {
    let (root, raw) = (work.join("root"), work.join("disk.raw"));
    fs::create_dir_all(work).with_context(|| format!("making the directory {}", work.display()))?;
    Bounded::new(BOUND, "cp").args(["--archive", "--reflink=auto"]).args([debian, &root]).run()?;
    system::dress(&root, variant)?;
    loader::menu(&root)?;
    let disk = File::options()
        .create_new(true)
        .read(true)
        .write(true)
        .open(&raw)
        .and_then(|disk| disk.set_len(DISK_BYTES).map(|()| disk))
        .with_context(|| format!("making {}", raw.display()))?;
    divide(&raw, variant)?;
    match variant.esp() {
        None => loader::bios(&root, &disk, variant.root().start)?,
        Some(part) => place(&disk, part, &loader::esp(&root, part, work)?)?,
    }
    let swap = blank(&work.join("swap"), variant.swap())?;
    Bounded::new(BOUND, "mkswap").args(["--uuid", SWAP_UUID]).args([&swap]).run()?;
    place(&disk, variant.swap(), &swap)?;
    if let Some(part) = variant.data() {
        let data = blank(&work.join("data"), part)?;
        Bounded::new(BOUND, "mkfs.xfs")
            .args(["-q", "-m", &format!("uuid={DATA_UUID}")])
            .args([&data])
            .run()?;
        place(&disk, part, &data)?;
    }
    // The filesystem takes the files of the guest, with their owners and modes, as it is made.
    let part = variant.root();
    Bounded::new(BOUND, "mkfs.ext4")
        .args(["-q", "-F", "-L", "root", "-U", ROOT_UUID, "-E"])
        .args([format!("offset={}", part.start), "-d".to_owned()])
        .args([root.as_os_str(), raw.as_os_str(), format!("{}k", part.len / 1024).as_ref()])
        .run()?;
    disk.sync_all().with_context(|| format!("writing {}", raw.display()))?;
    Ok(raw)
}

/// Writes the partition table.
fn divide(raw: &Path, variant: Variant) -> anyhow::Result<()> {
    let mut sfdisk = Command::new("sfdisk")
        .args(["--quiet", "--wipe=never", "--no-tell-kernel", "--no-reread"])
        .arg(raw)
        .stdin(Stdio::piped())
        .spawn()
        .context("starting sfdisk")?;
    if let Some(mut input) = sfdisk.stdin.take() {
        input.write_all(variant.table().as_bytes()).context("telling sfdisk the partitions")?;
    }
    ensure!(sfdisk.wait().context("waiting for sfdisk")?.success(), "sfdisk made no partition table");
    Ok(())
}

/// Makes a file of the size of a partition.
fn blank(path: &Path, part: Part) -> anyhow::Result<PathBuf> {
    File::create_new(path)
        .and_then(|file| file.set_len(part.len))
        .with_context(|| format!("making {}", path.display()))?;
    Ok(path.to_owned())
}

/// Puts a file where a partition is; blocks of zeros stay holes.
fn place(disk: &File, part: Part, file: &Path) -> anyhow::Result<()> {
    let doing = || format!("putting {} onto the disk", file.display());
    let mut source = File::open(file).with_context(doing)?;
    let mut block = vec![0; 1 << 16];
    let mut at = 0;
    loop {
        let read = source.read(&mut block).with_context(doing)?;
        if read == 0 {
            break Ok(());
        }
        ensure!(at + read as u64 <= part.len, "{} is larger than its partition", file.display());
        if block[..read].iter().any(|&byte| byte != 0) {
            disk.write_all_at(&block[..read], part.start + at).with_context(doing)?;
        }
        at += read as u64;
    }
}
