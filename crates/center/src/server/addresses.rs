//! Under which names and addresses agents reach a center.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// Names and addresses that the agent listener's certificate speaks for. Agents do not check them, since
/// they pin the authority; other clients do.
pub(super) fn tls_names(configured: &[String], listen: SocketAddr) -> Vec<String> {
    let mut names: Vec<String> = configured.iter().map(|address| host(address).to_owned()).collect();
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    if !listen.ip().is_unspecified() {
        names.push(listen.ip().to_string());
    }
    names.sort();
    names.dedup();
    names
}

/// Where agents connect to: what was configured, else the address listened on, else the address that this
/// machine would use towards another network.
pub(super) fn public_addresses(configured: &[String], bound: SocketAddr) -> Vec<String> {
    let port = bound.port();
    if !configured.is_empty() {
        let complete = |address: &String| {
            if host(address) == address { format!("{address}:{port}") } else { address.clone() }
        };
        return configured.iter().map(complete).collect();
    }
    if !bound.ip().is_unspecified() {
        return vec![bound.to_string()];
    }
    let own = outward_address().unwrap_or(Ipv4Addr::LOCALHOST.into());
    vec![SocketAddr::new(own, port).to_string()]
}

/// The host of `HOST:PORT`, `[V6]:PORT` or a bare host.
fn host(address: &str) -> &str {
    if let Some(rest) = address.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    match address.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.parse::<u16>().is_ok() => host,
        _ => address,
    }
}

/// Asks the routing table, without sending anything: connecting a datagram socket only picks a source address.
fn outward_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.1", 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::{host, public_addresses};

    #[test]
    fn agents_are_told_where_to_connect() {
        let bound = "192.0.2.7:8621".parse().unwrap();
        for (configured, expected) in [
            (vec![], "192.0.2.7:8621"),
            (vec!["center.example"], "center.example:8621"),
            (vec!["center.example:443"], "center.example:443"),
            (vec!["[2001:db8::1]:443"], "[2001:db8::1]:443"),
        ] {
            let configured: Vec<String> = configured.into_iter().map(str::to_owned).collect();
            assert_eq!(public_addresses(&configured, bound), [expected]);
        }
        assert_eq!(host("[2001:db8::1]:443"), "2001:db8::1");
        assert_eq!(host("center.example:443"), "center.example");
    }
}
