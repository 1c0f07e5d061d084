//! Where copies are written whose time is measured: a filesystem all of whose blocks were written before.
//!
//! A virtual disk gets a block of its host when it is first written to, which took three times as long here as writing to
//! one that it has. On the machine's own filesystem a copy is fast or slow by where its directory happens to lie, and by what was
//! removed before it.

use std::{fs, path::Path};

use crate::{
    lab::{Disk, Mounted, forget, said},
    noise::Noise,
};

/// The filesystem, with the disk that it is on.
pub(crate) struct Ground {
    mounted: Mounted,
    _disk: Disk,
}

impl Ground {
    /// Makes one with room for so many bytes.
    pub(crate) fn new(directory: &Path, bytes: u64) -> anyhow::Result<Self> {
        let disk = Disk::new(directory.join("ground.img"), bytes + bytes / 16 + (256 << 20))?;
        fill(&disk)?;
        // A discard would give the blocks back.
        let options = ["-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0"];
        said("mkfs.ext4", &[&options[..], &[&disk.name()]].concat())?;
        let mounted = Mounted::new(disk.device(), directory.join("ground"), "noatime,nodiscard")?;
        // Memory is handed out in the same way, and the first to write would pay for the cache's.
        let from = format!("if={}", disk.image().display());
        said("dd", &[&from, "of=/dev/null", "bs=1M", "status=none"])?;
        forget(disk.image())?;
        Ok(Self { mounted, _disk: disk })
    }

    pub(crate) fn point(&self) -> &Path {
        self.mounted.point()
    }
}

/// Fills a disk with noise past the page cache.
pub(crate) fn fill(disk: &Disk) -> anyhow::Result<()> {
    let part = disk.image().with_extension("part");
    Noise::new(1).write_file(&part, disk.size.min(256 << 20))?;
    let parts = disk.size.div_ceil(256 << 20);
    for number in 0..parts {
        let (from, to) = (format!("if={}", part.display()), format!("of={}", disk.name()));
        let seek = format!("seek={}", number * 256);
        let left = (disk.size - number * (256 << 20)).min(256 << 20);
        let count = format!("count={left}");
        let how = ["bs=1M", "iflag=count_bytes", "oflag=direct", "conv=notrunc", "status=none"];
        said("dd", &[&[&from[..], &to, &seek, &count], &how[..]].concat())?;
    }
    fs::remove_file(part)?;
    Ok(())
}
