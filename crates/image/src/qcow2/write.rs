//! Writing, from the first cluster to the last.
//!
//! The file only grows: header and first-level table have their place at the front, content and second-level tables
//! follow in the order of the disk, the reference counts come last. The header is written at the very end, so that a
//! file that was given up half-way is no qcow2. Memory: two bytes for each stored cluster, a table, a cluster.

use std::{fs::File, io, os::unix::fs::FileExt};

use super::{COMPRESSED, COMPRESSION_TYPE, COPIED, HEADER_BYTES, MAGIC, ZERO_FLAG, ZSTD};

const CLUSTER_BITS: u32 = 16;
const CLUSTER: u64 = 1 << CLUSTER_BITS;
/// [`CLUSTER`] as the length of a buffer.
const CLUSTER_SIZE: usize = 1 << CLUSTER_BITS;
/// Entries of a second-level table.
const ENTRIES: u64 = CLUSTER / 8;
/// Reference counts, of 16 bits, in a cluster.
const COUNTS: usize = CLUSTER_SIZE / 2;
/// Where a packed cluster's entry holds how many sectors follow its first.
const SECTORS_SHIFT: u32 = 62 - (CLUSTER_BITS - 8);
/// Where the name of the file below is, behind the header's extensions.
const BELOW_AT: usize = 256;
/// The extension that says of what format the file below is.
const BELOW_FORMAT: u32 = 0xe279_2aca;
/// Least saving that is worth unpacking for.
const WORTHWHILE: usize = CLUSTER_SIZE / 16;

/// Writes one image.
pub struct Qcow2Writer<'a> {
    file: &'a File,
    size: u64,
    /// The name of the raw file below, if this is a layer.
    below: Option<String>,
    packer: Option<zstd::bulk::Compressor<'static>>,
    /// The first byte that is not used.
    next: u64,
    /// How many entries name each cluster of the file.
    counts: Vec<u16>,
    first_level: Vec<u64>,
    /// The second-level table that is being filled, by its number.
    table: (u64, Vec<u64>),
}

impl<'a> Qcow2Writer<'a> {
    /// Clusters are this long.
    pub const CLUSTER_BYTES: u64 = CLUSTER;

    /// Begins an image of a disk of `size` bytes in an empty file; clusters are packed at a level of zstd if one is given.
    pub fn new(file: &'a File, size: u64, level: Option<i32>) -> io::Result<Self> {
        let tables = usize::try_from(size.div_ceil(CLUSTER * ENTRIES)).unwrap_or(usize::MAX);
        let packer = level.map(zstd::bulk::Compressor::new).transpose()?;
        let front = CLUSTER + (tables as u64 * 8).next_multiple_of(CLUSTER);
        let mut counts = Vec::new();
        count(&mut counts, 0, front);
        let table = (0, vec![0; CLUSTER_SIZE / 8]);
        Ok(Self { file, size, below: None, packer, next: front, counts, first_level: vec![0; tables], table })
    }

