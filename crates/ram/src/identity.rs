//! Who can act: accounts, users, AccessKey ids and policy names, each parsed once where it enters.
//!
//! Values of these types are well formed. Whether they exist is for whoever stores them to say, and AccessKey
//! secrets never come here.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::limits;

/// The number of an account: 16 decimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(u64);

/// The name of a RAM user: 1 to 64 letters, digits, `.`, `-` and `_`, not starting with `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(String);

/// The public half of an AccessKey: 1 to 64 letters, digits, `.`, `-` and `_`.
///
/// Issued ones are `LTAI` and 20 letters and digits, as the official service's; operators may bring other ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccessKeyId(String);

/// The name of a policy: 1 to 128 letters, digits and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyName(String);

/// Whether an AccessKey may sign; the names are RAM's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyStatus {
    /// Signs requests.
    Active,
    /// Kept, and refused with `InvalidAccessKeyId.Inactive`.
    Inactive,
}

/// Who a verified request came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// The account itself, which policies do not limit.
    Owner {
        /// The account.
        account: AccountId,
    },
    /// A user of the account, who may do what policies attached to the user allow.
    User {
        /// The account the user belongs to.
        account: AccountId,
        /// The user's name, unique in the account.
        name: UserName,
    },
}

/// Why a text is not the identity it should be; each variant states the rule it broke.
///
/// Messages never repeat the whole text: people paste secrets into the wrong field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The account id is not 16 decimal digits.
    #[error("reading an account id: it must be exactly 16 decimal digits")]
    AccountId,
    /// The text is empty or too long.
    #[error("reading {what}: it has {length} characters; it must have 1 to {maximum}")]
    Length {
        /// What was being read.
        what: &'static str,
        /// Characters found.
        length: usize,
        /// Characters allowed.
        maximum: usize,
    },
    /// A character is not allowed.
    #[error("reading {what}: {character:?} is not allowed; use {allowed}")]
    Character {
        /// What was being read.
        what: &'static str,
        /// The first character that is not allowed.
        character: char,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A user name starts with a hyphen.
    #[error("reading a user name: it must not start with a hyphen")]
    LeadingHyphen,
    /// A key status is neither of the two words.
    #[error("reading an AccessKey status: it must be Active or Inactive")]
    KeyStatus,
}

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

impl AccessKeyId {
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

impl Principal {
    /// Returns the account the principal acts in.
    pub fn account(&self) -> AccountId {
        match self {
            Self::Owner { account } | Self::User { account, .. } => *account,
        }
    }

