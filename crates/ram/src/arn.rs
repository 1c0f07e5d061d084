//! Names of what is acted on and of what is done: resource ARNs and actions, and the patterns policies hold of both.
//!
//! An ARN is `acs:<service>:<region>:<account>:<relative-id>`. Patterns compare segment by segment, so that a `*` in
//! the region can never swallow the account. Actions ignore case, ARNs do not.

use std::{fmt, str::FromStr};

use crate::{AccountId, glob::Glob, limits};

/// The name of one resource in one account.
///
/// Its text is literal: an operation over a whole kind is named with a real `*`, such as `…:sourceServer/*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Arn {
    service: String,
    region: String,
    account: AccountId,
    relative_id: String,
}

/// One operation: `<service>:<Operation>`, such as `smc:CreateAccessToken`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Action {
    service: String,
    operation: String,
}

/// The resources a statement covers: `*`, or an ARN with wildcards in its segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ResourcePattern {
    Everything,
    Segments { service: Glob, region: Glob, account: Glob, relative_id: Glob },
}

/// The operations a statement covers: `*`, or `<service>:<operation>` with wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ActionPattern {
    Everything,
    Segments { service: Glob, operation: Glob },
}

/// Why a text is not an ARN, an action, or a pattern of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// It does not have five segments or does not start with `acs:`.
    #[error("write acs:<service>:<region>:<account>:<resource>")]
    Shape,
    /// It is longer than an ARN may be.
    #[error("it is longer than {} characters", limits::ARN_CHARACTERS)]
    Length,
    /// The service is empty or has characters outside letters, digits and hyphens.
    #[error("the service must be letters, digits and hyphens")]
    Service,
    /// The region has characters outside letters, digits and hyphens.
    #[error("the region must be letters, digits and hyphens, or empty")]
    Region,
    /// The account is not a number of 16 digits.
    #[error("the account must be 16 decimal digits")]
    Account,
    /// The resource is empty or has white space, control characters or a policy variable.
    #[error("the resource must not be empty or contain white space, control characters or ${{…}}")]
    RelativeId,
    /// An action is not `<service>:<Operation>`.
    #[error("write <service>:<Operation>, such as smc:CreateAccessToken")]
    Action,
}

impl Arn {
    /// Names a resource; the region may be empty for services that have none.
    pub fn new(service: &str, region: &str, account: AccountId, relative_id: &str) -> Result<Self, ArnError> {
        check(!service.is_empty() && service.chars().all(is_label), ArnError::Service)?;
        // `*` stands for itself here: resources of no region in particular carry it.
        check(region == "*" || region.chars().all(is_label), ArnError::Region)?;
        check(is_relative_id(relative_id), ArnError::RelativeId)?;
        check(relative_id.chars().count() <= limits::ARN_CHARACTERS, ArnError::Length)?;
        Ok(Self {
            service: service.to_owned(),
            region: region.to_owned(),
            account,
            relative_id: relative_id.to_owned(),
        })
    }

    /// Returns the account the resource belongs to.
    pub fn account(&self) -> AccountId {
        self.account
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let [service, region, account, relative_id] = segments(text)?;
        Self::new(service, region, account.parse().map_err(|_| ArnError::Account)?, relative_id)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "acs:{}:{}:{}:{}", self.service, self.region, self.account, self.relative_id)
    }
}

impl FromStr for Action {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (service, operation) = text.split_once(':').ok_or(ArnError::Action)?;
        let in_bounds = text.len() <= limits::ARN_CHARACTERS && !service.is_empty() && !operation.is_empty();
        check(in_bounds && service.chars().all(is_label), ArnError::Action)?;
        check(operation.chars().all(is_operation), ArnError::Action)?;
        Ok(Self { service: service.to_owned(), operation: operation.to_owned() })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)
    }
}

impl ResourcePattern {
    pub(crate) fn matches(&self, arn: &Arn) -> bool {
        match self {
            Self::Everything => true,
            Self::Segments { service, region, account, relative_id } => {
                service.matches(&arn.service)
                    && region.matches(&arn.region)
                    && account.matches(&arn.account.to_string())
                    && relative_id.matches(&arn.relative_id)
            }
        }
    }
}

impl FromStr for ResourcePattern {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" {
            return Ok(Self::Everything);
        }
        let [service, region, account, relative_id] = segments(text)?;
        check(!service.is_empty() && service.chars().all(or_wildcard(is_label)), ArnError::Service)?;
        check(region.chars().all(or_wildcard(is_label)), ArnError::Region)?;
        check(is_account_pattern(account), ArnError::Account)?;
        check(is_relative_id(relative_id), ArnError::RelativeId)?;
        Ok(Self::Segments {
            service: Glob::new(service),
            region: Glob::new(region),
            account: Glob::new(account),
            relative_id: Glob::new(relative_id),
        })
    }
}

impl ActionPattern {
    pub(crate) fn matches(&self, action: &Action) -> bool {
        match self {
            Self::Everything => true,
            Self::Segments { service, operation } => {
                service.matches(&action.service.to_ascii_lowercase())
                    && operation.matches(&action.operation.to_ascii_lowercase())
            }
        }
    }
}

impl FromStr for ActionPattern {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" {
            return Ok(Self::Everything);
        }
        let lower = text.to_ascii_lowercase();
        let (service, operation) = lower.split_once(':').ok_or(ArnError::Action)?;
        check(!service.is_empty() && service.chars().all(or_wildcard(is_label)), ArnError::Action)?;
        check(!operation.is_empty() && operation.chars().all(or_wildcard(is_operation)), ArnError::Action)?;
        Ok(Self::Segments { service: Glob::new(service), operation: Glob::new(operation) })
    }
}

