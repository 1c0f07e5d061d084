//! What the gateway is given and what it asks of the service behind it.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use crate::{ApiError, Secret};

/// One HTTP request, read completely, with everything that is not in it injected.
pub struct Incoming {
    /// The method as received.
    pub method: http::Method,
    /// The path as received; the API lives on `/`.
    pub path: String,
    /// The raw query string, without the question mark, still encoded.
    pub query: String,
    /// The headers as received, `Host` included and unchanged: clients sign it verbatim.
    pub headers: http::HeaderMap,
    /// The body after transfer decoding.
    pub body: bytes::Bytes,
    /// The client's address.
    pub peer: IpAddr,
    /// Whether the connection is protected by TLS.
    pub secure: bool,
    /// The time in unix seconds.
    pub now: i64,
    /// The id of this request: an upper-case GUID.
    pub request_id: String,
}

/// A service behind the gateway.
pub trait Backend: Send + Sync + 'static {
    /// Names one operation of one version.
    type Operation: Clone + Send + Sync;
    /// Is whoever holds an AccessKey.
    type Principal: Send + Sync;

    /// Returns the product's name, used in `Recommend`.
    fn product(&self) -> &str;

    /// Finds the operation, or answers [`ApiError::invalid_version`] or [`ApiError::action_not_found`]. Called before
    /// the caller is known.
    fn resolve(&self, version: &str, action: &str) -> Result<Self::Operation, ApiError>;

    /// Finds an AccessKey; called once for a request, before its signature is checked.
    fn find_key(
        &self,
        access_key_id: &str,
    ) -> impl Future<Output = Result<Option<AccessKey<Self::Principal>>, ApiError>> + Send;

    /// Authorizes and performs an authenticated call. Returns the response object without `RequestId`.
    fn call(
        &self,
        call: Call<Self::Operation, Self::Principal>,
    ) -> impl Future<Output = Result<serde_json::Value, ApiError>> + Send;
}

/// An AccessKey as the service knows it.
pub struct AccessKey<P> {
    /// The secret both sides sign with.
    pub secret: Secret,
    /// Whether the key may be used.
    pub active: bool,
    /// The token that has to come with a temporary key; `None` for a permanent one.
    pub security_token: Option<SecurityToken>,
    /// Who holds the key.
    pub principal: P,
}

/// The security token of a temporary key.
pub struct SecurityToken {
    /// The expected text.
    pub value: Secret,
    /// The first unix second at which it is no longer valid.
    pub expires_at: i64,
}

/// An authenticated call.
pub struct Call<O, P> {
    /// What [`Backend::resolve`] returned.
    pub operation: O,
    /// The operation's name as sent.
    pub action: String,
    /// Business parameters, flat (`Tag.1.Key`), decoded, in the order received, each name once. The gateway's own
    /// (`Action`, `Signature`, …) and what only a trusted proxy may claim (`SourceIp`, `SecureTransport`) are removed;
    /// `RegionId` stays.
    pub params: Vec<(String, String)>,
    /// The holder of the key.
    pub principal: Arc<P>,
    /// The key the call was signed with.
    pub access_key_id: String,
    /// The client's address.
    pub peer: IpAddr,
    /// Whether the connection is protected by TLS.
    pub secure: bool,
    /// The time of the request in unix seconds.
    pub now: i64,
    /// The id of the request.
    pub request_id: String,
    /// The client's `User-Agent`, at most 512 bytes of it; unsigned by most clients, so evidence of nothing.
    pub user_agent: Option<String>,
}
