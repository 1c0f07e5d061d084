//! How fast a stream may send: a bucket of tokens, as arithmetic on a given time.

use std::time::Duration;

/// How much unused time a sender may make up for at once.
const BURST: Duration = Duration::from_millis(100);

/// Lets bytes through at a rate on average, and at most a tenth of a second's worth at once.
#[derive(Clone, Copy, Debug)]
pub struct Limiter {
    bytes_per_second: Option<u64>,
    /// When everything let through so far is paid for.
    paid: Duration,
}

impl Limiter {
    /// Makes a limiter; `None`, and 0, are no limit.
    pub const fn new(bytes_per_second: Option<u64>) -> Self {
        Self { bytes_per_second: nonzero(bytes_per_second), paid: Duration::ZERO }
    }

    /// Changes the limit from now on. What was let through under the old one is forgiven, so that a higher limit is
    /// felt at once.
    pub fn set(&mut self, bytes_per_second: Option<u64>, now: Duration) {
        let limit = nonzero(bytes_per_second);
        if limit != self.bytes_per_second {
            *self = Self { bytes_per_second: limit, paid: now };
        }
    }

    /// Lets bytes through, and says how long to wait before sending them.
    pub fn admit(&mut self, bytes: u64, now: Duration) -> Duration {
        let Some(limit) = self.bytes_per_second else { return Duration::ZERO };
        let begin = self.paid.max(now.saturating_sub(BURST));
        let cost = u128::from(bytes) * 1_000_000_000 / u128::from(limit);
        self.paid = begin.saturating_add(Duration::from_nanos(u64::try_from(cost).unwrap_or(u64::MAX)));
        begin.saturating_sub(now)
    }
}

const fn nonzero(limit: Option<u64>) -> Option<u64> {
    match limit {
        Some(0) | None => None,
        limit => limit,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Limiter;

    /// Sends as fast as allowed until `end`, and gives the bytes sent.
    fn sent(limiter: &mut Limiter, mut now: Duration, end: Duration, piece: u64) -> u64 {
        let mut sent = 0;
        loop {
            now += limiter.admit(piece, now);
            if now >= end {
                return sent;
            }
            sent += piece;
        }
    }

    #[test]
    fn the_rate_is_kept_whatever_the_pieces() {
        for piece in [1_000, 65_536, 1_000_000] {
            let mut limiter = Limiter::new(Some(10_000_000));
            let bytes = sent(&mut limiter, Duration::ZERO, Duration::from_secs(10), piece);
            assert!((99_000_000..=102_000_000).contains(&bytes), "{piece}: {bytes}");
        }
    }

    #[test]
    fn an_idle_minute_is_not_made_up_for() {
        let mut limiter = Limiter::new(Some(1_000_000));
        limiter.admit(1, Duration::ZERO);
        let minute = Duration::from_mins(1);
        let bytes = sent(&mut limiter, minute, minute + Duration::from_secs(1), 10_000);
        assert!(bytes <= 1_110_000, "{bytes}");
    }

    #[test]
    fn a_change_is_obeyed_at_once() {
        let mut limiter = Limiter::new(Some(1_000));
        let mut now = Duration::from_secs(1);
        limiter.admit(1_000_000, now);
        assert!(limiter.admit(1, now) > Duration::from_mins(10));
        limiter.set(Some(1_000_000), now);
        now += limiter.admit(1_000_000, now);
        assert_eq!(now, Duration::from_secs(1));
        assert_eq!(limiter.admit(1, now), Duration::from_secs(1));
        limiter.set(None, now);
        assert_eq!(limiter.admit(u64::MAX, now), Duration::ZERO);
    }

    #[test]
    fn nothing_overflows() {
        let mut limiter = Limiter::new(Some(1));
        limiter.admit(u64::MAX, Duration::MAX);
        limiter.admit(u64::MAX, Duration::ZERO);
    }
}
