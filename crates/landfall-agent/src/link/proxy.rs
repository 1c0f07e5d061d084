//! HTTP proxies, as `https_proxy` and `no_proxy` name them: a CONNECT, then TLS from end to end.
//!
//! The proxy sees the center's address and sealed bytes; the pin holds through it.

use std::{fmt, io, net::IpAddr};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use zeroize::Zeroizing;

use crate::center_url::CenterUrl;

/// Bytes of a proxy's reply at the most.
const LARGEST_REPLY: usize = 8 * 1024;

/// An HTTP proxy.
pub struct Proxy {
    host: String,
    port: u16,
    /// `user:password` in base64, for `Proxy-Authorization: Basic`.
    credentials: Option<Zeroizing<String>>,
}

/// A value of `https_proxy` that names no usable proxy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the proxy that https_proxy names is not of the form http://[USER:PASSWORD@]HOST:PORT (TLS to the proxy itself is not supported)"
)]
pub struct BadProxy;

impl Proxy {
    /// Finds the proxy for a center in these two settings; `None` when there is none or the center is exempt.
    pub fn for_center(
        https_proxy: Option<&str>,
        no_proxy: Option<&str>,
        center: &CenterUrl,
    ) -> Result<Option<Self>, BadProxy> {
        match https_proxy.map(str::trim).filter(|proxy| !proxy.is_empty()) {
            Some(proxy) if !exempt(no_proxy.unwrap_or_default(), center.host()) => {
                Self::parse(proxy).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn parse(text: &str) -> Result<Self, BadProxy> {
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some(_) => return Err(BadProxy),
            None => text,
        };
        let rest = rest.trim_end_matches('/');
        let (credentials, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => (Some(credentials(user)), rest),
            None => (None, rest),
        };
        // The rules for the address are those of a center's; only the usual port differs.
        let url: CenterUrl = format!("https://{rest}").parse().map_err(|_| BadProxy)?;
        let explicit = rest.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        Ok(Self { host: url.host().to_owned(), port: if explicit { url.port() } else { 3128 }, credentials })
    }

    /// Opens a stream to the center through the proxy.
    pub(super) async fn tunnel(&self, center: &CenterUrl) -> io::Result<TcpStream> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("through {self:?}: {error}"));
        let mut stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(named)?;
        stream.write_all(self.request(center).as_bytes()).await.map_err(named)?;
        let status = reply(&mut stream).await.map_err(named)?;
        match status {
            200..=299 => Ok(stream),
            407 => Err(named(io::Error::other(
                "the proxy wants a user and password: https_proxy=http://USER:PASSWORD@HOST:PORT",
            ))),
            status => Err(named(io::Error::other(format!("the proxy answers {status} to CONNECT")))),
        }
    }

    fn request(&self, center: &CenterUrl) -> Zeroizing<String> {
        let authority = center.authority();
        let mut request = Zeroizing::new(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n"));
        if let Some(credentials) = &self.credentials {
            request.push_str("Proxy-Authorization: Basic ");
            request.push_str(credentials);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        request
    }
}

impl fmt::Debug for Proxy {
    /// Leaves the credentials out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {}:{}", self.host, self.port)
    }
}

/// Reads the reply's head and gives its status. Byte by byte, so that nothing of the tunnel is swallowed.
async fn reply(stream: &mut TcpStream) -> io::Result<u16> {
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == LARGEST_REPLY {
            return Err(io::Error::other("the proxy's reply has no end"));
        }
        head.push(stream.read_u8().await?);
    }
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
    status.ok_or_else(|| io::Error::other("what answers there is not an HTTP proxy"))
}

fn credentials(user: &str) -> Zeroizing<String> {
    let plain: Zeroizing<Vec<u8>> = Zeroizing::new(percent_decoded(user));
    Zeroizing::new(STANDARD.encode(&*plain))
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let (mut decoded, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, tail)) = rest.split_first() {
        let mut byte = [0];
        rest = match tail.get(..2) {
            Some(digits) if *first == b'%' && hex::decode_to_slice(digits, &mut byte).is_ok() => &tail[2..],
            _ => {
                byte = [*first];
                tail
            }
        };
        decoded.extend(byte);
    }
    decoded
}

/// Says whether `no_proxy` names the host: by itself, by a domain it is in, by its network, or by `*`.
fn exempt(no_proxy: &str, host: &str) -> bool {
    no_proxy.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.to_ascii_lowercase();
        let domain = entry.trim_start_matches('*').trim_start_matches('.');
        entry == "*"
            || (!domain.is_empty()
                && (host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))))
            || host.parse().is_ok_and(|address| in_network(&entry, address))
    })
}

/// Says whether an address is in a network such as `10.0.0.0/8`.
fn in_network(network: &str, address: IpAddr) -> bool {
    let Some((base, length)) = network.split_once('/') else { return false };
    let (Ok(base), Ok(length)) = (base.parse(), length.parse::<u32>()) else { return false };
    match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) if length <= 32 => {
            (base.to_bits() ^ address.to_bits()).checked_shr(32 - length).unwrap_or(0) == 0
        }
        (IpAddr::V6(base), IpAddr::V6(address)) if length <= 128 => {
            (base.to_bits() ^ address.to_bits()).checked_shr(128 - length).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{BadProxy, Proxy, exempt};
    use crate::center_url::CenterUrl;

    #[test]
    fn no_proxy_names_hosts_domains_and_networks() {
        for (no_proxy, host, expected) in [
            ("", "center.example", false),
            ("*", "center.example", true),
            ("center.example", "center.example", true),
            ("example", "center.example", true),
            (".example", "center.example", true),
            ("*.Example", "center.example", true),
            ("ample", "center.example", false),
            ("localhost, 10.0.0.0/8", "10.200.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("2001:db8::/32", "2001:db8::5", true),
            ("10.0.0.0/8", "::1", false),
            ("10.0.0.0/99", "10.0.0.1", false),
        ] {
            assert_eq!(exempt(no_proxy, host), expected, "{no_proxy} {host}");
        }
    }

    #[test]
    fn a_proxy_is_asked_for_the_center_and_its_password_is_never_shown() {
        let center: CenterUrl = "https://center.example:8621".parse().unwrap();
        let proxy =
            Proxy::for_center(Some("http://us%40r:pass@proxy:3129/"), None, &center).unwrap().unwrap();
        insta::assert_snapshot!(proxy.request(&center).replace("\r\n", "\n").trim_end(), @r"
        CONNECT center.example:8621 HTTP/1.1
        Host: center.example:8621
        Proxy-Authorization: Basic dXNAcjpwYXNz
        ");
        assert_eq!(format!("{proxy:?}"), "the proxy proxy:3129");
        for text in ["https://proxy:1", "socks5://proxy:1", "http://", "http://a:b:c"] {
            assert_eq!(Proxy::for_center(Some(text), None, &center).err(), Some(BadProxy), "{text}");
        }
        assert!(Proxy::for_center(Some(" "), None, &center).unwrap().is_none());
        assert!(Proxy::for_center(Some("http://proxy"), Some("example"), &center).unwrap().is_none());
    }
}
