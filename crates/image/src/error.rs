//! Why a staging disk or an image did not do its work.

use std::{
    io,
    path::{Path, PathBuf},
};

use replication::RangeError;

use crate::qcow2::Qcow2Error;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is no room left; the same succeeds once there is.
    #[error("{what} {}: there is no room left; make room there, then try again", .path.display())]
    Full {
        /// What was being done.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("{what} {}: {error}", .path.display())]
    Io {
        /// What was being done.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// Why a staging disk did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StagingError {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process has the disk open.
    #[error("{} is in use by another process; a disk is written by one at a time", .0.display())]
    InUse(PathBuf),
    /// The file is not what this disk's file should be.
    #[error("{} is no file of this staging disk: {reason}; it was changed by something else than Landfall", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No disk has this many bytes.
    #[error("a disk of {0} bytes cannot be copied; from 512 bytes to 16 TiB in whole sectors can")]
    Size(u64),
    /// The content or digests given do not have the length of their range.
    #[error("content and digests at {0} do not fit their range")]
    Mismatch(u64),
    /// The range is no part of the disk.
    #[error(transparent)]
    Range(#[from] RangeError),
}

/// Why an image was not made, read, checked or given out.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The staging disk did not do its work.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The copy is not what the source sent, so no image is made of it.
    #[error(
        "disk {disk} of the copy is not what its source sent, first at byte {offset}; no image was made: check the center's disk and memory, and replicate again"
    )]
    CopyDamaged {
        /// Which disk.
        disk: u16,
        /// The first leaf that differs.
        offset: u64,
    },
    /// The image's own content is not what its manifest says.
    #[error(
        "disk {disk} differs from the manifest, first at byte {offset}; nothing was exported: use another image"
    )]
    Damaged {
        /// Which disk.
        disk: u16,
        /// The first chunk that differs.
        offset: u64,
    },
    /// There is such an image already.
    #[error("there is an image {0} already")]
    Exists(String),
    /// A file is in the way of what would be written.
    #[error("{} is there already; remove it first, or choose another name", .0.display())]
    InTheWay(PathBuf),
    /// There is no such image.
    #[error("there is no image {0}; landfall image list shows those there are")]
    Missing(String),
    /// The image is being read or removed.
    #[error(
        "image {0} is in use: it is being verified, exported, started or removed; try again when that is done"
    )]
    InUse(String),
    /// The image has no such disk.
    #[error("the image has no disk {0}; its disks are listed in its manifest")]
    NoDisk(u16),
    /// The text cannot name an image.
    #[error("{0:?} cannot name an image: use 1 to 64 letters, digits, hyphens and underscores")]
    Id(String),
    /// The manifest cannot be understood.
    #[error("the manifest {} cannot be used: {reason}; it was damaged, or is of a newer version", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key cannot sign.
    #[error("the key that signs images cannot be used; 32 random bytes can")]
    Key,
    /// The file is no qcow2 that can be read.
    #[error("{}: {error}", .path.display())]
    Qcow2 {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: Qcow2Error,
    },
    /// A program is needed that is not there.
    #[error("{program} was not found; install it (Debian: apt install {package}), then try again")]
    NoProgram {
        /// Which.
        program: String,
        /// What it comes in.
        package: &'static str,
    },
    /// Whoever asked for it wanted it no more.
    #[error("stopped; nothing was changed")]
    Stopped,
}

impl FileError {
    /// What an error of the system means, during what and of which file.
    pub fn new(what: &'static str, path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { what, path },
            _ => Self::Io { what, path, error },
        }
    }
}

impl StagingError {
    /// Whether there is no room left, so that the same succeeds once there is.
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::File(FileError::Full { .. }))
    }
}

impl ImageError {
    /// Whether there is no room left, so that the same succeeds once there is.
    pub const fn is_full(&self) -> bool {
        match self {
            Self::File(FileError::Full { .. }) => true,
            Self::Staging(error) => error.is_full(),
            _ => false,
        }
    }
}

/// Says during what an error of the system came up.
pub(crate) trait During<T> {
    fn during(self, what: &'static str, path: &Path) -> Result<T, FileError>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, what: &'static str, path: &Path) -> Result<T, FileError> {
        self.map_err(|error| FileError::new(what, path, error))
    }
}
