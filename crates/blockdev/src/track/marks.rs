//! Where each disk's marks lie in the shared memory, and how they are taken.
//!
//! One byte for each block, and above that four levels, each 16 times coarser, for long writes and discards. A block has 4 KiB on
//! disks of up to 32 GiB together, so that little more is read again than was written, and more on larger ones: the
//! marks of what can be read in minutes must not take the memory and the time to look through them that a freeze waits for.

use std::sync::atomic::{AtomicU64, Ordering};

use super::kernel::PAGE;
use super::program::{LEVEL_SHIFT, LEVELS};

/// The least unit of tracking, in bytes.
pub const LEAST_BLOCK_BYTES: u64 = 4 << 10;

/// The unit where it has not to be longer for the sake of memory, and cannot be shorter for that of time.
const USUAL_BLOCK_BYTES: u64 = 64 << 10;

/// Blocks of less than [`USUAL_BLOCK_BYTES`] of all disks together at the most: 8 MiB of marks.
const MOST_SHORT_BLOCKS: u64 = 8 << 20;

/// Blocks of all disks together at the most: 32 MiB of marks, and as much for each agent whatever it watches.
const MOST_BLOCKS: u64 = 32 << 20;

/// Bytes of a block on disks of so many bytes together: a power of two.
pub(super) fn block_bytes(bytes: u64) -> u64 {
    let lengths = std::iter::successors(Some(LEAST_BLOCK_BYTES), |length| length.checked_mul(2));
    let fits = |length: &u64| {
        let most = if *length < USUAL_BLOCK_BYTES { MOST_SHORT_BLOCKS } else { MOST_BLOCKS };
        bytes.div_ceil(*length) <= most
    };
    lengths.into_iter().find(fits).unwrap_or(1 << 63)
}

/// A range of a disk, in bytes; its end may be that of the disk, within a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRange {
    /// Where it begins: a multiple of [`LEAST_BLOCK_BYTES`].
    pub offset: u64,
    /// How long it is.
    pub length: u64,
}

/// What a drain took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Ranges handed out.
    pub ranges: u64,
    /// Bytes in them.
    pub bytes: u64,
}

/// One disk's place in the shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    bytes: u64,
    block_bytes: u64,
    /// Bytes from the beginning of the memory to each level.
    levels: [u64; LEVELS.len()],
    lengths: [u64; LEVELS.len()],
}

impl Place {
    /// Gives a disk of `bytes` the pages from `first_page`, for blocks of so many bytes; returns also the page after it.
    pub(super) fn new(bytes: u64, first_page: u64, block_bytes: u64) -> (Self, u64) {
        let mut page = first_page;
        let mut units = bytes.div_ceil(block_bytes);
        let (mut levels, mut lengths) = ([0; LEVELS.len()], [0; LEVELS.len()]);
        for (level, length) in levels.iter_mut().zip(&mut lengths) {
            *level = page * PAGE as u64;
            *length = units;
            page += units.div_ceil(PAGE as u64).max(1);
            units = units.div_ceil(1 << LEVEL_SHIFT);
        }
        (Self { bytes, block_bytes, levels, lengths }, page)
    }

    /// The entry that the program reads: blocks, then where each level begins.
    pub(super) fn entry(&self) -> impl Iterator<Item = u64> {
        std::iter::once(self.lengths[0]).chain(self.levels)
    }

