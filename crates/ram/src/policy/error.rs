//! What can be wrong with a policy document, and where.

use crate::{
    arn::ArnError,
    condition::{KeyError, ValueError},
    limits,
    quote::quoted,
};

/// Why a text is not a policy document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The document is too long.
    #[error(
        "reading the policy: it has {characters} characters; at most {} are allowed, so split it",
        limits::POLICY_CHARACTERS
    )]
    TooLong {
        /// Characters found.
        characters: usize,
    },
    /// The document is not JSON.
    #[error("reading the policy: it is not JSON at line {line}, column {column}: {reason}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
        /// What the JSON reader found.
        reason: String,
    },
    /// An element breaks the grammar.
    #[error("reading the policy at {place}: {problem}")]
    Element {
        /// The path of the element, such as `Statement[1].Condition.IpAddress`; `the top level` for the document.
        place: String,
        /// What is wrong with it.
        problem: Problem,
    },
}

/// What is wrong with an element of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct Problem(#[from] pub(crate) Fault);

/// The JSON type an element must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Object,
    Text,
    Texts,
    Objects,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{name} is missing; {remedy}")]
    Missing { name: &'static str, remedy: &'static str },
    #[error("{} is not an element of RAM policies; allowed here are {allowed}", quoted(.name))]
    Unknown { name: String, allowed: &'static str },
    #[error("NotResource is not an element of RAM policies; name what is meant with Resource")]
    NotResource,
    #[error("Principal belongs to trust policies; attach this policy to the user instead")]
    Principal,
    #[error("it appears twice in one object; keep one")]
    Twice,
    #[error("it must be {}, not {found}", .expected.describe())]
    Type { expected: Expected, found: &'static str },
    #[error("it is empty; {remedy}")]
    Empty { remedy: &'static str },
    #[error("{} is not supported; the only version is \"1\"", quoted(.found))]
    Version { found: String },
    #[error("{} is not an effect; write Allow or Deny", quoted(.found))]
    Effect { found: String },
    #[error("Action and NotAction exclude each other; keep one")]
    BothActions,
    #[error("{} is not an action: {reason}, or *", quoted(.found))]
    Action { found: String, reason: ArnError },
    #[error("{} is not a resource: {reason}", quoted(.found))]
    Resource { found: String, reason: ArnError },
    #[error("{} is not a condition operator; did you mean {meant}?", quoted(.found))]
    OperatorSpelling { found: String, meant: &'static str },
    #[error(
        "{} is not a condition operator; there are the String, Numeric and Date operators, Bool, IpAddress and \
         NotIpAddress, and no IfExists, ForAnyValue or Null",
        quoted(.found)
    )]
    Operator { found: String },
    #[error("{} {reason}", quoted(.found))]
    Key { found: String, reason: KeyError },
    #[error("{operator} cannot compare it; use {usable}")]
    OperatorForKey { operator: String, usable: &'static str },
    #[error("{} {reason}", quoted(.found))]
    Value { found: String, reason: ValueError },
}

impl Expected {
    fn describe(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Text => "a string",
            Self::Texts => "a string or a list of strings",
            Self::Objects => "an object or a list of objects",
        }
    }
}
