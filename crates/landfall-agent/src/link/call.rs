//! Calls of the agent protocol over one connection that is kept while the center allows it.

use std::{error::Error as _, io, sync::Arc, time::Duration};

use agent_api::ErrorReply;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::{Dial, dial::Stream};
use crate::{center_url::CenterUrl, trust::Untrusted};

/// How long opening a connection, TLS included, may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long a call may take once connected.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Bytes of a reply at the most.
const LARGEST_REPLY: usize = 64 * 1024;
/// Room for a usual request, so that writing it leaves no outgrown copies of a code behind.
const USUAL_REQUEST: usize = 256 * 1024;

/// A line to one center.
pub struct Line {
    center: CenterUrl,
    tls: TlsConnector,
    dial: Arc<dyn Dial>,
    open: Option<SendRequest<Full<Bytes>>>,
}

/// Why a call has no reply, or not the one hoped for.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There is no connection.
    #[error("cannot reach {center}: {reason}")]
    Unreachable {
        /// The center.
        center: String,
        /// What stands in the way.
        reason: String,
    },
    /// What answers there is not the pinned center.
    #[error("refusing to talk to {center}: {why}")]
    Untrusted {
        /// The center.
        center: String,
        /// Why not.
        why: Untrusted,
    },
    /// The connection broke before the reply was complete: the center may or may not have acted.
    #[error("{center} did not answer in full: {reason}")]
    Interrupted {
        /// The center.
        center: String,
        /// What happened.
        reason: String,
    },
    /// The center refuses.
    #[error("{}: {}", .reply.code, .reply.message)]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the center says.
        reply: ErrorReply,
    },
    /// The reply is not of the agent protocol.
    #[error(
        "{center} answers {status} with something that is not the agent protocol; check that this is the center's agent port (8621 by default)"
    )]
    NotAgentProtocol {
        /// The center.
        center: String,
        /// The HTTP status.
        status: u16,
    },
}

impl CallError {
    /// The code of the center's refusal; empty for other failures.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { reply, .. } => &reply.code,
            _ => "",
        }
    }

    /// Says whether the center decided, so that the same call will be refused again: any 4xx but 408 (the
    /// request came too slowly) and 429 (too many).
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused { status: 400..=499, .. })
            && !matches!(self, Self::Refused { status: 408 | 429, .. })
    }
}

impl Line {
    /// Prepares a line; nothing is dialled before the first call.
    pub fn new(center: CenterUrl, tls: Arc<ClientConfig>, dial: Arc<dyn Dial>) -> Self {
        Self { center, tls: TlsConnector::from(tls), dial, open: None }
    }

    /// The center at the other end.
    pub fn center(&self) -> &CenterUrl {
        &self.center
    }

    /// Sends a message and reads the reply.
    pub async fn call<Q: Serialize, R: DeserializeOwned>(
        &mut self,
        method: Method,
        path: &'static str,
        message: &Q,
    ) -> Result<R, CallError> {
        let body = written(message).map_err(|error| self.interrupted(&error.to_string()))?;
        let (mut sender, kept) = match self.kept().await {
            Some(sender) => (sender, true),
            None => (self.connect().await?, false),
        };
        let first = self.exchange(&mut sender, &method, path, body.clone()).await;
        // A kept connection may have been closed by the center while this call was on its way. Every call of
        // the protocol can be repeated without harm, so it is, once, on a connection of its own.
        let answered = match first {
            Err(CallError::Interrupted { .. }) if kept => {
                sender = self.connect().await?;
                self.exchange(&mut sender, &method, path, body).await
            }
            other => other,
        };
        let (status, reply) = answered?;
        self.open = Some(sender);
        self.read(status, &reply)
    }

