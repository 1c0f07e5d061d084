//! Reading a disk's file from its beginning to its end without reading its holes.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{SeekFrom, seek},
    io::Errno,
};

use crate::{CHUNK_BYTES, ImageError, error::During};

/// A file that holds a disk.
pub(crate) struct DiskFile {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) size: u64,
    zero_chunk: [u8; 32],
}

/// A chunk's place, and its content unless it is a hole.
pub(crate) struct Chunk<'a> {
    pub(crate) offset: u64,
    pub(crate) length: u64,
    pub(crate) data: Option<&'a [u8]>,
}

impl DiskFile {
    /// Opens a file for reading.
    pub(crate) fn open(path: &Path) -> Result<Self, ImageError> {
        let file = File::open(path).during("opening", path)?;
        let size = file.metadata().during("reading the size of", path)?.len();
        let zero_chunk = *blake3::hash(&vec![0; CHUNK_SIZE]).as_bytes();
        Ok(Self { path: path.to_owned(), file, size, zero_chunk })
    }

    /// Hands every chunk to `take`, in their order.
    pub(crate) fn each_chunk(
        &self,
        mut take: impl FnMut(Chunk<'_>) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        let mut buffer = vec![0; CHUNK_SIZE];
        let mut data_at = 0;
        for offset in (0..self.size).step_by(CHUNK_SIZE) {
            let length = CHUNK_BYTES.min(self.size - offset);
            if data_at < offset + length && data_at <= offset {
                data_at = self.next_data(offset).during("looking for holes in", &self.path)?;
            }
            let data = if data_at >= offset + length {
                None
            } else {
                let part = usize::try_from(length).map_or(&mut [][..], |length| &mut buffer[..length]);
                self.file.read_exact_at(part, offset).during("reading", &self.path)?;
                Some(&*part)
            };
            take(Chunk { offset, length, data })?;
        }
        Ok(())
    }

    /// The digest of a chunk; that of a hole is known.
    pub(crate) fn digest(&self, chunk: &Chunk<'_>) -> [u8; 32] {
        match chunk.data {
            Some(data) => *blake3::hash(data).as_bytes(),
            None if chunk.length == CHUNK_BYTES => self.zero_chunk,
            None => {
                let mut hasher = blake3::Hasher::new();
                (0..chunk.length / 512).for_each(|_| {
                    hasher.update(&[0; 512]);
                });
                *hasher.finalize().as_bytes()
            }
        }
    }

    /// Where the next content begins, at or behind an offset.
    fn next_data(&self, offset: u64) -> io::Result<u64> {
        match seek(&self.file, SeekFrom::Data(offset)) {
            Ok(next) => Ok(next),
            Err(Errno::NXIO) => Ok(u64::MAX),
            // A filesystem that knows no holes.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(offset),
            Err(error) => Err(error.into()),
        }
    }
}

/// [`CHUNK_BYTES`] as the length of a buffer.
#[expect(clippy::cast_possible_truncation, reason = "a MiB fits every usize")]
pub(crate) const CHUNK_SIZE: usize = CHUNK_BYTES as usize;
