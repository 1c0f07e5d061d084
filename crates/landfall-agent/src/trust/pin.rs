//! The fingerprint by which a center is recognised.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// SHA-256 of a certificate (DER), written `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pin([u8; 32]);

/// A text that is not a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a fingerprint is sha256: and 64 hexadecimal digits, as `landfall serve` and `landfall token create` print it"
)]
pub struct NotAFingerprint;

impl Pin {
    /// The fingerprint of a certificate.
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl FromStr for Pin {
    type Err = NotAFingerprint;

    /// Also reads the form with colons between the bytes, as `openssl x509 -fingerprint` prints it.
    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        let text = text.trim().to_ascii_lowercase();
        let digits = text.strip_prefix("sha256:").ok_or(NotAFingerprint)?;
        let digits = if digits.len() == 95 { digits.replace(':', "") } else { digits.to_owned() };
        let mut digest = [0; 32];
        hex::decode_to_slice(&digits, &mut digest).map_err(|_| NotAFingerprint)?;
        Ok(Self(digest))
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Pin {
    type Error = NotAFingerprint;
    fn try_from(text: String) -> Result<Self, NotAFingerprint> {
        text.parse()
    }
}

impl From<Pin> for String {
    fn from(pin: Pin) -> Self {
        pin.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Pin;

    #[test]
    fn fingerprints_read_back_in_every_usual_form() {
        let pin = Pin::of(b"certificate");
        let plain = pin.to_string();
        let digits = plain.trim_start_matches("sha256:");
        let pairs: Vec<&str> = (0..32).map(|at| &digits[2 * at..2 * at + 2]).collect();
        let colons = format!("SHA256:{}", pairs.join(":").to_uppercase());
        for text in [&plain, &plain.to_uppercase(), &colons, &format!(" {plain}\n")] {
            assert_eq!(text.parse(), Ok(pin), "{text}");
        }
        for text in
            ["", "sha256:", digits, &plain[..70], &format!("{plain}0"), &plain.replace('a', "g"), "sha256:é"]
        {
            if *text != plain {
                assert!(text.parse::<Pin>().is_err(), "{text}");
            }
        }
    }
}
