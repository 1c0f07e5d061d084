//! Signing requests, for the command line and for tests: the other end of what the gateway verifies.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::v3::{Algorithm, QueryNames};
use crate::{Body, Limits, Parameters, Secret, percent, timestamp, v1, v3};

/// Is a call to be signed.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The key's id.
    pub access_key_id: &'a str,
    /// The key's secret.
    pub secret: &'a Secret,
    /// The token of a temporary key.
    pub security_token: Option<&'a str>,
    /// GET or POST.
    pub method: &'a Method,
    /// What the `Host` header will say, port included.
    pub host: &'a str,
    /// The operation.
    pub action: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Business parameters, sent in the query.
    pub params: &'a [(String, String)],
    /// What is sent as the body.
    pub body: Payload<'a>,
    /// The time in unix seconds.
    pub now: i64,
    /// A text never used before with this key.
    pub nonce: &'a str,
}

/// Is the body of a request to be signed.
#[derive(Clone, Copy)]
pub enum Payload<'a> {
    /// No body.
    None,
    /// Parameters, sent as a form.
    Form(&'a [(String, String)]),
    /// Any bytes under a content type. V1 does not cover them.
    Bytes {
        /// The `Content-Type`.
        content_type: &'a str,
        /// The body.
        bytes: &'a [u8],
    },
}

/// Is a signed request, ready to be sent to `/`.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The raw query string, without the question mark.
    pub query: String,
    /// All headers the signature needs, `Host` included.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Why a request cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The value would not survive as a header.
    #[error("signing the request: {0} holds characters that no header can carry")]
    Header(&'static str),
    /// The clock is outside the years 0 to 9999.
    #[error("signing the request: the time {0} cannot be written as a time stamp, set the clock")]
    Time(i64),
    /// The server would not accept the parameters.
    #[error("signing the request: {0}")]
    Parameters(#[from] crate::ApiError),
}

/// Signs with ACS3.
pub fn v3(request: &Request<'_>, algorithm: Algorithm) -> Result<Signed, SignError> {
    let (content_type, body) = payload(request.body);
    let query = form(request.params.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let payload_hash = algorithm.hash(&body);
    let date = timestamp::format(request.now).ok_or(SignError::Time(request.now))?;
    let mut headers = HeaderMap::new();
    let fields = [
        ("content-type", content_type),
        ("host", Some(request.host)),
        ("x-acs-action", Some(request.action)),
        ("x-acs-content-sha256", Some(&payload_hash)),
        ("x-acs-date", Some(&date)),
        ("x-acs-security-token", request.security_token),
        ("x-acs-signature-nonce", Some(request.nonce)),
        ("x-acs-version", Some(request.version)),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            headers.insert(HeaderName::from_static(name), header_value(name, value)?);
        }
    }
    let named = fields.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| *name);
    let signed_headers = named.collect::<Vec<_>>().join(";");
    let parameters = Parameters::decode(&query, Body::None, &Limits::default())?;
    let canonical_query = v3::canonical_query(&parameters, QueryNames::Encoded).unwrap_or_default();
    let canonical =
        v3::canonical_request(request.method, &canonical_query, &headers, &signed_headers, &payload_hash);
    let signature = v3::signature(algorithm, request.secret, &v3::string_to_sign(algorithm, &canonical));
    let authorization = format!(
        "{} Credential={},SignedHeaders={signed_headers},Signature={signature}",
        algorithm.name(),
        request.access_key_id
    );
    headers.insert(header::AUTHORIZATION, header_value("the AccessKeyId", &authorization)?);
    Ok(Signed { query, headers, body })
}

/// Signs with RPC V1. The common parameters go into the query; a form's parameters are signed, other bodies are not.
pub fn v1(request: &Request<'_>) -> Result<Signed, SignError> {
    let (content_type, body) = payload(request.body);
    let date = timestamp::format(request.now).ok_or(SignError::Time(request.now))?;
    let mut pairs = vec![
        ("Action", request.action),
        ("Version", request.version),
        ("Format", "JSON"),
        ("AccessKeyId", request.access_key_id),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", request.nonce),
        ("Timestamp", &date),
    ];
    pairs.extend(request.security_token.map(|token| ("SecurityToken", token)));
    pairs.extend(request.params.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let mut query = form(pairs.into_iter());
    let fields = if matches!(request.body, Payload::Form(_)) { Body::Form(&body) } else { Body::None };
    let parameters = Parameters::decode(&query, fields, &Limits::default())?;
    let signature = v1::signature(request.secret, &v1::string_to_sign(request.method, parameters.sorted()));
    query.push_str("&Signature=");
    percent::encode_into(&mut query, &signature);
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, header_value("the host", request.host)?);
    if let Some(content_type) = content_type {
        headers.insert(header::CONTENT_TYPE, header_value("the content type", content_type)?);
    }
    Ok(Signed { query, headers, body })
}

fn payload(payload: Payload<'_>) -> (Option<&str>, Bytes) {
    match payload {
        Payload::None => (None, Bytes::new()),
        Payload::Form(pairs) => {
            let body = form(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            (Some("application/x-www-form-urlencoded"), Bytes::from(body))
        }
        Payload::Bytes { content_type, bytes } => (Some(content_type), Bytes::copy_from_slice(bytes)),
    }
}

fn form<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        percent::encode_into(&mut out, name);
        out.push('=');
        percent::encode_into(&mut out, value);
    }
    out
}

fn header_value(name: &'static str, value: &str) -> Result<HeaderValue, SignError> {
    HeaderValue::from_str(value).map_err(|_| SignError::Header(name))
}
