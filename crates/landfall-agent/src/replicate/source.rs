//! What a run copies: disks, how their changes are known, and how they are frozen.

use std::{io, path::Path, sync::Arc, time::Duration};

use replication::Range;

use super::{DiskSource, ImageFile};

/// Knows which blocks of the disks changed.
pub trait Tracker: Send + Sync + 'static {
    /// Takes the marks of a disk and hands them out: what changed since they were taken last. A block that changes while
    /// it is read after this is marked again. Allocates nothing, for it is called while filesystems are frozen.
    fn drain(&self, disk: u16, take: &mut dyn FnMut(Range)) -> io::Result<()>;
    /// Proves, while nothing is written, that no change since the base went without a mark; else says why it cannot.
    fn prove(&self) -> Result<(), String>;
    /// Takes a new base, from which on changes are accounted for.
    fn rebase(&self) -> io::Result<()>;
}

/// Holds the filesystems of the disks still.
pub trait Freezer: Send + Sync + 'static {
    /// Says for how long they may stand still from now on.
    fn allow(&self, _budget: Duration) {}
    /// Writes out what the filesystems have in memory.
    fn flush(&self) -> io::Result<()>;
    /// Freezes them; `None` when there is nothing that can be frozen, such as where the disk is a file.
    fn freeze(&self) -> io::Result<Option<Box<dyn Frozen>>>;
}

/// Filesystems that are frozen until this is dropped.
pub trait Frozen: Send {
    /// Thaws them; an error says that they were not frozen all the time, so that what was read may be torn.
    fn thaw(self: Box<Self>) -> io::Result<()>;
}

/// A disk to copy.
pub struct SourceDisk {
    /// What frames name it by.
    pub number: u16,
    /// Its content.
    pub content: Arc<dyn DiskSource>,
    /// Finds the ranges that are in use now, in order and apart from each other. Blocks.
    pub allocated: Arc<dyn Fn() -> io::Result<Vec<Range>> + Send + Sync>,
}

/// What a run copies. Tracking has begun before it is handed over.
pub struct Source {
    /// The disks.
    pub disks: Vec<SourceDisk>,
    /// Who knows what changed, or why nobody does.
    pub tracker: Result<Arc<dyn Tracker>, String>,
    /// Who holds the filesystems still.
    pub freezer: Arc<dyn Freezer>,
}

impl SourceDisk {
    /// A disk of which everything counts as in use.
    pub fn whole(number: u16, content: Arc<dyn DiskSource>) -> Self {
        let size = content.size();
        let allocated = move || Ok(Range::new(0, size, u64::MAX).into_iter().collect());
        Self { number, content, allocated: Arc::new(allocated) }
    }
}

impl Source {
    /// Disk images in files, with the number of each. Nothing tracks them and nothing freezes them; their holes are not
    /// read.
    pub fn images<'a>(images: impl IntoIterator<Item = (u16, &'a Path)>) -> io::Result<Self> {
        let open = |(number, path)| Ok(SourceDisk::whole(number, Arc::new(ImageFile::open(path)?)));
        Ok(Self {
            disks: images.into_iter().map(open).collect::<io::Result<_>>()?,
            tracker: Err("image file".to_owned()),
            freezer: Arc::new(NothingToFreeze),
        })
    }
}

/// The freezer of disks that carry no mounted filesystem.
#[derive(Clone, Copy, Debug)]
pub struct NothingToFreeze;

impl Freezer for NothingToFreeze {
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    fn freeze(&self) -> io::Result<Option<Box<dyn Frozen>>> {
        Ok(None)
    }
}
