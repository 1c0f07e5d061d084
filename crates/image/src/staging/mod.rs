//! One staging disk: three files beside each other.
//!
//! | file | holds |
//! |---|---|
//! | `disk-N.raw` | the copy, sparse, as long as the source's disk |
//! | `disk-N.leaves` | the digests of its leaves, 16 bytes each, sparse: zeros stand for a leaf of zeros |
//! | `disk-N.state` | what disk this is, and which regions may disagree with their digests |
//!
//! The digests decide what the source sends again, so a digest that claims what the copy does not hold would be a silent
//! loss. Writing both is not one step, hence the rule: **before the first write to a region of 64 MiB since the last
//! checkpoint, the region is marked, and the mark is on disk. A checkpoint makes copy and digests durable, then takes
//! the marks away.** Whatever ends the program in between, the next to open the disk computes the digests of marked
//! regions from the copy. What a checkpoint has made durable is what may be acknowledged to the source.
//!
//! A write that fails leaves a range whose digests cannot be believed: its region counts as lacking for as long as the disk is
//! open, and stays marked.

mod checkpoint;
mod marks;
mod recovery;

use std::{
    fs::{File, OpenOptions},
    io,
    ops::RangeInclusive,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
};

use replication::{
    LEAF_BYTES, Leaf, LeafKey, Range,
    digest::{self, DIGEST_BYTES},
};
use rustix::fs::{FallocateFlags, fallocate};

use self::{checkpoint::Checkpoints, marks::Marks};
use crate::{
    StagingError,
    error::{During, FileError},
};

/// Bytes of a region: what one mark stands for.
pub(crate) const REGION_BYTES: u64 = 64 << 20;

/// Bytes of a disk at the most: 16 TiB.
pub(crate) const MOST_BYTES: u64 = 16 << 40;

/// Bytes read at once where a disk is read from its beginning to its end.
pub(crate) const READ_BYTES: u64 = 1 << 20;

/// Where a staging disk is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    directory: PathBuf,
    number: u16,
}

/// What opening a disk came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Bytes whose digests were computed anew, because the disk was not closed.
    pub recovered_bytes: u64,
    /// Whether nothing was ever written.
    pub fresh: bool,
}

/// A staging disk, open for writing by this process alone.
///
/// All methods take a shared reference: several streams write to one disk at once. Two writes to one place at one time
/// would leave either content with either digest, so callers keep a range to one stream.
#[derive(Debug)]
pub struct Staging {
    place: Place,
    size: u64,
    key: LeafKey,
    data: File,
    leaves: File,
    marks: Mutex<Marks>,
    /// Held shared while something is written, and alone for the moment at which a checkpoint begins.
    writing: RwLock<()>,
    /// Checkpoints, of which one is under way at a time.
    checkpoints: Checkpoints,
}

impl Place {
    /// Disk `number` in a directory.
    pub fn new(directory: impl Into<PathBuf>, number: u16) -> Self {
        Self { directory: directory.into(), number }
    }

    /// The file that holds the copy.
    pub fn data(&self) -> PathBuf {
        self.file("raw")
    }

    fn leaves(&self) -> PathBuf {
        self.file("leaves")
    }

    fn state(&self) -> PathBuf {
        self.file("state")
    }

    fn file(&self, kind: &str) -> PathBuf {
        self.directory.join(format!("disk-{}.{kind}", self.number))
    }
}

impl Staging {
    /// Makes the staging disk of a source's disk; there must be none.
    pub fn create(place: Place, size: u64, key: LeafKey) -> Result<Self, StagingError> {
        if size == 0 || size > MOST_BYTES || !size.is_multiple_of(512) {
            return Err(StagingError::Size(size));
        }
        let leaf_bytes = size.div_ceil(LEAF_BYTES) * DIGEST_BYTES as u64;
        let data = new_file(&place.data(), size)?;
        let leaves = new_file(&place.leaves(), leaf_bytes)?;
        // Last, since a disk counts as made once it has a state.
        let marks = Marks::create(&place.state(), size, &key)?;
        let directory = File::open(&place.directory).during("opening", &place.directory)?;
        directory.sync_all().during("syncing", &place.directory)?;
        Ok(Self::of(place, size, key, (data, leaves, marks)))
    }

