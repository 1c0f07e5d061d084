//! Reading a disk chunk by chunk, whatever holds it: a sparse file, a qcow2, or a qcow2 over a sparse file.

use std::{
    fs::File,
    io,
    iter::StepBy,
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use replication::digest::is_zero;
use rustix::{
    fs::{SeekFrom, seek},
    io::Errno,
};

use crate::{
    CHUNK_BYTES, ImageError,
    error::{During, FileError},
    qcow2::{self, Cluster, Qcow2Error, Qcow2Reader},
};

/// [`CHUNK_BYTES`] as the length of a buffer.
#[expect(clippy::cast_possible_truncation, reason = "a MiB fits every usize")]
const CHUNK_SIZE: usize = CHUNK_BYTES as usize;

/// Zeros of this length are not written: a cluster of the qcow2s that are written here, a block of most filesystems.
pub(crate) const SPARSE_SIZE: usize = 1 << 16;

/// A disk that is being read.
pub(crate) struct Content {
    kind: Kind,
    size: u64,
    buffer: Vec<u8>,
}

enum Kind {
    Whole(Sparse),
    Qcow2(Box<Layer>),
}

/// A chunk's place, and its content unless it is a hole.
pub(crate) struct Chunk<'a> {
    pub(crate) offset: u64,
    pub(crate) length: u64,
    pub(crate) data: Option<&'a [u8]>,
}

impl Content {
    /// Opens a file that is all of the disk, as it is.
    pub(crate) fn whole(path: &Path) -> Result<Self, ImageError> {
        let file = Sparse::open(path)?;
        let size = file.size;
        Ok(Self { kind: Kind::Whole(file), size, buffer: vec![0; CHUNK_SIZE] })
    }

    /// Opens a qcow2 that must be a layer over a whole file beside it.
    pub(crate) fn layer(path: &Path, base: &Path) -> Result<Self, ImageError> {
        let name = base.file_name().unwrap_or_default().to_string_lossy();
        let below = Sparse::open(base)?;
        let (content, covered) = (Self::qcow2(path, Some(below), Some(&name))?, size_of(base)?);
        if covered == content.size {
            Ok(content)
        } else {
            let error = Qcow2Error::Damaged("the file below it has another size");
            Err(ImageError::Qcow2 { path: path.into(), error })
        }
    }

    /// Opens a file that came from anywhere: a qcow2 that stands alone if it begins as one, else a whole disk.
    pub(crate) fn foreign(path: &Path) -> Result<Self, ImageError> {
        let mut magic = [0; 4];
        let file = File::open(path).during("opening", path)?;
        match file.read_exact_at(&mut magic, 0) {
            Ok(()) if u32::from_be_bytes(magic) == qcow2::MAGIC => Self::qcow2(path, None, None),
            _ => Self::whole(path),
        }
    }

    fn qcow2(path: &Path, below: Option<Sparse>, name: Option<&str>) -> Result<Self, ImageError> {
        let file = File::open(path).during("opening", path)?;
        let reader = match name {
            Some(name) => Qcow2Reader::open_layer(file, name),
            None => Qcow2Reader::open(file),
        };
        let reader = reader.map_err(|error| ImageError::Qcow2 { path: path.into(), error })?;
        let size = reader.size();
        let layer = Box::new(Layer { path: path.into(), reader, below, last: None });
        Ok(Self { kind: Kind::Qcow2(layer), size, buffer: vec![0; CHUNK_SIZE] })
    }

    /// The disk's size in bytes.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Where its chunks begin.
    pub(crate) fn offsets(&self) -> StepBy<Range<u64>> {
        (0..self.size).step_by(CHUNK_SIZE)
    }

    /// The length of a chunk: the last may be shorter.
    pub(crate) fn length(&self, offset: u64) -> u64 {
        CHUNK_BYTES.min(self.size.saturating_sub(offset))
    }

    /// Reads the chunk at an offset.
    pub(crate) fn chunk(&mut self, offset: u64) -> Result<Chunk<'_>, ImageError> {
        let length = self.length(offset);
        let buffer = usize::try_from(length).map_or(&mut [][..], |length| &mut self.buffer[..length]);
        let found = match &mut self.kind {
            Kind::Whole(file) => file.fill(offset, buffer)?,
            Kind::Qcow2(layer) => layer.fill(offset, buffer)?,
        };
        Ok(Chunk { offset, length, data: found.then_some(&*buffer) })
    }
}

