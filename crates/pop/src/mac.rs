//! The one place that keys a MAC.

use hmac::digest::Output;
use hmac::{KeyInit, Mac};

/// Computes the MAC of `data`.
#[expect(clippy::expect_used, reason = "HMAC takes keys of any length; the error is for other MACs")]
pub(crate) fn keyed_hash<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Output<M> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("a key of any length");
    mac.update(data);
    mac.finalize().into_bytes()
}