    /// Takes all marks and hands each run of marked blocks out. Coarse ranges may repeat fine ones.
    pub(super) fn drain(&self, memory: &[AtomicU64], take: &mut impl FnMut(BlockRange)) -> Drained {
        let mut drained = Drained::default();
        for (level, (start, length)) in self.levels.into_iter().zip(self.lengths).enumerate().rev() {
            let unit = self.block_bytes << (LEVEL_SHIFT.unsigned_abs() * u32::try_from(level).unwrap_or(0));
            let mut run: Option<(u64, u64)> = None;
            let mut end = |run: &mut Option<(u64, u64)>| {
                if let Some((first, after)) = run.take() {
                    let offset = first * unit;
                    let length = (after * unit).min(self.bytes).saturating_sub(offset);
                    drained.ranges += 1;
                    drained.bytes += length;
                    take(BlockRange { offset, length });
                }
            };
            let first = usize::try_from(start / 8).unwrap_or(usize::MAX);
            let words = usize::try_from(length.div_ceil(8)).unwrap_or(0);
            let slice = memory.get(first..first.saturating_add(words)).unwrap_or_default();
            for (word, marks) in (0_u64..).zip(slice) {
                // Most are empty: exchanging only the others leaves their cache lines shared.
                let marks =
                    if marks.load(Ordering::Relaxed) == 0 { 0 } else { marks.swap(0, Ordering::SeqCst) };
                if marks == 0 {
                    end(&mut run);
                    continue;
                }
                for (block, mark) in (word * 8..).zip(marks.to_ne_bytes()) {
                    run = match (mark, run) {
                        (0, _) => {
                            end(&mut run);
                            None
                        }
                        (_, Some((first, _))) => Some((first, block + 1)),
                        (_, None) => Some((block, block + 1)),
                    };
                }
            }
            end(&mut run);
        }
        drained
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks bytes of a level and drains.
    fn drained(bytes: u64, marks: &[(usize, u64)]) -> Vec<(u64, u64)> {
        let (place, pages) = Place::new(bytes, 1, 64 << 10);
        let memory: Vec<AtomicU64> = (0..pages * 512).map(|_| AtomicU64::new(0)).collect();
        for (level, index) in marks {
            let at = place.levels[*level] + index;
            let word = &memory[usize::try_from(at / 8).unwrap()];
            let mut value = word.load(Ordering::Relaxed).to_ne_bytes();
            value[usize::try_from(at % 8).unwrap()] = 1;
            word.store(u64::from_ne_bytes(value), Ordering::Relaxed);
        }
        let mut taken = Vec::new();
        let counts = place.drain(&memory, &mut |range| taken.push((range.offset, range.length)));
        assert_eq!(counts.ranges, taken.len() as u64);
        assert_eq!(place.drain(&memory, &mut |_| ()), Drained::default(), "marks are taken");
        taken
    }

    #[test]
    fn neighbours_are_one_range_also_across_words() {
        let marks = [(0, 6), (0, 7), (0, 8), (0, 10)];
        assert_eq!(drained(1 << 30, &marks), [(6 << 16, 3 << 16), (10 << 16, 1 << 16)]);
    }

    #[test]
    fn coarse_marks_stand_for_their_blocks_and_end_with_the_disk() {
        assert_eq!(drained(1 << 30, &[(1, 1)]), [(1 << 20, 1 << 20)]);
        assert_eq!(drained((20 << 20) + 512, &[(2, 1)]), [(16 << 20, (4 << 20) + 512)]);
        assert_eq!(drained(5 << 30, &[(4, 1)]), [(4 << 30, 1 << 30)]);
        assert_eq!(drained((1 << 20) + 512, &[(0, 16)]), [(1 << 20, 512)]);
    }

    #[test]
    fn blocks_are_short_on_small_disks_and_memory_is_bounded_on_large_ones() {
        for (gibibytes, kibibytes, most) in [
            (1, 4, 1 << 20),
            (32, 4, 9 << 20),
            (33, 8, 9 << 20),
            (256, 32, 9 << 20),
            (512, 64, 9 << 20),
            (2 << 10, 64, 35 << 20),
            (4 << 10, 128, 35 << 20),
            (16 << 10, 512, 35 << 20),
        ] {
            let bytes = gibibytes << 30;
            assert_eq!(block_bytes(bytes), kibibytes << 10, "{gibibytes}");
            let (_, pages) = Place::new(bytes, 0, block_bytes(bytes));
            assert!(pages * 4096 < most, "{gibibytes} {pages}");
        }
    }

    #[test]
    fn longer_blocks_are_handed_out_whole() {
        let (place, pages) = Place::new((16 << 40) - 512, 0, 512 << 10);
        let memory: Vec<AtomicU64> = (0..pages * 512).map(|_| AtomicU64::new(0)).collect();
        memory[0].store(u64::from_ne_bytes([0, 0, 1, 0, 0, 0, 0, 0]), Ordering::Relaxed);
        let mut taken = Vec::new();
        place.drain(&memory, &mut |range| taken.push((range.offset, range.length)));
        assert_eq!(taken, [(1 << 20, 512 << 10)]);
    }
}