/// Splits on the first four colons; the relative id keeps the rest of them.
fn segments(text: &str) -> Result<[&str; 4], ArnError> {
    check(text.chars().count() <= limits::ARN_CHARACTERS, ArnError::Length)?;
    let mut parts = text.splitn(5, ':');
    match [(); 5].map(|()| parts.next()) {
        [Some("acs"), Some(service), Some(region), Some(account), Some(relative_id)] => {
            Ok([service, region, account, relative_id])
        }
        _ => Err(ArnError::Shape),
    }
}

fn check(holds: bool, otherwise: ArnError) -> Result<(), ArnError> {
    if holds { Ok(()) } else { Err(otherwise) }
}

fn is_label(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '-'
}

fn is_operation(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '/')
}

fn or_wildcard(allowed: fn(char) -> bool) -> impl Fn(char) -> bool {
    move |character| matches!(character, '*' | '?') || allowed(character)
}

/// An account in a pattern: none, all 16 digits, or fewer with wildcards for the others.
fn is_account_pattern(text: &str) -> bool {
    let wild = text.contains(['*', '?']);
    text.is_empty() || (text.chars().all(or_wildcard(|c| c.is_ascii_digit())) && (wild || text.len() == 16))
}

/// `${` would start a policy variable elsewhere; taken literally it would silently match nothing.
fn is_relative_id(text: &str) -> bool {
    !text.is_empty() && !text.contains("${") && !text.contains(|c: char| c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_what_they_say() {
        let cases = [
            ("*", "acs:smc:cn-local:1234567890123456:*", true),
            ("acs:smc:*:*:*", "acs:smc:cn-local:1234567890123456:sourceServer/s-1", true),
            ("acs:smc:*:*:sourceServer/*", "acs:smc:cn-local:1234567890123456:sourceServer/*", true),
            ("acs:smc:*:*:sourceServer/s-1", "acs:smc:cn-local:1234567890123456:sourceServer/*", false),
            ("acs:smc:*:*:sourceserver/*", "acs:smc:cn-local:1234567890123456:sourceServer/s-1", false),
            ("acs:smc:*:*:sourceServer/s-?", "acs:smc:cn-local:1234567890123456:sourceServer/s-12", false),
            ("acs:smc:cn-*:*:*", "acs:smc:eu-local:1234567890123456:x", false),
            ("acs:smc:*:1234*:*", "acs:smc:cn-local:1234567890123456:x", true),
            ("acs:smc:*:6543210987654321:*", "acs:smc:cn-local:1234567890123456:x", false),
            ("acs:s?c:*:*:*", "acs:smc:cn-local:1234567890123456:x", true),
            ("acs:ecs:*:*:*", "acs:smc:cn-local:1234567890123456:x", false),
            ("acs:smc::*:x", "acs:smc:cn-local:1234567890123456:x", false),
            ("acs:ram::*:user/a:b", "acs:ram::1234567890123456:user/a:b", true),
        ];
        for (pattern, arn, expected) in cases {
            let parsed: ResourcePattern = pattern.parse().unwrap();
            assert_eq!(parsed.matches(&arn.parse().unwrap()), expected, "{pattern} on {arn}");
        }
    }

    #[test]
    fn actions_ignore_case() {
        for (pattern, action, expected) in [
            ("*", "smc:CreateAccessToken", true),
            ("SMC:createaccesstoken", "smc:CreateAccessToken", true),
            ("smc:Describe*", "smc:describeSourceServers", true),
            ("smc:Describe*", "landfall:DescribeX", false),
            ("*:List*", "landfall:ListSources", true),
            ("smc:???", "smc:Get", true),
        ] {
            let parsed: ActionPattern = pattern.parse().unwrap();
            assert_eq!(parsed.matches(&action.parse().unwrap()), expected, "{pattern} on {action}");
        }
    }

    #[test]
    fn malformed_names_are_told_apart() {
        for (text, expected) in [
            ("", ArnError::Shape),
            ("acs:smc:*", ArnError::Shape),
            ("arn:aws:s3:::x", ArnError::Shape),
            ("acs::*:*:x", ArnError::Service),
            ("acs:smc:a_b:*:x", ArnError::Region),
            ("acs:smc:*:12:x", ArnError::Account),
            ("acs:smc:*:abc:x", ArnError::Account),
            ("acs:smc:*:*:", ArnError::RelativeId),
            ("acs:smc:*:*:a b", ArnError::RelativeId),
            ("acs:smc:*:*:user/${acs:x}", ArnError::RelativeId),
        ] {
            assert_eq!(text.parse::<ResourcePattern>(), Err(expected), "{text}");
        }
        for text in ["", "smc", "smc:", ":x", "smc:a b", "smc:a:b", "s*c"] {
            assert_eq!(text.parse::<ActionPattern>(), Err(ArnError::Action), "{text}");
        }
        let endless = format!("acs:smc:*:*:{}", "x".repeat(2_000));
        assert_eq!(endless.parse::<ResourcePattern>(), Err(ArnError::Length));
        assert_eq!("acs:smc:*:*:x".parse::<Arn>(), Err(ArnError::Account));
        assert_eq!("smc:*".parse::<Action>(), Err(ArnError::Action));
    }
}
