//! The ACS3 scheme: HMAC over a canonical request made of method, path, query, named headers and the payload's hash.

use hmac::Hmac;
use http::HeaderMap;
use sha2::{Digest, Sha256};
use sm3::Sm3;

use crate::mac::keyed_hash;
use crate::{Parameters, Secret, percent};

/// Is a keyed hash the scheme offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `ACS3-HMAC-SHA256`.
    HmacSha256,
    /// `ACS3-HMAC-SM3`.
    HmacSm3,
}

impl Algorithm {
    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HmacSha256 => "ACS3-HMAC-SHA256",
            Self::HmacSm3 => "ACS3-HMAC-SM3",
        }
    }

    /// Finds an algorithm by its name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::HmacSha256, Self::HmacSm3].into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Hashes a payload or canonical request; lower-case hexadecimal.
    pub fn hash(self, data: &[u8]) -> String {
        match self {
            Self::HmacSha256 => hex::encode(Sha256::digest(data)),
            Self::HmacSm3 => hex::encode(Sm3::digest(data)),
        }
    }

    fn keyed_hash(self, secret: &Secret, data: &[u8]) -> String {
        let key = secret.expose().as_bytes();
        match self {
            Self::HmacSha256 => hex::encode(keyed_hash::<Hmac<Sha256>>(key, data)),
            Self::HmacSm3 => hex::encode(keyed_hash::<Hmac<Sm3>>(key, data)),
        }
    }
}

/// How the names of query parameters enter the canonical query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryNames {
    /// Percent-encoded, as documented.
    Encoded,
    /// As they are, which is what the official Python, Node and Go signers do.
    Raw,
}

/// Builds the canonical query from the query's parameters. `None` for [`QueryNames::Raw`] where that form would add
/// nothing (every name is plain) or could also be read as other parameters: a name with `&`, `=`, `%`, `+` or a control
/// character in it would let a request be rewritten under its signature.
pub fn canonical_query(parameters: &Parameters, names: QueryNames) -> Option<String> {
    if names == QueryNames::Raw {
        let ambiguous = |c: char| matches!(c, '&' | '=' | '%' | '+') || c.is_control();
        let mut odd = parameters
            .sorted_query()
            .map(|(name, _)| name)
            .filter(|name| !percent::is_plain(name))
            .peekable();
        odd.peek()?;
        if odd.any(|name| name.contains(ambiguous)) {
            return None;
        }
    }
    let mut out = String::with_capacity(256);
    for (name, value) in parameters.sorted_query() {
        if !out.is_empty() {
            out.push('&');
        }
        match names {
            QueryNames::Encoded => percent::encode_into(&mut out, name),
            QueryNames::Raw => out.push_str(name),
        }
        out.push('=');
        percent::encode_into(&mut out, value);
    }
    Some(out)
}

/// Builds the canonical request. `signed_headers` is the client's own list, verbatim; a header that is not in `headers`
/// counts as empty, so whoever verifies has to refuse that before. `payload_hash` is the hash of the body received.
pub fn canonical_request(
    method: &http::Method,
    canonical_query: &str,
    headers: &HeaderMap,
    signed_headers: &str,
    payload_hash: &str,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    for part in [method.as_str(), "\n/\n", canonical_query, "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    for name in signed_headers.split(';') {
        out.extend(name.bytes().map(|byte| byte.to_ascii_lowercase()));
        out.push(b':');
        let mut values: Vec<&[u8]> =
            headers.get_all(name).iter().map(|value| value.as_bytes().trim_ascii()).collect();
        values.sort_unstable();
        out.extend_from_slice(&values.join(&b','));
        out.push(b'\n');
    }
    for part in ["\n", signed_headers, "\n", payload_hash] {
        out.extend_from_slice(part.as_bytes());
    }
    out
}

/// Builds the string to sign: the algorithm's name and the hash of the canonical request.
pub fn string_to_sign(algorithm: Algorithm, canonical_request: &[u8]) -> String {
    format!("{}\n{}", algorithm.name(), algorithm.hash(canonical_request))
}

/// Signs a string; lower-case hexadecimal.
pub fn signature(algorithm: Algorithm, secret: &Secret, string_to_sign: &str) -> String {
    algorithm.keyed_hash(secret, string_to_sign.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, QueryNames, canonical_query, canonical_request};
    use crate::{Body, Limits, Parameters};

    fn query(raw: &str, names: QueryNames) -> Option<String> {
        let parameters = Parameters::decode(raw, Body::None, &Limits::default()).expect("decodes");
        canonical_query(&parameters, names)
    }

    #[test]
    fn the_raw_form_exists_only_where_it_has_one_meaning() {
        for (raw, expected) in [
            ("Name=x&Tag.1.Key=y", None),
            ("Tag.%231%23a%20b=v%20w", Some("Tag.#1#a b=v%20w")),
            ("a%3D1%26b=2", None),
            ("a%2520b=1", None),
            ("a%0Ab=1", None),
            ("a%2Bb=1", None),
            ("%E4%B8%AD=1&a=2", Some("a=2&中=1")),
        ] {
            assert_eq!(query(raw, QueryNames::Raw).as_deref(), expected, "{raw}");
        }
        assert_eq!(query("b+c=1&a%3d=", QueryNames::Encoded).as_deref(), Some("a%3D=&b%20c=1"));
    }

    #[test]
    fn values_of_one_header_are_trimmed_sorted_and_joined() {
        let mut headers = http::HeaderMap::new();
        for value in [" b", "a "] {
            headers.append("x-acs-many", value.parse().expect("a header value"));
        }
        let canonical = canonical_request(&http::Method::GET, "", &headers, "X-Acs-Many;host", "hash");
        assert_eq!(canonical, b"GET\n/\n\nx-acs-many:a,b\nhost:\n\nX-Acs-Many;host\nhash");
    }

    #[test]
    fn algorithms_are_found_by_their_exact_names() {
        assert_eq!(Algorithm::from_name("ACS3-HMAC-SM3"), Some(Algorithm::HmacSm3));
        assert_eq!(Algorithm::from_name("acs3-hmac-sm3"), None);
        assert_eq!(Algorithm::from_name("ACS3-RSA-SHA256"), None);
    }
}
