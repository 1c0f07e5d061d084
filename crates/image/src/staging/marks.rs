//! The state file: which disk it is of, and the marks of regions that are being written.
//!
//! A page of head (magic, version, size, digest of the key, whether anything was ever written), then a byte for each
//! region. A mark is one byte, so that setting one never touches another.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use replication::LeafKey;

use super::{REGION_BYTES, new_file};
use crate::{
    StagingError,
    error::{During, FileError},
};

const MAGIC: [u8; 8] = *b"LFSTAGE1";
const HEAD_BYTES: u64 = 4096;
/// Magic, size, digest of the key.
const IDENTITY_BYTES: usize = 8 + 8 + 32;
/// Where the head says that something was written.
const USED_AT: u64 = IDENTITY_BYTES as u64;

/// The marks of one disk.
#[derive(Debug)]
pub(super) struct Marks {
    path: PathBuf,
    file: File,
    used: bool,
    /// Regions marked on disk.
    marked: BTreeSet<u64>,
    /// Regions written to since the last checkpoint began; all of them are marked.
    open: BTreeSet<u64>,
    /// Regions that the running checkpoint makes durable.
    closing: BTreeSet<u64>,
    /// Regions of which it is known that some digest is wrong; they stay marked until the disk is opened again.
    doubted: BTreeSet<u64>,
}

impl Marks {
    /// Makes the state of a new disk.
    pub(super) fn create(path: &Path, size: u64, key: &LeafKey) -> Result<Self, StagingError> {
        let file = new_file(path, HEAD_BYTES + regions(size))?;
        lock(&file, path)?;
        file.write_all_at(&identity(size, key), 0).during("writing", path)?;
        file.sync_all().during("syncing", path)?;
        Ok(Self::of(path, file, false, BTreeSet::new()))
    }

    /// Reads the state of a disk, which must be this one.
    pub(super) fn open(path: &Path, size: u64, key: &LeafKey) -> Result<Self, StagingError> {
        let foreign = |reason| StagingError::Foreign { path: path.into(), reason };
        let file = OpenOptions::new().read(true).write(true).open(path).during("opening", path)?;
        lock(&file, path)?;
        let length = file.metadata().during("reading the size of", path)?.len();
        if length != HEAD_BYTES + regions(size) {
            return Err(foreign("its size is another"));
        }
        let mut head = [0; IDENTITY_BYTES + 1];
        file.read_exact_at(&mut head, 0).during("reading", path)?;
        if head[..8] != MAGIC {
            return Err(foreign("it does not begin as one"));
        }
        if head[..IDENTITY_BYTES] != identity(size, key) {
            return Err(foreign("it is of another disk or another job"));
        }
        let mut marks = vec![0; usize::try_from(regions(size)).map_err(|_| StagingError::Size(size))?];
        file.read_exact_at(&mut marks, HEAD_BYTES).during("reading", path)?;
        let marked =
            (0_u64..).zip(&marks).filter(|(_, mark)| **mark != 0).map(|(region, _)| region).collect();
        Ok(Self::of(path, file, head[IDENTITY_BYTES] != 0, marked))
    }

    fn of(path: &Path, file: File, used: bool, marked: BTreeSet<u64>) -> Self {
        let (open, closing, doubted) = Default::default();
        Self { path: path.into(), file, used, marked, open, closing, doubted }
    }

    /// Whether nothing was ever written.
    pub(super) const fn fresh(&self) -> bool {
        !self.used
    }

    /// The regions whose digests may be wrong.
    pub(super) fn marked(&self) -> Vec<u64> {
        self.marked.iter().copied().collect()
    }

    /// Whether a digest of the region is known to be wrong.
    pub(super) fn doubts(&self, region: u64) -> bool {
        self.doubted.contains(&region)
    }

    /// Notes that a digest of a region is wrong: no checkpoint takes its mark away.
    pub(super) fn doubt(&mut self, region: u64) -> Result<(), StagingError> {
        // First, so that it is not believed even where it cannot be noted on disk.
        self.doubted.insert(region);
        self.mark(region)
    }

    /// Marks a region that is about to be written; the mark is on disk when this returns.
    pub(super) fn mark(&mut self, region: u64) -> Result<(), StagingError> {
        if self.open.contains(&region) {
            return Ok(());
        }
        if !self.marked.contains(&region) || !self.used {
            self.file.write_all_at(&[1], USED_AT).during("marking in", &self.path)?;
            self.put(region, 1)?;
            self.file.sync_data().during("syncing", &self.path)?;
            self.used = true;
            self.marked.insert(region);
        }
        self.open.insert(region);
        Ok(())
    }

    /// Begins a checkpoint: what is marked now is being made durable, what is marked later is not.
    pub(super) fn begin_checkpoint(&mut self) {
        self.closing.append(&mut self.open);
    }

    /// Ends it: takes the marks away of regions that were not written to meanwhile. That need not be on disk: a mark that comes
    /// back with a power failure costs the computing of digests that were right.
    pub(super) fn end_checkpoint(&mut self) -> Result<(), StagingError> {
        let done: Vec<u64> =
            self.closing.difference(&self.open).filter(|region| !self.doubts(**region)).copied().collect();
        for region in &done {
            self.put(*region, 0)?;
        }
        self.closing.clear();
        for region in done {
            self.marked.remove(&region);
        }
        Ok(())
    }

    /// Takes a mark away whose region's digests were computed anew.
    pub(super) fn recovered(&mut self, regions: &[u64]) -> Result<(), StagingError> {
        self.closing.extend(regions);
        self.end_checkpoint()
    }

    fn put(&self, region: u64, mark: u8) -> Result<(), FileError> {
        self.file.write_all_at(&[mark], HEAD_BYTES + region).during("marking in", &self.path)
    }
}

/// Keeps other processes out for as long as the file is open.
fn lock(file: &File, path: &Path) -> Result<(), StagingError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(StagingError::InUse(path.into())),
        Err(TryLockError::Error(error)) => Ok(Err(error).during("locking", path)?),
    }
}

const fn regions(size: u64) -> u64 {
    size.div_ceil(REGION_BYTES)
}

fn identity(size: u64, key: &LeafKey) -> [u8; IDENTITY_BYTES] {
    let mut identity = [0; IDENTITY_BYTES];
    identity[..8].copy_from_slice(&MAGIC);
    identity[8..16].copy_from_slice(&size.to_le_bytes());
    identity[16..].copy_from_slice(blake3::hash(key.reveal()).as_bytes());
    identity
}
