//! How a machine is known again: by the key of its agent, and by what the machine itself is.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A text that is not 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 64 lower-case hexadecimal digits")]
pub struct NotADigest;

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads 64 lower-case hexadecimal digits.
            pub fn parse(text: &str) -> Result<Self, NotADigest> {
                let fits = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if fits { Ok(Self(text.to_owned())) } else { Err(NotADigest) }
            }

            /// The digits as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotADigest;
            fn try_from(text: String) -> Result<Self, NotADigest> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(digest: $name) -> Self {
                digest.0
            }
        }
    };
}

digest!(
    /// SHA-256 of an agent's public key (its SubjectPublicKeyInfo, DER).
    KeyFingerprint
);
digest!(
    /// SHA-256 over what makes a machine that machine (machine-id, firmware UUID): comparable, not readable.
    MachineId
);

impl KeyFingerprint {
    /// The fingerprint of a public key given as DER SubjectPublicKeyInfo.
    pub fn of(public_key: &[u8]) -> Self {
        Self(hex(&Sha256::digest(public_key)))
    }
}

impl MachineId {
    /// The start of it: enough to tell machines apart, too little to pass for one. Whoever has a usable code and
    /// the whole of an identity can take that machine's place, so the whole of it is shown nowhere.
    pub fn short(&self) -> &str {
        self.0.get(..16).unwrap_or_default()
    }

    /// The identity of a machine with these properties; their order and boundaries count.
    pub fn of(properties: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for property in properties {
            hash.update(u64::try_from(property.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(property.as_bytes());
        }
        Self(hex(&hash.finalize()))
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{KeyFingerprint, MachineId};

    #[test]
    fn digests_read_back_and_keep_boundaries() {
        let id = MachineId::of(&["ab", "c"]);
        assert_eq!(MachineId::parse(id.as_str()), Ok(id.clone()));
        assert_ne!(id, MachineId::of(&["a", "bc"]));
        assert!(MachineId::parse(id.short()).is_err(), "what is shown passes for no machine");
        assert!(KeyFingerprint::parse(&"A".repeat(64)).is_err());
        assert!(KeyFingerprint::parse("").is_err());
    }
}
