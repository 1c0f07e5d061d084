//! Authenticated encryption of small values: XChaCha20-Poly1305 with a random nonce.
//!
//! A seal is bound to a context (what the value is and whose), so that one sealed value cannot be moved to
//! another's place in the database.

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use serde::{Deserialize, Serialize};
use smc::ports::{Random, RandomError};
use zeroize::Zeroizing;

const NONCE: usize = 24;

/// A key that seals values.
pub struct SealingKey(Zeroizing<[u8; 32]>);

/// A sealed value as text: nonce and ciphertext, base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

/// The value was sealed with another key, for another context, or was changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("opening a sealed value: it was sealed with another key or is damaged")]
pub struct OpenError;

impl SealingKey {
    /// Takes the 32 bytes of the key.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// Seals a value for a context.
    pub fn seal(&self, context: &str, plain: &[u8], random: &impl Random) -> Result<Sealed, RandomError> {
        let nonce: [u8; NONCE] = random.bytes()?;
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| RandomError("sealing failed".to_owned()))?;
        Ok(Sealed(STANDARD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// Opens a value that was sealed for the same context.
    pub fn open(&self, context: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let bytes = STANDARD.decode(&sealed.0).map_err(|_| OpenError)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or(OpenError)?;
        let payload = Payload { msg: sealed, aad: context.as_bytes() };
        let plain = self.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| OpenError)?;
        Ok(Zeroizing::new(plain))
    }

    pub(super) fn to_hex(&self) -> String {
        hex::encode(*self.0)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.0).into())
    }
}

impl Sealed {
    /// Takes a sealed value as it was stored.
    pub fn from_stored(bytes: &[u8]) -> Result<Self, OpenError> {
        String::from_utf8(bytes.to_vec()).map(Self).map_err(|_| OpenError)
    }

    /// The form to store.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::{OpenError, Sealed, SealingKey};
    use crate::clock::SystemRandom;

    #[test]
    fn a_seal_opens_with_its_key_and_context_only() {
        let key = SealingKey::new([1; 32]);
        let sealed = key.seal("key LTAI1", b"secret", &SystemRandom).unwrap();
        assert_eq!(key.open("key LTAI1", &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(key.open("key LTAI2", &sealed).err(), Some(OpenError));
        assert_eq!(SealingKey::new([2; 32]).open("key LTAI1", &sealed).err(), Some(OpenError));
        let again = key.seal("key LTAI1", b"secret", &SystemRandom).unwrap();
        assert_ne!(sealed, again, "nonces are never the same");
    }

    #[test]
    fn damaged_seals_are_refused() {
        let key = SealingKey::new([1; 32]);
        let sealed = key.seal("c", b"secret", &SystemRandom).unwrap();
        for cut in [0, 1, 10, sealed.0.len() - 4] {
            assert!(key.open("c", &Sealed(sealed.0[..cut].to_owned())).is_err());
        }
        assert!(Sealed::from_stored(&[0xff]).is_err());
    }
}
