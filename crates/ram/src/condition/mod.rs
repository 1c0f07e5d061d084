//! The `Condition` element: what must be true of the request for a statement to count.
//!
//! A condition is a list of clauses, all of which must hold; a clause compares one key with one or more values, any of
//! which may match. A negated operator holds if none does. If a request lacks the key, negated operators hold and the
//! others do not.
//!
//! A key can hold something the operator cannot compare, such as a tag that is no number. The clause is then
//! [`Outcome::Undecided`], which never helps a request: it keeps an Allow from applying and lets a Deny apply.

mod key;
mod operand;
mod operator;

use std::fmt;

pub(crate) use self::{
    key::{ConditionKey, KeyError},
    operand::{Operands, ValueError},
    operator::Operator,
};
use crate::{
    context::{Facts, Value},
    quote,
};

/// One comparison of a condition, with its values parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clause {
    pub(crate) operator: Operator,
    pub(crate) key: ConditionKey,
    pub(crate) operands: Operands,
}

/// What a comparison said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Met,
    NotMet,
    Undecided,
}

impl Clause {
    pub(crate) fn evaluate(&self, facts: &Facts<'_>) -> Outcome {
        let Some(value) = facts.value(&self.key) else {
            return if self.operator.negated { Outcome::Met } else { Outcome::NotMet };
        };
        match self.operands.any_matches(&value) {
            Some(matched) if matched != self.operator.negated => Outcome::Met,
            Some(_) => Outcome::NotMet,
            None => Outcome::Undecided,
        }
    }

    /// Says what the clause wanted and what the request had, for the explanation of a decision.
    pub(crate) fn explain(&self, facts: &Facts<'_>) -> String {
        let found = match facts.value(&self.key) {
            None => "the request has none".to_owned(),
            Some(Value::Text(text)) => format!("the request has {}", quote::quoted(text)),
            Some(value) => format!("the request has {value}"),
        };
        format!("{self}; {found}")
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.key, self.operator, self.operands)
    }
}
