//! One request from decoding to reply: the order of checks, and nothing of how each is done.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, Response, header};
use md5::{Digest, Md5};
use serde_json::Value;
use subtle::ConstantTimeEq;

use crate::claim::{Claim, Proof, Scheme};
use crate::envelope::{self, ErrorContext, Format};
use crate::nonces::{Nonces, Rejected};
use crate::throttle::{self, Throttle};
use crate::v3::QueryNames;
use crate::{
    AccessKey, ApiError, Backend, Body, Call, Incoming, Limits, Parameters, Secret, SecurityToken, timestamp,
    v1, v3,
};

/// Authenticates requests for one [`Backend`] and answers them. Holds the memory of nonces and rates, so there is one
/// for each listener's service, shared by all connections.
pub struct Gateway<B> {
    backend: B,
    limits: Limits,
    addresses: Throttle<IpAddr>,
    /// What came for a key from one address, whoever signed it.
    claims: Throttle<(String, IpAddr)>,
    /// What the holder of a key signed.
    keys: Throttle<String>,
    nonces: Nonces,
    signed_since: Option<i64>,
}

impl<B: Backend> Gateway<B> {
    /// Makes a gateway that has seen nothing yet.
    pub fn new(backend: B, limits: Limits) -> Self {
        Self {
            backend,
            addresses: Throttle::new(limits.address_rate, limits.max_tracked),
            claims: Throttle::new(limits.key_rate, limits.max_tracked),
            keys: Throttle::new(limits.key_rate, limits.max_tracked),
            nonces: Nonces::new(limits.max_nonces_per_key, limits.max_nonces),
            signed_since: None,
            limits,
        }
    }

    /// Refuses what was signed before this moment, in unix seconds: the start of a server, whose gateway knows none of
    /// the nonces that were used before it. Without it, a request captured before a restart works once more after it.
    #[must_use]
    pub fn refusing_signed_before(mut self, start: i64) -> Self {
        self.signed_since = Some(start);
        self
    }

    /// Returns the service behind the gateway.
    pub fn backend(&self) -> &B {
        &self.backend
    }

    /// Answers a request. Never fails: refusals and failures are replies. The checks and their order are in the
    /// crate's documentation.
    pub async fn handle(&self, incoming: Incoming) -> Response<Bytes> {
        match self.answer(&incoming).await {
            Ok(response) => response,
            Err(error) => {
                envelope::error_response(&error, &self.context(&incoming, &envelope::host(&incoming.headers)))
            }
        }
    }

    async fn answer(&self, incoming: &Incoming) -> Result<Response<Bytes>, ApiError> {
        self.addresses.take(&throttle::source(incoming.peer), incoming.now).map_err(ApiError::throttled)?;
        self.check_shape(incoming)?;
        let scheme = Scheme::of(&incoming.headers);
        let media = Media::of(&incoming.headers);
        if scheme == Scheme::V1 && media != Media::Form && !incoming.body.is_empty() {
            let reason = "an HMAC-SHA1 signature does not cover such a body, send a form or sign with ACS3";
            return Err(ApiError::invalid_parameter("Content-Type", reason));
        }
        let body = match media {
            _ if incoming.body.is_empty() => Body::None,
            Media::Form => Body::Form(&incoming.body),
            Media::Json => Body::Json(&incoming.body),
            Media::Other => Body::None,
        };
        let parameters = Parameters::decode(&incoming.query, body, &self.limits)?;
        let format = Format::parse(parameters.get("Format"))?;
        let claim = Claim::read(scheme, incoming, &parameters)?;
        let operation = self.backend.resolve(claim.version, claim.action)?;
        let key = self.backend.find_key(claim.access_key_id).await?;
        let key = key.ok_or_else(ApiError::access_key_not_found)?;
        self.authenticate(incoming, &parameters, &claim, &key)?;
        if media == Media::Other && !incoming.body.is_empty() {
            let reason = "the body must be application/x-www-form-urlencoded or application/json";
            return Err(ApiError::invalid_parameter("Content-Type", reason));
        }
        let (action, access_key_id) = (claim.action.to_owned(), claim.access_key_id.to_owned());
        let call = Call {
            operation,
            action: action.clone(),
            params: business(parameters),
            principal: Arc::new(key.principal),
            access_key_id,
            peer: incoming.peer,
            secure: incoming.secure,
            now: incoming.now,
            request_id: incoming.request_id.clone(),
            user_agent: user_agent(&incoming.headers),
        };
        let value: Value = self.backend.call(call).await?;
        envelope::success(&action, &value, format, &incoming.request_id)
    }

