//! Who can act: accounts, users, AccessKey ids and policy names, each parsed once where it enters.
//!
//! Values of these types are well formed. Whether they exist is for whoever stores them to say, and AccessKey
//! secrets never come here.

mod access_key;
mod names;
mod principal;
mod text;

pub use self::{
    access_key::{AccessKeyId, KeyStatus},
    names::{AccountId, PolicyName, UserName},
    principal::Principal,
};

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

#[cfg(test)]
mod tests {
    use std::{
        fmt::{Display, Write as _},
        str::FromStr,
    };

    use super::*;

    fn accepts<T: FromStr<Err = IdentityError> + Display>(texts: &[&str]) {
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
}
