//! How a decision came about, for the person who writes the policies; never for the caller who was denied.

use std::fmt;

use crate::{
    Arn, Decision, Effect, NamedPolicy, PolicyName, Principal,
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
    /// What every statement said about every resource, by resource; nothing for an owner, whom policies do not limit.
    pub statements: Vec<Said>,
    request: String,
    resources: Vec<Arn>,
}

/// What one statement said about one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The policy.
    pub policy: PolicyName,
    /// Which of its statements, counted from 0.
    pub statement: usize,
    /// What the statement would do.
    pub effect: Effect,
    /// The resource it was asked about.
    pub resource: Arn,
    /// Whether it has its effect on the request.
    pub applies: bool,
    /// How far it fits.
    pub fit: Fit,
    /// Why, in a few words.
    pub why: String,
}

/// How far a statement fits a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It covers other operations.
    OtherAction,
    /// It covers the operation on other resources.
    OtherResource,
    /// Its condition does not hold.
    ConditionNotMet,
    /// Whether its condition holds cannot be told, which counts against the request.
    ConditionUndecided,
    /// Wholly.
    Full,
}

/// Decides as [`authorize`] does and says why.
pub fn explain(policies: &[NamedPolicy], request: &Request<'_>) -> Explanation {
    let principal_arn = request.principal.arn();
    let limited = matches!(request.principal, Principal::User { .. });
    let mut statements = Vec::new();
    for resource in request.resources.iter().filter(|_| limited) {
        let facts = Facts { request: *request, resource, principal_arn: &principal_arn };
        for (policy, index, statement) in each_statement(policies) {
            let found = Match::of(statement, &facts);
            let applies = found.applies(statement.effect);
            let clause = |index: usize| statement.condition[index].explain(&facts);
            let (fit, why) = match found {
                Match::OtherAction => (Fit::OtherAction, "covers other operations".to_owned()),
                Match::OtherResource => (Fit::OtherResource, "covers other resources".to_owned()),
                Match::ConditionNotMet(index) => (Fit::ConditionNotMet, format!("needs {}", clause(index))),
                Match::ConditionUndecided(index) => {
                    let verb = if applies { "applies" } else { "does not apply" };
                    let why = format!("{verb}, as it cannot be compared: {}", clause(index));
                    (Fit::ConditionUndecided, why)
                }
                Match::Full => (Fit::Full, "applies".to_owned()),
            };
            statements.push(Said {
                policy: policy.clone(),
                statement: index,
                effect: statement.effect,
                resource: resource.arn.clone(),
                applies,
                fit,
                why,
            });
        }
    }
    let resources = request.resources.iter().filter(|_| limited).map(|resource| resource.arn.clone());
    Explanation {
        decision: authorize(policies, request),
        statements,
        request: format!("{} for {}", request.action, request.principal),
        resources: resources.collect(),
    }
}

impl Explanation {
    /// The decision in a sentence.
    pub fn verdict(&self) -> String {
        let request = &self.request;
        match &self.decision {
            Decision::AllowOwner => {
                format!("allowed: {request}; policies do not limit the account's owner")
            }
            Decision::Allow { policy, statement } => {
                format!("allowed: {request} by {policy} Statement[{statement}]")
            }
            Decision::ExplicitDeny { policy, statement, resource } => {
                format!("denied: {request} by {policy} Statement[{statement}] on {resource}")
            }
            Decision::ImplicitDeny { resource: Some(resource) } => {
                format!("denied: {request}; nothing allows it on {resource}")
            }
            Decision::ImplicitDeny { resource: None } => {
                format!("denied: {request}; it names no resource")
            }
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.verdict())?;
        let each = self.statements.len().checked_div(self.resources.len()).unwrap_or_default();
        for (position, resource) in self.resources.iter().enumerate() {
            write!(f, "\n  on {resource}")?;
            for Said { policy, statement, effect, why, .. } in
                self.statements.iter().skip(position * each).take(each)
            {
                write!(f, "\n    {policy} Statement[{statement}] {}: {why}", effect.as_str())?;
            }
        }
        Ok(())
    }
}
