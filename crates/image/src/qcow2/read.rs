//! Reading, defensively: every number in the file may be wrong, and none makes room for more than two clusters.

use std::{fs::File, io, os::unix::fs::FileExt};

use super::{COMPRESSED, COMPRESSION_TYPE, HEADER_BYTES, MAGIC, ZERO_FLAG, ZSTD};

/// Where a table's entry holds an offset.
const OFFSET: u64 = 0x00ff_ffff_ffff_fe00;
/// The file was not closed: its reference counts may be wrong, which a reader does not need.
const DIRTY: u64 = 1;

/// Room for unpacking, as a power of two: four of the largest clusters.
const WINDOW_LOG: u32 = 23;

/// Bytes that can be read at a place: a file, or memory.
pub trait ReadAt {
    /// Fills the buffer from an offset, or fails.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// How many bytes there are.
    fn length(&self) -> io::Result<u64>;
}

impl ReadAt for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

impl ReadAt for &[u8] {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let found =
            usize::try_from(offset).ok().and_then(|begin| self.get(begin..begin.checked_add(buffer.len())?));
        buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

/// Why a file cannot be read as a qcow2.
#[derive(Debug, thiserror::Error)]
pub enum Qcow2Error {
    /// The file could not be read.
    #[error("reading the qcow2: {0}")]
    Io(#[from] io::Error),
    /// It does not begin as one.
    #[error("it is no qcow2")]
    NotQcow2,
    /// It uses what is not read here.
    #[error("it is a qcow2 with {0}, which is not read here; convert it with qemu-img convert")]
    Unsupported(&'static str),
    /// It contradicts itself.
    #[error("it is a damaged qcow2: {0}")]
    Damaged(&'static str),
}

/// What a cluster of the disk is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cluster {
    /// The file does not have it: it is what the file below has there, zeros if there is none.
    Absent,
    /// Zeros.
    Zeros,
    /// This, whole even if the disk ends in it.
    Data(Vec<u8>),
}

/// An image that is being read.
pub struct Qcow2Reader<S> {
    source: S,
    length: u64,
    size: u64,
    cluster_bits: u32,
    first_level_at: u64,
    /// The second-level table read last, by its number; `None` for one that is not there.
    table: Option<(u64, Option<Vec<u8>>)>,
}

impl<S: ReadAt> Qcow2Reader<S> {
    /// Reads the header of an image that stands alone.
    pub fn open(source: S) -> Result<Self, Qcow2Error> {
        Self::read(source, None)
    }

    /// Reads the header of a layer over the file of this name, and of no other: where a layer says that what is below it
    /// is, nobody follows.
    pub fn open_layer(source: S, below: &str) -> Result<Self, Qcow2Error> {
        Self::read(source, Some(below))
    }

    fn read(source: S, below: Option<&str>) -> Result<Self, Qcow2Error> {
        let length = source.length()?;
        let mut header = [0; HEADER_BYTES as usize];
        if length < 72 {
            return Err(Qcow2Error::NotQcow2);
        }
        let present = usize::try_from(length).unwrap_or(usize::MAX).min(header.len());
        source.read_at(&mut header[..present], 0)?;
        let word = |at| u32::from_be_bytes(*header[at..].first_chunk().unwrap_or(&[0; 4]));
        let long = |at| u64::from_be_bytes(*header[at..].first_chunk().unwrap_or(&[0; 8]));
        if word(0) != MAGIC {
            return Err(Qcow2Error::NotQcow2);
        }
        let (version, cluster_bits, size) = (word(4), word(20), long(24));
        let features = if version == 3 { long(72) } else { 0 };
        let unsupported = [
            (version != 2 && version != 3, "another version than 2 or 3"),
            (below.is_none() && long(8) != 0, "a backing file"),
            (word(32) != 0, "encryption"),
            (features & !(DIRTY | COMPRESSION_TYPE) != 0, "features of newer versions"),
            // Without the bit packed clusters are zlib's, which is noticed where one comes up.
            (features & COMPRESSION_TYPE != 0 && header[104] != ZSTD, "an unknown compression"),
        ];
        if let Some((_, what)) = unsupported.iter().find(|(found, _)| *found) {
            return Err(Qcow2Error::Unsupported(what));
        }
        if !(9..=21).contains(&cluster_bits) {
            return Err(Qcow2Error::Damaged("clusters of an impossible size"));
        }
        if let Some(below) = below {
            let (at, named) = (long(8), usize::try_from(word(16)).unwrap_or(usize::MAX));
            let mut name = vec![0; below.len()];
            let inside =
                at.checked_add(name.len() as u64).is_some_and(|end| end <= length.min(1 << cluster_bits));
            if at == 0 || named != name.len() || !inside {
                return Err(Qcow2Error::Damaged("it is no layer over the file it should be over"));
            }
            source.read_at(&mut name, at)?;
            if name != below.as_bytes() {
                return Err(Qcow2Error::Damaged("it is a layer over another file"));
            }
        }
        let per_table = u64::from(cluster_bits * 2 - 3);
        let tables = size.div_ceil(1 << per_table);
        let first_level_at = long(40);
        if size > crate::staging::MOST_BYTES || u64::from(word(36)) < tables {
            return Err(Qcow2Error::Damaged("its first-level table does not cover its disk"));
        }
        if first_level_at.checked_add(tables * 8).is_none_or(|end| end > length) {
            return Err(Qcow2Error::Damaged("its first-level table is outside of the file"));
        }
        Ok(Self { source, length, size, cluster_bits, first_level_at, table: None })
    }

    /// The disk's size in bytes.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of a cluster, a power of two from 512 to 2 MiB.
    pub const fn cluster_bytes(&self) -> u64 {
        1 << self.cluster_bits
    }

    /// Reads the cluster at an offset.
    pub fn cluster(&mut self, offset: u64) -> Result<Cluster, Qcow2Error> {
        let cluster = offset >> self.cluster_bits;
        if offset >= self.size {
            return Err(Qcow2Error::Damaged("a cluster behind the disk was asked for"));
        }
        let entry_bits = self.cluster_bits - 3;
        let table = cluster >> entry_bits;
        if self.table.as_ref().is_none_or(|(number, _)| *number != table) {
            self.table = Some((table, self.read_table(table)?));
        }
        let Some((_, Some(entries))) = &self.table else {
            return Ok(Cluster::Absent);
        };
        let place = usize::try_from(cluster & ((1 << entry_bits) - 1)).unwrap_or(usize::MAX);
        let entry = entries.as_chunks().0.get(place).map_or(0, |bytes| u64::from_be_bytes(*bytes));
        if entry & COMPRESSED != 0 {
            return self.unpack(entry).map(Cluster::Data);
        }
        if entry & ZERO_FLAG != 0 {
            return Ok(Cluster::Zeros);
        }
        if entry & OFFSET == 0 {
            return Ok(Cluster::Absent);
        }
        self.read_cluster(entry & OFFSET).map(Cluster::Data)
    }

    fn read_table(&self, number: u64) -> Result<Option<Vec<u8>>, Qcow2Error> {
        let mut entry = [0; 8];
        self.source.read_at(&mut entry, self.first_level_at + number * 8)?;
        let at = u64::from_be_bytes(entry) & OFFSET;
        if at == 0 { Ok(None) } else { self.read_cluster(at).map(Some) }
    }

    fn read_cluster(&self, at: u64) -> Result<Vec<u8>, Qcow2Error> {
        if !at.is_multiple_of(self.cluster_bytes()) {
            return Err(Qcow2Error::Damaged("an entry points into a cluster"));
        }
        if at.checked_add(self.cluster_bytes()).is_none_or(|end| end > self.length) {
            return Err(Qcow2Error::Damaged("an entry points outside of the file"));
        }
        let mut cluster = vec![0; 1 << self.cluster_bits];
        self.source.read_at(&mut cluster, at)?;
        Ok(cluster)
    }

    fn unpack(&self, entry: u64) -> Result<Vec<u8>, Qcow2Error> {
        let shift = 62 - (self.cluster_bits - 8);
        let at = entry & ((1 << shift) - 1);
        let sectors = ((entry & (COMPRESSED - 1)) >> shift) + 1;
        // The last sector may be cut off at the end of the file.
        let end = (at / 512 + sectors).saturating_mul(512).min(self.length);
        if at >= end {
            return Err(Qcow2Error::Damaged("a packed cluster is outside of the file"));
        }
        let mut packed = vec![0; usize::try_from(end - at).unwrap_or(0)];
        self.source.read_at(&mut packed, at)?;
        let mut cluster = vec![0; 1 << self.cluster_bits];
        if packed.first_chunk() != Some(&[0x28, 0xb5, 0x2f, 0xfd]) {
            return Err(Qcow2Error::Unsupported("packed clusters of another kind than zstd's"));
        }
        let mut decoder = zstd::stream::read::Decoder::with_buffer(packed.as_slice())?.single_frame();
        // What a frame says of its window is room that is made: no writer needs more than a cluster.
        decoder.window_log_max(WINDOW_LOG)?;
        io::Read::read_exact(&mut decoder, &mut cluster)
            .map_err(|_| Qcow2Error::Damaged("a packed cluster cannot be unpacked"))?;
        Ok(cluster)
    }
}