    /// What can be refused without reading a parameter.
    fn check_shape(&self, incoming: &Incoming) -> Result<(), ApiError> {
        if !matches!(incoming.path.as_str(), "/" | "") {
            return Err(ApiError::path_not_found());
        }
        if incoming.method != Method::GET && incoming.method != Method::POST {
            return Err(ApiError::unsupported_method());
        }
        if incoming.body.len() > self.limits.max_body_bytes {
            return Err(ApiError::body_too_large(self.limits.max_body_bytes));
        }
        if let Some(declared) = incoming.headers.get(header::CONTENT_LENGTH)
            && declared.as_bytes() != incoming.body.len().to_string().as_bytes()
        {
            return Err(ApiError::content_length_mismatch());
        }
        // Counted before it is measured: whoever sends thousands of parameters learns that, not that the text is long.
        let most = self.limits.max_parameters;
        if incoming.query.split('&').filter(|segment| !segment.is_empty()).nth(most).is_some() {
            return Err(ApiError::too_many_parameters(most));
        }
        if incoming.query.len() > self.limits.max_query_bytes {
            return Err(ApiError::query_too_long(self.limits.max_query_bytes));
        }
        Ok(())
    }

    /// Proves the claim, or refuses it.
    fn authenticate(
        &self,
        incoming: &Incoming,
        parameters: &Parameters,
        claim: &Claim<'_>,
        key: &AccessKey<B::Principal>,
    ) -> Result<(), ApiError> {
        if !key.active {
            return Err(ApiError::access_key_inactive());
        }
        // Only keys that exist get here, so unknown ones cannot fill the memory of rates. Whoever knows a key's id can
        // use up what may come for it from their own address; what the key itself may do is only looked at yet.
        let (key_id, now) = (claim.access_key_id.to_owned(), incoming.now);
        self.keys.peek(&key_id, now).map_err(ApiError::throttled_user)?;
        let from = (key_id, throttle::source(incoming.peer));
        self.claims.take(&from, now).map_err(ApiError::throttled_user)?;
        check_security_token(claim.security_token, key.security_token.as_ref(), now)?;
        timestamp::check(claim.timestamp, now, self.signed_since)?;
        check_md5(&incoming.headers, &incoming.body)?;
        check_signature(incoming, parameters, &claim.proof, &key.secret)?;
        self.nonces.spend(claim.access_key_id, claim.nonce, now).map_err(|rejected| match rejected {
            Rejected::Used => ApiError::nonce_used(),
            Rejected::Full { retry_after_ms } => ApiError::throttled(retry_after_ms),
        })?;
        // After the nonce: somebody who sends a captured request again and again costs the holder nothing.
        self.keys.take(claim.access_key_id, now).map_err(ApiError::throttled_user)
    }

    fn context<'a>(&'a self, incoming: &'a Incoming, host: &'a str) -> ErrorContext<'a> {
        let form = if Media::of(&incoming.headers) == Media::Form
            && incoming.body.len() <= self.limits.max_body_bytes
        {
            &incoming.body[..]
        } else {
            &[]
        };
        let format = Format::wanted(&incoming.query, form);
        ErrorContext { request_id: &incoming.request_id, host, product: self.backend.product(), format }
    }
}

