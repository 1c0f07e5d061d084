//! What a request says of itself: who signed it, when, with what, and what it asks for. Nothing here is proven yet.

use http::HeaderMap;

use crate::service::Incoming;
use crate::v3::Algorithm;
use crate::{ApiError, Parameters};

/// The statements of one request, all present and well formed.
pub(crate) struct Claim<'a> {
    pub(crate) action: &'a str,
    pub(crate) version: &'a str,
    pub(crate) access_key_id: &'a str,
    pub(crate) security_token: Option<&'a str>,
    pub(crate) timestamp: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) proof: Proof<'a>,
}

/// The signature with what is needed to compute it again.
pub(crate) enum Proof<'a> {
    /// RPC V1, HMAC-SHA1.
    V1 { signature: &'a str },
    /// ACS3.
    V3 { algorithm: Algorithm, signed_headers: &'a str, signature: &'a str, payload_hash: &'a str },
}

/// The two schemes, told apart by `Authorization` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    V1,
    V3,
}

impl Scheme {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let acs3 = |value: &http::HeaderValue| value.as_bytes().starts_with(b"ACS3-");
        if headers.get_all(http::header::AUTHORIZATION).iter().any(acs3) { Self::V3 } else { Self::V1 }
    }
}

impl<'a> Claim<'a> {
    /// Reads the statements of the scheme the request uses.
    pub(crate) fn read(
        scheme: Scheme,
        incoming: &'a Incoming,
        parameters: &'a Parameters,
    ) -> Result<Self, ApiError> {
        match scheme {
            Scheme::V1 => read_v1(&incoming.headers, parameters),
            Scheme::V3 => read_v3(incoming),
        }
    }
}

fn read_v1<'a>(headers: &HeaderMap, parameters: &'a Parameters) -> Result<Claim<'a>, ApiError> {
    refuse_unsigned_kinds(headers, parameters)?;
    let required = |name| present(parameters.get(name)).ok_or_else(|| ApiError::missing(name));
    let action = required("Action")?;
    let version = required("Version")?;
    let access_key_id = required("AccessKeyId")?;
    let signature = required("Signature")?;
    let method = required("SignatureMethod")?;
    let signature_version = required("SignatureVersion")?;
    let nonce = required("SignatureNonce")?;
    let timestamp = required("Timestamp")?;
    if !method.eq_ignore_ascii_case("HMAC-SHA1") {
        return Err(ApiError::invalid_signature_method(method));
    }
    if signature_version != "1.0" {
        return Err(ApiError::invalid_parameter("SignatureVersion", "only 1.0 is supported"));
    }
    let security_token = present(parameters.get("SecurityToken"));
    let proof = Proof::V1 { signature };
    Ok(Claim { action, version, access_key_id, security_token, timestamp, nonce, proof })
}

/// Tells callers without a signature what is wrong, rather than which V1 parameter they did not send.
fn refuse_unsigned_kinds(headers: &HeaderMap, parameters: &Parameters) -> Result<(), ApiError> {
    let kind = present(parameters.get("SignatureType"));
    if kind.is_some()
        || headers.contains_key("x-acs-bearer-token")
        || headers.contains_key("x-acs-zero-trust-idtoken")
    {
        let reason = "bearer tokens, identity tokens and key pairs are not accepted, sign with an AccessKey";
        return Err(ApiError::invalid_parameter("SignatureType", reason));
    }
    let unsigned = parameters.get("AccessKeyId").is_none() && parameters.get("Signature").is_none();
    if unsigned && parameters.get("Action").is_none() && headers.contains_key("x-acs-action") {
        let message = "AccessKeyId is mandatory for this action. Anonymous calls are not accepted, send an \
                       Authorization header signed with ACS3-HMAC-SHA256.";
        return Err(ApiError::new(400, "MissingAccessKeyId", message));
    }
    Ok(())
}

/// Headers that V3 cannot do without, with the name their absence has in the error code.
const REQUIRED_HEADERS: [(&str, &str); 5] = [
    ("x-acs-action", "Action"),
    ("x-acs-version", "Version"),
    ("x-acs-date", "Timestamp"),
    ("x-acs-signature-nonce", "SignatureNonce"),
    ("x-acs-content-sha256", "ContentSha256"),
];

