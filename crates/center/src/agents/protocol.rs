//! The agent protocol's calls: bytes in, a typed request, the registry's answer, bytes out.

use std::{net::IpAddr, sync::Arc};

use agent_api::{
    Arrival, CHECK, CheckReply, CheckRequest, Empty, ErrorReply, HEARTBEAT, HeartbeatReply, HeartbeatRequest,
    IMPORT, INVENTORY, ImportReply, ImportRequest, InventoryRequest, MAX_BODY, REPLICATE, REPORT,
    ReportRequest, WireCode, check_version,
};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use smc::{
    AccessTokenId, SourceId,
    access_token::AccessTokenCode,
    ports::{Clock, Heartbeat},
    registry::{self, Import, Refusal},
    source::{Fault, HEARTBEAT_SECONDS, KeyFingerprint},
};

use super::{install::Installer, known::KnownAgents};
use crate::{
    Registry,
    conductor::Conductor,
    guard::Guard,
    heartbeats::Heartbeats,
    http::{BodyError, Peer, Serve, json},
    metrics::Metrics,
    probes::Probes,
    receivers::{Desk, RunKey},
};

/// Attempts with unknown codes that one address has in a minute.
const ATTEMPTS: u32 = 60;

/// What the agent listener serves.
pub(crate) struct AgentService {
    registry: Arc<Registry>,
    heartbeats: Arc<Heartbeats>,
    known: Arc<KnownAgents>,
    metrics: Arc<Metrics>,
    probes: Arc<Probes>,
    pub(super) desk: Arc<Desk>,
    conductor: Arc<Conductor>,
    installer: Installer,
    guard: Guard,
}

/// What an [`AgentService`] is made of.
pub(crate) struct AgentSettings {
    /// The rules and the store.
    pub registry: Arc<Registry>,
    /// Where heartbeats are gathered.
    pub heartbeats: Arc<Heartbeats>,
    /// Which agents were heard of lately.
    pub known: Arc<KnownAgents>,
    /// Where calls are counted.
    pub metrics: Arc<Metrics>,
    /// Health of the center.
    pub probes: Arc<Probes>,
    /// The runs whose disk data is taken in.
    pub desk: Arc<Desk>,
    /// What agents have to do.
    pub(crate) conductor: Arc<Conductor>,
    /// What installers fetch.
    pub installer: Installer,
}

/// A refusal on its way to the agent.
pub(super) struct Refused {
    status: StatusCode,
    reply: ErrorReply,
    retry_after: Option<i64>,
}

pub(super) type Answer = Result<Response<Full<Bytes>>, Refused>;

impl AgentService {
    /// Puts the service together.
    pub(crate) fn new(settings: AgentSettings) -> Self {
        let AgentSettings { registry, heartbeats, known, metrics, probes, desk, conductor, installer } =
            settings;
        let guard = Guard::new(ATTEMPTS);
        Self { registry, heartbeats, known, metrics, probes, desk, conductor, installer, guard }
    }

    async fn check(&self, peer: &Peer, body: &[u8]) -> Answer {
        let request: CheckRequest = parse(body)?;
        version(request.protocol)?;
        let address = peer.address.ip();
        self.admit(address)?;
        let outcome = match code(&request.token_id, &request.token_code) {
            Some((id, code)) => self.registry.check_code(id, &code, address).await,
            None => Err(Refusal::UnknownCode),
        };
        let check = outcome.map_err(|refusal| self.refused(address, &refusal))?;
        let reply = CheckReply { uses_left: check.uses_left, expires: check.expires.to_string() };
        Ok(json(StatusCode::OK, &reply))
    }

    async fn import(&self, peer: &Peer, body: &[u8]) -> Answer {
        let request: ImportRequest = parse(body)?;
        version(request.protocol)?;
        let (address, key) = (peer.address.ip(), key(peer)?);
        self.admit(address)?;
        if let Some(name) = &request.name {
            source_name(name)?;
        }
        let outcome = match code(&request.token_id, &request.token_code) {
            Some((token, code)) => {
                let import = Import {
                    token,
                    key,
                    machine: request.machine,
                    agent_version: request.agent_version,
                    address: address.to_string(),
                    name: request.name,
                    inventory: request.inventory,
                };
                self.registry.import(import, &code).await
            }
            None => Err(Refusal::UnknownCode),
        };
        let imported = outcome.map_err(|refusal| self.refused(address, &refusal))?;
        if imported.arrival == registry::Arrival::Rekeyed {
            self.known.forget();
        }
        let arrival = match imported.arrival {
            registry::Arrival::New => Arrival::New,
            registry::Arrival::Returned => Arrival::Returned,
            registry::Arrival::Rekeyed => Arrival::Rekeyed,
        };
        tracing::info!(source = %imported.id, %address, ?arrival, "machine imported");
        Ok(json(
            StatusCode::OK,
            &ImportReply {
                source_id: imported.id.to_string(),
                name: imported.name,
                arrival,
                heartbeat_seconds: HEARTBEAT_SECONDS,
            },
        ))
    }

