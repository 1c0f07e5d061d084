//! What counters grew by lately: the one measure behind every rate that people see.
//!
//! A rate since it was asked for last is no rate: two questions a millisecond apart make 24 MiB of cached blocks into
//! gigabytes a second, and what was between them into nothing. So growth is of the last seconds, whoever asks how often,
//! and the time before anything was done is part of them.

use std::{collections::VecDeque, time::Duration};

/// How far back growth is looked at.
const WINDOW: Duration = Duration::from_secs(5);

/// Samples are kept at least so far apart, so that asking often costs no memory.
const APART: Duration = Duration::from_millis(250);

/// The shortest time that a rate is of: less says more of chance than of speed.
const SHORTEST: Duration = Duration::from_secs(1);

/// Counters that only grow, as they were during the last seconds. Time is counted from any moment.
#[derive(Clone, Debug)]
pub struct Lately<const N: usize> {
    /// At first the one that is compared with, then those that will be.
    samples: VecDeque<(Duration, [u64; N])>,
}

/// What counters grew by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth<const N: usize> {
    /// Each one's growth.
    pub by: [u64; N],
    /// The time in which, a second at the least.
    pub over: Duration,
}

impl<const N: usize> Lately<N> {
    /// Begins at a moment, with every counter at 0.
    pub fn since(start: Duration) -> Self {
        Self { samples: VecDeque::from([(start, [0; N])]) }
    }

    /// Takes the counters of a moment; says what they grew by in the seconds before it.
    pub fn growth(&mut self, now: Duration, counters: [u64; N]) -> Growth<N> {
        // The newest of those that are old enough stays: what happened since is all that happened in the window.
        while self.samples.get(1).is_some_and(|(at, _)| *at + WINDOW <= now) {
            self.samples.pop_front();
        }
        let (from, then) = self.samples.front().copied().unwrap_or((now, counters));
        if self.samples.back().is_none_or(|(at, _)| *at + APART <= now) {
            self.samples.push_back((now, counters));
        }
        let by = std::array::from_fn(|counter| counters[counter].saturating_sub(then[counter]));
        Growth { by, over: now.saturating_sub(from).max(SHORTEST) }
    }
}

impl<const N: usize> Growth<N> {
    /// How much a counter grew in a second.
    pub fn per_second(&self, counter: usize) -> u64 {
        let millis = self.over.as_millis().max(1);
        let grown = self.by.get(counter).copied().unwrap_or_default();
        u64::try_from(u128::from(grown) * 1000 / millis).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::Lately;
    use std::time::Duration;

    const MIB: u64 = 1 << 20;

    fn rates(samples: &[(u64, u64)]) -> Vec<u64> {
        let mut lately = Lately::<1>::since(Duration::ZERO);
        let rate = |(millis, total): &(u64, u64)| {
            lately.growth(Duration::from_millis(*millis), [*total]).per_second(0)
        };
        samples.iter().map(rate).collect()
    }

    #[test]
    fn a_rate_is_of_the_last_seconds_whoever_asks_how_often() {
        // 10 MiB a second, asked for every second and a millisecond after each.
        let samples: Vec<_> = (1..=20)
            .flat_map(|second: u64| {
                [(second * 1000, second * 10 * MIB), (second * 1000 + 1, second * 10 * MIB)]
            })
            .collect();
        for rate in rates(&samples) {
            assert!((9 * MIB..=10 * MIB).contains(&rate), "{rate}");
        }
    }

    #[test]
    fn the_first_moments_are_not_taken_for_a_speed() {
        assert_eq!(rates(&[(0, 0), (17, 24 * MIB), (18, 24 * MIB)]), [0, 24 * MIB, 24 * MIB]);
        // Two seconds of getting ready belong to it.
        assert_eq!(rates(&[(0, 0), (2000, 0), (3000, 30 * MIB)])[2], 10 * MIB);
    }

    #[test]
    fn what_ended_is_nothing_after_the_window_and_a_change_shows_at_once() {
        let stopped: Vec<_> = (0..=10).map(|second| (second * 1000, second.min(3) * 10 * MIB)).collect();
        let rates = rates(&stopped);
        assert_eq!((rates[3], rates[8], rates[10]), (10 * MIB, 0, 0));
        assert!(rates[4] < rates[3] && rates[7] > 0, "{rates:?}");
    }

    #[test]
    fn memory_is_bounded_and_a_counter_that_falls_is_none() {
        let mut lately = Lately::<2>::since(Duration::ZERO);
        for milli in 0..20_000 {
            let growth = lately.growth(Duration::from_millis(milli), [milli * 1000, 5]);
            assert!(lately.samples.len() <= 24, "{}", lately.samples.len());
            assert!(growth.per_second(0) <= 1_000_000);
        }
        let fallen = lately.growth(Duration::from_secs(20), [0, 5]);
        assert_eq!((fallen.by, fallen.per_second(7)), ([0, 0], 0));
    }
}
