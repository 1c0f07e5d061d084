//! The condition keys RAM documents for every service. Keys of single services are not known here and are refused.

use std::{fmt, str::FromStr};

use super::operator::Test;
use crate::limits;

/// A fact about a request that a condition can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConditionKey {
    /// `acs:CurrentTime`: when the request is decided.
    CurrentTime,
    /// `acs:SecureTransport`: whether it came over TLS.
    SecureTransport,
    /// `acs:SourceIp`: the address it came from.
    SourceIp,
    /// `acs:MFAPresent`: whether the caller logged on with a second factor.
    MfaPresent,
    /// `acs:PrincipalARN`: the caller's ARN.
    PrincipalArn,
    /// `acs:PrincipalRDId`: the caller's resource directory; never present in a private center.
    PrincipalRdId,
    /// `acs:PrincipalRDPath`: the caller's place in it; never present.
    PrincipalRdPath,
    /// `acs:SourceVpc`: the VPC the request came from; never present.
    SourceVpc,
    /// `acs:VpcSourceIp`: the address inside that VPC; never present.
    VpcSourceIp,
    /// `acs:Service`: the service a role is passed to; never present.
    Service,
    /// `acs:RequestTag/<key>`: the value the request gives a tag.
    RequestTag(String),
    /// `acs:ResourceTag/<key>`: the value of a tag of the resource acted on.
    ResourceTag(String),
}

/// Why a text is no condition key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("is not a condition key; did you mean {0}?")]
    Spelling(&'static str),
    #[error(
        "is not a condition key known here; known are acs:CurrentTime, acs:SecureTransport, acs:SourceIp, \
             acs:MFAPresent, acs:PrincipalARN, acs:PrincipalRDId, acs:PrincipalRDPath, acs:SourceVpc, \
             acs:VpcSourceIp, acs:Service, acs:RequestTag/<key>, acs:ResourceTag/<key>"
    )]
    Unknown,
    #[error("needs the key of a tag after the slash, 1 to 128 characters")]
    TagKey,
}

const PLAIN: [(&str, ConditionKey); 10] = [
    ("acs:CurrentTime", ConditionKey::CurrentTime),
    ("acs:SecureTransport", ConditionKey::SecureTransport),
    ("acs:SourceIp", ConditionKey::SourceIp),
    ("acs:MFAPresent", ConditionKey::MfaPresent),
    ("acs:PrincipalARN", ConditionKey::PrincipalArn),
    ("acs:PrincipalRDId", ConditionKey::PrincipalRdId),
    ("acs:PrincipalRDPath", ConditionKey::PrincipalRdPath),
    ("acs:SourceVpc", ConditionKey::SourceVpc),
    ("acs:VpcSourceIp", ConditionKey::VpcSourceIp),
    ("acs:Service", ConditionKey::Service),
];

const REQUEST_TAG: &str = "acs:RequestTag/";
const RESOURCE_TAG: &str = "acs:ResourceTag/";

impl ConditionKey {
    /// Tells whether an operator of this kind can compare the key. Tags are text that may also say a number, a date, a
    /// boolean or an address, so every kind can.
    pub(crate) fn takes(&self, test: Test) -> bool {
        match self {
            Self::RequestTag(_) | Self::ResourceTag(_) => true,
            Self::CurrentTime => matches!(test, Test::Date(_)),
            Self::SecureTransport | Self::MfaPresent => test == Test::Bool,
            Self::SourceIp | Self::VpcSourceIp => test == Test::Address,
            Self::PrincipalArn
            | Self::PrincipalRdId
            | Self::PrincipalRdPath
            | Self::SourceVpc
            | Self::Service => matches!(test, Test::Text(_)),
        }
    }

    /// Names the operators that can compare the key, for a message.
    pub(crate) fn operators(&self) -> &'static str {
        match self {
            Self::CurrentTime => "the Date operators",
            Self::SecureTransport | Self::MfaPresent => "Bool",
            Self::SourceIp | Self::VpcSourceIp => "IpAddress or NotIpAddress",
            _ => "the String operators",
        }
    }
}

impl FromStr for ConditionKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((_, key)) = PLAIN.iter().find(|(name, _)| *name == text) {
            return Ok(key.clone());
        }
        if let Some(tag) = text.strip_prefix(REQUEST_TAG) {
            return tag_key(tag).map(Self::RequestTag);
        }
        if let Some(tag) = text.strip_prefix(RESOURCE_TAG) {
            return tag_key(tag).map(Self::ResourceTag);
        }
        match PLAIN.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            Some((name, _)) => Err(KeyError::Spelling(name)),
            None => Err(KeyError::Unknown),
        }
    }
}

impl fmt::Display for ConditionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestTag(tag) => write!(f, "{REQUEST_TAG}{tag}"),
            Self::ResourceTag(tag) => write!(f, "{RESOURCE_TAG}{tag}"),
            plain => f.write_str(PLAIN.iter().find(|(_, key)| key == plain).map_or("?", |(name, _)| name)),
        }
    }
}

fn tag_key(text: &str) -> Result<String, KeyError> {
    let length = text.chars().count();
    if !(1..=limits::TAG_KEY_CHARACTERS).contains(&length) || text.contains(char::is_control) {
        return Err(KeyError::TagKey);
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_spelling() {
        let tags = ["acs:RequestTag/env", "acs:ResourceTag/a/b 名"];
        for text in PLAIN.iter().map(|(name, _)| *name).chain(tags) {
            assert_eq!(text.parse::<ConditionKey>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_keys_are_refused() {
        for (text, expected) in [
            ("acs:sourceip", KeyError::Spelling("acs:SourceIp")),
            ("acs:UserAgent", KeyError::Unknown),
            ("ecs:InstanceType", KeyError::Unknown),
            ("", KeyError::Unknown),
            ("acs:ResourceTag/", KeyError::TagKey),
        ] {
            assert_eq!(text.parse::<ConditionKey>(), Err(expected), "{text}");
        }
    }
}
