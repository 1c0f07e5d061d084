//! A filesystem's place on a disk: bounded reads of it, and the free ranges it proves.

use std::ops::Range;

use super::ReadAt;
use super::granules::Granules;

/// The most that one read returns.
const MAX_READ: usize = 256 * 1024;

/// Why a filesystem's records prove nothing, in words for the operator.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) String);

/// Refuses with the reason.
pub(super) fn refuse<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(reason.into()))
}

/// Refuses unless `holds`.
pub(super) fn ensure(holds: bool, reason: &str) -> Result<(), Refusal> {
    if holds { Ok(()) } else { refuse(reason) }
}

/// A partition or a whole disk, addressed from 0.
pub(super) struct Part<'a, S: ?Sized> {
    source: &'a S,
    granules: &'a mut Granules,
    range: Range<u64>,
    /// A free range that the next one may continue: its end may lie inside a granule.
    pending: Range<u64>,
}

impl<'a, S: ReadAt + ?Sized> Part<'a, S> {
    pub(super) fn new(source: &'a S, granules: &'a mut Granules, range: Range<u64>) -> Self {
        Self { source, granules, range, pending: 0..0 }
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    /// Reads `bytes` at `offset`, all inside.
    pub(super) fn read(&self, offset: u64, bytes: usize) -> Result<Vec<u8>, Refusal> {
        let inside = offset.checked_add(bytes as u64).is_some_and(|end| end <= self.size_bytes());
        ensure(inside && bytes <= MAX_READ, "a record points past its end")?;
        let mut buffer = vec![0; bytes];
        match self.source.read_exact_at(&mut buffer, self.range.start + offset) {
            Ok(()) => Ok(buffer),
            Err(error) => refuse(format!("it could not be read: {error}")),
        }
    }

    /// Marks a range as free. Ranges that follow each other in order are taken as one.
    pub(super) fn free(&mut self, range: Range<u64>) {
        if range.start == self.pending.end {
            self.pending.end = range.end;
        } else {
            self.flush();
            self.pending = range;
        }
    }

    /// Marks the last range as free. To be called after the last [`Part::free`].
    pub(super) fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if !pending.is_empty() {
            self.granules.free(self.on_disk(&pending));
        }
    }

    /// Marks a range as allocated, whatever was said of it before.
    pub(super) fn allocate(&mut self, range: &Range<u64>) {
        self.flush();
        if !range.is_empty() {
            self.granules.allocate(self.on_disk(range));
        }
    }

    fn on_disk(&self, range: &Range<u64>) -> Range<u64> {
        let place = |offset: u64| self.range.start + offset.min(self.size_bytes());
        place(range.start)..place(range.end)
    }
}
