//! When to call the center again: a little early when all is well, spread out and ever rarer when not.

use std::time::Duration;

use smc::ports::Random;

/// The first wait after a failure is at most this long.
const FIRST: Duration = Duration::from_secs(1);
/// No wait after a failure is longer than this.
const LONGEST: Duration = Duration::from_mins(1);
/// How much earlier than asked a heartbeat may come, as a share of the interval. Never later: the center
/// counts missing ones.
const EARLY: f64 = 0.1;
/// What a center may ask for between heartbeats, in seconds.
const INTERVALS: std::ops::RangeInclusive<u32> = 1..=3600;

/// Exponential backoff with full jitter: each wait is drawn between nothing and a bound that doubles, so that
/// a fleet whose center comes back does not arrive at once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Counts a failure and gives the wait before the next attempt.
    pub(crate) fn next(&mut self, random: &dyn Random) -> Duration {
        let bound = FIRST.saturating_mul(1u32.checked_shl(self.failures).unwrap_or(u32::MAX)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(fraction(random))
    }

    /// Forgets the failures.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// The seconds between heartbeats that the agent keeps to when the center asks for these.
pub(crate) fn interval(asked_seconds: u32) -> u32 {
    asked_seconds.clamp(*INTERVALS.start(), *INTERVALS.end())
}

/// The wait until the next heartbeat.
pub(crate) fn until_next(interval_seconds: u32, random: &dyn Random) -> Duration {
    Duration::from_secs(interval_seconds.into()).mul_f64(1.0 - EARLY * fraction(random))
}

/// Draws from 0 to below 1. Without randomness it is one half, which only costs the spread.
fn fraction(random: &dyn Random) -> f64 {
    let mut bytes = [0; 4];
    match random.fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / 4_294_967_296.0,
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use smc::ports::{Random, RandomError};

    use super::{Backoff, interval, until_next};

    struct Always(u8);

    impl Random for Always {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
            buffer.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn waits_double_up_to_a_minute_and_start_anew() {
        let mut backoff = Backoff::default();
        let hair = Duration::from_micros(1);
        let seconds: Vec<u64> = (0..40).map(|_| (backoff.next(&Always(255)) + hair).as_secs()).collect();
        assert_eq!(seconds[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(seconds[39], 60);
        backoff.reset();
        assert!(backoff.next(&Always(255)) <= Duration::from_secs(1));
        assert_eq!(backoff.next(&Always(0)), Duration::ZERO);
    }

    #[test]
    fn heartbeats_are_never_late() {
        for (asked, kept) in [(0, 1), (30, 30), (u32::MAX, 3600)] {
            assert_eq!(interval(asked), kept);
        }
        assert_eq!(until_next(30, &Always(0)), Duration::from_secs(30));
        assert!(until_next(30, &Always(255)) > Duration::from_secs(26));
    }
}
