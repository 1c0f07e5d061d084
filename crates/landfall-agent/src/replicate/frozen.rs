//! The freeze: everything that is still dirty is read into memory that is there already, and only that.
//!
//! Between freeze and thaw nothing is sent, logged or written, since any of these may wait for a frozen filesystem, and
//! memory for content was taken and locked before. The same reading is done a few times before, so that what is left for
//! the freeze is what changed during the last time: everyone on the source waits for a freeze, and nobody for those.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use blockdev::direct::{Buffer, Place, Queue};
use replication::{BLOCK_BYTES, Range};

use super::{ReplicateError, Source, SourceDisk, Tracker};

/// Content that is read during a freeze at the most. More than that is another pass's work.
pub(super) const HELD_BYTES: usize = 32 << 20;

/// Content as it was at one moment.
pub(super) struct Held {
    memory: Buffer,
    /// Disk by its place in the source, range, and place in memory.
    slots: Vec<(usize, Range, usize)>,
    /// How long filesystems were frozen.
    pub(super) took: Duration,
    /// What that was expected to be.
    pub(super) predicted: Duration,
}

/// What freezing and thawing take beside writing out and reading.
const FREEZING: Duration = Duration::from_millis(50);

/// Times that is read ahead of a freeze at the most. What was read stays held, so each time leaves less room for the
/// freeze: after an attempt that ran out of room, the next one reads ahead half as often, but never not at all.
const MOST_AHEAD: u32 = 5;

/// What a freeze came to.
pub(super) enum Attempt {
    /// All that was dirty is held.
    Held(Held),
    /// Some changes may have gone without a mark.
    Unproven(String),
    /// There was more than a freeze has room or time for; the marks taken, disk by disk, are given back.
    TooMuch(Vec<Vec<Range>>),
    /// The filesystems did not freeze, or not for long enough; the marks taken are given back.
    NotHeld(Vec<Vec<Range>>, std::io::Error),
}

impl Held {
    /// What is held of a disk.
    pub(super) fn of_disk(&self, disk: usize) -> impl Iterator<Item = (Range, Vec<u8>)> + Send + '_ {
        self.slots.iter().filter(move |slot| slot.0 == disk).map(|(_, range, at)| {
            let end = at.saturating_add(usize::try_from(range.length()).unwrap_or(usize::MAX));
            (*range, self.memory.get(*at..end).unwrap_or_default().to_vec())
        })
    }
}

/// Freezes, reads what is dirty until nothing is, lets the tracker prove that this was all, and thaws. Blocks.
/// `failed` counts the attempts of this run that came to nothing.
pub(super) fn freeze_and_read(
    source: &Source,
    tracker: &dyn Tracker,
    budget: Duration,
    failed: u32,
) -> Result<Attempt, ReplicateError> {
    let mut reading = Reading::new(source, tracker)?;
    let times = MOST_AHEAD.checked_shr(failed).unwrap_or(0).max(1);
    let Some(predicted) = reading.ahead(budget, times)? else { return Ok(Attempt::TooMuch(reading.dirty)) };

    let begun = Instant::now();
    // Dropped on every way out, which thaws.
    let frozen = match source.freezer.freeze() {
        Ok(frozen) => frozen,
        Err(error) => return Ok(Attempt::NotHeld(reading.dirty, error)),
    };
    source.freezer.flush().map_err(ReplicateError::Freeze)?;
    while match reading.round(begun + budget)? {
        Round::Quiet => false,
        Round::Read => begun.elapsed() <= budget,
        Round::TooMuch => return Ok(Attempt::TooMuch(reading.dirty)),
    } {}
    if begun.elapsed() > budget {
        return Ok(Attempt::TooMuch(reading.dirty));
    }
    let proof = tracker.prove();
    let took = begun.elapsed();
    let Reading { memory, slots, dirty, .. } = reading;
    if let Some(Err(error)) = frozen.map(|frozen| frozen.thaw()) {
        return Ok(Attempt::NotHeld(dirty, error));
    }
    Ok(match proof {
        Ok(()) => Attempt::Held(Held { memory, slots, took, predicted }),
        Err(reason) => Attempt::Unproven(reason),
    })
}

/// Content that is being read into memory, and the marks that said so.
struct Reading<'source> {
    source: &'source Source,
    tracker: &'source dyn Tracker,
    memory: Buffer,
    queue: Queue,
    /// What is to be read next.
    wanted: Vec<Place>,
    /// Where in memory a block is, by disk and offset.
    places: HashMap<(usize, u64), usize>,
    slots: Vec<(usize, Range, usize)>,
    dirty: Vec<Vec<Range>>,
    used: usize,
}

/// What looking for marks once came to.
enum Round {
    /// There were none.
    Quiet,
    /// There were, and what they mark is in memory.
    Read,
    /// There is no room or time for all.
    TooMuch,
}

impl<'source> Reading<'source> {
    fn new(source: &'source Source, tracker: &'source dyn Tracker) -> Result<Self, ReplicateError> {
        // Where memory may not be locked, it is at least all there once it has been written to.
        let mut memory = Buffer::locked(HELD_BYTES)
            .or_else(|_| Buffer::new(HELD_BYTES))
            .map_err(|error| ReplicateError::Freeze(std::io::Error::other(error)))?;
        memory.fill(1);
        Ok(Self {
            source,
            tracker,
            memory,
            queue: Queue::new(),
            wanted: Vec::with_capacity(TOGETHER),
            places: HashMap::with_capacity(2 * HELD_BYTES / LEAST_SLOT),
            slots: Vec::with_capacity(HELD_BYTES / LEAST_SLOT),
            dirty: source.disks.iter().map(|_| Vec::with_capacity(MOST_MARKS)).collect(),
            used: 0,
        })
    }

