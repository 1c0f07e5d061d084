//! Reads of whole disks that see what is on the medium, and of image files.
//!
//! A block device is opened with `O_DIRECT`: the page cache of a mounted filesystem's device is not coherent with the
//! disk's, and reads through it return stale blocks without a word. A regular file is read through the cache, since its
//! filesystem may not know direct reads, and its holes can be skipped. [`Reader::read_places`] keeps several reads in
//! flight; what is read, and in which order, is the caller's business.

mod buffer;
mod queue;

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use buffer::Buffer;
pub use queue::{NotRead, Queue};

/// Size of the buffer through which unaligned reads of a few bytes go.
const BOUNCE_BYTES: usize = 256 * 1024;
/// Largest logical block that a page-aligned buffer serves.
const MAX_BLOCK_BYTES: u32 = 4096;

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The disk or image could not be opened.
    #[error("cannot open {path} for reading: {source}")]
    Open {
        /// The device or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A read failed.
    #[error(
        "cannot read {bytes} bytes at {offset} of {path}: {source}; look for errors of this disk in dmesg"
    )]
    Read {
        /// The device or file.
        path: PathBuf,
        /// First byte of the read.
        offset: u64,
        /// Length of the read.
        bytes: u64,
        /// What the system said.
        source: io::Error,
    },
    /// More was asked for than there is.
    #[error(
        "cannot read {bytes} bytes at {offset} of {path}: it ends at {size_bytes}; has its size changed?"
    )]
    PastEnd {
        /// The device or file.
        path: PathBuf,
        /// First byte asked for.
        offset: u64,
        /// Bytes asked for.
        bytes: u64,
        /// Where it ends.
        size_bytes: u64,
    },
    /// A read that must not allocate was not aligned to the device's blocks.
    #[error("cannot read {bytes} bytes at {offset} of {path} in place: its blocks have {block_bytes} bytes")]
    Unaligned {
        /// The device or file.
        path: PathBuf,
        /// First byte asked for.
        offset: u64,
        /// Bytes asked for.
        bytes: u64,
        /// The alignment needed.
        block_bytes: u32,
    },
    /// No memory for buffers, or it could not be locked.
    #[error(
        "cannot get {bytes} bytes of memory to read into: {source}; if it is to be locked, raise the limit (ulimit -l)"
    )]
    Memory {
        /// Bytes asked for.
        bytes: usize,
        /// What the system said.
        source: io::Error,
    },
}

/// A read into memory that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where in the buffer.
    pub at: usize,
    /// Where on the disk.
    pub offset: u64,
    /// How much.
    pub bytes: usize,
}

/// A disk or a disk image, open for reading. Clones share the open file.
#[derive(Clone, Debug)]
pub struct Reader {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    path: PathBuf,
    size_bytes: u64,
    /// What offsets, lengths and memory must be multiples of: the logical block of a device, 1 for a file.
    block_bytes: u32,
    bounce: Mutex<Option<Buffer>>,
}

