//! The freeze: everything that is still dirty is read into memory that is there already, and only that.
//!
//! Between freeze and thaw nothing is sent, logged or written, since any of these may wait for a frozen filesystem, and
//! memory for content was taken and locked before.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use blockdev::direct::Buffer;
use replication::{BLOCK_BYTES, Range};

use super::{ReplicateError, Source, Tracker};

/// Content that is read during a freeze at the most. More than that is another pass's work.
pub(super) const HELD_BYTES: usize = 32 << 20;

/// Content as it was at one moment.
pub(super) struct Held {
    memory: Buffer,
    /// Disk by its place in the source, range, and place in memory.
    slots: Vec<(usize, Range, usize)>,
    /// How long filesystems were frozen.
    pub(super) took: Duration,
}

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
pub(super) fn freeze_and_read(
    source: &Source,
    tracker: &dyn Tracker,
    budget: Duration,
) -> Result<Attempt, ReplicateError> {
    // Where memory may not be locked, it is at least all there once it has been written to.
    let mut memory = Buffer::locked(HELD_BYTES)
        .or_else(|_| Buffer::new(HELD_BYTES))
        .map_err(|error| ReplicateError::Freeze(std::io::Error::other(error)))?;
    memory.fill(1);
    let mut places = HashMap::with_capacity(2 * HELD_BYTES / LEAST_SLOT);
    let mut slots: Vec<(usize, Range, usize)> = Vec::with_capacity(HELD_BYTES / LEAST_SLOT);
    let mut dirty: Vec<Vec<Range>> = source.disks.iter().map(|_| Vec::with_capacity(MOST_MARKS)).collect();
    let mut used = 0;

    let begun = Instant::now();
    // Dropped on every way out, which thaws.
    let frozen = match source.freezer.freeze() {
        Ok(frozen) => frozen,
        Err(error) => return Ok(Attempt::NotHeld(dirty, error)),
    };
    source.freezer.flush().map_err(ReplicateError::Freeze)?;
    loop {
        let mut quiet = true;
        for (place, disk) in source.disks.iter().enumerate() {
            let known = dirty[place].len();
            let marks = tracker.drain(disk.number, &mut |range| {
                quiet = false;
                note(&mut dirty[place], known, range);
            });
            marks.map_err(ReplicateError::Track)?;
            for mark in known..dirty[place].len() {
                for range in blocks(dirty[place][mark], disk.content.size()) {
                    let length = usize::try_from(range.length()).unwrap_or(usize::MAX);
                    let at = *places.entry((place, range.offset())).or_insert(used);
                    if at == used {
                        if length > HELD_BYTES - used || begun.elapsed() > budget {
                            return Ok(Attempt::TooMuch(dirty));
                        }
                        slots.push((place, range, at));
                        used += length.next_multiple_of(LEAST_SLOT);
                    }
                    disk.content.hold(&mut memory, at, range).map_err(|error| ReplicateError::Disk {
                        offset: range.offset(),
                        length: range.length(),
                        error,
                    })?;
                }
            }
            if dirty[place].len() == MOST_MARKS {
                return Ok(Attempt::TooMuch(dirty));
            }
        }
        if quiet {
            break;
        }
        if begun.elapsed() > budget {
            return Ok(Attempt::TooMuch(dirty));
        }
    }
    let proof = tracker.prove();
    let took = begun.elapsed();
    if let Some(Err(error)) = frozen.map(|frozen| frozen.thaw()) {
        return Ok(Attempt::NotHeld(dirty, error));
    }
    Ok(match proof {
        Ok(()) => Attempt::Held(Held { memory, slots, took }),
        Err(reason) => Attempt::Unproven(reason),
    })
}

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
