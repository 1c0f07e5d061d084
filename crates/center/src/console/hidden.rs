//! Random texts that are secrets: of cookies, links, and the keys that sessions sign with.

use sha2::{Digest, Sha256};
use smc::ports::{Random, RandomError};
use zeroize::Zeroizing;

use crate::clock::SystemRandom;

/// A secret of 256 random bits as 64 hexadecimal digits, which no encoding changes; wiped when dropped, and without
/// `Debug` and `Display`.
pub(super) struct Hidden(Zeroizing<String>);

/// What is kept of a secret in order to know it again. Looking a digest up tells by its time nothing of the secret.
pub(super) type Digested = [u8; 32];

impl Hidden {
    /// Draws one.
    pub(super) fn draw() -> Result<Self, RandomError> {
        let bytes = Zeroizing::new(SystemRandom.bytes::<32>()?);
        Ok(Self(Zeroizing::new(hex::encode(*bytes))))
    }

    /// Hands out the secret.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether a text is the secret, in the same time wherever they differ.
    pub(super) fn matches(&self, text: &str) -> bool {
        pop::Secret::new(self.0.as_str()).matches(text)
    }
}

/// The digest of a text that may be a secret.
pub(super) fn digest(text: &str) -> Digested {
    Sha256::digest(text.as_bytes()).into()
}
