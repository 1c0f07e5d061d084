//! Calls of the agent protocol over one connection that is kept while the center allows it.

use std::{error::Error as _, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{CallError, Dial, Door, door::CONNECT_WITHIN};
use crate::center_url::CenterUrl;

/// How long a call may take once connected: longer than an answer to a heartbeat is held back.
const ANSWER_WITHIN: Duration = Duration::from_secs(agent_api::LONGEST_WAIT_SECONDS as u64 + 5);
/// Bytes of a reply at the most.
pub(super) const LARGEST_REPLY: usize = 64 * 1024;
/// Room for a usual request, so that writing it leaves no outgrown copies of a code behind.
const USUAL_REQUEST: usize = 256 * 1024;

/// A line to one center.
pub struct Line {
    door: Arc<Door>,
    open: Option<SendRequest<Full<Bytes>>>,
}

impl Line {
    /// Prepares a line; nothing is dialled before the first call.
    pub fn new(center: CenterUrl, tls: Arc<ClientConfig>, dial: Arc<dyn Dial>) -> Self {
        Self::through(Arc::new(Door::new(center, tls, dial)))
    }

    /// Prepares a line through a door that others use too.
    pub fn through(door: Arc<Door>) -> Self {
        Self { door, open: None }
    }

    /// The center at the other end.
    pub fn center(&self) -> &CenterUrl {
        self.door.center()
    }

    /// Sends a message and reads the reply. When this is given up before its end, so is the connection.
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
        let stream = self.door.enter().await?;
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| CallError::unreachable(self.center(), &error.to_string()))?;
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
            .header(header::HOST, self.center().authority())
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
        if status.is_success() {
            let (center, status) = (self.center().to_string(), status.as_u16());
            return serde_json::from_slice(body).map_err(|_| CallError::NotAgentProtocol { center, status });
        }
        Err(CallError::of_reply(self.center(), status.as_u16(), body))
    }

    fn interrupted(&self, reason: &str) -> CallError {
        CallError::interrupted(self.center(), reason)
    }
}

/// Writes the message into memory that is wiped after sending, because it may hold a code.
fn written<Q: Serialize>(message: &Q) -> serde_json::Result<Bytes> {
    let mut text = Zeroizing::new(Vec::with_capacity(USUAL_REQUEST));
    serde_json::to_writer(&mut *text, message)?;
    Ok(Bytes::from_owner(text))
}

fn chain(error: &hyper::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error} ({source})"))
}