    /// Opens a staging disk. Where the last process did not close it, the digests of what was being written are
    /// computed from the copy.
    pub fn open(place: Place, size: u64, key: LeafKey) -> Result<(Self, Opened), StagingError> {
        let marks = Marks::open(&place.state(), size, &key)?;
        let data = old_file(&place.data(), size)?;
        let leaves = old_file(&place.leaves(), size.div_ceil(LEAF_BYTES) * DIGEST_BYTES as u64)?;
        let fresh = marks.fresh();
        let staging = Self::of(place, size, key, (data, leaves, marks));
        let recovered_bytes = staging.recover()?;
        Ok((staging, Opened { recovered_bytes, fresh }))
    }

    fn of(place: Place, size: u64, key: LeafKey, (data, leaves, marks): (File, File, Marks)) -> Self {
        Self {
            place,
            size,
            key,
            data,
            leaves,
            marks: Mutex::new(marks),
            writing: RwLock::new(()),
            checkpoints: Checkpoints::default(),
        }
    }

    /// Whether nothing was ever written.
    pub fn is_fresh(&self) -> bool {
        self.marks().fresh()
    }

    /// The disk's size in bytes.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Where it is.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// The key of its digests.
    pub const fn key(&self) -> &LeafKey {
        &self.key
    }

    /// Writes content with the digests of its leaves, which the caller has proven to belong to it.
    pub fn write(&self, range: Range, data: &[u8], leaves: &[Leaf]) -> Result<(), StagingError> {
        let range = range.on_disk(self.size)?;
        if data.len() as u64 != range.length() || leaves.len() as u64 != range.leaves() {
            return Err(StagingError::Mismatch(range.offset()));
        }
        let _writing = self.writing.read().unwrap_or_else(PoisonError::into_inner);
        self.mark(range)?;
        let written = self.data.write_all_at(data, range.offset()).during("writing", &self.place.data());
        self.or_doubt(
            range,
            written.map_err(Into::into).and_then(|()| self.put_leaves(range.first_leaf(), leaves)),
        )
    }

    /// Makes a range zeros, without using room where the filesystem can do that.
    pub fn write_zeros(&self, range: Range) -> Result<(), StagingError> {
        let range = range.on_disk(self.size)?;
        let _writing = self.writing.read().unwrap_or_else(PoisonError::into_inner);
        self.mark(range)?;
        let digest_bytes = DIGEST_BYTES as u64;
        let zeroed = zero(&self.data, range.offset(), range.length()).during("clearing", &self.place.data());
        let zeroed = zeroed.and_then(|()| {
            zero(&self.leaves, range.first_leaf() * digest_bytes, range.leaves() * digest_bytes)
                .during("clearing", &self.place.leaves())
        });
        self.or_doubt(range, zeroed.map_err(Into::into))
    }

    /// Notes that digests of a range do not belong to its content. Whoever asks is told that all of its region is lacking,
    /// and the next to open the disk computes them from the copy.
    pub fn doubt(&self, range: Range) -> Result<(), StagingError> {
        let range = range.on_disk(self.size)?;
        let mut marks = self.marks();
        regions(range).try_for_each(|region| marks.doubt(region))
    }

    /// The digests of a range.
    pub fn leaves(&self, range: Range) -> Result<Vec<Leaf>, StagingError> {
        let range = range.on_disk(self.size)?;
        self.get_leaves(range.first_leaf(), range.leaves())
    }

