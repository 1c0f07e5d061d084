//! The service behind the RPC gateway: resolves operations, finds keys, authorises, and calls the domain.

mod authorize;
mod faults;
mod identities;
mod refusal;

pub(crate) use faults::{Fault, Faults};

use std::sync::Arc;

use pop::{AccessKey, ApiError, Backend, Call, Secret};
use serde_json::{Value, json};
use smc::account::Caller;
use smc_model::{
    Access, Operation, Request,
    generated::{
        landfall::{CreateSignInLinkRequest, FollowReplicationJobsRequest, GetAgentEndpointRequest},
        source_server::DeleteSourceServerRequest,
    },
};

use crate::{
    Registry,
    agents::KnownAgents,
    conductor::Conductor,
    console,
    endpoint::AgentEndpoint,
    events::{self, Events, Follower},
    identity::{Identities, Identity, KeyUses, Lookup},
    metrics::Metrics,
};

/// What [`Center`] is made of.
pub(crate) struct Parts {
    /// The rules and the store.
    pub registry: Arc<Registry>,
    /// Finds who signed.
    pub lookup: Arc<Lookup>,
    /// Users, AccessKeys and policies.
    pub identities: Identities,
    /// Who is signed in to the console.
    pub(crate) access: Arc<console::Access>,
    /// Where agents connect to.
    pub endpoint: Arc<AgentEndpoint>,
    /// Where calls are counted.
    pub metrics: Arc<Metrics>,
    /// Which agents were heard of lately.
    pub(crate) known: Arc<KnownAgents>,
    /// Which keys signed lately.
    pub(crate) key_uses: Arc<KeyUses>,
    /// Has to look when a job or a source changed.
    pub(crate) conductor: Arc<Conductor>,
    /// Gives tickets for the stream of news.
    pub(crate) events: Arc<Events>,
    /// Failures that the emulator was told to make.
    pub faults: Arc<Faults>,
}

/// The service behind the gateway.
pub(crate) struct Center {
    parts: Parts,
}

impl Center {
    /// Puts the service together.
    pub(crate) fn new(parts: Parts) -> Self {
        Self { parts }
    }

    async fn perform(&self, call: &Call<&'static Operation, Arc<Identity>>) -> Result<Value, ApiError> {
        let identity = &call.principal;
        self.authorize(call).await?;
        self.parts.faults.strike(call.operation.name)?;
        if call.operation.name == GetAgentEndpointRequest::OPERATION.name {
            let endpoint = &self.parts.endpoint;
            return Ok(json!({
                "CaFingerprint": endpoint.ca_fingerprint,
                "TlsKeyPin": endpoint.key_pin,
                "Addresses": { "Address": endpoint.addresses },
                "HandsOutAgent": endpoint.hands_out_agent,
            }));
        }
        if call.operation.name == FollowReplicationJobsRequest::OPERATION.name {
            let account = identity.principal.account();
            let follower = Follower { account, access_key_id: call.access_key_id.clone() };
            let ticket = self.parts.events.ticket(follower);
            let ticket = ticket.map_err(|_| ApiError::internal_error())?;
            let ticket = ticket.ok_or_else(ApiError::service_unavailable)?;
            return Ok(json!({
                "Ticket": ticket,
                "Path": format!("{}?Ticket={ticket}", events::PATH),
                "ExpiresInSeconds": events::TICKET_LIVES.as_secs(),
            }));
        }
        if call.operation.name == CreateSignInLinkRequest::OPERATION.name {
            let token =
                self.parts.access.link(&call.access_key_id).map_err(|_| ApiError::internal_error())?;
            let token = token.ok_or_else(ApiError::access_key_not_found)?;
            return Ok(json!({
                "Path": format!("{}/#token={token}", console::PATH),
                "ExpiresInSeconds": console::LINK_LIVES,
            }));
        }
        if call.operation.group == identities::GROUP {
            return self.identities(call).await;
        }
        let caller = Caller {
            account: identity.principal.account(),
            arn: identity.principal.arn(),
            address: Some(call.peer),
        };
        let answer = self.parts.registry.call(&caller, call.operation, &call.params).await;
        if call.operation.name == DeleteSourceServerRequest::OPERATION.name {
            self.parts.known.forget();
        }
        if answer.is_ok() && changes_copies(call.operation) {
            self.parts.conductor.nudge();
        }
        answer.map_err(|failure| refusal::api_error(call.operation, failure))
    }
}

/// Whether an operation may change what is to be copied; codes and tags do not.
fn changes_copies(operation: &Operation) -> bool {
    matches!(operation.access, Access::Create | Access::Update | Access::Delete)
        && matches!(operation.group, "replication_job" | "source_server" | "workgroup")
}

impl Backend for Center {
    type Operation = &'static Operation;
    type Principal = Arc<Identity>;

    fn product(&self) -> &'static str {
        "smc"
    }

    fn resolve(&self, version: &str, action: &str) -> Result<&'static Operation, ApiError> {
        if !smc_model::versions().contains(&version) {
            return Err(ApiError::invalid_version());
        }
        smc_model::operation(version, action).ok_or_else(ApiError::action_not_found)
    }

    async fn find_key(&self, access_key_id: &str) -> Result<Option<AccessKey<Arc<Identity>>>, ApiError> {
        if let Some(key) =
            self.parts.access.key(access_key_id).await.map_err(|error| refusal::store_error(&error))?
        {
            return Ok(Some(key));
        }
        let Ok(id) = access_key_id.parse() else { return Ok(None) };
        let found = self.parts.lookup.find(&id).await.map_err(|error| refusal::store_error(&error))?;
        Ok(found.map(|identity| AccessKey {
            secret: Secret::new(identity.secret.reveal()),
            active: identity.active,
            security_token: None,
            principal: identity,
        }))
    }

    async fn call(&self, call: Call<&'static Operation, Arc<Identity>>) -> Result<Value, ApiError> {
        if let Some(key) = self.parts.access.permanent_key(&call.access_key_id) {
            self.parts.key_uses.note(key.as_str(), call.now);
        }
        let answer = self.perform(&call).await;
        let code = answer.as_ref().map_or_else(|error| error.code.as_ref(), |_| "OK");
        self.parts.metrics.api_call(call.operation.name, code);
        let arn = call.principal.principal.arn();
        tracing::info!(request = %call.request_id, action = call.operation.name, principal = %arn, peer = %call.peer, code, "call");
        answer
    }
}
