//! The paths to NVMe namespaces that have several: the kernel shows the namespace as one disk without requests of its own, and
//! keeps a hidden disk for each path, whose requests are the namespace's.
//!
//! A hidden disk has no device number in sysfs. It has one all the same, which its requests carry and `/proc/diskstats` tells.

use std::{io, path::PathBuf};

use super::target::Queue;
use crate::{
    Roots,
    kernel_file::{names, text},
    topology::nvme_head,
};

/// A path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NvmePath {
    /// The namespace that it leads to.
    pub(super) head: String,
    pub(super) queue: Queue,
}

/// A line of 30 numbers for each disk and partition.
const DISKSTATS_BYTES: u64 = 16 << 20;

/// The paths that are there now, to whatever namespace.
pub(super) fn all(roots: &Roots) -> io::Result<Vec<NvmePath>> {
    let block = roots.sys.join("block");
    let paths: Vec<(String, String)> =
        names(&block)?.into_iter().filter_map(|name| Some((nvme_head(&name)?, name))).collect();
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let numbers = text(&roots.proc.join("diskstats"), DISKSTATS_BYTES).unwrap_or_default();
    let path = |(head, name): (String, String)| {
        let number = number(&numbers, &name).ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, format!("/proc/diskstats does not tell of {name}"))
        })?;
        let folder: PathBuf = block.join(&name);
        Ok(NvmePath { head, queue: Queue { name, folder, number } })
    };
    paths.into_iter().map(path).collect()
}

/// Major and minor number of a disk in the kernel's statistics.
fn number(statistics: &str, name: &str) -> Option<(u32, u32)> {
    statistics.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let number = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        // Before 5.11 hidden disks are shown without their numbers.
        (words.next()? == name && number != (0, 0)).then_some(number)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn paths_are_found_with_the_numbers_that_their_requests_carry() {
        let root = tempfile::tempdir().unwrap();
        for name in ["nvme0n1", "nvme0c0n1", "nvme0c12n1", "nvme1n1", "sda"] {
            fs::create_dir_all(root.path().join("sys/block").join(name)).unwrap();
        }
        let statistics = root.path().join("proc/diskstats");
        fs::create_dir_all(statistics.parent().unwrap()).unwrap();
        fs::write(&statistics, " 259 1 nvme0n1 7 0\n 259 0 nvme0c0n1 5 0\n 0 0 nvme0c12n1 1 0\n").unwrap();
        let roots = Roots::under(root.path());
        let error = all(&roots).unwrap_err().to_string();
        assert_eq!(error, "/proc/diskstats does not tell of nvme0c12n1");
        fs::write(&statistics, " 259 1 nvme0n1 7 0\n 259 0 nvme0c0n1 5 0\n 259 30 nvme0c12n1 1 0\n").unwrap();
        let found: Vec<_> = all(&roots).unwrap().into_iter().map(|path| (path.head, path.queue)).collect();
        let queue = |name: &str, minor| Queue {
            name: name.to_owned(),
            folder: root.path().join("sys/block").join(name),
            number: (259, minor),
        };
        let head = || "nvme0n1".to_owned();
        assert_eq!(found, [(head(), queue("nvme0c0n1", 0)), (head(), queue("nvme0c12n1", 30))]);
    }
}