/// What a body is, by its declared type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Media {
    Form,
    Json,
    Other,
}

impl Media {
    fn of(headers: &HeaderMap) -> Self {
        let declared = headers.get(header::CONTENT_TYPE).map_or(&[][..], |value| value.as_bytes());
        let essence = declared.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
        if essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            Self::Form
        } else if essence.eq_ignore_ascii_case(b"application/json") {
            Self::Json
        } else {
            Self::Other
        }
    }
}

fn check_security_token(
    given: Option<&str>,
    expected: Option<&SecurityToken>,
    now: i64,
) -> Result<(), ApiError> {
    match (given, expected) {
        (None, Some(_)) => Err(ApiError::missing("SecurityToken")),
        (Some(given), _) if !given.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err(ApiError::security_token_malformed())
        }
        (Some(_), None) => Err(ApiError::security_token_mismatch()),
        (Some(given), Some(expected)) if !expected.value.matches(given) => {
            Err(ApiError::security_token_mismatch())
        }
        (Some(_), Some(expected)) if now >= expected.expires_at => Err(ApiError::security_token_expired()),
        (None, None) | (Some(_), Some(_)) => Ok(()),
    }
}

fn check_md5(headers: &HeaderMap, body: &[u8]) -> Result<(), ApiError> {
    match headers.get("content-md5") {
        Some(declared) if declared.as_bytes() != STANDARD.encode(Md5::digest(body)).as_bytes() => {
            Err(ApiError::content_md5_mismatch())
        }
        _ => Ok(()),
    }
}

fn check_signature(
    incoming: &Incoming,
    parameters: &Parameters,
    proof: &Proof<'_>,
    secret: &Secret,
) -> Result<(), ApiError> {
    match *proof {
        Proof::V1 { signature } => {
            let signed = v1::string_to_sign(&incoming.method, parameters.sorted());
            let expected = v1::signature(secret, &signed);
            if same(&expected, signature) { Ok(()) } else { Err(ApiError::signature_mismatch_v1(&signed)) }
        }
        Proof::V3 { algorithm, signed_headers, signature, payload_hash } => {
            let computed = algorithm.hash(&incoming.body);
            if !same(&computed, payload_hash) {
                return Err(ApiError::payload_hash_mismatch(&computed));
            }
            let mut told = None;
            for names in [QueryNames::Encoded, QueryNames::Raw] {
                let Some(query) = v3::canonical_query(parameters, names) else { continue };
                let canonical = v3::canonical_request(
                    &incoming.method,
                    &query,
                    &incoming.headers,
                    signed_headers,
                    &computed,
                );
                let signed = v3::string_to_sign(algorithm, &canonical);
                if same(&v3::signature(algorithm, secret, &signed), signature) {
                    return Ok(());
                }
                told.get_or_insert((signed, canonical));
            }
            let (signed, canonical) = told.unwrap_or_default();
            Err(ApiError::signature_mismatch_v3(&signed, &String::from_utf8_lossy(&canonical)))
        }
    }
}

/// Compares without telling by its time how much of a guess is right.
fn same(expected: &str, given: &str) -> bool {
    expected.as_bytes().ct_eq(given.as_bytes()).into()
}

/// Parameters that are the gateway's own. `SourceIp` and `SecureTransport` are what some clients say about themselves;
/// policies must not hear it.
const COMMON: [&str; 13] = [
    "AccessKeyId",
    "Action",
    "Format",
    "SecureTransport",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureType",
    "SignatureVersion",
    "SourceIp",
    "Timestamp",
    "Version",
];

fn business(parameters: Parameters) -> Vec<(String, String)> {
    let mut pairs = parameters.into_pairs();
    pairs.retain(|(name, _)| !COMMON.contains(&name.as_str()));
    pairs
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::USER_AGENT)?.as_bytes();
    let text = String::from_utf8_lossy(&value[..value.len().min(512)]);
    Some(Cow::into_owned(text))
}
