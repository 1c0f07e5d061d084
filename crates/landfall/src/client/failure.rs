//! Why a call gave no result.

use std::path::Path;

use super::{endpoint::EndpointError, remedy};

/// Why a call gave no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Part of the key is missing: which variables, and the verb.
    #[error(
        "finding an AccessKey: {0} not set; take the pair that landfall serve printed at its first start, or make one with landfall admin key create"
    )]
    NoKey(&'static str),
    /// The endpoint is no URL of a center.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// There is nothing to check the center's certificate with.
    #[error("reading trusted certificates from {from}: {reason}; name a PEM file with --ca-file")]
    Trust {
        /// Where they should be.
        from: String,
        /// What went wrong.
        reason: String,
    },
    /// The request cannot be signed.
    #[error(transparent)]
    Sign(#[from] pop::sign::SignError),
    /// There is no randomness for the nonce.
    #[error(transparent)]
    Random(#[from] smc::ports::RandomError),
    /// The center could not be asked, or what answered is none.
    #[error("calling the center at {endpoint}: {error}")]
    Unanswered {
        /// Where it should be.
        endpoint: String,
        /// What happened instead.
        error: Unanswered,
    },
    /// The center answered with an error.
    #[error("{} was refused ({} {}): {}", .0.action, .0.status, .0.code, .0.message)]
    Refused(Box<Refused>),
}

/// What happened in place of an answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    /// No connection.
    #[error(
        "{0}; start a center there with landfall serve, or name yours with --endpoint or LANDFALL_ENDPOINT"
    )]
    Connect(std::io::Error),
    /// The TLS handshake failed.
    #[error(
        "{0}; check that it is an https endpoint, and give the certificate of its authority with --ca-file"
    )]
    Tls(std::io::Error),
    /// Too slow.
    #[error("no answer within {0} seconds; look at the center's log, then try again")]
    Slow(u64),
    /// The exchange broke off.
    #[error("{0}; whether the call was carried out is not known: look before trying again")]
    Exchange(String),
    /// What is said there is not HTTP.
    #[error("what answers there does not speak HTTP; is it an https endpoint, or the port for agents?")]
    NotHttp,
    /// Something else answers there.
    #[error("HTTP {0} without an answer of the API; is it the API of a Landfall center?")]
    Stranger(u16),
    /// The answer cannot be read.
    #[error("its answer cannot be read ({0}); is it a center of this version?")]
    Unreadable(String),
}

/// A center's refusal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The operation.
    pub(crate) action: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The code.
    pub(crate) code: String,
    /// What the center says of it.
    pub(crate) message: String,
    /// By which the center's log knows the call.
    pub(crate) request_id: String,
    /// What was denied to whom, if policies were the reason.
    pub(crate) denied: Option<String>,
}

impl Refused {
    /// What the caller can do about it, if anything is known.
    pub(crate) fn remedy(&self) -> Option<&'static str> {
        remedy::of(&self.code)
    }
}

/// Reading certificates failed.
pub(super) fn trust(from: &Path, reason: &dyn ToString) -> CallError {
    CallError::Trust { from: from.display().to_string(), reason: reason.to_string() }
}
