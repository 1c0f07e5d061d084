//! The value of an activation code: 32 characters of `[A-Za-z0-9]`, 26 random and 6 a checksum.
//!
//! 26 random characters carry 154 bits, so a code cannot be guessed; the checksum (CRC-32 of the first
//! 26, in base 62) lets an agent tell a mistyped code from a refused one without asking anybody.
//! The value exists in the reply to its creator, in the request that redeems it, and in memory between:
//! [`AccessTokenCode`] has no `Debug`, `Display` or `Serialize`, and is wiped when dropped.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const RANDOM: usize = 26;
const CHECK: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Random bytes that one code takes; more than it needs, because bytes of 248 and more are passed over.
pub const CODE_ENTROPY: usize = 64;

/// The secret value of an activation code.
#[derive(Clone)]
pub struct AccessTokenCode(Zeroizing<String>);

/// A text that no center ever gave out as a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedCode {
    /// Not 32 letters and digits.
    #[error(
        "an activation code has 32 letters and digits, this has {0} characters or others among them; copy it again"
    )]
    Shape(usize),
    /// The checksum at the end does not fit the rest.
    #[error("the activation code's checksum does not fit: a character is wrong or missing; copy it again")]
    Checksum,
}

impl AccessTokenCode {
    /// Makes a code out of random bytes.
    pub fn from_random(entropy: &[u8; CODE_ENTROPY]) -> Self {
        // 248 = 4 × 62: without the bias of a plain remainder. Fewer than 26 of 64 bytes being usable has a
        // probability below 10^-60; the fallback only keeps the function total.
        let usable = entropy.iter().filter(|byte| **byte < 248).map(|byte| byte % 62);
        let mut value = Zeroizing::new(String::with_capacity(RANDOM + CHECK));
        value.extend(usable.chain(std::iter::repeat(0)).take(RANDOM).map(letter));
        let check = checksum(value.as_bytes());
        value.extend(check.map(char::from));
        Self(value)
    }

    /// Reads a code and checks its checksum; needs nothing but the text.
    pub fn parse(text: &str) -> Result<Self, MalformedCode> {
        let text = text.trim();
        if text.len() != RANDOM + CHECK || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(MalformedCode::Shape(text.chars().count()));
        }
        let (random, check) = text.as_bytes().split_at(RANDOM);
        if check != checksum(random) {
            return Err(MalformedCode::Checksum);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// Hands out the value, for the reply to its creator and the request that redeems it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// The key under which codes are digested. Whoever has the database but not this key learns nothing.
///
/// Kept as HMAC's own block, the key followed by zeros, which is what HMAC makes of a shorter key.
pub struct CodeKey(Zeroizing<[u8; 64]>);

impl CodeKey {
    /// Takes the 32 bytes of the key.
    pub fn new(key: [u8; 32]) -> Self {
        let mut block = Zeroizing::new([0; 64]);
        block[..32].copy_from_slice(&key);
        Self(block)
    }

    /// HMAC-SHA-256 of the code's value.
    pub fn digest(&self, code: &AccessTokenCode) -> CodeDigest {
        let mut mac = Hmac::<Sha256>::new(&(*self.0).into());
        mac.update(code.0.as_bytes());
        CodeDigest(mac.finalize().into_bytes().into())
    }
}

/// Keyed digest of a code: what the store keeps.
#[derive(Clone, Copy, Debug)]
pub struct CodeDigest(pub [u8; 32]);

impl PartialEq for CodeDigest {
    /// Takes the same time wherever the two differ.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for CodeDigest {}

fn checksum(random: &[u8]) -> [u8; CHECK] {
    let mut rest = u64::from(crc32fast::hash(random));
    std::array::from_fn(|_| {
        let digit = ALPHABET[usize::try_from(rest % 62).unwrap_or_default()];
        rest /= 62;
        digit
    })
}

fn letter(digit: u8) -> char {
    char::from(ALPHABET[usize::from(digit)])
}

#[cfg(test)]
mod tests {
    use super::{AccessTokenCode, CODE_ENTROPY, CodeKey, MalformedCode};

    fn code(seed: u8) -> AccessTokenCode {
        AccessTokenCode::from_random(&std::array::from_fn::<u8, CODE_ENTROPY, _>(|i| {
            seed.wrapping_add(u8::try_from(i).unwrap() * 3)
        }))
    }

    #[test]
    fn a_code_reads_back_and_every_single_typo_is_caught() {
        let value = code(5).reveal().to_owned();
        assert_eq!(value.len(), 32);
        assert_eq!(AccessTokenCode::parse(&format!(" {value}\n")).ok().unwrap().reveal(), value);
        for at in 0..value.len() {
            let mut typo = value.clone().into_bytes();
            typo[at] = if typo[at] == b'x' { b'y' } else { b'x' };
            let typo = String::from_utf8(typo).unwrap();
            assert_eq!(AccessTokenCode::parse(&typo).err(), Some(MalformedCode::Checksum), "{typo}");
        }
        for at in 0..value.len() - 1 {
            let mut swapped = value.clone().into_bytes();
            swapped.swap(at, at + 1);
            if swapped != value.as_bytes() {
                assert!(AccessTokenCode::parse(std::str::from_utf8(&swapped).unwrap()).is_err());
            }
        }
    }

    #[test]
    fn other_shapes_are_told_apart_from_typos() {
        for text in ["", "short", &"é".repeat(16), &format!("{}-", &code(1).reveal()[..31])] {
            assert!(matches!(AccessTokenCode::parse(text), Err(MalformedCode::Shape(_))), "{text}");
        }
    }

    #[test]
    fn digests_depend_on_code_and_key() {
        let (one, other) = (CodeKey::new([1; 32]), CodeKey::new([2; 32]));
        assert_eq!(one.digest(&code(1)), one.digest(&code(1)));
        assert_ne!(one.digest(&code(1)), one.digest(&code(2)));
        assert_ne!(one.digest(&code(1)), other.digest(&code(1)));
    }
}