impl Reader {
    /// Opens a block device for direct reads, or a regular file for cached ones.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let fail = |source| ReadError::Open { path: path.to_owned(), source };
        // Looked at before opening: opening a pipe would wait for its other end.
        let kind = path.metadata().map_err(fail)?.file_type();
        if !kind.is_block_device() && !kind.is_file() {
            let reason = "it is neither a block device nor a regular file";
            return Err(fail(io::Error::new(io::ErrorKind::InvalidInput, reason)));
        }
        let mut options = OpenOptions::new();
        options.read(true);
        if kind.is_block_device() {
            options.custom_flags(rustix::fs::OFlags::DIRECT.bits().cast_signed());
        }
        let mut file = options.open(path).map_err(fail)?;
        let block_bytes = if kind.is_block_device() {
            rustix::fs::ioctl_blksszget(&file).map_err(|error| fail(error.into()))?
        } else {
            1
        };
        if !block_bytes.is_power_of_two() || block_bytes > MAX_BLOCK_BYTES {
            let reason =
                format!("its logical blocks have {block_bytes} bytes; at most {MAX_BLOCK_BYTES} work");
            return Err(fail(io::Error::new(io::ErrorKind::Unsupported, reason)));
        }
        let size_bytes = file.seek(SeekFrom::End(0)).map_err(fail)?;
        let path = path.to_owned();
        Ok(Self { inner: Arc::new(Inner { file, path, size_bytes, block_bytes, bounce: Mutex::default() }) })
    }

    /// Returns the path it was opened by.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Returns the size in bytes when it was opened.
    pub fn size_bytes(&self) -> u64 {
        self.inner.size_bytes
    }

    /// Returns whether reads bypass the page cache.
    pub fn is_direct(&self) -> bool {
        self.inner.block_bytes > 1
    }

    /// Returns what offset and length of [`Reader::read_in_place`] must be multiples of: the device's logical block.
    pub fn block_bytes(&self) -> u32 {
        self.inner.block_bytes
    }

    /// Fills `buffer` from `offset` on, both of any alignment. For superblocks and bitmaps: one read at a time, in pieces
    /// of at most 256 KiB.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), ReadError> {
        self.check_end(offset, buffer.len() as u64)?;
        if !self.is_direct() {
            return self.fill(buffer, offset);
        }
        let mut bounce = self.inner.bounce.lock().unwrap_or_else(PoisonError::into_inner);
        let bounce = match bounce.as_mut() {
            Some(bounce) => bounce,
            None => bounce.insert(Buffer::new(BOUNCE_BYTES)?),
        };
        let mut done = 0;
        while done < buffer.len() {
            let from = offset + done as u64;
            let skip = usize::try_from(from % u64::from(self.inner.block_bytes)).unwrap_or(0);
            let count = (buffer.len() - done).min(BOUNCE_BYTES - skip);
            let aligned = (skip + count).next_multiple_of(self.inner.block_bytes as usize);
            self.fill(&mut bounce[..aligned], from - skip as u64)?;
            buffer[done..done + count].copy_from_slice(&bounce[skip..skip + count]);
            done += count;
        }
        Ok(())
    }

    /// Reads into a place of `buffer`, and allocates nothing: with a locked buffer it is safe while filesystems are frozen.
    /// All three of the place must be multiples of [`Reader::block_bytes`].
    pub fn read_in_place(&self, buffer: &mut Buffer, place: Place) -> Result<(), ReadError> {
        self.check_place(buffer, place)?;
        self.fill(&mut buffer[place.at..place.at + place.bytes], place.offset)
    }

    /// Lists the parts of `within` that may hold data, in order: for a file all but its holes, for a device everything.
    pub fn data_ranges(&self, within: Range<u64>) -> DataRanges {
        let end = within.end.min(self.size_bytes());
        DataRanges { reader: self.clone(), position: within.start, end }
    }

    /// Checks that a place is on the disk, in the buffer and aligned.
    fn check_place(&self, buffer: &Buffer, place: Place) -> Result<(), ReadError> {
        let Place { at, offset, bytes } = place;
        self.check_end(offset, bytes as u64)?;
        let block = u64::from(self.inner.block_bytes);
        let aligned = [at as u64, offset, bytes as u64].iter().all(|value| value.is_multiple_of(block));
        if aligned && at.checked_add(bytes).is_some_and(|end| end <= buffer.len()) {
            return Ok(());
        }
        let (path, block_bytes) = (self.inner.path.clone(), self.inner.block_bytes);
        Err(ReadError::Unaligned { path, offset, bytes: bytes as u64, block_bytes })
    }

    fn check_end(&self, offset: u64, bytes: u64) -> Result<(), ReadError> {
        if offset.checked_add(bytes).is_some_and(|end| end <= self.inner.size_bytes) {
            return Ok(());
        }
        let size_bytes = self.inner.size_bytes;
        Err(ReadError::PastEnd { path: self.inner.path.clone(), offset, bytes, size_bytes })
    }

    /// Reads with both sides aligned already.
    fn fill(&self, buffer: &mut [u8], offset: u64) -> Result<(), ReadError> {
        self.inner
            .file
            .read_exact_at(buffer, offset)
            .map_err(|source| self.failed(offset, buffer.len() as u64, source))
    }

    fn failed(&self, offset: u64, bytes: u64, source: io::Error) -> ReadError {
        ReadError::Read { path: self.inner.path.clone(), offset, bytes, source }
    }
}

/// Iterates over the parts of a file that may hold data. See [`Reader::data_ranges`].
#[derive(Debug)]
pub struct DataRanges {
    reader: Reader,
    position: u64,
    end: u64,
}

impl Iterator for DataRanges {
    type Item = Result<Range<u64>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let from = self.position;
        if from >= self.end {
            return None;
        }
        if self.reader.is_direct() {
            self.position = self.end;
            return Some(Ok(from..self.end));
        }
        let file = &self.reader.inner.file;
        let found = rustix::fs::seek(file, rustix::fs::SeekFrom::Data(from))
            .and_then(|start| Ok(start..rustix::fs::seek(file, rustix::fs::SeekFrom::Hole(start))?));
        match found {
            Ok(range) if range.start < self.end => {
                self.position = range.end.max(from + 1);
                Some(Ok(range.start..range.end.min(self.end)))
            }
            // NXIO: only a hole is left.
            Ok(_) | Err(rustix::io::Errno::NXIO) => {
                self.position = self.end;
                None
            }
            // A filesystem that does not tell holes has none.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::OPNOTSUPP) => {
                self.position = self.end;
                Some(Ok(from..self.end))
            }
            Err(error) => {
                self.position = self.end;
                Some(Err(self.reader.failed(from, self.end - from, error.into())))
            }
        }
    }
}