    /// Which of the offered leaves the copy lacks: a bit for each, the first in the lowest bit of the first byte.
    pub fn wanted(&self, offset: u64, offered: &[Leaf]) -> Result<Vec<u8>, StagingError> {
        let length = (offered.len() as u64).saturating_mul(LEAF_BYTES).min(self.size.saturating_sub(offset));
        let range = Range::new(offset, length, MOST_BYTES)?;
        let own = self.leaves(range)?;
        if own.len() != offered.len() {
            return Err(StagingError::Mismatch(offset));
        }
        let doubted = self.doubts(range);
        let mut wanted = vec![0; own.len().div_ceil(8)];
        for (number, (own, offered)) in own.iter().zip(offered).enumerate() {
            wanted[number / 8] |= u8::from(doubted || own != offered) << (number % 8);
        }
        Ok(wanted)
    }

    /// Whether the copy of a range has other leaves than those of this digest.
    pub fn differs(&self, range: Range, digest: &[u8; 32]) -> Result<bool, StagingError> {
        Ok(digest::over(&self.leaves(range)?) != *digest || self.doubts(range))
    }

    /// Reads part of the copy.
    pub fn read(&self, range: Range) -> Result<Vec<u8>, StagingError> {
        let range = range.on_disk(self.size)?;
        let mut data =
            vec![0; usize::try_from(range.length()).map_err(|_| StagingError::Size(range.length()))?];
        self.data.read_exact_at(&mut data, range.offset()).during("reading", &self.place.data())?;
        Ok(data)
    }

    fn mark(&self, range: Range) -> Result<(), StagingError> {
        let mut marks = self.marks();
        regions(range).try_for_each(|region| marks.mark(region))
    }

    fn doubts(&self, range: Range) -> bool {
        let marks = self.marks();
        regions(range).any(|region| marks.doubts(region))
    }

    /// Whatever a write that failed has left of content and digests, they may not belong together.
    fn or_doubt(&self, range: Range, written: Result<(), StagingError>) -> Result<(), StagingError> {
        if written.is_err() {
            // The mark is on disk since before the write, and it is the write's failure that counts.
            let _ = self.doubt(range);
        }
        written
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_leaves(&self, first: u64, leaves: &[Leaf]) -> Result<(), StagingError> {
        let bytes: Vec<u8> = leaves.iter().flat_map(|leaf| leaf.0).collect();
        let at = first * DIGEST_BYTES as u64;
        Ok(self.leaves.write_all_at(&bytes, at).during("writing", &self.place.leaves())?)
    }

    fn get_leaves(&self, first: u64, count: u64) -> Result<Vec<Leaf>, StagingError> {
        let count = usize::try_from(count).map_err(|_| StagingError::Size(count))?;
        let mut bytes = vec![0; count.saturating_mul(DIGEST_BYTES)];
        let at = first * DIGEST_BYTES as u64;
        self.leaves.read_exact_at(&mut bytes, at).during("reading", &self.place.leaves())?;
        Ok(bytes.as_chunks().0.iter().copied().map(Leaf).collect())
    }
}

/// The regions that a range, which is not empty, lies in.
fn regions(range: Range) -> RangeInclusive<u64> {
    range.offset() / REGION_BYTES..=(range.end() - 1) / REGION_BYTES
}

fn new_file(path: &Path, size: u64) -> Result<File, FileError> {
    let mut options = OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.read(true).write(true).create_new(true).open(path).during("creating", path)?;
    file.set_len(size).during("sizing", path)?;
    Ok(file)
}

fn old_file(path: &Path, size: u64) -> Result<File, StagingError> {
    let file = OpenOptions::new().read(true).write(true).open(path).during("opening", path)?;
    let found = file.metadata().during("reading the size of", path)?.len();
    if found == size {
        Ok(file)
    } else {
        Err(StagingError::Foreign { path: path.into(), reason: "its size is another" })
    }
}

/// Makes bytes of a file zeros: a hole where the filesystem has holes, else written.
fn zero(file: &File, offset: u64, length: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, offset, length) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
            let zeros = vec![0; 1 << 20];
            let end = offset + length;
            (offset..end).step_by(zeros.len()).try_for_each(|at| {
                let piece = usize::try_from(end - at).map_or(zeros.len(), |left| left.min(zeros.len()));
                file.write_all_at(&zeros[..piece], at)
            })
        }
        Err(error) => Err(error.into()),
    }
}
