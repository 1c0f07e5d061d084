//! Why the center does not do what it is asked for.

use std::io;

use agent_api::ErrorReply;
use rustls::CertificateError;

use crate::{center_url::CenterUrl, trust::Untrusted};

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

impl CallError {
    pub(super) fn unreachable(center: &CenterUrl, reason: &str) -> Self {
        Self::Unreachable { center: center.to_string(), reason: reason.to_owned() }
    }

    pub(super) fn interrupted(center: &CenterUrl, reason: &str) -> Self {
        Self::Interrupted { center: center.to_string(), reason: reason.to_owned() }
    }

    pub(super) fn of_dial(center: &CenterUrl, error: &io::Error) -> Self {
        Self::unreachable(center, &reason(error))
    }

    pub(super) fn of_tls(center: &CenterUrl, error: &io::Error) -> Self {
        let untrusted = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::InvalidCertificate(CertificateError::Other(other))) = untrusted
            && let Some(why) = other.0.downcast_ref::<Untrusted>()
        {
            return Self::Untrusted { center: center.to_string(), why: why.clone() };
        }
        Self::unreachable(
            center,
            &format!("TLS failed ({error}); check that this is the center's agent port (8621 by default)"),
        )
    }

    /// What a center says that does not do it; `body` is its answer.
    pub(super) fn of_reply(center: &CenterUrl, status: u16, body: &[u8]) -> Self {
        match serde_json::from_slice::<ErrorReply>(body) {
            Ok(reply) => {
                let reply = ErrorReply { code: plain(&reply.code, 64), message: plain(&reply.message, 1024) };
                Self::Refused { status, reply }
            }
            Err(_) => Self::NotAgentProtocol { center: center.to_string(), status },
        }
    }
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