    /// Returns the principal's ARN: `acs:ram::<account>:root` or `acs:ram::<account>:user/<name>`.
    pub fn arn(&self) -> String {
        match self {
            Self::Owner { account } => format!("acs:ram::{account}:root"),
            Self::User { account, name } => format!("acs:ram::{account}:user/{name}"),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn())
    }
}

macro_rules! text_identity {
    ($($name:ident),+) => {$(
        impl $name {
            /// Returns the text as it was parsed.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

macro_rules! through_text {
    ($($name:ident),+) => {$(
        impl TryFrom<String> for $name {
            type Error = IdentityError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    )+};
}

text_identity!(UserName, AccessKeyId, PolicyName);
through_text!(AccountId, UserName, AccessKeyId, PolicyName);

fn check_length(what: &'static str, text: &str, maximum: usize) -> Result<(), IdentityError> {
    let length = text.chars().count();
    if (1..=maximum).contains(&length) {
        return Ok(());
    }
    Err(IdentityError::Length { what, length, maximum })
}

fn check_characters(
    what: &'static str,
    text: &str,
    allowed: &'static str,
    is_allowed: fn(char) -> bool,
) -> Result<(), IdentityError> {
    match text.chars().find(|character| !is_allowed(*character)) {
        None => Ok(()),
        Some(character) => Err(IdentityError::Character { what, character, allowed }),
    }
}

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_')
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn accepts<T: FromStr<Err = IdentityError> + fmt::Display>(texts: &[&str]) {
        for text in texts {
            let parsed: T = text.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(parsed.to_string(), *text);
        }
    }

    fn refuses<T: FromStr<Err = IdentityError>>(texts: &[&str]) -> String {
        texts.iter().fold(String::new(), |mut messages, text| {
            let Err(error) = text.parse::<T>() else { panic!("{text:?} was accepted") };
            writeln!(messages, "{error}").unwrap();
            messages
        })
    }

    #[test]
    fn well_formed_identities_keep_their_text() {
        accepts::<AccountId>(&["1234567890123456", "0000000000000001"]);
        accepts::<UserName>(&["a", "ci.bot_2-x", "_x", &"n".repeat(64)]);
        accepts::<AccessKeyId>(&["landfall-dev", "LTAI5tAbCdEfGhIjKlMnOpQr", "testid"]);
        accepts::<PolicyName>(&["LandfallFullAccess", "p-1", &"p".repeat(128)]);
        accepts::<KeyStatus>(&["Active", "Inactive"]);
    }

    #[test]
    fn malformed_identities_are_told_the_rule() {
        let messages = [
            refuses::<AccountId>(&[
                "",
                "123456789012345",
                "12345678901234567",
                "123456789012345x",
                "+234567890123456",
            ]),
            refuses::<UserName>(&["", &"n".repeat(65), "-x", "a b", "名", "a/b"]),
            refuses::<AccessKeyId>(&["", &"k".repeat(65), "key\n", "STS:x"]),
            refuses::<PolicyName>(&["", &"p".repeat(129), "a_b"]),
            refuses::<KeyStatus>(&["active", "Disabled"]),
        ]
        .concat();
        insta::assert_snapshot!(messages, @r"
        reading an account id: it must be exactly 16 decimal digits
        reading an account id: it must be exactly 16 decimal digits
        reading an account id: it must be exactly 16 decimal digits
        reading an account id: it must be exactly 16 decimal digits
        reading an account id: it must be exactly 16 decimal digits
        reading a user name: it has 0 characters; it must have 1 to 64
        reading a user name: it has 65 characters; it must have 1 to 64
        reading a user name: it must not start with a hyphen
        reading a user name: ' ' is not allowed; use letters, digits, periods, hyphens and underscores
        reading a user name: '名' is not allowed; use letters, digits, periods, hyphens and underscores
        reading a user name: '/' is not allowed; use letters, digits, periods, hyphens and underscores
        reading an AccessKey id: it has 0 characters; it must have 1 to 64
        reading an AccessKey id: it has 65 characters; it must have 1 to 64
        reading an AccessKey id: '\n' is not allowed; use letters, digits, periods, hyphens and underscores
        reading an AccessKey id: ':' is not allowed; use letters, digits, periods, hyphens and underscores
        reading a policy name: it has 0 characters; it must have 1 to 128
        reading a policy name: it has 129 characters; it must have 1 to 128
        reading a policy name: '_' is not allowed; use letters, digits and hyphens
        reading an AccessKey status: it must be Active or Inactive
        reading an AccessKey status: it must be Active or Inactive
        ");
    }

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

    #[test]
    fn random_account_ids_have_sixteen_digits() {
        for random in [0, 1, u64::MAX] {
            let id = AccountId::from_random(random);
            assert_eq!(id.to_string().parse::<AccountId>(), Ok(id));
            assert!(!id.to_string().starts_with('0'));
        }
    }

    #[test]
    fn principals_have_ram_arns() {
        let account: AccountId = "1234567890123456".parse().unwrap();
        let owner = Principal::Owner { account };
        let user = Principal::User { account, name: "ci".parse().unwrap() };
        assert_eq!(owner.arn(), "acs:ram::1234567890123456:root");
        assert_eq!(user.arn(), "acs:ram::1234567890123456:user/ci");
        assert_eq!(user.account(), account);
    }

    #[test]
    fn identities_are_checked_when_deserialized() {
        assert!(serde_json::from_str::<UserName>("\"a b\"").is_err());
        let id: AccountId = serde_json::from_str("\"1234567890123456\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"1234567890123456\"");
    }
}
