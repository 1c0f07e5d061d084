//! Whether the holder of a key may make a call.
//!
//! The contract says which resources a call is about, and that depends on its parameters; so their form is
//! checked first, which tells a caller nothing that the public documentation does not.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use pop::{ApiError, Backend, Call};
use ram::{AccountId, Action, Arn, Context, Decision, Request, Resource};
use smc::{JobId, SourceId, Timestamp, ports::Clock};
use smc_model::{Operation, Request as _, generated::landfall::FollowReplicationJobsRequest};
use time::OffsetDateTime;

use super::{Center, refusal};
use crate::{clock::SystemClock, events::Follower, identity::Identity};

impl Center {
    /// Whether whoever got a ticket for the news may follow them now, from this address: their key or session, and their
    /// policies, are looked at as if they asked for another.
    pub(crate) async fn may_follow(
        &self,
        follower: &Follower,
        peer: IpAddr,
        secure: bool,
    ) -> Result<(), ApiError> {
        let key = self.find_key(&follower.access_key_id).await?.ok_or_else(ApiError::access_key_not_found)?;
        if !key.active {
            return Err(ApiError::access_key_inactive());
        }
        // An emulator that is reset gives its key another account.
        if key.principal.principal.account() != follower.account {
            return Err(ApiError::access_key_not_found());
        }
        let operation = FollowReplicationJobsRequest::OPERATION;
        let call = Call {
            operation,
            action: operation.name.to_owned(),
            params: Vec::new(),
            principal: Arc::new(key.principal),
            access_key_id: follower.access_key_id.clone(),
            peer,
            secure,
            now: SystemClock::unmoved().unix(),
            request_id: String::new(),
            user_agent: None,
        };
        self.authorize(&call).await
    }

    pub(super) async fn authorize(
        &self,
        call: &Call<&'static Operation, Arc<Identity>>,
    ) -> Result<(), ApiError> {
        let principal = &call.principal.principal;
        let object = smc_model::validate(call.operation, &call.params)
            .map_err(|violation| ApiError::new(violation.status, violation.code, violation.message))?;
        let action: Action = call.operation.action.parse().map_err(|_| ApiError::internal_error())?;
        let names = call.operation.resource_names("*", &principal.account().to_string(), &object);
        let mut resources = Vec::with_capacity(names.len());
        for name in names {
            // `*` alone stands for everything the account has.
            let arn: Arn = name.parse().map_err(|_| ApiError::internal_error())?;
            let tags = self.resource_tags(call, &name).await?;
            resources.push(Resource { arn, tags });
        }
        let context = context(call, self.parts.registry.clock().now())?;
        let request = Request { principal, action: &action, resources: &resources, context: &context };
        match ram::authorize(&call.principal.policies, &request) {
            Decision::AllowOwner | Decision::Allow { .. } => Ok(()),
            denied => Err(refused(&denied, &request)),
        }
    }

    /// The tags on the source or job that a resource name names; none for `*` and for what does not exist.
    async fn resource_tags(
        &self,
        call: &Call<&'static Operation, Arc<Identity>>,
        name: &str,
    ) -> Result<BTreeMap<String, String>, ApiError> {
        if call.principal.policies.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.tags_of(call.principal.principal.account(), call.operation, name).await
    }

    /// The tags on what a resource name names, whoever asks.
    pub(super) async fn tags_of(
        &self,
        account: AccountId,
        operation: &'static Operation,
        name: &str,
    ) -> Result<BTreeMap<String, String>, ApiError> {
        let Some((kind, id)) = name.rsplit_once('/') else { return Ok(BTreeMap::new()) };
        let registry = &self.parts.registry;
        let source = SourceId::parse(id).ok().filter(|_| kind.ends_with("sourceServer"));
        let job = JobId::parse(id).ok().filter(|_| kind.ends_with("replicationJob"));
        let tags = match (source, job) {
            (Some(id), _) => registry.source_tags(account, id).await,
            (None, Some(id)) => registry.job_tags(account, id).await,
            (None, None) => return Ok(BTreeMap::new()),
        };
        let tags = tags.map_err(|error| refusal::api_error(operation, error.into()))?;
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }
}

/// Policies are judged at the center's time, which in the emulator is not that of the signature.
fn context(call: &Call<&'static Operation, Arc<Identity>>, now: Timestamp) -> Result<Context, ApiError> {
    let now = OffsetDateTime::from_unix_timestamp(now.unix()).map_err(|_| ApiError::internal_error())?;
    let context = Context::new(now, call.peer).with_request_tags(request_tags(&call.params));
    Ok(if call.secure { context.over_tls() } else { context })
}

/// The tags that a call puts on something: `Tag.N.Key` with `Tag.N.Value`.
fn request_tags(params: &[(String, String)]) -> BTreeMap<String, String> {
    let value = |key_name: &str| {
        let name = key_name.strip_suffix(".Key").map(|stem| format!("{stem}.Value"));
        params.iter().find(|(other, _)| Some(other) == name.as_ref()).map(|(_, value)| value.clone())
    };
    params
        .iter()
        .filter(|(name, _)| name.starts_with("Tag.") && name.ends_with(".Key"))
        .map(|(name, key)| (key.clone(), value(name).unwrap_or_default()))
        .collect()
}

fn refused(decision: &Decision, request: &Request<'_>) -> ApiError {
    let message =
        "User not authorized to operate on the specified resource, or this API doesn't support RAM.";
    let error = ApiError::new(403, "Forbidden.Unauthorized", message);
    match ram::AccessDeniedDetail::of(decision, request) {
        None => error,
        Some(detail) => error.with_access_denied_detail(pop::AccessDeniedDetail {
            auth_action: detail.auth_action,
            auth_principal_type: detail.auth_principal_type.to_owned(),
            auth_principal_owner_id: detail.auth_principal_owner_id,
            auth_principal_display_name: detail.auth_principal_display_name,
            no_permission_type: detail.no_permission_type.to_owned(),
            policy_type: detail.policy_type.to_owned(),
            encoded_diagnostic_message: detail.encoded_diagnostic_message,
        }),
    }
}
