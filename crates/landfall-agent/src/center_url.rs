//! Where a center is: `https://HOST:PORT`, and nothing more.

use std::{fmt, str::FromStr};

use rustls::pki_types::ServerName;
use serde::{Deserialize, Serialize};

/// The port of a center's agent listener when none is given.
pub const DEFAULT_PORT: u16 = 8621;

/// Address of a center's agent listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CenterUrl {
    host: String,
    port: u16,
}

/// A text that is not the address of a center.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACenter {
    /// Agents speak TLS only.
    #[error("the address of a center starts with https://, such as https://center.example:{DEFAULT_PORT}")]
    Scheme,
    /// It holds a path, a user or a query.
    #[error("the address of a center is https://HOST:PORT with nothing after it and no user in it")]
    Surplus,
    /// The host or port cannot be one.
    #[error(
        "the address of a center needs a host name or IP address (IPv6 in brackets) and a port of 1 to 65535"
    )]
    Authority,
}

impl CenterUrl {
    /// The host without brackets: a name or an IP address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `HOST:PORT`, IPv6 in brackets.
    pub fn authority(&self) -> String {
        let Self { host, port } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// The name for TLS; checked when the address was read.
    pub(crate) fn server_name(&self) -> Result<ServerName<'static>, NotACenter> {
        ServerName::try_from(self.host.clone()).map_err(|_| NotACenter::Authority)
    }
}

impl FromStr for CenterUrl {
    type Err = NotACenter;

    fn from_str(text: &str) -> Result<Self, NotACenter> {
        let text = text.trim();
        let scheme = text.get(..8).filter(|scheme| scheme.eq_ignore_ascii_case("https://"));
        let rest = &text[scheme.ok_or(NotACenter::Scheme)?.len()..];
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '@']) {
            return Err(NotACenter::Surplus);
        }
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']').ok_or(NotACenter::Authority)?,
            None => rest.split_at(rest.find(':').unwrap_or(rest.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|port| *port != 0).ok_or(NotACenter::Authority)?
            }
            None if port.is_empty() => DEFAULT_PORT,
            _ => return Err(NotACenter::Authority),
        };
        let url = Self { host: host.to_ascii_lowercase(), port };
        url.server_name().map(|_| url)
    }
}

impl fmt::Display for CenterUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.authority())
    }
}

impl TryFrom<String> for CenterUrl {
    type Error = NotACenter;
    fn try_from(text: String) -> Result<Self, NotACenter> {
        text.parse()
    }
}

impl From<CenterUrl> for String {
    fn from(url: CenterUrl) -> Self {
        url.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{CenterUrl, NotACenter};

    #[test]
    fn only_plain_https_addresses_are_centers() {
        let cases = [
            ("https://center.example:8621", Ok("https://center.example:8621")),
            ("HTTPS://Center.Example/", Ok("https://center.example:8621")),
            ("https://10.0.0.1:443", Ok("https://10.0.0.1:443")),
            ("https://[2001:db8::1]:9000", Ok("https://[2001:db8::1]:9000")),
            ("https://[::1]", Ok("https://[::1]:8621")),
            ("http://center.example:8621", Err(NotACenter::Scheme)),
            ("center.example:8621", Err(NotACenter::Scheme)),
            ("https://", Err(NotACenter::Authority)),
            ("https://center:0", Err(NotACenter::Authority)),
            ("https://center:65536", Err(NotACenter::Authority)),
            ("https://center:+1", Err(NotACenter::Authority)),
            ("https://center:", Err(NotACenter::Authority)),
            ("https://::1", Err(NotACenter::Authority)),
            ("https://user@center:1", Err(NotACenter::Surplus)),
            ("https://center:1/path", Err(NotACenter::Surplus)),
            ("https://cen ter", Err(NotACenter::Authority)),
            ("é", Err(NotACenter::Scheme)),
        ];
        for (text, expected) in cases {
            let read = text.parse::<CenterUrl>().map(|url| url.to_string());
            assert_eq!(read, expected.map(str::to_owned), "{text}");
        }
    }
}