    async fn heartbeat(&self, peer: &Peer, body: Bytes) -> Answer {
        let request: HeartbeatRequest = parse(&body)?;
        // The answer may be long in coming, and these bytes hold the buffer that they were read into.
        drop(body);
        version(request.protocol)?;
        let key = key(peer)?;
        let source = self.source_of(key).await?;
        let plain = |text: &str, most: usize| text.len() <= most && !text.chars().any(char::is_control);
        let fits = |fault: &Fault| plain(&fault.error_code, 64) && plain(&fault.error_msg, 512);
        if !plain(&request.agent_version, 64) || !request.fault.as_ref().is_none_or(fits) {
            return Err(refusal(StatusCode::BAD_REQUEST, &Refusal::Malformed("heartbeat")));
        }
        self.heartbeats.note(Heartbeat {
            source: source.clone(),
            at: self.registry.clock().now(),
            address: peer.address.ip().to_string(),
            agent_version: request.agent_version,
            fault: request.fault,
        });
        let answer = self.conductor.works.answer(&source, request.seen, request.wait_seconds).await;
        Ok(json(
            StatusCode::OK,
            &HeartbeatReply {
                source_id: source.to_string(),
                heartbeat_seconds: HEARTBEAT_SECONDS,
                wait_seconds: answer.wait_seconds,
                revision: answer.revision,
                work: answer.work.map(|work| (*work).clone()),
            },
        ))
    }

    async fn report(&self, peer: &Peer, body: &[u8]) -> Answer {
        let request: ReportRequest = parse(body)?;
        version(request.protocol)?;
        let source = self.source_of(key(peer)?).await?;
        let run = RunKey { job: request.job_id, run: request.run_id };
        if self.conductor.hear(&source, &run, request.event.bounded()) {
            return Ok(json(StatusCode::OK, &Empty {}));
        }
        Err(error(
            StatusCode::NOT_FOUND,
            "Replication.NotAssigned",
            "this agent has no such run; it takes what the next answer to a heartbeat says",
        ))
    }

    pub(super) async fn source_of(&self, key: KeyFingerprint) -> Result<SourceId, Refused> {
        if let Some(source) = self.known.find(&key) {
            return Ok(source);
        }
        let found = self.registry.source_of_key(key.clone()).await.map_err(|reason| failed(&reason))?;
        let source = found.ok_or_else(unknown_agent)?;
        self.known.remember(key, source.clone());
        Ok(source)
    }

    async fn inventory(&self, peer: &Peer, body: &[u8]) -> Answer {
        let request: InventoryRequest = parse(body)?;
        version(request.protocol)?;
        let updated = self.registry.update_inventory(key(peer)?, request.inventory).await;
        let known = updated.map_err(|reason| self.refused(peer.address.ip(), &reason))?;
        if known { Ok(json(StatusCode::OK, &Empty {})) } else { Err(unknown_agent()) }
    }

    /// Counts a call and gives what is sent for it.
    fn said(&self, path: &str, answer: Answer) -> Response<Full<Bytes>> {
        let (code, response) = match answer {
            Ok(response) => ("OK".to_owned(), response),
            Err(refused) => (refused.reply.code.clone(), refused.respond()),
        };
        self.metrics.agent_call(path, &code);
        response
    }

    fn admit(&self, address: IpAddr) -> Result<(), Refused> {
        self.guard.admit(address, self.registry.clock().now()).map_err(|seconds| Refused {
            retry_after: Some(seconds),
            ..error(
                StatusCode::TOO_MANY_REQUESTS,
                "Throttling",
                format!("too many unknown activation codes came from this address; try again in {seconds} s"),
            )
        })
    }

    fn refused(&self, address: IpAddr, reason: &Refusal) -> Refused {
        if matches!(reason, Refusal::UnknownCode) {
            self.guard.note_failure(address, self.registry.clock().now());
        }
        if let Refusal::Store(error) = reason {
            tracing::error!(%error, "an agent's request failed");
        } else {
            tracing::info!(%address, code = reason.code(), "an agent's request was refused");
        }
        refusal(status(reason), reason)
    }
}

