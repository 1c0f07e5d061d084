//! Policy documents in RAM's grammar, version 1, for identities (not trust policies of roles).
//!
//! A document is parsed whole or refused whole: an element that were ignored could be the one that was meant to deny.
//! For the same reason a stored document that no longer parses must fail the call it was loaded for.

mod error;
mod grammar;

use std::str::FromStr;

pub use self::error::{PolicyError, Problem};
use crate::{
    PolicyName,
    arn::{ActionPattern, ResourcePattern},
    condition::Clause,
};

/// A policy document that follows the grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    document: String,
    statements: Vec<Statement>,
}

/// A policy under the name it is attached by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPolicy {
    /// The name.
    pub name: PolicyName,
    /// The document.
    pub policy: Policy,
}

/// What a statement does to the requests it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Lets them through unless another statement denies.
    Allow,
    /// Refuses them whatever other statements say.
    Deny,
}

/// One statement, every pattern and value parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) effect: Effect,
    pub(crate) actions: Actions,
    pub(crate) resources: Vec<ResourcePattern>,
    pub(crate) condition: Vec<Clause>,
}

/// The operations a statement covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Actions {
    AnyOf(Vec<ActionPattern>),
    NoneOf(Vec<ActionPattern>),
}

impl Policy {
    /// Reads a document of at most 4096 characters.
    ///
    /// The error names the place of the first fault, such as `Statement[1].Action`; statements count from 0.
    pub fn parse(document: &str) -> Result<Self, PolicyError> {
        let statements = grammar::read(document)?;
        Ok(Self { document: document.to_owned(), statements })
    }

    /// Returns the document as it was written.
    pub fn document(&self) -> &str {
        &self.document
    }

    pub(crate) fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(document: &str) -> Result<Self, Self::Err> {
        Self::parse(document)
    }
}

impl Effect {
    /// Returns RAM's word for the effect.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}
