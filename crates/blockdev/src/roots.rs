//! Where the kernel's and the system's files are, so that an inventory can be taken of a tree that is not `/`.

use std::path::{Path, PathBuf};

/// The directories an inventory reads. The default is the running system's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    /// sysfs, normally `/sys`.
    pub sys: PathBuf,
    /// procfs, normally `/proc`.
    pub proc: PathBuf,
    /// Device nodes, normally `/dev`.
    pub dev: PathBuf,
    /// Configuration, normally `/etc`.
    pub etc: PathBuf,
    /// Vendor files, normally `/usr/lib`.
    pub usr_lib: PathBuf,
    /// What mount points are relative to, normally `/`.
    pub root: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self::under(Path::new("/"))
    }
}

impl Roots {
    /// Returns the usual directories below `root`.
    pub fn under(root: &Path) -> Self {
        Self {
            sys: root.join("sys"),
            proc: root.join("proc"),
            dev: root.join("dev"),
            etc: root.join("etc"),
            usr_lib: root.join("usr/lib"),
            root: root.to_owned(),
        }
    }
}
