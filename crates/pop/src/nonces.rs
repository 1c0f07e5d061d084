//! The nonces of recent requests, so that a captured request works once.
//!
//! A request stays acceptable until 15 minutes after its time stamp, which may itself lie 15 minutes ahead, so a nonce
//! must be remembered for 30 minutes after it was used. Nonces are kept in four generations of 601 seconds: one used in
//! the last second of a generation is still known when the third after it ends, 1,803 seconds later, and the oldest generation is dropped as a whole,
//! without visiting its members. What is kept of a nonce is 16 bytes of its hash, so that long ones cost no more.
//!
//! Memory is bounded for each key and in total. At the bound a request is refused until the oldest generation goes: a
//! nonce that could still be replayed is never forgotten to make room. The bound for one key keeps one busy tenant
//! from using up the memory of all.
//!
//! The memory is this process's, so a gateway refuses what was signed before the second in which its server started
//! ([`Gateway::refusing_signed_before`](crate::Gateway::refusing_signed_before)). Beside another center on the same
//! database, a request captured within its 15 minutes could be replayed there once; TLS is what keeps requests from
//! being captured.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::timestamp::WINDOW;

/// One second more than a third of twice the window: three whole generations outlast it.
const GENERATION_SECONDS: i64 = 2 * WINDOW / 3 + 1;
const GENERATIONS: i64 = 4;

/// Remembers the nonces of all keys.
pub(crate) struct Nonces {
    most_per_key: usize,
    most: usize,
    memory: Mutex<Memory>,
}

/// Why a nonce is not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// The key used it before.
    Used,
    /// There is no room to remember it; there will be after so many milliseconds.
    Full { retry_after_ms: u64 },
}

#[derive(Default)]
struct Memory {
    by_key: HashMap<String, VecDeque<Generation>>,
    total: usize,
    /// The number of the youngest generation ever seen; a clock set back does not return to an earlier one.
    current: i64,
}

struct Generation {
    number: i64,
    nonces: HashSet<[u8; 16]>,
}

impl Nonces {
    pub(crate) fn new(most_per_key: usize, most: usize) -> Self {
        Self { most_per_key, most, memory: Mutex::new(Memory { current: i64::MIN, ..Memory::default() }) }
    }

    /// Records that the key used the nonce at `now` (unix seconds), unless it did before. Call this only once the
    /// signature is known to be right.
    pub(crate) fn spend(&self, access_key_id: &str, nonce: &str, now: i64) -> Result<(), Rejected> {
        let fingerprint = fingerprint(nonce);
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.advance(now.div_euclid(GENERATION_SECONDS));
        let current = memory.current;
        let total = memory.total;
        if !memory.by_key.contains_key(access_key_id) {
            memory.by_key.insert(access_key_id.to_owned(), VecDeque::new());
        }
        let Some(generations) = memory.by_key.get_mut(access_key_id) else { return Ok(()) };
        if generations.iter().any(|generation| generation.nonces.contains(&fingerprint)) {
            return Err(Rejected::Used);
        }
        let of_key: usize = generations.iter().map(|generation| generation.nonces.len()).sum();
        if of_key >= self.most_per_key || total >= self.most {
            let next = (current + 1).saturating_mul(GENERATION_SECONDS).saturating_sub(now);
            return Err(Rejected::Full {
                retry_after_ms: u64::try_from(next).unwrap_or(0).saturating_mul(1_000),
            });
        }
        if generations.back().is_none_or(|generation| generation.number != current) {
            generations.push_back(Generation { number: current, nonces: HashSet::new() });
        }
        if let Some(generation) = generations.back_mut() {
            generation.nonces.insert(fingerprint);
            memory.total += 1;
        }
        Ok(())
    }
}

impl Memory {
    /// Moves on to a younger generation and drops what is too old to matter.
    fn advance(&mut self, number: i64) {
        if number <= self.current {
            return;
        }
        self.current = number;
        let mut dropped = 0;
        self.by_key.retain(|_, generations| {
            while let Some(oldest) = generations.front() {
                if number.saturating_sub(oldest.number) < GENERATIONS {
                    break;
                }
                dropped += oldest.nonces.len();
                generations.pop_front();
            }
            !generations.is_empty()
        });
        self.total -= dropped;
    }
}

fn fingerprint(nonce: &str) -> [u8; 16] {
    let hash = Sha256::digest(nonce.as_bytes());
    let mut short = [0; 16];
    short.copy_from_slice(&hash[..16]);
    short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Nonces, Rejected};

    #[test]
    fn a_nonce_works_once_for_each_key() {
        let nonces = Nonces::new(10, 100);
        assert_eq!(nonces.spend("a", "n", 0), Ok(()));
        assert_eq!(nonces.spend("a", "n", 0), Err(Rejected::Used));
        assert_eq!(nonces.spend("b", "n", 0), Ok(()));
        assert_eq!(nonces.spend("a", "N", 0), Ok(()));
    }

    #[test]
    fn nothing_is_forgotten_to_make_room() {
        let nonces = Nonces::new(2, 3);
        for nonce in ["1", "2"] {
            assert_eq!(nonces.spend("a", nonce, 600), Ok(()));
        }
        assert_eq!(nonces.spend("a", "3", 600), Err(Rejected::Full { retry_after_ms: 1_000 }));
        assert_eq!(nonces.spend("a", "1", 600), Err(Rejected::Used));
        assert_eq!(nonces.spend("b", "1", 600), Ok(()), "another key has its own share");
        assert_eq!(
            nonces.spend("c", "1", 600),
            Err(Rejected::Full { retry_after_ms: 1_000 }),
            "all is used up"
        );
        assert_eq!(nonces.spend("c", "1", 600 + 4 * 601), Ok(()), "and free again");
    }

    #[test]
    fn a_clock_set_back_forgets_nothing() {
        let nonces = Nonces::new(10, 100);
        assert_eq!(nonces.spend("a", "n", 10_000), Ok(()));
        assert_eq!(nonces.spend("a", "n", 0), Err(Rejected::Used));
        assert_eq!(nonces.spend("a", "m", 0), Ok(()));
        assert_eq!(nonces.spend("a", "m", 10_000), Err(Rejected::Used));
    }

    proptest! {
        #[test]
        fn a_nonce_is_known_for_thirty_minutes_whenever_it_was_used(
            used in -100_000_i64..2_000_000_000, later in 0_i64..=1_800, steps in 0_i64..5,
        ) {
            let nonces = Nonces::new(100, 100);
            prop_assert_eq!(nonces.spend("a", "n", used), Ok(()));
            for step in 0..steps {
                prop_assert_eq!(nonces.spend("a", &step.to_string(), used + later * step / steps), Ok(()));
            }
            prop_assert_eq!(nonces.spend("a", "n", used + later), Err(Rejected::Used));
            prop_assert_eq!(nonces.spend("a", "n", used + 2_404), Ok(()));
        }
    }
}
