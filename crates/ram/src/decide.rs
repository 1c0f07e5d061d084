//! The decision: an explicit deny beats an allow, an allow beats saying nothing, and saying nothing denies.

use crate::{
    Arn, NamedPolicy, PolicyName, Principal,
    condition::Outcome,
    context::{Facts, Request, Resource},
    policy::{Actions, Effect, Statement},
};

/// What became of a request, and which statement decided it.
///
/// Statements count from 0 within their policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The account's owner acts on the account's own resources; policies were not asked.
    AllowOwner,
    /// Every resource is allowed.
    Allow {
        /// The policy that allows the first resource.
        policy: PolicyName,
        /// Its statement.
        statement: usize,
    },
    /// A statement denies one of the resources.
    ExplicitDeny {
        /// The denying policy.
        policy: PolicyName,
        /// Its statement.
        statement: usize,
        /// The first resource it denies.
        resource: Arn,
    },
    /// No statement allows one of the resources, or there are none.
    ImplicitDeny {
        /// The first resource that is not allowed.
        resource: Option<Arn>,
    },
}

impl Decision {
    /// Tells whether the request may go on.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::AllowOwner | Self::Allow { .. })
    }
}

/// Decides a request of a principal: the owner may do everything in the own account, a user what the policies attached
/// to the user allow there, and nobody anything in another account.
pub fn authorize(policies: &[NamedPolicy], request: &Request<'_>) -> Decision {
    let account = request.principal.account();
    if let Some(foreign) = request.resources.iter().find(|resource| resource.arn.account() != account) {
        return Decision::ImplicitDeny { resource: Some(foreign.arn.clone()) };
    }
    match request.principal {
        Principal::Owner { .. } => Decision::AllowOwner,
        Principal::User { .. } => decide(policies, request),
    }
}

/// Decides a request by policies alone, whoever makes it. Callers that serve requests want [`authorize`].
pub fn decide(policies: &[NamedPolicy], request: &Request<'_>) -> Decision {
    let principal_arn = request.principal.arn();
    let applying = |effect, resource: &Resource| {
        let facts = Facts { request: *request, resource, principal_arn: &principal_arn };
        each_statement(policies).find(|(_, _, statement)| {
            statement.effect == effect && Match::of(statement, &facts).applies(effect)
        })
    };

    for resource in request.resources {
        if let Some((policy, index, _)) = applying(Effect::Deny, resource) {
            return Decision::ExplicitDeny {
                policy: policy.clone(),
                statement: index,
                resource: resource.arn.clone(),
            };
        }
    }
    let mut first = None;
    for resource in request.resources {
        let Some((policy, index, _)) = applying(Effect::Allow, resource) else {
            return Decision::ImplicitDeny { resource: Some(resource.arn.clone()) };
        };
        first = first.or_else(|| Some((policy.clone(), index)));
    }
    match first {
        Some((policy, statement)) => Decision::Allow { policy, statement },
        None => Decision::ImplicitDeny { resource: None },
    }
}

/// Walks all statements with the name of their policy and their place in it.
pub(crate) fn each_statement(
    policies: &[NamedPolicy],
) -> impl Iterator<Item = (&PolicyName, usize, &Statement)> {
    policies.iter().flat_map(|named| {
        named.policy.statements().iter().enumerate().map(|(index, statement)| (&named.name, index, statement))
    })
}

/// How far one statement fits one resource of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    OtherAction,
    OtherResource,
    /// The clause at this place does not hold.
    ConditionNotMet(usize),
    /// The clause at this place cannot be told, and no other fails.
    ConditionUndecided(usize),
    Full,
}

impl Match {
    pub(crate) fn of(statement: &Statement, facts: &Facts<'_>) -> Self {
        let action = facts.request.action;
        let covers_action = match &statement.actions {
            Actions::AnyOf(patterns) => patterns.iter().any(|pattern| pattern.matches(action)),
            Actions::NoneOf(patterns) => !patterns.iter().any(|pattern| pattern.matches(action)),
        };
        if !covers_action {
            return Self::OtherAction;
        }
        if !statement.resources.iter().any(|pattern| pattern.matches(&facts.resource.arn)) {
            return Self::OtherResource;
        }
        let mut undecided = None;
        for (index, clause) in statement.condition.iter().enumerate() {
            match clause.evaluate(facts) {
                Outcome::Met => {}
                Outcome::NotMet => return Self::ConditionNotMet(index),
                Outcome::Undecided => undecided = undecided.or(Some(index)),
            }
        }
        undecided.map_or(Self::Full, Self::ConditionUndecided)
    }

    /// Tells whether a statement that fits this far has its effect; what cannot be told counts against the request.
    pub(crate) fn applies(self, effect: Effect) -> bool {
        match self {
            Self::Full => true,
            Self::ConditionUndecided(_) => effect == Effect::Deny,
            _ => false,
        }
    }
}
