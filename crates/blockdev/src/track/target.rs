//! Which disk's requests tell of a device's writes, and whether they can be tracked.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::NotTracked;
use super::paths::NvmePath;

/// A disk whose requests can be tracked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// Where its requests are: the disk itself, or each path to an NVMe namespace that has several.
    pub(super) queues: Vec<Queue>,
}

/// What the kernel completes requests of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Queue {
    pub(super) name: String,
    /// Its folder in sysfs.
    pub(super) folder: PathBuf,
    pub(super) number: (u32, u32),
}

impl Target {
    /// Looks at the device at `path`, of a machine with these paths. For a partition that is its whole disk, whose requests
    /// carry the partition's.
    pub(super) fn find(path: &Path, paths: &[NvmePath]) -> Result<Self, NotTracked> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| NotTracked::Unreadable { path, source }
        };
        let metadata = fs::metadata(path).map_err(unreadable(path))?;
        if !metadata.file_type().is_block_device() {
            return Err(unreadable(path)(io::Error::other("not a block device")));
        }
        let device = metadata.rdev();
        let link = PathBuf::from(format!(
            "/sys/dev/block/{}:{}",
            rustix::fs::major(device),
            rustix::fs::minor(device)
        ));
        let mut folder = fs::canonicalize(&link).map_err(unreadable(&link))?;
        if folder.join("partition").exists() {
            folder.pop();
        }
        Self::in_folder(&folder, paths)
    }

    fn in_folder(folder: &Path, paths: &[NvmePath]) -> Result<Self, NotTracked> {
        let disk = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default().trim().to_owned();
        let mut queues = of_head(paths, &disk);
        if queues.is_empty() && has_requests(folder) {
            let number = number(&text("dev")).ok_or_else(|| malformed(folder, "dev"))?;
            queues.push(Queue { name: disk.clone(), folder: folder.to_owned(), number });
        }
        if queues.is_empty() || !queues.iter().all(|queue| has_requests(&queue.folder)) {
            return Err(NotTracked::NotRequestBased { disk });
        }
        if !matches!(text("queue/zoned").as_str(), "none" | "") {
            return Err(NotTracked::Zoned { disk });
        }
        if text("queue/dax") == "1" {
            return Err(NotTracked::Dax { disk });
        }
        // The program holds the number as one 31-bit value, as the kernel does.
        if queues.iter().any(|queue| queue.number.0 >= 1 << 11 || queue.number.1 >= 1 << 20) {
            return Err(malformed(folder, "dev"));
        }
        let sectors: u64 = text("size").parse().map_err(|_| malformed(folder, "size"))?;
        let bytes = sectors.checked_mul(512).ok_or_else(|| malformed(folder, "size"))?;
        Ok(Self { name: disk, bytes, queues })
    }

    /// Whether its requests are those of paths, of which another one may come.
    pub(super) fn has_paths(&self) -> bool {
        self.queues.iter().any(|queue| queue.name != self.name)
    }

    /// Whether its requests are where they were, on a machine with these paths.
    pub(super) fn is_reached_by(&self, paths: &[NvmePath]) -> bool {
        !self.has_paths() || of_head(paths, &self.name) == self.queues
    }

    pub(super) fn is_counted(&self) -> bool {
        let counted = |queue: &Queue| fs::read_to_string(queue.folder.join("queue/iostats"));
        self.queues.iter().all(|queue| counted(queue).is_ok_and(|text| text.trim() == "1"))
    }
}

fn of_head(paths: &[NvmePath], disk: &str) -> Vec<Queue> {
    paths.iter().filter(|path| path.head == disk).map(|path| path.queue.clone()).collect()
}

fn has_requests(folder: &Path) -> bool {
    fs::read_dir(folder.join("mq")).is_ok_and(|mut queues| queues.next().is_some())
}

fn number(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn malformed(folder: &Path, file: &str) -> NotTracked {
    NotTracked::Unreadable { path: folder.join(file), source: io::ErrorKind::InvalidData.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> Result<Target, NotTracked> {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Target::in_folder(root.path(), &[])
    }

    #[test]
    fn disks_that_hide_writes_are_refused() {
        let plain = [("mq/0/cpu_list", "0"), ("dev", "8:0\n"), ("size", "2048\n"), ("queue/zoned", "none\n")];
        assert_eq!(folder(&plain).unwrap().bytes, 1 << 20);
        assert!(matches!(folder(&plain[1..]), Err(NotTracked::NotRequestBased { .. })));
        assert!(matches!(
            folder(&[&plain[..3], &[("queue/zoned", "host-managed")]].concat()),
            Err(NotTracked::Zoned { .. })
        ));
        assert!(matches!(folder(&[&plain[..], &[("queue/dax", "1")]].concat()), Err(NotTracked::Dax { .. })));
        assert!(matches!(folder(&plain[..2]), Err(NotTracked::Unreadable { .. })));
    }

    #[test]
    fn a_namespace_with_paths_is_tracked_on_all_of_them() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let path = |name: &str, head: &str, minor| NvmePath {
            head: head.to_owned(),
            queue: Queue { name: name.to_owned(), folder: root.path().join(name), number: (259, minor) },
        };
        let paths = [
            path("nvme0c0n1", "nvme0n1", 1),
            path("nvme0c1n1", "nvme0n1", 2),
            path("nvme3c3n1", "nvme3n1", 3),
        ];
        write("nvme0n1/dev", "259:9");
        write("nvme0n1/size", "2048");
        let find = |paths: &[NvmePath]| Target::in_folder(&root.path().join("nvme0n1"), paths);
        assert!(matches!(find(&paths), Err(NotTracked::NotRequestBased { .. })), "paths have requests");
        for name in ["nvme0c0n1", "nvme0c1n1"] {
            write(&format!("{name}/mq/0/cpu_list"), "0");
            write(&format!("{name}/queue/iostats"), "1");
        }
        let target = find(&paths).unwrap();
        assert_eq!((target.bytes, target.queues.len(), target.has_paths()), (1 << 20, 2, true));
        assert!(target.is_counted() && target.is_reached_by(&paths));
        assert!(!target.is_reached_by(&paths[1..]), "a path is gone");
        let more = [&paths[..], &[path("nvme0c2n1", "nvme0n1", 4)]].concat();
        assert!(!target.is_reached_by(&more), "a path has come");
        write("nvme0c1n1/queue/iostats", "0");
        assert!(!target.is_counted());
    }
}
