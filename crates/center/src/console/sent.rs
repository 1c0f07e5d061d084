//! A request as it was sent, for whoever wants to see how it was signed: without its signature and token.

use http::Method;
use pop::{Body, Limits, Parameters, sign::Signed, v1, v3};
use serde::Serialize;

use super::{call::Scheme, sessions::Session};

/// What stands for what is not shown.
const HIDDEN: &str = "***";

/// A request as it was sent.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Sent {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    canonical_request: String,
    string_to_sign: String,
}

impl Sent {
    /// Describes a signed request to a URL.
    pub(super) fn new(
        signed: &Signed,
        method: &Method,
        url: &str,
        session: &Session,
        scheme: Scheme,
    ) -> Self {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let authorization = signed.headers.get(http::header::AUTHORIZATION).map(text).unwrap_or_default();
        let (canonical, string_to_sign, signature) = match scheme {
            Scheme::V3 => {
                let canonical = canonical_v3(signed, method, &authorization);
                let to_sign = v3::string_to_sign(v3::Algorithm::HmacSha256, canonical.as_bytes());
                (canonical, to_sign, after(&authorization, "Signature="))
            }
            Scheme::V1 => {
                let to_sign = string_to_sign_v1(signed, method);
                (String::new(), to_sign, after(&signed.query, "&Signature="))
            }
        };
        // The token is hexadecimal, so it looks the same however often it was encoded.
        let mask = |text: &str| {
            let text = text.replace(session.security_token.reveal(), HIDDEN);
            if signature.is_empty() { text } else { text.replace(&signature, HIDDEN) }
        };
        let question = if signed.query.is_empty() { "" } else { "?" };
        Self {
            method: method.to_string(),
            url: format!("{url}{question}{}", mask(&signed.query)),
            headers: signed
                .headers
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), mask(&text(value))))
                .collect(),
            body: String::from_utf8_lossy(&signed.body).into_owned(),
            canonical_request: mask(&canonical),
            string_to_sign: mask(&string_to_sign),
        }
    }
}

fn canonical_v3(signed: &Signed, method: &Method, authorization: &str) -> String {
    let names = after(authorization, "SignedHeaders=");
    let names = names.split(',').next().unwrap_or_default();
    let parameters = Parameters::decode(&signed.query, Body::None, &Limits::default()).ok();
    let query = parameters.and_then(|parameters| v3::canonical_query(&parameters, v3::QueryNames::Encoded));
    let hash = v3::Algorithm::HmacSha256.hash(&signed.body);
    let canonical = v3::canonical_request(method, &query.unwrap_or_default(), &signed.headers, names, &hash);
    String::from_utf8_lossy(&canonical).into_owned()
}

fn string_to_sign_v1(signed: &Signed, method: &Method) -> String {
    let body = if signed.body.is_empty() { Body::None } else { Body::Form(&signed.body) };
    let parameters = Parameters::decode(&signed.query, body, &Limits::default());
    parameters.map(|parameters| v1::string_to_sign(method, parameters.sorted())).unwrap_or_default()
}

fn after(text: &str, mark: &str) -> String {
    text.split_once(mark).map(|(_, rest)| rest.to_owned()).unwrap_or_default()
}
