//! Activation codes (the contract calls them access tokens): what one is, when it is usable, and what its
//! holder is told when it is not.
//!
//! The secret value itself is in [`code`]; everything else about a code may be shown to its account.

pub mod code;
mod limits;

pub use code::{AccessTokenCode, CodeDigest, CodeKey, MalformedCode};
pub use limits::{Description, OutOfRange, TimeToLive, UseLimit};

use serde::Serialize;

use crate::{AccessTokenId, Timestamp, account::AccountId};

/// An activation code as the store keeps it: all but its value, of which there is only a keyed digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Names the code.
    pub id: AccessTokenId,
    /// Whose code it is; the sources it brings belong to the same account.
    pub account: AccountId,
    /// What people call it; not unique; empty when none was given.
    pub name: String,
    /// Free text, at most 256 characters; empty when none was given.
    pub description: String,
    /// How many servers it may import at the most.
    pub use_limit: UseLimit,
    /// How long it may be used after its creation.
    pub time_to_live: TimeToLive,
    /// How many uses are spent.
    pub registered: u32,
    /// When it was created.
    pub created: Timestamp,
    /// ARN of who created it.
    pub created_by: String,
    /// When it was disabled, if it was.
    pub disabled: Option<Timestamp>,
    /// When it last imported a server.
    pub last_used: Option<Timestamp>,
    /// Keyed digest of the value.
    pub digest: CodeDigest,
}

/// The three states of `ListAccessTokens`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Usable; also a code whose uses are all spent, for which the contract has no word.
    Activated,
    /// Disabled, and not yet past its time.
    Unactivated,
    /// Past its time, whether disabled or not.
    Expired,
}

impl Status {
    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Activated => "activated",
            Self::Unactivated => "unactivated",
            Self::Expired => "expired",
        }
    }

    /// Reads the contract's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Activated, Self::Unactivated, Self::Expired].into_iter().find(|status| status.as_str() == text)
    }
}

/// Why a real code imports nothing; told to whoever holds its value, and to nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The owner switched it off.
    #[error("the activation code was disabled by its owner; ask for a new one")]
    Disabled,
    /// Its time is over.
    #[error("the activation code expired at {0}; ask for a new one")]
    Expired(Timestamp),
    /// All its uses are spent.
    #[error("the activation code has already imported all of its {0} servers; ask for a new one")]
    Exhausted(UseLimit),
}

impl Unusable {
    /// The word for agents and the audit trail.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Disabled => "AccessToken.Disabled",
            Self::Expired(_) => "AccessToken.Expired",
            Self::Exhausted(_) => "AccessToken.Exhausted",
        }
    }
}

impl AccessToken {
    /// The first moment at which the code is past its time.
    pub fn expires(&self) -> Timestamp {
        self.created.plus_days(self.time_to_live.days())
    }

    /// The state shown to the account: past its time first, then disabled.
    pub fn status(&self, now: Timestamp) -> Status {
        if now >= self.expires() {
            Status::Expired
        } else if self.disabled.is_some() {
            Status::Unactivated
        } else {
            Status::Activated
        }
    }

    /// How many more servers it may import, were it usable.
    pub fn uses_left(&self) -> u32 {
        self.use_limit.get().saturating_sub(self.registered)
    }

    /// Says whether the code may import a server now, and if not, the first reason of: disabled, expired,
    /// exhausted. This only explains; the use itself is taken by [`crate::ports::Tx::spend_use`].
    pub fn usable(&self, now: Timestamp) -> Result<(), Unusable> {
        if self.disabled.is_some() {
            Err(Unusable::Disabled)
        } else if now >= self.expires() {
            Err(Unusable::Expired(self.expires()))
        } else if self.uses_left() == 0 {
            Err(Unusable::Exhausted(self.use_limit))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample() -> AccessToken {
        AccessToken {
            id: AccessTokenId::from_random(&[1; 32]),
            account: "1234567890123456".parse().unwrap(),
            name: "racks".into(),
            description: String::new(),
            use_limit: UseLimit::new(3).unwrap(),
            time_to_live: TimeToLive::new(30).unwrap(),
            registered: 0,
            created: Timestamp::from_unix(1_000_000),
            created_by: "acs:ram::1234567890123456:root".into(),
            disabled: None,
            last_used: None,
            digest: CodeKey::new([7; 32]).digest(&AccessTokenCode::from_random(&[9; 64])),
        }
    }

    #[test]
    fn status_and_refusal_follow_time_disabling_and_uses() {
        let end = sample().expires();
        let just_before = Timestamp::from_unix(end.unix() - 1);
        let cases = [
            (false, 0, just_before, Status::Activated, Ok(())),
            (false, 2, just_before, Status::Activated, Ok(())),
            (false, 3, just_before, Status::Activated, Err(Unusable::Exhausted(UseLimit::new(3).unwrap()))),
            (false, 0, end, Status::Expired, Err(Unusable::Expired(end))),
            (true, 0, just_before, Status::Unactivated, Err(Unusable::Disabled)),
            (true, 3, end, Status::Expired, Err(Unusable::Disabled)),
        ];
        for (disabled, registered, now, status, usable) in cases {
            let token = AccessToken { disabled: disabled.then_some(now), registered, ..sample() };
            assert_eq!(
                (token.status(now), token.usable(now)),
                (status, usable),
                "{disabled} {registered} {now}"
            );
        }
    }

    #[test]
    fn status_words_are_the_contracts() {
        for status in [Status::Activated, Status::Unactivated, Status::Expired] {
            assert_eq!(Status::parse(status.as_str()), Some(status));
        }
        assert_eq!(Status::parse("disabled"), None);
    }
}
