//! AccessKeys as far as they are public: their ids and whether they may sign.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    IdentityError,
    text::{check_characters, check_length, is_name_character, text_identity, through_text},
};
use crate::limits;

/// The public half of an AccessKey: 1 to 64 letters, digits, `.`, `-` and `_`.
///
/// Issued ones are `LTAI` and 20 letters and digits, as the official service's; operators may bring other ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccessKeyId(String);

/// Whether an AccessKey may sign; the names are RAM's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyStatus {
    /// Signs requests.
    Active,
    /// Kept, and refused with `InvalidAccessKeyId.Inactive`.
    Inactive,
}

impl AccessKeyId {
    /// The id of the emulator's key, `landfall-dev`: the same everywhere, so never accepted by a real center.
    pub fn emulator() -> Self {
        Self("landfall-dev".to_owned())
    }

    /// Makes an id of the official form, `LTAI` and 20 letters and digits, of random bytes supplied by the caller.
    pub fn from_random(random: [u8; 16]) -> Self {
        const SYMBOLS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut rest = u128::from_le_bytes(random);
        let mut id = String::from("LTAI");
        for _ in 0..20 {
            let symbol = usize::try_from(rest % 62).map_or(b'A', |index| SYMBOLS[index]);
            id.push(char::from(symbol));
            rest /= 62;
        }
        Self(id)
    }
}

impl FromStr for AccessKeyId {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let what = "an AccessKey id";
        check_length(what, text, limits::ACCESS_KEY_ID_CHARACTERS)?;
        check_characters(what, text, "letters, digits, periods, hyphens and underscores", is_name_character)?;
        Ok(Self(text.to_owned()))
    }
}

impl KeyStatus {
    /// Returns RAM's word for the status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }
}

impl FromStr for KeyStatus {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Active, Self::Inactive]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(IdentityError::KeyStatus)
    }
}

impl fmt::Display for KeyStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

text_identity!(AccessKeyId);
through_text!(AccessKeyId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issued_key_ids_have_the_official_form() {
        for random in [[0; 16], [0xff; 16], [7; 16]] {
            let id = AccessKeyId::from_random(random);
            assert_eq!(id.as_str().len(), 24);
            assert!(id.as_str().starts_with("LTAI"));
            assert_eq!(id.as_str().parse::<AccessKeyId>(), Ok(id));
        }
        assert_ne!(AccessKeyId::from_random([1; 16]), AccessKeyId::from_random([2; 16]));
    }
}
