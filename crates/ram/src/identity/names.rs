//! The names things are attached to: accounts, users, policies.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    IdentityError,
    text::{check_characters, check_length, is_name_character, text_identity, through_text},
};
use crate::limits;

/// The number of an account: 16 decimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(u64);

/// The name of a RAM user: 1 to 64 letters, digits, `.`, `-` and `_`, not starting with `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(String);

/// The name of a policy: 1 to 128 letters, digits and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyName(String);

impl AccountId {
    /// Makes an account id of 64 random bits supplied by the caller; it never starts with 0.
    pub fn from_random(random: u64) -> Self {
        const SMALLEST: u64 = 1_000_000_000_000_000;
        Self(SMALLEST + random % (9 * SMALLEST))
    }
}

impl FromStr for AccountId {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(IdentityError::AccountId);
        }
        text.parse().map(Self).map_err(|_| IdentityError::AccountId)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016}", self.0)
    }
}

impl FromStr for UserName {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let what = "a user name";
        check_length(what, text, limits::USER_NAME_CHARACTERS)?;
        check_characters(what, text, "letters, digits, periods, hyphens and underscores", is_name_character)?;
        if text.starts_with('-') {
            return Err(IdentityError::LeadingHyphen);
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for PolicyName {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let what = "a policy name";
        check_length(what, text, limits::POLICY_NAME_CHARACTERS)?;
        check_characters(what, text, "letters, digits and hyphens", |c| {
            c.is_ascii_alphanumeric() || c == '-'
        })?;
        Ok(Self(text.to_owned()))
    }
}

text_identity!(UserName, PolicyName);
through_text!(AccountId, UserName, PolicyName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_account_ids_have_sixteen_digits() {
        for random in [0, 1, u64::MAX] {
            let id = AccountId::from_random(random);
            assert_eq!(id.to_string().parse::<AccountId>(), Ok(id));
            assert!(!id.to_string().starts_with('0'));
        }
    }

    #[test]
    fn identities_are_checked_when_deserialized() {
        assert!(serde_json::from_str::<UserName>("\"a b\"").is_err());
        let id: AccountId = serde_json::from_str("\"1234567890123456\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"1234567890123456\"");
    }
}
