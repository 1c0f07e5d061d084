//! Why a staging disk did not do its work.

use std::{
    io,
    path::{Path, PathBuf},
};

use replication::RangeError;

/// Why a staging disk did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StagingError {
    /// There is no room left; the same succeeds once there is.
    #[error("{what} {}: there is no room left; make room on the center's disk, then go on", .path.display())]
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

/// Says during what an error of the system came up.
pub(super) trait During<T> {
    fn during(self, what: &'static str, path: &Path) -> Result<T, StagingError>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, what: &'static str, path: &Path) -> Result<T, StagingError> {
        self.map_err(|error| {
            let path = path.to_owned();
            match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    StagingError::Full { what, path }
                }
                _ => StagingError::Io { what, path, error },
            }
        })
    }
}
