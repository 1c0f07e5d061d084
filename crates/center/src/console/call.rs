//! `/console/call`: a real, signed HTTP request through the whole gateway, with the key of the session.
//!
//! The request is written by an HTTP client to one end of a pipe in memory and read by the HTTP server at the other, so
//! that it goes the way of every other request but for the network. It keeps the address of the browser.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header, request::Parts};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use pop::{
    Secret,
    sign::{self, Payload, Signed},
    v3::Algorithm,
};
use serde::{Deserialize, Serialize};
use smc::ports::Random;

use super::{
    Console,
    origin::check_json,
    reply::{Refusal, Reply, data},
    sent::Sent,
    sessions::Session,
};
use crate::{
    api_service::Api,
    clock::{SystemClock, SystemRandom},
    http::Peer,
};

/// Largest body that asks for a call, in bytes: what the gateway takes, and its quotes.
const MAX_BODY: usize = 2 << 20;

/// Largest reply that is passed on, in bytes.
const MAX_REPLY: usize = 32 << 20;

/// How long a call may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Bytes that wait in the pipe at the most.
const PIPE: usize = 64 << 10;

/// A call that a page asks for.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Wanted {
    pub(super) version: String,
    pub(super) action: String,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) scheme: Scheme,
    #[serde(default)]
    method: Verb,
    #[serde(default)]
    detail: bool,
    #[serde(default)]
    background: bool,
}

/// How a call is signed.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
pub(super) enum Scheme {
    #[default]
    V3,
    V1,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Verb {
    #[default]
    Post,
    Get,
}

/// What came of a call.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome<'a> {
    status: u16,
    reason: &'static str,
    headers: Vec<(&'a str, String)>,
    body: &'a str,
    millis: f64,
    request: Option<Sent>,
}

impl Console {
    /// Makes a call and passes its reply on.
    pub(super) async fn call(
        &self,
        peer: &Arc<Peer>,
        parts: &Parts,
        body: Incoming,
    ) -> Result<Reply, Refusal> {
        check_json(&parts.headers)?;
        // Who is nobody is told before a body is read; whether the call counts as a use is known after.
        self.proven_session(&parts.headers, true).await?;
        let body = peer.bodies.read(body, MAX_BODY).await.map_err(super::unread)?;
        let wanted: Wanted = serde_json::from_slice(&body).map_err(|_| {
            Refusal::malformed(
                r#"Send {"Version":…,"Action":…,"Parameters":{name: text},"Scheme":"V3"|"V1","Method":"POST"|"GET","Detail":false,"Background":false} as JSON."#,
            )
        })?;
        // The call takes room of its own, and must not wait for what this body has.
        drop(body);
        let signed_in = self.proven_session(&parts.headers, wanted.background).await?;
        let Ok(_place) = self.calls.clone().try_acquire_owned() else {
            let message = "Too many calls of the console are running. Try again in a moment.";
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message).after(1));
        };
        let host = host(&parts.headers)?;
        let signed = sign(&signed_in.session, &wanted, host)?;
        let method = wanted.method();
        let request = wanted.detail.then(|| {
            let scheme = if peer.secure { "https" } else { "http" };
            Sent::new(&signed, &method, &format!("{scheme}://{host}/"), &signed_in.session, wanted.scheme)
        });
        let began = Instant::now();
        let exchanged = tokio::time::timeout(PATIENCE, exchange(&self.api, peer, &method, signed)).await;
        let response = exchanged.map_err(|_| {
            let message = "The call did not end within a minute. Whether it was done, the resources say.";
            Refusal::new(StatusCode::GATEWAY_TIMEOUT, "CallTimeout", message)
        })??;
        let millis = began.elapsed().as_secs_f64() * 1_000.0;
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Ok(data(&Outcome {
            status: response.status().as_u16(),
            reason: response.status().canonical_reason().unwrap_or_default(),
            headers: response.headers().iter().map(|(name, value)| (name.as_str(), text(value))).collect(),
            body: &String::from_utf8_lossy(response.body()),
            millis: (millis * 100.0).round() / 100.0,
            request,
        }))
    }
}

impl Wanted {
    fn method(&self) -> Method {
        match self.method {
            Verb::Post => Method::POST,
            Verb::Get => Method::GET,
        }
    }
}

/// What the page was asked for under; the signature covers it, as it does for every other client.
fn host(headers: &HeaderMap) -> Result<&str, Refusal> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| !host.is_empty());
    host.ok_or_else(|| Refusal::malformed("The request has no Host."))
}

/// Signs with the key of the session. Parameters of a POST are its form, as some of them are too long for a query.
fn sign(session: &Session, wanted: &Wanted, host: &str) -> Result<Signed, Refusal> {
    let params: Vec<_> = wanted.parameters.clone().into_iter().collect();
    let method = wanted.method();
    let (params, body) = match (method == Method::POST, params.is_empty()) {
        (true, false) => (&[][..], Payload::Form(&params)),
        _ => (&params[..], Payload::None),
    };
    let request = sign::Request {
        access_key_id: &session.key_id,
        secret: &Secret::new(session.key_secret.reveal()),
        security_token: Some(session.security_token.reveal()),
        method: &method,
        host,
        action: &wanted.action,
        version: &wanted.version,
        params,
        body,
        now: SystemClock::unmoved().unix(),
        nonce: &hex::encode(SystemRandom.bytes::<16>()?),
    };
    let signed = match wanted.scheme {
        Scheme::V3 => sign::v3(&request, Algorithm::HmacSha256),
        Scheme::V1 => sign::v1(&request),
    };
    // What cannot be signed here could not be signed anywhere; the reason names a parameter and never a secret.
    signed.map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, "CannotSign", error.to_string()))
}

/// Sends a request to the gateway and reads its reply.
async fn exchange(
    api: &Arc<Api>,
    peer: &Arc<Peer>,
    method: &Method,
    signed: Signed,
) -> Result<Response<Bytes>, Refusal> {
    let broken = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "a call of the console broke off");
        Refusal::new(StatusCode::BAD_GATEWAY, "CallBroken", "The call broke off. Try it again.")
    };
    let target = if signed.query.is_empty() { "/".to_owned() } else { format!("/?{}", signed.query) };
    let request = Request::builder().method(method).uri(target).body(Full::new(signed.body));
    let mut request = request.map_err(|_| {
        let message = "The parameters are too long for a query. Use POST.";
        Refusal::new(StatusCode::BAD_REQUEST, "CannotSign", message)
    })?;
    *request.headers_mut() = signed.headers;

    let (near, far) = tokio::io::duplex(PIPE);
    let (api, peer) = (api.clone(), peer.clone());
    let answering = tokio::spawn(http1::Builder::new().max_buf_size(128 << 10).serve_connection(
        TokioIo::new(far),
        service_fn(move |request| {
            let (api, peer) = (api.clone(), peer.clone());
            async move { Ok::<_, std::convert::Infallible>(api.serve(&peer, request).await.map(Full::new)) }
        }),
    ));
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(near)).await.map_err(|error| broken(&error))?;
    let asking = tokio::spawn(connection);
    let response = async {
        let (head, body) = sender.send_request(request).await.map_err(|error| broken(&error))?.into_parts();
        let body = Limited::new(body, MAX_REPLY).collect().await.map_err(|_| {
            let message = "The reply is larger than the console takes. Ask for less, page by page.";
            Refusal::new(StatusCode::BAD_GATEWAY, "ReplyTooLarge", message)
        })?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
    .await;
    // The call itself is done; what is left are two ends of a pipe.
    answering.abort();
    asking.abort();
    response
}
