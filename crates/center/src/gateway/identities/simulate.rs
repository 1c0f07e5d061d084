//! `SimulateAccess`: what would be decided about a call, and why. The decision is `ram`'s, as for a real call.

use std::sync::Arc;

use pop::Call;
use ram::{Action, Arn, Context, Decision, Fit, NamedPolicy, Policy, Principal, Resource, Said, Tags};
use smc::{Timestamp, ports::Clock};
use smc_model::{
    Object, Operation,
    generated::{
        identities::{SimulateAccessRequest, SimulateAccessResponse, Statement},
        shared::ContextEntry,
    },
};
use time::OffsetDateTime;

use super::{Center, Desk, count, named, refused::Refused};
use crate::identity::{Identity, IdentityError};

/// What a document that was given is called in the reply.
const UNDER_TEST: &str = "under-test";

/// The circumstances that the request states.
struct Stated {
    context: Context,
    /// The tags of the resource; `None` if none are stated, and those that it has count.
    resource_tags: Option<Tags>,
}

impl Center {
    pub(super) async fn simulate(
        &self,
        call: &Call<&'static Operation, Arc<Identity>>,
        desk: &Desk<'_>,
        request: SimulateAccessRequest,
    ) -> Result<SimulateAccessResponse, Refused> {
        let operation = operation(&request.action_name)?;
        let action: Action = operation.action.parse().map_err(|_| Refused::Internal)?;
        let principal = match &request.user_name {
            None => desk.principal.clone(),
            Some(name) => Principal::User { account: desk.account, name: named(name)? },
        };
        let policies = policies(desk, &principal, &request).await?;
        let stated = stated(call, &request.context, self.parts.registry.clock().now())?;
        let mut resources = Vec::new();
        for arn in arns(desk, operation, request.resource.as_deref())? {
            let tags = if let Some(tags) = &stated.resource_tags {
                tags.clone()
            } else {
                let tags = self.tags_of(desk.account, operation, &arn.to_string()).await;
                tags.map_err(Refused::Answered)?
            };
            resources.push(Resource { arn, tags });
        }
        let asked = ram::Request {
            principal: &principal,
            action: &action,
            resources: &resources,
            context: &stated.context,
        };
        Ok(told(&principal, &ram::explain(&policies, &asked)))
    }
}

/// The operation of an action. One that does not exist would be denied, which tells a person nothing.
fn operation(action: &str) -> Result<&'static Operation, Refused> {
    let found = smc_model::operations().iter().find(|known| known.action.eq_ignore_ascii_case(action));
    found.copied().ok_or_else(|| Refused::Meaning {
        parameter: "ActionName",
        reason: "it must be the action of an operation, such as smc:CreateAccessToken".to_owned(),
    })
}

/// What counts: what is attached to the user, or the document given in its place or beside it.
async fn policies(
    desk: &Desk<'_>,
    principal: &Principal,
    request: &SimulateAccessRequest,
) -> Result<Vec<NamedPolicy>, Refused> {
    let given = match &request.policy_document {
        None => None,
        Some(document) => {
            let refused = |reason: ram::PolicyError| IdentityError::Policy { reason: reason.to_string() };
            let policy = Policy::parse(document).map_err(refused)?;
            Some(NamedPolicy { name: named(UNDER_TEST)?, policy })
        }
    };
    let Principal::User { name, .. } = principal else { return Ok(given.into_iter().collect()) };
    let mut policies = desk.identities.evaluated(desk.account, name.clone()).await?;
    if given.is_some() && !request.with_attached {
        policies.clear();
    }
    policies.extend(given);
    Ok(policies)
}

/// The resource that is named, or all that the operation could act on.
fn arns(desk: &Desk<'_>, operation: &Operation, resource: Option<&str>) -> Result<Vec<Arn>, Refused> {
    let account = desk.account.to_string();
    let names = match resource {
        Some(whole) if whole.starts_with("acs:") => vec![whole.to_owned()],
        Some(last) => vec![format!("acs:{}:*:{account}:{last}", operation.product)],
        None => {
            let any = Object(vec![None; operation.parameters.len()]);
            let mut names = operation.resource_names("*", &account, &any);
            // What it acts on depends on parameters that are not known.
            if names.is_empty() {
                names.push(format!("acs:{}:*:{account}:*", operation.product));
            }
            names
        }
    };
    let arn = |name: String| {
        name.parse().map_err(|reason: ram::ArnError| Refused::Meaning {
            parameter: "Resource",
            reason: reason.to_string(),
        })
    };
    names.into_iter().map(arn).collect()
}