impl<'a> Chunk<'a> {
    /// The BLAKE3 of the content; that of a hole is known.
    pub(crate) fn digest(&self) -> [u8; 32] {
        static HOLE: LazyLock<[u8; 32]> = LazyLock::new(|| *blake3::hash(&vec![0; CHUNK_SIZE]).as_bytes());
        match self.data {
            Some(data) => *blake3::hash(data).as_bytes(),
            None if self.length == CHUNK_BYTES => *HOLE,
            None => {
                let mut hasher = blake3::Hasher::new();
                (0..self.length / 512).for_each(|_| {
                    hasher.update(&[0; 512]);
                });
                *hasher.finalize().as_bytes()
            }
        }
    }

    /// The parts that are not zeros, with their places.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (u64, &'a [u8])> + use<'a> {
        let parts = self.data.unwrap_or_default().chunks(SPARSE_SIZE);
        (self.offset..).step_by(SPARSE_SIZE).zip(parts).filter(|(_, part)| !is_zero(part))
    }
}

/// A file with holes.
struct Sparse {
    path: PathBuf,
    file: File,
    size: u64,
    /// Where it is known to have none of its content.
    hole: Range<u64>,
}

impl Sparse {
    fn open(path: &Path) -> Result<Self, FileError> {
        let file = File::open(path).during("opening", path)?;
        let size = file.metadata().during("reading the size of", path)?.len();
        Ok(Self { path: path.into(), file, size, hole: 0..0 })
    }

    /// Fills the buffer from an offset, or says that there is a hole.
    fn fill(&mut self, offset: u64, buffer: &mut [u8]) -> Result<bool, FileError> {
        let end = offset + buffer.len() as u64;
        if !self.hole.contains(&offset) {
            self.hole = offset..self.next_data(offset).during("looking for holes in", &self.path)?;
        }
        if self.hole.end >= end {
            return Ok(false);
        }
        self.file.read_exact_at(buffer, offset).during("reading", &self.path)?;
        Ok(true)
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

/// A qcow2, and the file below it if it is a layer.
struct Layer {
    path: PathBuf,
    reader: Qcow2Reader<File>,
    below: Option<Sparse>,
    /// The cluster read last, with where it begins: a cluster may be longer than a chunk.
    last: Option<(u64, Cluster)>,
}

impl Layer {
    /// Fills the buffer from an offset, or says that there is a hole.
    fn fill(&mut self, offset: u64, buffer: &mut [u8]) -> Result<bool, ImageError> {
        let below = self.below.as_mut().map(|below| below.fill(offset, buffer)).transpose()?;
        let mut found = below == Some(true);
        if !found {
            buffer.fill(0);
        }
        let bytes = self.reader.cluster_bytes();
        let end = offset + buffer.len() as u64;
        let mut at = offset;
        while at < end {
            let start = at / bytes * bytes;
            let until = (start + bytes).min(end);
            let place = |at: u64, from: u64| usize::try_from(at - from).unwrap_or(usize::MAX);
            let part = &mut buffer[place(at, offset)..place(until, offset)];
            match self.cluster(start)? {
                Cluster::Absent => {}
                Cluster::Zeros => part.fill(0),
                Cluster::Data(data) => {
                    part.copy_from_slice(&data[place(at, start)..place(until, start)]);
                    found = true;
                }
            }
            at = until;
        }
        Ok(found)
    }

    fn cluster(&mut self, start: u64) -> Result<&Cluster, ImageError> {
        if self.last.as_ref().is_none_or(|(at, _)| *at != start) {
            let read = self.reader.cluster(start);
            let cluster = read.map_err(|error| ImageError::Qcow2 { path: self.path.clone(), error })?;
            self.last = Some((start, cluster));
        }
        Ok(self.last.as_ref().map_or(&Cluster::Absent, |(_, cluster)| cluster))
    }
}

fn size_of(path: &Path) -> Result<u64, FileError> {
    Ok(std::fs::metadata(path).during("reading the size of", path)?.len())
}
