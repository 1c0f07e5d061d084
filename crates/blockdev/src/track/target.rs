//! Which disk's requests tell of a device's writes, and whether they can be tracked.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::NotTracked;

/// A disk whose requests can be tracked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) name: String,
    /// Its folder in sysfs.
    pub(super) folder: PathBuf,
    pub(super) number: (u32, u32),
    pub(super) bytes: u64,
}

impl Target {
    /// Looks at the device at `path`. For a partition that is its whole disk, whose requests carry the partition's.
    pub(super) fn find(path: &Path) -> Result<Self, NotTracked> {
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
        Self::in_folder(folder)
    }

    fn in_folder(folder: PathBuf) -> Result<Self, NotTracked> {
        let disk = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default().trim().to_owned();
        if fs::read_dir(folder.join("mq")).map_or(true, |mut queues| queues.next().is_none()) {
            return Err(NotTracked::NotRequestBased { disk });
        }
        if !matches!(text("queue/zoned").as_str(), "none" | "") {
            return Err(NotTracked::Zoned { disk });
        }
        if text("queue/dax") == "1" {
            return Err(NotTracked::Dax { disk });
        }
        let malformed = |file: &str| NotTracked::Unreadable {
            path: folder.join(file),
            source: io::ErrorKind::InvalidData.into(),
        };
        let number = text("dev");
        let number = number
            .split_once(':')
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        let number: (u32, u32) = number.ok_or_else(|| malformed("dev"))?;
        // The program holds the number as one 31-bit value, as the kernel does.
        if number.0 >= 1 << 11 || number.1 >= 1 << 20 {
            return Err(malformed("dev"));
        }
        let sectors: u64 = text("size").parse().map_err(|_| malformed("size"))?;
        let bytes = sectors.checked_mul(512).ok_or_else(|| malformed("size"))?;
        Ok(Self { name: disk, folder, number, bytes })
    }

    pub(super) fn is_counted(&self) -> bool {
        fs::read_to_string(self.folder.join("queue/iostats")).is_ok_and(|text| text.trim() == "1")
    }
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
        Target::in_folder(root.path().to_owned())
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
}
