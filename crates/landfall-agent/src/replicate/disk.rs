//! Where content is read from.

use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

use replication::Range;
use rustix::fs::{SeekFrom, seek};

/// A disk to read from. Reading blocks.
pub trait DiskSource: Send + Sync + 'static {
    /// The disk's size in bytes.
    fn size(&self) -> u64;
    /// Reads a range.
    fn read(&self, range: Range) -> io::Result<Vec<u8>>;
    /// Whether a range is known to be zeros without reading it.
    fn is_hole(&self, range: Range) -> io::Result<bool>;
}

/// A disk image in a regular file.
#[derive(Debug)]
pub struct ImageFile {
    file: File,
    size: u64,
}

impl ImageFile {
    /// Opens an image file for reading.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { file, size })
    }
}

impl DiskSource for ImageFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, range: Range) -> io::Result<Vec<u8>> {
        let length = usize::try_from(range.length()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut data = vec![0; length];
        self.file.read_exact_at(&mut data, range.offset())?;
        Ok(data)
    }

    fn is_hole(&self, range: Range) -> io::Result<bool> {
        match seek(&self.file, SeekFrom::Data(range.offset())) {
            Ok(next) => Ok(next >= range.end()),
            // Nothing but a hole up to the end of the file.
            Err(rustix::io::Errno::NXIO) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}