    /// The connection of the last call, if it still stands.
    async fn kept(&mut self) -> Option<SendRequest<Full<Bytes>>> {
        let mut sender = self.open.take()?;
        let ready = timeout(CONNECT_WITHIN, sender.ready()).await;
        matches!(ready, Ok(Ok(()))).then_some(sender)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, CallError> {
        match timeout(CONNECT_WITHIN, self.handshake()).await {
            Ok(connected) => connected,
            Err(_) => Err(self.unreachable(&format!(
                "no answer within {} seconds; check the address, and that firewalls let it through",
                CONNECT_WITHIN.as_secs()
            ))),
        }
    }

    async fn handshake(&self) -> Result<SendRequest<Full<Bytes>>, CallError> {
        let name = self.center.server_name().map_err(|error| self.unreachable(&error.to_string()))?;
        let stream = self.dial.dial(&self.center).await.map_err(|error| self.unreachable(&reason(&error)))?;
        let stream: Box<dyn Stream> = stream;
        let stream = self.tls.connect(name, stream).await.map_err(|error| self.tls_failed(&error))?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| self.unreachable(&error.to_string()))?;
        // Ends by itself when the sender is dropped or the center closes; its error shows in the call.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(sender)
    }

    async fn exchange(
        &self,
        sender: &mut SendRequest<Full<Bytes>>,
        method: &Method,
        path: &'static str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), CallError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.center.authority())
            .header(header::USER_AGENT, concat!("landfall-agent/", env!("CARGO_PKG_VERSION")))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| self.interrupted(&error.to_string()))?;
        let answer = async {
            let reply = sender.send_request(request).await.map_err(|error| chain(&error))?;
            let status = reply.status();
            let body = Limited::new(reply.into_body(), LARGEST_REPLY).collect().await;
            Ok((status, body.map_err(|error| error.to_string())?.to_bytes()))
        };
        match timeout(ANSWER_WITHIN, answer).await {
            Ok(answer) => answer.map_err(|reason: String| self.interrupted(&reason)),
            Err(_) => Err(self.interrupted(&format!("nothing within {} seconds", ANSWER_WITHIN.as_secs()))),
        }
    }

    fn read<R: DeserializeOwned>(&self, status: StatusCode, body: &[u8]) -> Result<R, CallError> {
        let foreign =
            || CallError::NotAgentProtocol { center: self.center.to_string(), status: status.as_u16() };
        if status.is_success() {
            return serde_json::from_slice(body).map_err(|_| foreign());
        }
        let reply: ErrorReply = serde_json::from_slice(body).map_err(|_| foreign())?;
        let reply = ErrorReply { code: plain(&reply.code, 64), message: plain(&reply.message, 1024) };
        Err(CallError::Refused { status: status.as_u16(), reply })
    }

    fn tls_failed(&self, error: &io::Error) -> CallError {
        let untrusted = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other))) = untrusted
            && let Some(why) = other.0.downcast_ref::<Untrusted>()
        {
            return CallError::Untrusted { center: self.center.to_string(), why: why.clone() };
        }
        self.unreachable(&format!(
            "TLS failed ({error}); check that this is the center's agent port (8621 by default)"
        ))
    }

    fn unreachable(&self, reason: &str) -> CallError {
        CallError::Unreachable { center: self.center.to_string(), reason: reason.to_owned() }
    }

    fn interrupted(&self, reason: &str) -> CallError {
        CallError::Interrupted { center: self.center.to_string(), reason: reason.to_owned() }
    }
}

/// Writes the message into memory that is wiped after sending, because it may hold a code.
fn written<Q: Serialize>(message: &Q) -> serde_json::Result<Bytes> {
    let mut text = Zeroizing::new(Vec::with_capacity(USUAL_REQUEST));
    serde_json::to_writer(&mut *text, message)?;
    Ok(Bytes::from_owner(text))
}

/// Takes what another machine wrote for people to read: bounded, and without control characters.
fn plain(text: &str, most: usize) -> String {
    text.chars().filter(|character| !character.is_control()).take(most).collect()
}

/// Names the usual causes in words that say what to do.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            format!("{error}; check that the center runs and that this is its agent port (8621 by default)")
        }
        _ => error.to_string(),
    }
}

fn chain(error: &hyper::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error} ({source})"))
}
