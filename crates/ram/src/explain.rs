//! How a decision came about, for the person who writes the policies; never for the caller who was denied.

use std::fmt;

use crate::{
    Decision, NamedPolicy, Principal,
    context::{Facts, Request},
    decide::{Match, authorize, each_statement},
};

/// A decision with what every statement said about every resource.
///
/// Displayed, it is a first line with the decision, then for each resource a line for each statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The decision, as [`authorize`] gives it.
    pub decision: Decision,
    request: String,
    lines: Vec<String>,
}

/// Decides as [`authorize`] does and says why.
pub fn explain(policies: &[NamedPolicy], request: &Request<'_>) -> Explanation {
    let principal_arn = request.principal.arn();
    let mut lines = Vec::new();
    for resource in request.resources {
        lines.push(format!("on {}", resource.arn));
        let facts = Facts { request: *request, resource, principal_arn: &principal_arn };
        for (policy, index, statement) in each_statement(policies) {
            let found = Match::of(statement, &facts);
            let effect = statement.effect.as_str();
            let clause = |index: usize| statement.condition[index].explain(&facts);
            let outcome = match found {
                Match::OtherAction => "covers other operations".to_owned(),
                Match::OtherResource => "covers other resources".to_owned(),
                Match::ConditionNotMet(index) => format!("needs {}", clause(index)),
                Match::ConditionUndecided(index) if found.applies(statement.effect) => {
                    format!("applies, as it cannot be compared: {}", clause(index))
                }
                Match::ConditionUndecided(index) => {
                    format!("does not apply, as it cannot be compared: {}", clause(index))
                }
                Match::Full => "applies".to_owned(),
            };
            lines.push(format!("  {policy} Statement[{index}] {effect}: {outcome}"));
        }
    }
    Explanation {
        decision: authorize(policies, request),
        request: format!("{} for {}", request.action, request.principal),
        lines: if matches!(request.principal, Principal::Owner { .. }) { Vec::new() } else { lines },
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = &self.request;
        match &self.decision {
            Decision::AllowOwner => {
                write!(f, "allowed: {request}; policies do not limit the account's owner")?;
            }
            Decision::Allow { policy, statement } => {
                write!(f, "allowed: {request} by {policy} Statement[{statement}]")?;
            }
            Decision::ExplicitDeny { policy, statement, resource } => {
                write!(f, "denied: {request} by {policy} Statement[{statement}] on {resource}")?;
            }
            Decision::ImplicitDeny { resource: Some(resource) } => {
                write!(f, "denied: {request}; nothing allows it on {resource}")?;
            }
            Decision::ImplicitDeny { resource: None } => {
                write!(f, "denied: {request}; it names no resource")?;
            }
        }
        self.lines.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}