    /// Begins a layer over a raw file of the same size, which is called `below` and lies beside it.
    pub fn layer(file: &'a File, size: u64, below: &str) -> io::Result<Self> {
        if below.is_empty() || below.len() > 255 || below.contains(['/', ':']) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name of the file below is none"));
        }
        Ok(Self { below: Some(below.to_owned()), ..Self::new(file, size, None)? })
    }

    /// Bytes that it has so far.
    pub const fn bytes(&self) -> u64 {
        self.next
    }

    /// Stores content that begins at a cluster; calls go from the front of the disk to its end. Clusters of zeros, as
    /// those between calls, are not stored.
    pub fn put(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        if !offset.is_multiple_of(CLUSTER) || offset + data.len() as u64 > self.size {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "content outside of its disk's clusters",
            ));
        }
        for (cluster, data) in (offset / CLUSTER..).zip(data.chunks(CLUSTER_SIZE)) {
            if replication::digest::is_zero(data) {
                continue;
            }
            let mut padded = Vec::new();
            let data = if data.len() < CLUSTER_SIZE {
                padded.extend_from_slice(data);
                padded.resize(CLUSTER_SIZE, 0);
                &padded
            } else {
                data
            };
            self.turn_to(cluster / ENTRIES)?;
            let entry = self.store(data)?;
            self.enter(cluster, entry);
        }
        Ok(())
    }

    /// Makes the cluster at an offset zeros whatever is below; calls keep to the order of [`Self::put`].
    pub fn put_zeros(&mut self, offset: u64) -> io::Result<()> {
        let cluster = offset / CLUSTER;
        self.turn_to(cluster / ENTRIES)?;
        self.enter(cluster, ZERO_FLAG);
        Ok(())
    }

    /// Puts an entry into the table that is being filled.
    fn enter(&mut self, cluster: u64, entry: u64) {
        if let Some(place) = usize::try_from(cluster % ENTRIES).ok().and_then(|at| self.table.1.get_mut(at)) {
            *place = entry;
        }
    }

    /// Writes the tables and the header, and sees everything on disk.
    pub fn finish(mut self) -> io::Result<()> {
        self.turn_to(u64::MAX)?;
        self.file.write_all_at(&big_endian(&self.first_level), CLUSTER)?;
        let (table_at, table_clusters) = self.write_counts()?;
        self.file.set_len(self.next.next_multiple_of(CLUSTER))?;
        self.file.sync_data()?;
        self.file.write_all_at(&self.header(table_at, table_clusters), 0)?;
        self.file.sync_all()
    }

    /// Writes the second-level table out, if another one is needed next.
    fn turn_to(&mut self, table: u64) -> io::Result<()> {
        if self.table.0 == table {
            return Ok(());
        }
        if self.table.1.iter().any(|entry| *entry != 0) {
            let bytes = big_endian(&self.table.1);
            let at = self.store_plain(&bytes)?;
            if let Some(entry) =
                usize::try_from(self.table.0).ok().and_then(|at| self.first_level.get_mut(at))
            {
                *entry = at | COPIED;
            }
            self.table.1.fill(0);
        }
        self.table.0 = table;
        Ok(())
    }

    /// Stores a cluster, packed if that pays; gives its entry.
    fn store(&mut self, data: &[u8]) -> io::Result<u64> {
        let packed = self.packer.as_mut().map(|packer| packer.compress(data)).transpose()?;
        let Some(packed) = packed.filter(|packed| packed.len() + WORTHWHILE <= CLUSTER_SIZE) else {
            return Ok(self.store_plain(data)? | COPIED);
        };
        let (at, end) = (self.next, self.next + packed.len() as u64);
        self.file.write_all_at(&packed, at)?;
        count(&mut self.counts, at, end);
        self.next = end;
        let further_sectors = (end - 1) / 512 - at / 512;
        Ok(COMPRESSED | further_sectors << SECTORS_SHIFT | at)
    }

    /// Stores whole clusters; gives where.
    fn store_plain(&mut self, data: &[u8]) -> io::Result<u64> {
        let at = self.next.next_multiple_of(CLUSTER);
        self.file.write_all_at(data, at)?;
        self.next = at + data.len() as u64;
        count(&mut self.counts, at, self.next);
        Ok(at)
    }

    /// Writes the reference counts, which count their own clusters too; gives where their table is and its clusters.
    fn write_counts(&mut self) -> io::Result<(u64, u32)> {
        let begin = self.next.next_multiple_of(CLUSTER);
        let used = usize::try_from(begin / CLUSTER).map_err(io::Error::other)?;
        let (mut blocks, mut tables) = (1, 1);
        while used + blocks + tables > blocks * COUNTS || blocks > tables * (CLUSTER_SIZE / 8) {
            if blocks > tables * (CLUSTER_SIZE / 8) {
                tables += 1;
            } else {
                blocks += 1;
            }
        }
        let table_end = begin + tables as u64 * CLUSTER;
        let end = table_end + blocks as u64 * CLUSTER;
        count(&mut self.counts, begin, end);
        self.counts.resize(blocks * COUNTS, 0);
        let places: Vec<u64> = (table_end..end).step_by(CLUSTER_SIZE).collect();
        self.file.write_all_at(&big_endian(&places), begin)?;
        for (place, block) in places.iter().zip(self.counts.chunks(COUNTS)) {
            let bytes: Vec<u8> = block.iter().flat_map(|count| count.to_be_bytes()).collect();
            self.file.write_all_at(&bytes, *place)?;
        }
        self.next = end;
        Ok((begin, u32::try_from(tables).map_err(io::Error::other)?))
    }

    fn header(&self, counts_at: u64, counts_clusters: u32) -> Vec<u8> {
        let packed = self.packer.is_some();
        let tables = u32::try_from(self.first_level.len()).unwrap_or(u32::MAX);
        let mut header = Vec::with_capacity(CLUSTER_SIZE);
        let mut words = |words: &[u32]| words.iter().for_each(|word| header.extend(word.to_be_bytes()));
        let below = self.below.as_deref().unwrap_or_default().as_bytes();
        let (below_at, below_bytes) = if below.is_empty() { (0, 0) } else { (BELOW_AT, below.len()) };
        words(&[MAGIC, 3]);
        words(&halves(below_at as u64));
        words(&[u32::try_from(below_bytes).unwrap_or(0), CLUSTER_BITS]);
        words(&halves(self.size));
        words(&[0, tables]);
        words(&halves(CLUSTER));
        words(&halves(counts_at));
        words(&[counts_clusters, 0, 0, 0]);
        words(&halves(if packed { COMPRESSION_TYPE } else { 0 }));
        // No other features; reference counts of 2^4 bits.
        words(&[0, 0, 0, 0, 4, HEADER_BYTES]);
        header.push(if packed { ZSTD } else { 0 });
        header.resize(HEADER_BYTES as usize, 0);
        if !below.is_empty() {
            // Without it a reader would guess what kind of file is below, by content that a guest wrote.
            header.extend(BELOW_FORMAT.to_be_bytes());
            header.extend([0, 0, 0, 3]);
            header.extend(b"raw\0\0\0\0\0");
        }
        // The end of extensions.
        header.extend([0; 8]);
        if !below.is_empty() {
            header.resize(BELOW_AT, 0);
            header.extend(below);
        }
        header
    }
}

/// Counts one more entry that names each cluster of these bytes.
fn count(counts: &mut Vec<u16>, begin: u64, end: u64) {
    let cluster = |at: u64| usize::try_from(at / CLUSTER).unwrap_or(usize::MAX);
    let last = cluster(end - 1);
    if counts.len() <= last {
        counts.resize(last + 1, 0);
    }
    for number in &mut counts[cluster(begin)..=last] {
        *number = number.saturating_add(1);
    }
}

fn big_endian(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves of a word")]
const fn halves(word: u64) -> [u32; 2] {
    [(word >> 32) as u32, word as u32]
}