    /// Reads before the freeze what it would find, until that gets no shorter or was done often enough; gives how long
    /// the freeze should be, or `None` when there is too much.
    fn ahead(&mut self, budget: Duration, times: u32) -> Result<Option<Duration>, ReplicateError> {
        let (mut last, mut since) = (budget, None);
        for _ in 0..times {
            let begun = Instant::now();
            self.source.freezer.flush().map_err(ReplicateError::Freeze)?;
            let drained = Instant::now();
            let used = self.used;
            match self.round(begun + budget)? {
                Round::Quiet => return Ok(Some(FREEZING)),
                Round::Read => {}
                Round::TooMuch => return Ok(None),
            }
            let took = begun.elapsed();
            let over = since.map_or(took, |since: Instant| drained.duration_since(since));
            // As much again changes meanwhile for each time that this took of the time it had changed in.
            let left = took.mul_f64((took.as_secs_f64() / over.as_secs_f64().max(1e-6)).min(1e3));
            let full = 2 * (self.used - used) > HELD_BYTES - self.used;
            if left <= FREEZING / 2 || took.mul_f64(1.1) > last || full {
                return Ok(Some(left.saturating_add(FREEZING)));
            }
            (last, since) = (took, Some(drained));
        }
        Ok(Some(last.saturating_add(FREEZING)))
    }

    /// Takes the marks and reads what they mark.
    fn round(&mut self, until: Instant) -> Result<Round, ReplicateError> {
        let mut quiet = true;
        for (place, disk) in self.source.disks.iter().enumerate() {
            let marks = &mut self.dirty[place];
            let known = marks.len();
            let drained = self.tracker.drain(disk.number, &mut |range| {
                quiet = false;
                note(marks, known, range);
            });
            drained.map_err(ReplicateError::Track)?;
            for mark in known..self.dirty[place].len() {
                for range in blocks(self.dirty[place][mark], disk.content.size()) {
                    let length = usize::try_from(range.length()).unwrap_or(usize::MAX);
                    let at = *self.places.entry((place, range.offset())).or_insert(self.used);
                    if at == self.used {
                        if length > HELD_BYTES - self.used || Instant::now() > until {
                            return Ok(Round::TooMuch);
                        }
                        self.slots.push((place, range, at));
                        self.used += length.next_multiple_of(LEAST_SLOT);
                    }
                    // Marks come in order, and several may be of one block.
                    if self.wanted.last().is_some_and(|last| last.at == at) {
                        continue;
                    }
                    self.wanted.push(Place { at, offset: range.offset(), bytes: length });
                    if self.wanted.len() == TOGETHER {
                        self.read(disk)?;
                    }
                }
            }
            self.read(disk)?;
            if self.dirty[place].len() == MOST_MARKS {
                return Ok(Round::TooMuch);
            }
        }
        Ok(if quiet { Round::Quiet } else { Round::Read })
    }

    /// Reads what is wanted of a disk.
    fn read(&mut self, disk: &SourceDisk) -> Result<(), ReplicateError> {
        let read = disk.content.hold(&mut self.queue, &mut self.memory, &self.wanted);
        self.wanted.clear();
        read.map_err(ReplicateError::from)
    }
}

/// Blocks that are asked for together.
const TOGETHER: usize = 64;

/// Marks of a disk that are kept during a freeze, in memory that is there before: more than there are slots.
const MOST_MARKS: usize = 4 * HELD_BYTES / LEAST_SLOT;

/// Keeps a mark. When there is no room, the last one that was taken now becomes wide enough to cover this one too.
fn note(marks: &mut Vec<Range>, known: usize, range: Range) {
    if marks.len() < MOST_MARKS {
        marks.push(range);
    } else if let Some(last) = marks.get_mut(known..).and_then(<[Range]>::last_mut) {
        let (start, end) = (last.offset().min(range.offset()), last.end().max(range.end()));
        // Both were ranges, so what covers them is one.
        *last = Range::new(start, end - start, u64::MAX).unwrap_or(*last);
    }
}

/// What slots are aligned to, as direct reads need it.
const LEAST_SLOT: usize = 4096;

/// The whole blocks that a range touches, cut at the disk's end: one block has one slot, however often it is read.
fn blocks(range: Range, size: u64) -> impl Iterator<Item = Range> {
    let end = range.end().min(size).div_ceil(BLOCK_BYTES);
    (range.offset() / BLOCK_BYTES..end).filter_map(move |block| {
        let offset = block * BLOCK_BYTES;
        Range::new(offset, BLOCK_BYTES.min(size - offset), BLOCK_BYTES).ok()
    })
}

#[cfg(test)]
mod tests {
    use replication::Range;

    use super::blocks;

    #[test]
    fn a_mark_covers_whole_blocks_up_to_the_disks_end() {
        let range = Range::new(61_440, 8192, u64::MAX).unwrap();
        let cut: Vec<(u64, u64)> = blocks(range, 70_144).map(|part| (part.offset(), part.length())).collect();
        assert_eq!(cut, [(0, 65_536), (65_536, 4608)]);
        let past = Range::new(131_072, 65_536, u64::MAX).unwrap();
        assert_eq!(blocks(past, 70_144).count(), 0);
    }
}
