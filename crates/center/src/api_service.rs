//! What the API listener serves: the gateway on `/`, the console and probes beside it, and in the emulator its controls.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use pop::{ApiError, ErrorContext, Format, Gateway, error_response};

use crate::{
    clock::SystemClock,
    console::{self, Console},
    emulator::Emulator,
    events::{self, Body, Events, Follower},
    gateway::Center,
    http::{BodyError, Peer, Serve},
    probes::Probes,
    request_id::request_id,
};

/// Largest body of an API request, in bytes; the gateway has a bound of its own below it.
const MAX_BODY: usize = 1 << 20;

/// The API: takes calls as HTTP requests.
pub(crate) struct Api {
    gateway: Gateway<Center>,
}

/// What the API listener serves.
pub(crate) struct ApiService {
    api: Arc<Api>,
    console: Console,
    probes: Arc<Probes>,
    emulator: Option<Emulator>,
    events: Arc<Events>,
}

impl Api {
    /// Answers through a gateway.
    pub(crate) fn new(gateway: Gateway<Center>) -> Self {
        Self { gateway }
    }

    /// Answers a call.
    pub(crate) async fn serve(&self, peer: &Peer, request: Request<Incoming>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        match request_id() {
            Ok(id) => self.call(peer, parts, body, id).await,
            Err(_) => {
                error_response(&ApiError::internal_error(), &context("", &parts.headers, Format::default()))
            }
        }
    }

    async fn call(
        &self,
        peer: &Peer,
        parts: http::request::Parts,
        body: Incoming,
        id: String,
    ) -> Response<Bytes> {
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let refuse = |error: ApiError| {
            let format = Format::wanted(&query, b"");
            error_response(&error, &context(&id, &parts.headers, format))
        };
        let body = match peer.bodies.read(body, MAX_BODY).await {
            Ok(body) => body,
            Err(BodyError::TooLarge(most)) => return refuse(ApiError::body_too_large(most)),
            Err(BodyError::TooSlow) => return refuse(ApiError::request_timeout()),
            Err(BodyError::Broken) => return refuse(ApiError::malformed_request()),
        };
        let incoming = pop::Incoming {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query,
            headers: parts.headers,
            body,
            peer: peer.address.ip().to_canonical(),
            secure: peer.secure,
            now: SystemClock::unmoved().unix(),
            request_id: id,
        };
        self.gateway.handle(incoming).await
    }
}

impl ApiService {
    /// Puts the service together; the emulator's controls exist only in `--dev`.
    pub(crate) fn new(
        api: Arc<Api>,
        console: Console,
        probes: Arc<Probes>,
        emulator: Option<Emulator>,
        events: Arc<Events>,
    ) -> Self {
        Self { api, console, probes, emulator, events }
    }
}

impl ApiService {
    /// Opens a stream of events.
    async fn follow(&self, peer: Arc<Peer>, parts: &http::request::Parts) -> Response<Body> {
        let api = self.api.clone();
        let allowed = move |follower: Follower| {
            let (api, peer) = (api.clone(), peer.clone());
            async move {
                let address = peer.address.ip().to_canonical();
                api.gateway.backend().may_follow(&follower, address, peer.secure).await
            }
        };
        let opened = self.events.open(parts.uri.query().unwrap_or_default(), allowed).await;
        opened.unwrap_or_else(|error| enveloped(&error, &parts.headers).map(Full::new).map(Either::Left))
    }
}

/// A refusal beside the API, in the API's own envelope.
fn enveloped(error: &ApiError, headers: &HeaderMap) -> Response<Bytes> {
    error_response(error, &context(&request_id().unwrap_or_default(), headers, Format::Json))
}

impl Serve for ApiService {
    type Body = Body;

    async fn serve(&self, peer: Arc<Peer>, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        if matches!(parts.method, Method::GET | Method::HEAD)
            && let Some(response) = self.probes.answer(path).await
        {
            return response.map(Either::Left);
        }
        if parts.method == Method::GET && path == events::PATH {
            return self.follow(peer, &parts).await;
        }
        if let Some(emulator) = &self.emulator
            && let Some(control) = path.strip_prefix("/_landfall/")
        {
            let performed = emulator.control(&peer, &parts.method, control, body).await;
            let reply = performed.unwrap_or_else(|error| enveloped(&error, &parts.headers).map(Full::new));
            return reply.map(Either::Left);
        }
        if console::owns(path) {
            return self.console.answer(&peer, parts, body).await.map(Either::Left);
        }
        if let Some(page) = console::welcome(&parts) {
            return page.map(Either::Left);
        }
        let request = Request::from_parts(parts, body);
        self.api.serve(&peer, request).await.map(|body| Either::Left(Full::new(body)))
    }
}

fn context<'a>(id: &'a str, headers: &'a HeaderMap, format: Format) -> ErrorContext<'a> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    ErrorContext { request_id: id, host, product: "smc", format }
}
