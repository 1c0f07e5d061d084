//! The URL of a center's API, read once.

use std::{fmt, net::IpAddr};

use http::{Uri, uri::Scheme};

/// Where a center's API is: scheme, host and port, and no path, since the API has one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    secure: bool,
    host: String,
    port: u16,
    authority: String,
}

/// Why a text is not an endpoint. It is not repeated: it may hold a password.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("reading the endpoint: {0}; write http://HOST:PORT or https://HOST:PORT")]
pub(crate) struct EndpointError(&'static str);

impl Endpoint {
    /// Reads `http://HOST[:PORT]` or `https://HOST[:PORT]`.
    pub(super) fn parse(text: &str) -> Result<Self, EndpointError> {
        let uri: Uri = text.trim().parse().map_err(|_| EndpointError("it is not a URL"))?;
        let secure = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(EndpointError("it must begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or(EndpointError("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(EndpointError("it must not hold a user name or password"));
        }
        if uri.path().len() > 1 || uri.query().is_some() {
            return Err(EndpointError("it must not have a path"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(EndpointError("it names no host"));
        }
        let port = match (authority.port_u16(), secure) {
            (Some(port), _) => port,
            (None, true) => 443,
            (None, false) => 80,
        };
        Ok(Self { secure, host: host.to_owned(), port, authority: authority.as_str().to_owned() })
    }

    /// Whether it speaks TLS.
    pub(super) fn secure(&self) -> bool {
        self.secure
    }

    /// Its host: a name, or an address without brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// What the `Host` header says.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether what is said can be read on the way: no TLS, and not this machine.
    pub(super) fn in_plain_text(&self) -> bool {
        let loopback = self.host == "localhost"
            || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        !self.secure && !loopback
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.secure { "https" } else { "http" }, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn endpoints_are_a_scheme_a_host_and_a_port() {
        for (text, expected, plain) in [
            ("http://127.0.0.1:8620", "127.0.0.1 8620 false", false),
            ("http://127.0.0.1:8620/", "127.0.0.1 8620 false", false),
            ("http://localhost:1", "localhost 1 false", false),
            ("http://[::1]:8620", "::1 8620 false", false),
            ("http://center.example", "center.example 80 false", true),
            ("https://center.example", "center.example 443 true", false),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            let told = format!("{} {} {}", endpoint.host(), endpoint.port(), endpoint.secure());
            assert_eq!(told, expected, "{text}");
            assert_eq!(endpoint.in_plain_text(), plain, "{text}");
            assert_eq!(endpoint.to_string(), text.trim_end_matches('/'));
        }
    }

    #[test]
    fn other_texts_are_refused_without_repeating_them() {
        for text in [
            "",
            "center.example:8620",
            "ftp://center.example",
            "http://",
            "http://mia:hunter2@center.example",
            "http://center.example/path",
            "http://center.example/?q",
        ] {
            let told = Endpoint::parse(text).unwrap_err().to_string();
            assert!(!told.contains("center.example") && !told.contains("hunter2"), "{told}");
        }
    }
}
