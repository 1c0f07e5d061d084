//! Token buckets, one for each source address or key or both together, within a fixed amount of memory.
//!
//! Time is the injected clock's whole seconds: a bucket gains when a second passes, and whoever finds it empty is told
//! to come back after a whole number of them. A clock set back gains nothing and costs nothing.
//!
//! At the memory bound, buckets that have refilled are dropped first: they are worth the same as no bucket. If none
//! has, newcomers share one bucket of the same rate: a flood from many addresses slows other newcomers down, and
//! never those already known.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use crate::Rate;

/// Limits how often each key comes.
pub(crate) struct Throttle<K> {
    rate: Option<Rate>,
    most: usize,
    buckets: Mutex<Buckets<K>>,
}

struct Buckets<K> {
    by_key: HashMap<K, Bucket>,
    shared: Bucket,
    /// The second of the last sweep: sweeping is linear, so it is done at most once a second.
    swept: i64,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: u32,
    at: i64,
}

impl<K: Hash + Eq> Throttle<K> {
    pub(crate) fn new(rate: Option<Rate>, most: usize) -> Self {
        let rate = rate.map(|rate| Rate { per_second: rate.per_second.max(1), burst: rate.burst.max(1) });
        let shared = Bucket { tokens: rate.map_or(0, |rate| rate.burst), at: i64::MIN };
        let buckets = Buckets { by_key: HashMap::new(), shared, swept: i64::MIN };
        Self { rate, most, buckets: Mutex::new(buckets) }
    }

    /// Says whether the key's bucket has a token, or how many milliseconds until there is one; takes nothing.
    pub(crate) fn peek(&self, key: &K, now: i64) -> Result<(), u64> {
        let Some(rate) = self.rate else { return Ok(()) };
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let known = buckets.by_key.get(key);
        if known.is_none() && buckets.by_key.len() < self.most {
            return Ok(());
        }
        known.copied().unwrap_or(buckets.shared).take(rate, now)
    }

    /// Takes one token of the key's bucket, or says how many milliseconds until there is one.
    pub(crate) fn take<Q>(&self, key: &Q, now: i64) -> Result<(), u64>
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let Some(rate) = self.rate else { return Ok(()) };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.by_key.get_mut(key) {
            return bucket.take(rate, now);
        }
        if buckets.by_key.len() >= self.most && buckets.swept != now {
            buckets.swept = now;
            buckets.by_key.retain(|_, bucket| {
                bucket.refill(rate, now);
                bucket.tokens < rate.burst
            });
        }
        if buckets.by_key.len() >= self.most {
            return buckets.shared.take(rate, now);
        }
        let mut bucket = Bucket { tokens: rate.burst, at: now };
        let taken = bucket.take(rate, now);
        buckets.by_key.insert(key.to_owned(), bucket);
        taken
    }
}

impl Bucket {
    fn refill(&mut self, rate: Rate, now: i64) {
        if let Ok(elapsed) = u64::try_from(now.saturating_sub(self.at)) {
            let gained = elapsed.saturating_mul(u64::from(rate.per_second));
            let tokens = u64::from(self.tokens).saturating_add(gained).min(u64::from(rate.burst));
            self.tokens = u32::try_from(tokens).unwrap_or(rate.burst);
        }
        self.at = now;
    }

    fn take(&mut self, rate: Rate, now: i64) -> Result<(), u64> {
        self.refill(rate, now);
        // At least one token comes with each second, so an empty bucket has one at the next.
        self.tokens = self.tokens.checked_sub(1).ok_or(1_000_u64)?;
        Ok(())
    }
}

/// Returns the address whose bucket a client shares: an IPv4 address (also when mapped into IPv6) stands for itself,
/// an IPv6 address for its /64, since that is what one host is given.
pub(crate) fn source(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Throttle, source};
    use crate::Rate;

    const RATE: Rate = Rate { per_second: 2, burst: 3 };

    fn taken(throttle: &Throttle<String>, key: &str, now: i64, tries: usize) -> usize {
        (0..tries).filter(|_| throttle.take(key, now).is_ok()).count()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let throttle = Throttle::new(Some(RATE), 10);
        assert_eq!(taken(&throttle, "a", 100, 10), 3);
        assert_eq!(taken(&throttle, "b", 100, 10), 3, "others are not affected");
        assert_eq!(taken(&throttle, "a", 101, 10), 2);
        assert_eq!(taken(&throttle, "a", 1_000, 10), 3, "no more than a burst is saved up");
        assert_eq!(throttle.take("a", 1_000), Err(1_000));
    }

    #[test]
    fn looking_takes_nothing() {
        let throttle = Throttle::new(Some(RATE), 1);
        let peek = |key: &str, now| throttle.peek(&key.to_owned(), now);
        for _ in 0..10 {
            assert_eq!(peek("a", 100), Ok(()));
        }
        assert_eq!(taken(&throttle, "a", 100, 10), 3);
        assert_eq!((peek("a", 100), peek("a", 101)), (Err(1_000), Ok(())));
        assert_eq!(taken(&throttle, "b", 100, 10), 3, "at the bound, the shared bucket");
        assert_eq!((peek("c", 100), peek("c", 101)), (Err(1_000), Ok(())));
        assert_eq!(taken(&throttle, "a", 101, 10), 2);
    }

    #[test]
    fn a_clock_set_back_neither_gains_nor_locks_out() {
        let throttle = Throttle::new(Some(RATE), 10);
        assert_eq!(taken(&throttle, "a", 1_000, 10), 3);
        assert_eq!(taken(&throttle, "a", 10, 10), 0);
        assert_eq!(taken(&throttle, "a", 11, 10), 2);
    }

    #[test]
    fn at_the_bound_newcomers_share_one_bucket_and_refilled_ones_make_room() {
        let throttle = Throttle::new(Some(RATE), 2);
        assert_eq!(taken(&throttle, "a", 0, 3) + taken(&throttle, "b", 0, 3), 6);
        assert_eq!(taken(&throttle, "c", 0, 2) + taken(&throttle, "d", 0, 2), 3);
        assert_eq!(taken(&throttle, "a", 1, 9), 2, "the known are not affected");
        assert_eq!(taken(&throttle, "c", 9, 9), 3, "a and b have refilled and made room");
        assert!(throttle.buckets.lock().expect("not poisoned").by_key.len() <= 2);
    }

    #[test]
    fn no_rate_is_no_limit() {
        assert_eq!(taken(&Throttle::new(None, 0), "a", 0, 10_000), 10_000);
    }

    #[test]
    fn one_ipv6_network_is_one_source() {
        for (a, b, same) in [
            ("2001:db8::1", "2001:db8::ffff:1", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
            ("::ffff:192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
        ] {
            let source = |text: &str| source(text.parse().expect("an address"));
            assert_eq!(source(a) == source(b), same, "{a} {b}");
        }
    }
}
