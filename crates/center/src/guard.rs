//! Slows down whoever presents credentials that do not exist.
//!
//! Neither an activation code nor the secret of an AccessKey can be guessed (154 and 178 bits), so this is not what
//! protects them: it keeps a broken script from costing the center work, and makes attempts visible as refusals of one
//! address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use smc::Timestamp;

/// Length of a window, in seconds.
const WINDOW: i64 = 60;
/// Addresses remembered at the most; beyond that, those whose window is over are forgotten first.
const ADDRESSES: usize = 10_000;

/// Counts failed attempts by address (of IPv6 by network, since a host is given a /64).
#[derive(Debug)]
pub(crate) struct Guard {
    attempts: u32,
    windows: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Debug)]
struct Window {
    began: Timestamp,
    attempts: u32,
}

impl Guard {
    /// Allows an address so many failures in a minute.
    pub(crate) fn new(attempts: u32) -> Self {
        Self { attempts, windows: Mutex::default() }
    }

    /// Says whether the address may try now; otherwise, in how many seconds.
    pub(crate) fn admit(&self, address: IpAddr, now: Timestamp) -> Result<(), i64> {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        match windows.get(&network(address)) {
            Some(window) if window.attempts >= self.attempts && window.open(now) => {
                Err((window.began.unix() + WINDOW - now.unix()).clamp(1, WINDOW))
            }
            _ => Ok(()),
        }
    }

    /// Notes that the address presented what does not exist.
    pub(crate) fn note_failure(&self, address: IpAddr, now: Timestamp) {
        let address = network(address);
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= ADDRESSES && !windows.contains_key(&address) {
            windows.retain(|_, window| window.open(now));
            if windows.len() >= ADDRESSES {
                return;
            }
        }
        let window = windows.entry(address).or_insert(Window { began: now, attempts: 0 });
        if !window.open(now) {
            *window = Window { began: now, attempts: 0 };
        }
        window.attempts += 1;
    }
}

impl Window {
    /// A clock that was set back closes the window, rather than keep an address out for long.
    fn open(&self, now: Timestamp) -> bool {
        (0..WINDOW).contains(&(now.unix() - self.began.unix()))
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::Guard;
    use smc::Timestamp;

    #[test]
    fn an_address_is_held_back_until_its_window_is_over() {
        let guard = Guard::new(60);
        let (address, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let at = Timestamp::from_unix;
        for _ in 0..60 {
            assert_eq!(guard.admit(address, at(100)), Ok(()));
            guard.note_failure(address, at(100));
        }
        assert_eq!(guard.admit(address, at(130)), Err(30));
        assert_eq!(guard.admit(other, at(130)), Ok(()));
        assert_eq!(guard.admit(address, at(160)), Ok(()));
        assert_eq!(guard.admit(address, at(50)), Ok(()), "a clock set back does not lock anybody out");
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_together() {
        let guard = Guard::new(1);
        guard.note_failure("2001:db8::1".parse().unwrap(), Timestamp::from_unix(0));
        let admit = |text: &str| guard.admit(text.parse().unwrap(), Timestamp::from_unix(1));
        assert_eq!(admit("2001:db8::ffff"), Err(59));
        assert_eq!(admit("2001:db8:0:1::1"), Ok(()));
    }
}
