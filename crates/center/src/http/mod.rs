//! HTTP/1.1 over TCP or TLS: accepting connections, answering on each, reading bodies within bounds, shutting down.
//!
//! What is served is a [`Serve`]; this module does not know what any path means.

mod bodies;
mod body;
mod exchange;
mod listener;
mod rest;

pub(crate) use body::{BodyError, BodyRoom};
pub(crate) use listener::{Bounds, ListenError, Listener};

use std::{error::Error, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use smc::source::KeyFingerprint;

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Whether the connection is TLS.
    pub secure: bool,
    /// The key that it proved to hold.
    pub agent: Option<KeyFingerprint>,
    /// Where the bodies it sends have their room.
    pub bodies: BodyRoom,
}

/// Answers requests.
pub(crate) trait Serve: Send + Sync + 'static {
    /// What it answers with.
    type Body: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>
        + Send
        + Unpin
        + 'static;

    /// Answers one request.
    fn serve(
        &self,
        peer: Arc<Peer>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Self::Body>> + Send;
}

/// A response with a JSON body.
pub(crate) fn json(status: StatusCode, body: &impl serde::Serialize) -> Response<Full<Bytes>> {
    // Maps with keys that are not text are the only thing that fails here, and no reply has one.
    let body = serde_json::to_vec(body).unwrap_or_else(|_| b"{}".to_vec());
    content(status, "application/json;charset=utf-8", body.into())
}

/// A response with a body of some type, which nobody may keep.
pub(crate) fn content(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
