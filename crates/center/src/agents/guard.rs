//! Slows down whoever presents codes that do not exist.
//!
//! A code cannot be guessed (154 bits), so this is not what protects codes: it keeps a broken script from
//! costing the center work, and makes attempts visible in the metrics as refusals of one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use smc::Timestamp;

/// Attempts with unknown codes that one address has in one window.
const ATTEMPTS: u32 = 60;
/// Length of a window, in seconds.
const WINDOW: i64 = 60;
/// Addresses remembered at the most; beyond that, those whose window is over are forgotten first.
const ADDRESSES: usize = 10_000;

/// Counts attempts with unknown codes by address.
#[derive(Debug, Default)]
pub(super) struct Guard {
    windows: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Debug)]
struct Window {
    began: Timestamp,
    attempts: u32,
}

impl Guard {
    /// Says whether the address may try now; otherwise, in how many seconds.
    pub(super) fn admit(&self, address: IpAddr, now: Timestamp) -> Result<(), i64> {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        match windows.get(&address) {
            Some(window) if window.attempts >= ATTEMPTS && window.open(now) => {
                Err((window.began.unix() + WINDOW - now.unix()).clamp(1, WINDOW))
            }
            _ => Ok(()),
        }
    }

    /// Notes that the address presented a code that does not exist.
    pub(super) fn note_failure(&self, address: IpAddr, now: Timestamp) {
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

#[cfg(test)]
mod tests {
    use super::{ATTEMPTS, Guard};
    use smc::Timestamp;

    #[test]
    fn an_address_is_held_back_until_its_window_is_over() {
        let guard = Guard::default();
        let (address, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let at = Timestamp::from_unix;
        for _ in 0..ATTEMPTS {
            assert_eq!(guard.admit(address, at(100)), Ok(()));
            guard.note_failure(address, at(100));
        }
        assert_eq!(guard.admit(address, at(130)), Err(30));
        assert_eq!(guard.admit(other, at(130)), Ok(()));
        assert_eq!(guard.admit(address, at(160)), Ok(()));
        assert_eq!(guard.admit(address, at(50)), Ok(()), "a clock set back does not lock anybody out");
    }
}