fn read_v3(incoming: &Incoming) -> Result<Claim<'_>, ApiError> {
    let headers = &incoming.headers;
    let authorization = Authorization::parse(single(headers, "authorization")?.unwrap_or_default())?;
    let mut values = [""; REQUIRED_HEADERS.len()];
    for ((header, code), value) in REQUIRED_HEADERS.iter().zip(&mut values) {
        *value = present(single(headers, header)?).ok_or_else(|| {
            ApiError::new(400, format!("Missing{code}"), format!("{header} is mandatory for this action."))
        })?;
    }
    let [action, version, timestamp, nonce, payload_hash] = values;
    let security_token = present(single(headers, "x-acs-security-token")?);
    for header in ["host", "content-type"] {
        single(headers, header)?;
    }
    require_signed(headers, authorization.signed_headers, !incoming.body.is_empty())?;
    let Authorization { algorithm, access_key_id, signed_headers, signature } = authorization;
    let proof = Proof::V3 { algorithm, signed_headers, signature, payload_hash };
    Ok(Claim { action, version, access_key_id, security_token, timestamp, nonce, proof })
}

/// Refuses a signature that leaves something alterable: `host`, every `x-acs-*` header sent, and `content-type` where
/// it says how to read a body. Without a body the type means nothing, and one official client adds it after signing.
fn require_signed(headers: &HeaderMap, signed_headers: &str, has_body: bool) -> Result<(), ApiError> {
    let mut signed: Vec<String> = signed_headers.split(';').map(str::to_ascii_lowercase).collect();
    signed.sort_unstable();
    if let Some([twice, _]) = signed.array_windows().find(|[a, b]| a == b) {
        return Err(ApiError::incomplete_signature(format_args!("SignedHeaders names {twice:?} twice")));
    }
    if let Some(absent) = signed.iter().find(|name| !headers.contains_key(name.as_str())) {
        let reason = format_args!("SignedHeaders names {absent:?}, which the request does not carry");
        return Err(ApiError::incomplete_signature(reason));
    }
    let is_signed = |name: &str| signed.binary_search_by(|probe| probe.as_str().cmp(name)).is_ok();
    let must =
        |name: &str| name == "host" || name.starts_with("x-acs-") || (name == "content-type" && has_body);
    let host = std::iter::once("host");
    let sent = headers.keys().map(http::HeaderName::as_str);
    match host.chain(sent).find(|name| must(name) && !is_signed(name)) {
        Some(name) => Err(ApiError::incomplete_signature(format_args!("SignedHeaders must name {name}"))),
        None => Ok(()),
    }
}

/// The parsed `Authorization` header of V3.
struct Authorization<'a> {
    algorithm: Algorithm,
    access_key_id: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Reads `ACS3-HMAC-SHA256 Credential=<id>,SignedHeaders=<a;b>,Signature=<hex>`, the parts in any order.
    fn parse(text: &'a str) -> Result<Self, ApiError> {
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        let algorithm = Algorithm::from_name(name).ok_or_else(|| ApiError::invalid_signature_method(name))?;
        let mut parts = [("Credential", None), ("SignedHeaders", None), ("Signature", None)];
        for part in rest.split(',') {
            let (name, value) = part.trim().split_once('=').unwrap_or((part.trim(), ""));
            let Some((_, slot)) = parts.iter_mut().find(|(known, _)| *known == name) else {
                let shown: String = name.chars().take(64).collect();
                let reason = format_args!("Authorization has the unknown part {shown:?}");
                return Err(ApiError::incomplete_signature(reason));
            };
            if slot.replace(value).is_some() {
                return Err(ApiError::incomplete_signature(format_args!("Authorization names {name} twice")));
            }
        }
        if let Some((name, _)) = parts.iter().find(|(_, value)| present(*value).is_none()) {
            return Err(ApiError::incomplete_signature(format_args!("Authorization lacks {name}")));
        }
        let [access_key_id, signed_headers, signature] = parts.map(|(_, value)| value.unwrap_or_default());
        Ok(Self { algorithm, access_key_id, signed_headers, signature })
    }
}

/// Returns the only value of a header; two would leave open which of them counts.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(ApiError::invalid_parameter(name, "the header is sent more than once"));
    }
    let text = |value: &'a http::HeaderValue| {
        std::str::from_utf8(value.as_bytes())
            .map_err(|_| ApiError::invalid_parameter(name, "the header is not valid UTF-8"))
    };
    first.map(text).transpose()
}

fn present(value: Option<&str>) -> Option<&str> {
    value.filter(|value| !value.is_empty())
}
