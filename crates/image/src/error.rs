//! Why an image was not made, read, checked or given out.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{StagingError, qcow2::Qcow2Error};

/// Why an image was not made, read, checked or given out.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// There is no room left; the same succeeds once there is.
    #[error("{what} {}: there is no room left; make room there, then try again", .path.display())]
    Full {
        /// What was being done.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The file could not be read or written.
    #[error("{what} {}: {error}", .path.display())]
    Io {
        /// What was being done.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
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
}

/// Says during what an error of the system came up.
pub(crate) trait During<T> {
    fn during(self, what: &'static str, path: &Path) -> Result<T, ImageError>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, what: &'static str, path: &Path) -> Result<T, ImageError> {
        self.map_err(|error| {
            let path = path.to_owned();
            match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ImageError::Full { what, path },
                _ => ImageError::Io { what, path, error },
            }
        })
    }
}
