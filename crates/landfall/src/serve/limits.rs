//! The gateway's limits as options word them.

use pop::{Limits, Rate};

/// Requests a second of one AccessKey by default.
pub(super) const KEY_RATE: u32 = 500;
/// Requests a second from one address by default.
pub(super) const ADDRESS_RATE: u32 = 1_000;

/// The gateway's documented limits with these rates; 0 lifts one. Bursts are two seconds' worth.
pub(super) fn limits(key_rate: u32, address_rate: u32) -> Limits {
    let rate = |per_second: u32| {
        (per_second > 0).then_some(Rate { per_second, burst: per_second.saturating_mul(2) })
    };
    Limits { key_rate: rate(key_rate), address_rate: rate(address_rate), ..Limits::default() }
}
