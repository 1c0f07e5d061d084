//! A disk that takes no more than so many writes a second, as rented disks do: a control group that this process and all
//! that it starts are in.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

/// Where control groups are: of the first version those for disks, of the second all.
const FIRST: &str = "/sys/fs/cgroup/blkio";
const SECOND: &str = "/sys/fs/cgroup";
const MEMBERS: &str = "cgroup.procs";

/// A limit that holds until this is dropped.
pub(crate) struct Throttle {
    root: PathBuf,
    group: PathBuf,
}

impl Throttle {
    /// Limits the writes of this process, and of those that it starts, to the disk under a directory.
    pub(crate) fn writes(a_second: u32, directory: &Path) -> anyhow::Result<Self> {
        let disk = disk_under(directory)?;
        let (root, file, limit) = if Path::new(FIRST).join(MEMBERS).is_file() {
            (FIRST, "blkio.throttle.write_iops_device", format!("{disk} {a_second}"))
        } else {
            put(&Path::new(SECOND).join("cgroup.subtree_control"), "+io")?;
            (SECOND, "io.max", format!("{disk} wiops={a_second}"))
        };
        let group = Path::new(root).join(format!("landfall-bench-{}", std::process::id()));
        fs::create_dir(&group).with_context(|| format!("making {}", group.display()))?;
        let throttle = Self { root: root.into(), group };
        put(&throttle.group.join(file), &limit)?;
        put(&throttle.group.join(MEMBERS), &std::process::id().to_string())?;
        Ok(throttle)
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        // What was started in it may not be gone yet; an empty group that stays limits nobody.
        let _ = put(&self.root.join(MEMBERS), &std::process::id().to_string());
        let _ = fs::remove_dir(&self.group);
    }
}

/// The whole disk that a directory's filesystem is on, as `major:minor`.
fn disk_under(directory: &Path) -> anyhow::Result<String> {
    let device =
        fs::metadata(directory).with_context(|| format!("looking at {}", directory.display()))?.dev();
    let number = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    let entry = Path::new("/sys/dev/block").join(&number);
    let entry = match fs::canonicalize(&entry) {
        Ok(entry) => entry,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("{} is on no single disk ({number})", directory.display())
        }
        Err(error) => return Err(error).context("looking for the disk"),
    };
    if !entry.join("partition").is_file() {
        return Ok(number);
    }
    let whole = entry.parent().context("a partition without a disk")?.join("dev");
    let number = fs::read_to_string(&whole).with_context(|| format!("reading {}", whole.display()))?;
    Ok(number.trim().to_owned())
}

fn put(file: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(file, text).with_context(|| format!("writing {text:?} to {}", file.display()))
}
