//! What the console answers: data and refusals as JSON, with headers that let nobody keep, frame or sniff it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::json;
use smc::ports::{RandomError, StoreError};

use crate::http::json as plain_json;

/// A reply of the console.
pub(super) type Reply = Response<Full<Bytes>>;

/// What data and files are: nothing that loads anything or may be framed.
const DATA_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Why the console does not do what it was asked.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<i64>,
}

/// Answers with data.
pub(super) fn data(body: &impl serde::Serialize) -> Reply {
    guarded(plain_json(StatusCode::OK, body))
}

/// Adds the headers of everything below `/console` that is no page.
pub(super) fn guarded(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(header::CONTENT_SECURITY_POLICY, DATA_POLICY);
    always(reply.headers_mut());
    reply
}

/// Adds the headers of everything below `/console`.
pub(super) fn always(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

impl Refusal {
    /// Refuses with a status, a code that the console knows, and what to do.
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    /// The request is not what the console understands. What it held is not repeated: it may be a secret.
    pub(super) fn malformed(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MalformedRequest", message)
    }

    /// Nobody is signed in.
    pub(super) fn signed_out() -> Self {
        let message = "Nobody is signed in: the session has ended, or there was none. Sign in again.";
        Self::new(StatusCode::UNAUTHORIZED, "SessionRequired", message)
    }

    /// Says in how many seconds to come back.
    pub(super) fn after(mut self, seconds: i64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The reply.
    pub(super) fn reply(self) -> Reply {
        let body = json!({ "Code": self.code, "Message": self.message });
        let mut reply = guarded(plain_json(self.status, &body));
        if let Some(seconds) = self.retry_after {
            reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        reply
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed the console");
        let message = "The database does not answer. Try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message).after(1)
    }
}

impl From<RandomError> for Refusal {
    fn from(error: RandomError) -> Self {
        tracing::error!(%error, "the console has no randomness");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "The center has no randomness.")
    }
}
