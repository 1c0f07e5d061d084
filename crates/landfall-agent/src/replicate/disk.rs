//! Where content is read from.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::{Mutex, PoisonError},
};

use blockdev::direct::{Buffer, NotRead, Place, Queue, ReadError, Reader};
use replication::{Range, range::EXTENT_BYTES};
use rustix::fs::{SeekFrom, seek};

/// Whether places were read, or which was not, and why.
pub type PlacesRead = Result<(), (Place, io::Error)>;

/// A disk to read from. Reading blocks.
pub trait DiskSource: Send + Sync + 'static {
    /// The disk's size in bytes.
    fn size(&self) -> u64;
    /// Reads a range.
    fn read(&self, range: Range) -> io::Result<Vec<u8>>;
    /// Reads into places of memory that is there already, several at once where the disk can: safe while filesystems are
    /// frozen.
    fn hold(&self, queue: &mut Queue, memory: &mut Buffer, places: &[Place]) -> PlacesRead;
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
        let mut data = vec![0; bytes_of(range)?];
        self.file.read_exact_at(&mut data, range.offset())?;
        Ok(data)
    }

    fn hold(&self, _queue: &mut Queue, memory: &mut Buffer, places: &[Place]) -> PlacesRead {
        places.iter().try_for_each(|place| {
            let memory = place.at.checked_add(place.bytes).and_then(|end| memory.get_mut(place.at..end));
            let read = match memory {
                Some(memory) => self.file.read_exact_at(memory, place.offset),
                None => Err(io::ErrorKind::InvalidInput.into()),
            };
            read.map_err(|error| (*place, error))
        })
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

/// A whole disk, read past the page cache.
#[derive(Debug)]
pub struct RawDisk {
    reader: Reader,
    /// Memory for direct reads that is not in use now.
    spare: Mutex<Vec<Buffer>>,
}

/// Buffers that are kept for the next reads.
const SPARE: usize = 8;

impl RawDisk {
    /// Opens a block device for direct reads.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        Ok(Self { reader: Reader::open(path)?, spare: Mutex::default() })
    }
}

impl DiskSource for RawDisk {
    fn size(&self) -> u64 {
        self.reader.size_bytes()
    }

    fn read(&self, range: Range) -> io::Result<Vec<u8>> {
        let bytes = bytes_of(range)?;
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let room = bytes.max(usize::try_from(EXTENT_BYTES).unwrap_or(bytes));
        let mut buffer = match spare {
            Some(buffer) if buffer.len() >= bytes => buffer,
            _ => Buffer::new(room).map_err(io::Error::other)?,
        };
        let place = Place { at: 0, offset: range.offset(), bytes };
        self.reader.read_in_place(&mut buffer, place).map_err(io::Error::other)?;
        let data = buffer[..bytes].to_vec();
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE {
            spare.push(buffer);
        }
        Ok(data)
    }

    fn hold(&self, queue: &mut Queue, memory: &mut Buffer, places: &[Place]) -> PlacesRead {
        self.reader.read_places(queue, memory, places).map_err(|NotRead { number, error }| {
            let place = places.get(number).copied().unwrap_or(Place { at: 0, offset: 0, bytes: 0 });
            (place, io::Error::other(error))
        })
    }

    fn is_hole(&self, _range: Range) -> io::Result<bool> {
        Ok(false)
    }
}

fn bytes_of(range: Range) -> io::Result<usize> {
    usize::try_from(range.length()).map_err(|_| io::ErrorKind::InvalidInput.into())
}