impl Serve for AgentService {
    type Body = Full<Bytes>;

    async fn serve(&self, peer: Arc<Peer>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() == Method::POST && request.uri().path() == REPLICATE {
            let answer = Box::pin(self.replicate(&peer, request)).await;
            return self.said(REPLICATE, answer);
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        if matches!(method, Method::GET | Method::HEAD) {
            if let Some(response) = Box::pin(self.probes.answer(&path)).await {
                return response;
            }
            return self.installer.answer(&path);
        }
        // Everything but a heartbeat has memory of its own: thousands of those wait for news, each as large as the largest.
        let body = Box::pin(peer.bodies.read(request.into_body(), MAX_BODY)).await;
        let answer = match body {
            Err(reason) => Err(unread(reason)),
            Ok(body) => match (&method, path.as_str()) {
                (&Method::POST, CHECK) => Box::pin(self.check(&peer, &body)).await,
                (&Method::POST, IMPORT) => Box::pin(self.import(&peer, &body)).await,
                (&Method::POST, HEARTBEAT) => self.heartbeat(&peer, body).await,
                (&Method::POST, REPORT) => Box::pin(self.report(&peer, &body)).await,
                (&Method::PUT, INVENTORY) => Box::pin(self.inventory(&peer, &body)).await,
                _ => Err(error(
                    StatusCode::NOT_FOUND,
                    "Request.NotFound",
                    "the center has no such call; use a current agent",
                )),
            },
        };
        self.said(&path, answer)
    }
}

impl Refused {
    fn respond(self) -> Response<Full<Bytes>> {
        let mut response = json(self.status, &self.reply);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A body that is not the request it should be; what it holds is never repeated, since it may hold a code.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| {
        let at = format!("line {} column {}", error.line(), error.column());
        self::error(
            StatusCode::BAD_REQUEST,
            "Request.Malformed",
            format!("the request is not the JSON it should be, at {at}; use a current agent"),
        )
    })
}

/// An id or value that no center gave out is as unknown as one that another center gave out.
fn code(id: &str, code: &WireCode) -> Option<(AccessTokenId, AccessTokenCode)> {
    Some((AccessTokenId::parse(id).ok()?, AccessTokenCode::parse(code.reveal()).ok()?))
}

pub(super) fn key(peer: &Peer) -> Result<KeyFingerprint, Refused> {
    peer.agent.clone().ok_or_else(|| {
        error(
            StatusCode::UNAUTHORIZED,
            "Agent.NoKey",
            "the agent presented no certificate; use landfall-agent for this call",
        )
    })
}

fn source_name(name: &str) -> Result<(), Refused> {
    smc::api::check_source_name(name)
        .map_err(|violation| error(StatusCode::BAD_REQUEST, "InvalidParameter.Name", violation.message))
}

fn version(protocol: u32) -> Result<(), Refused> {
    check_version(protocol)
        .map_err(|reason| error(StatusCode::BAD_REQUEST, reason.code(), reason.to_string()))
}

fn unknown_agent() -> Refused {
    error(
        StatusCode::NOT_FOUND,
        ErrorReply::UNKNOWN_AGENT,
        "no source belongs to this agent's key: it was deleted, or never imported; run landfall-agent import with an activation code",
    )
}

fn failed(reason: &registry::Error) -> Refused {
    tracing::error!(%reason, "an agent's request failed");
    error(StatusCode::SERVICE_UNAVAILABLE, reason.code(), "the center could not do this now; try again")
}

fn unread(reason: BodyError) -> Refused {
    let status = match reason {
        BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
        BodyError::Broken => StatusCode::BAD_REQUEST,
    };
    error(status, "Request.Body", reason.to_string())
}

fn refusal(status: StatusCode, reason: &Refusal) -> Refused {
    let message = match reason {
        Refusal::Store(_) | Refusal::Random(_) => "the center could not do this now; try again".to_owned(),
        told => told.to_string(),
    };
    error(status, reason.code(), message)
}

fn status(reason: &Refusal) -> StatusCode {
    match reason {
        Refusal::UnknownCode | Refusal::Unusable(_) | Refusal::OtherAccount { .. } => StatusCode::FORBIDDEN,
        Refusal::NameTaken(_) => StatusCode::CONFLICT,
        Refusal::Inventory(_) | Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
        Refusal::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Random(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

pub(super) fn error(status: StatusCode, code: &str, message: impl Into<String>) -> Refused {
    Refused {
        status,
        reply: ErrorReply { code: code.to_owned(), message: message.into() },
        retry_after: None,
    }
}
