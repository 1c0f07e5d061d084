//! Sets of ranges, and sharing them out to streams.

use std::sync::{Arc, Mutex, PoisonError};

use replication::{Range, range::EXTENT_BYTES};
use tokio::time::Instant;

/// Ranges that are kept at the most for a disk: 16 MiB of memory.
const MOST_RANGES: usize = 1 << 20;

/// Puts ranges in order and joins those that touch. When there are too many to keep, near ones are joined as well: what
/// lies between is then compared for nothing, which costs reads and no memory.
pub(super) fn join(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.sort_unstable_by_key(|range| range.offset());
    let mut gap = 0;
    loop {
        let mut joined: Vec<Range> = Vec::with_capacity(ranges.len().min(MOST_RANGES));
        for range in ranges {
            match joined.last_mut() {
                Some(last) if range.offset() <= last.end().saturating_add(gap) => {
                    let length = range.end().max(last.end()) - last.offset();
                    // Both were ranges, so what covers them is one.
                    *last = Range::new(last.offset(), length, u64::MAX).unwrap_or(*last);
                }
                _ => joined.push(range),
            }
        }
        if joined.len() <= MOST_RANGES {
            return joined;
        }
        ranges = joined;
        gap = (gap * 2).max(EXTENT_BYTES / 4);
    }
}

/// Ranges that come one by one, kept within bounds on the way.
#[derive(Default)]
pub(super) struct Gathered(Vec<Range>);

impl Gathered {
    pub(super) fn add(&mut self, range: Range) {
        if self.0.len() >= 2 * MOST_RANGES {
            self.0 = join(std::mem::take(&mut self.0));
        }
        self.0.push(range);
    }

    pub(super) fn joined(self) -> Vec<Range> {
        join(self.0)
    }
}

/// The parts of a disk that are in none of these ranges, which are in order and apart.
pub(super) fn gaps(ranges: &[Range], size: u64) -> Vec<Range> {
    let starts = std::iter::once(0).chain(ranges.iter().map(|range| range.end()));
    let ends = ranges.iter().map(|range| range.offset()).chain(std::iter::once(size));
    let between = starts.zip(ends).filter(|(start, end)| start < end);
    between.filter_map(|(start, end)| Range::new(start, end - start, u64::MAX).ok()).collect()
}

/// How many bytes ranges have.
pub(super) fn bytes(ranges: &[Range]) -> u64 {
    ranges.iter().map(|range| range.length()).sum()
}

/// Ranges of one disk that streams take from, a piece at a time, until there are none or time is up.
#[derive(Clone)]
pub(super) struct Shared {
    rest: Arc<Mutex<Rest>>,
}

struct Rest {
    pieces: Box<dyn Iterator<Item = Range> + Send>,
    until: Option<Instant>,
    all_begun: bool,
}

impl Shared {
    pub(super) fn new(ranges: Vec<Range>, until: Option<Instant>) -> Self {
        let pieces = Box::new(ranges.into_iter().flat_map(|range| range.pieces(EXTENT_BYTES)));
        Self { rest: Arc::new(Mutex::new(Rest { pieces, until, all_begun: false })) }
    }

    /// Whether every piece was taken.
    pub(super) fn all_begun(&self) -> bool {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner).all_begun
    }
}

impl Iterator for Shared {
    type Item = Range;

    fn next(&mut self) -> Option<Range> {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        if rest.until.is_some_and(|until| Instant::now() > until) {
            return None;
        }
        let piece = rest.pieces.next();
        rest.all_begun |= piece.is_none();
        piece
    }
}

#[cfg(test)]
mod tests {
    use replication::Range;

    use super::{Gathered, MOST_RANGES, Shared, bytes, gaps, join};

    fn range(first: u64, end: u64) -> Range {
        Range::new(first * 4096, (end - first) * 4096, u64::MAX).unwrap()
    }

    #[test]
    fn ranges_are_joined_and_their_gaps_are_the_rest() {
        let joined = join(vec![range(5, 6), range(0, 2), range(1, 4), range(6, 9)]);
        assert_eq!(joined, [range(0, 4), range(5, 9)]);
        assert_eq!(gaps(&joined, 12 * 4096), [range(4, 5), range(9, 12)]);
        assert_eq!(gaps(&[], 4096), [range(0, 1)]);
        assert_eq!(gaps(&[range(0, 3)], 3 * 4096), []);
        assert_eq!(bytes(&joined), 8 * 4096);
    }

    #[test]
    fn a_disk_that_changed_everywhere_fits_in_memory() {
        let scattered: Vec<Range> = (0..MOST_RANGES as u64 * 2).map(|n| range(n * 32, n * 32 + 1)).collect();
        let last = scattered[scattered.len() - 1];
        let mut gathered = Gathered::default();
        for range in scattered.iter().chain(&scattered) {
            gathered.add(*range);
            assert!(gathered.0.len() <= 2 * MOST_RANGES);
        }
        let joined = gathered.joined();
        assert!(joined.len() <= MOST_RANGES);
        assert_eq!((joined[0].offset(), joined[joined.len() - 1].end()), (0, last.end()));
    }

    #[test]
    fn every_piece_goes_to_one_stream() {
        let shared = Shared::new(vec![range(0, 600), range(700, 701)], None);
        let (mut one, mut other) = (shared.clone(), shared);
        let mut taken = vec![];
        for stream in [0, 1, 0, 1, 0] {
            taken.extend(if stream == 0 { one.next() } else { other.next() });
        }
        assert_eq!(taken, [range(0, 256), range(256, 512), range(512, 600), range(700, 701)]);
    }
}