fn stated(
    call: &Call<&'static Operation, Arc<Identity>>,
    entries: &[ContextEntry],
    now: Timestamp,
) -> Result<Stated, Refused> {
    let wrong = |reason: &str| Refused::Meaning { parameter: "ContextValue", reason: reason.to_owned() };
    let mut moment = now;
    let (mut address, mut secure) = (call.peer, call.secure);
    let (mut request_tags, mut resource_tags) = (Tags::new(), None::<Tags>);
    for ContextEntry { key, value } in entries {
        let value = value.clone().unwrap_or_default();
        match key.as_str() {
            "acs:SourceIp" => {
                address = value.parse().map_err(|_| wrong("acs:SourceIp must be an address"))?;
            }
            "acs:SecureTransport" => {
                secure = value.parse().map_err(|_| wrong("acs:SecureTransport must be true or false"))?;
            }
            "acs:CurrentTime" => {
                let read = Timestamp::parse(&value);
                moment = read.ok_or_else(|| wrong("acs:CurrentTime must be YYYY-MM-DDThh:mm:ssZ"))?;
            }
            key => match (key.strip_prefix("acs:RequestTag/"), key.strip_prefix("acs:ResourceTag/")) {
                (Some(tag), _) => drop(request_tags.insert(tag.to_owned(), value)),
                (None, Some(tag)) => {
                    resource_tags.get_or_insert_default().insert(tag.to_owned(), value);
                }
                (None, None) => {
                    return Err(Refused::Meaning {
                        parameter: "ContextKey",
                        reason: "it must be acs:SourceIp, acs:SecureTransport, acs:CurrentTime, \
                                 acs:ResourceTag/KEY or acs:RequestTag/KEY"
                            .to_owned(),
                    });
                }
            },
        }
    }
    let moment = OffsetDateTime::from_unix_timestamp(moment.unix()).map_err(|_| Refused::Internal)?;
    let context = Context::new(moment, address).with_request_tags(request_tags);
    Ok(Stated { context: if secure { context.over_tls() } else { context }, resource_tags })
}

fn told(principal: &Principal, explained: &ram::Explanation) -> SimulateAccessResponse {
    let (decision, deciding, resource) = match &explained.decision {
        Decision::AllowOwner => ("Allow", None, None),
        Decision::Allow { policy, statement } => ("Allow", Some((policy, *statement)), None),
        Decision::ExplicitDeny { policy, statement, resource } => {
            ("ExplicitDeny", Some((policy, *statement)), Some(resource))
        }
        Decision::ImplicitDeny { resource } => ("ImplicitDeny", None, resource.as_ref()),
    };
    let statements: Vec<_> = explained.statements.iter().map(statement).collect();
    SimulateAccessResponse {
        decision: decision.to_owned(),
        principal: principal.arn(),
        owner: matches!(principal, Principal::Owner { .. }),
        deciding_policy: deciding.map(|(policy, _)| policy.to_string()),
        deciding_statement: deciding.map(|(_, statement)| count(statement)),
        deciding_resource: resource.map(Arn::to_string),
        explanation: explained.verdict(),
        statements: statements.into(),
    }
}

fn statement(said: &Said) -> Statement {
    let outcome = match said.fit {
        Fit::Full => "Applies",
        Fit::OtherAction => "OtherAction",
        Fit::OtherResource => "OtherResource",
        Fit::ConditionNotMet => "ConditionNotMet",
        Fit::ConditionUndecided => "ConditionUndecided",
    };
    Statement {
        policy_name: said.policy.to_string(),
        statement_index: count(said.statement),
        effect: said.effect.as_str().to_owned(),
        resource: said.resource.to_string(),
        applies: said.applies,
        outcome: outcome.to_owned(),
        explanation: said.why.clone(),
    }
}
