//! A bit for each granule of a disk: set while something may be in it.

use std::ops::Range;

/// The smallest granule: what is compared and sent at least.
const LEAF_BYTES: u64 = 4096;
/// The most granules of a map: 16 MiB of bits.
const MAX_GRANULES: u64 = 16 * 1024 * 1024 * 8;

#[derive(Clone, Debug)]
pub(super) struct Granules {
    words: Vec<u64>,
    size_bytes: u64,
    granule_bytes: u64,
}

impl Granules {
    /// Makes a map of a disk where everything is allocated.
    pub(super) fn all(size_bytes: u64) -> Self {
        let least = size_bytes.div_ceil(MAX_GRANULES).max(LEAF_BYTES);
        let granule_bytes = least.checked_next_power_of_two().unwrap_or(1 << 63);
        let words = size_bytes.div_ceil(granule_bytes).div_ceil(64);
        Self { words: vec![u64::MAX; usize::try_from(words).unwrap_or(0)], size_bytes, granule_bytes }
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    pub(super) fn granule_bytes(&self) -> u64 {
        self.granule_bytes
    }

    /// Marks as free the granules that lie in `range` as a whole; the last one of the disk may be cut short.
    pub(super) fn free(&mut self, range: Range<u64>) {
        let first = range.start.div_ceil(self.granule_bytes);
        let end =
            if range.end >= self.size_bytes { self.count_all() } else { range.end / self.granule_bytes };
        self.change(first..end, false);
    }

    /// Marks as allocated every granule that `range` touches. What begins behind the disk touches none, also where the last
    /// granule is cut short.
    pub(super) fn allocate(&mut self, range: Range<u64>) {
        if !range.is_empty() && range.start < self.size_bytes {
            let end = range.end.div_ceil(self.granule_bytes).min(self.count_all());
            self.change(range.start / self.granule_bytes..end, true);
        }
    }

    /// Counts the allocated bytes in `range`.
    pub(super) fn count(&self, range: Range<u64>) -> u64 {
        let end = range.end.min(self.size_bytes);
        let mut position = range.start;
        let mut total = 0;
        while let Some(run) = self.next_run(position, true).filter(|run| run.start < end) {
            total += run.end.min(end) - run.start.max(range.start);
            position = run.end;
        }
        total
    }

    /// Returns the first run of granules that are `allocated` or not, at or behind `from`. The run that holds `from` starts
    /// with it.
    pub(super) fn next_run(&self, from: u64, allocated: bool) -> Option<Range<u64>> {
        if from >= self.size_bytes {
            return None;
        }
        let first = self.find(from / self.granule_bytes, allocated)?;
        let end = self.find(first, !allocated).unwrap_or(self.count_all());
        let start = (first * self.granule_bytes).max(from);
        Some(start..end.saturating_mul(self.granule_bytes).min(self.size_bytes))
    }

    pub(super) fn runs(&self, allocated: bool) -> impl Iterator<Item = Range<u64>> + '_ {
        let mut position = 0;
        std::iter::from_fn(move || {
            let run = self.next_run(position, allocated)?;
            position = run.end;
            Some(run)
        })
    }

    /// Returns the map of what is allocated here and not in `other`.
    pub(super) fn without(&self, other: &Self) -> Self {
        let mut left = self.clone();
        if self.size_bytes == other.size_bytes {
            for (mine, theirs) in left.words.iter_mut().zip(&other.words) {
                *mine &= !theirs;
            }
        }
        left
    }

    fn count_all(&self) -> u64 {
        self.size_bytes.div_ceil(self.granule_bytes)
    }

    /// Finds the first granule at or behind `from` that is `allocated` or not.
    fn find(&self, from: u64, allocated: bool) -> Option<u64> {
        let mut at = usize::try_from(from / 64).ok()?;
        let mut mask = u64::MAX << (from % 64);
        loop {
            let word = *self.words.get(at)?;
            let hits = mask & if allocated { word } else { !word };
            if hits != 0 {
                let found = at as u64 * 64 + u64::from(hits.trailing_zeros());
                return (found < self.count_all()).then_some(found);
            }
            (at, mask) = (at + 1, u64::MAX);
        }
    }

    fn change(&mut self, granules: Range<u64>, allocated: bool) {
        let mut at = granules.start;
        while at < granules.end {
            let bit = at % 64;
            let count = (64 - bit).min(granules.end - at);
            let mask = (u64::MAX >> (64 - count)) << bit;
            let Some(word) = usize::try_from(at / 64).ok().and_then(|at| self.words.get_mut(at)) else {
                return;
            };
            *word = if allocated { *word | mask } else { *word & !mask };
            at += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn free_rounds_inward_and_allocated_outward(
            size in 1u64..2_000_000,
            changes in prop::collection::vec((any::<bool>(), 0u64..2_100_000, 0u64..400_000), 0..20),
        ) {
            let mut map = Granules::all(size);
            let mut bytes = vec![true; usize::try_from(size.div_ceil(4096)).unwrap()];
            for (allocate, start, length) in changes {
                let range = start..start + length;
                if allocate { map.allocate(range.clone()) } else { map.free(range.clone()) }
                for (index, bit) in (0u64..).zip(&mut bytes) {
                    let granule = index * 4096..((index + 1) * 4096).min(size);
                    if allocate && !range.is_empty() && granule.start < range.end && range.start < granule.end {
                        *bit = true;
                    } else if !allocate && range.start <= granule.start && granule.end <= range.end {
                        *bit = false;
                    }
                }
            }
            let mut seen = 0;
            let mut covered = 0;
            for run in map.runs(true) {
                prop_assert!(run.start >= covered && run.start < run.end && run.end <= size);
                covered = run.end;
                seen += run.end - run.start;
                for index in run.start / 4096..run.end.div_ceil(4096) {
                    prop_assert!(bytes[usize::try_from(index).unwrap()]);
                }
            }
            prop_assert_eq!(seen, map.count(0..size));
            let free: u64 = map.runs(false).map(|run| run.end - run.start).sum();
            prop_assert_eq!(seen + free, size);
            let expected: u64 = (0u64..).zip(&bytes).filter(|(_, bit)| **bit).map(|(i, _)| 4096.min(size - i * 4096)).sum();
            prop_assert_eq!(seen, expected);
        }
    }

    #[test]
    fn what_lies_behind_the_disk_changes_nothing() {
        let mut map = Granules::all(4097);
        map.free(0..4097);
        map.allocate(4097..4098);
        assert_eq!(map.count(0..u64::MAX), 0);
        map.allocate(4096..4097);
        assert_eq!(map.count(0..u64::MAX), 1);
    }

    #[test]
    fn sixteen_tebibytes_fit_sixteen_mebibytes() {
        let mut map = Granules::all(16 << 40);
        assert_eq!(map.words.len() * 8, 16 << 20);
        assert_eq!(map.granule_bytes(), 128 * 1024);
        map.free(1..(16 << 40) - 1);
        assert_eq!(map.count(0..u64::MAX), 256 * 1024);
        assert!(Granules::all(u64::MAX).words.len() * 8 <= 16 << 20);
    }
}
