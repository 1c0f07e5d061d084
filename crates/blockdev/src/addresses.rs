//! The machine's IP addresses, from the kernel's routing tables in procfs.
//!
//! No resolver and no netlink: `/proc/net/fib_trie` lists every local IPv4 address, `/proc/net/route` tells which network
//! leads out, `/proc/net/if_inet6` has the IPv6 ones with their interfaces.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use crate::kernel_file::text;

/// A router with the whole Internet's routes has a trie of this size; it is read by lines, not kept.
const TRIE_BYTES: u64 = 256 * 1024 * 1024;
const TABLE_BYTES: u64 = 1024 * 1024;
/// The most addresses listed of a kind: a node of a service mesh may have thousands.
const MAX_ADDRESSES: usize = 64;

/// Lists the IPv4 addresses outside 127.0.0.0/8: first those in networks of the default route's interface, last link-local.
pub(crate) fn ipv4(proc: &Path) -> Vec<Ipv4Addr> {
    let Ok(trie) = File::open(proc.join("net/fib_trie")) else { return Vec::new() };
    let mut addresses = local_addresses(BufReader::new(trie.take(TRIE_BYTES)));
    let outward = outward_networks(&text(&proc.join("net/route"), TABLE_BYTES).unwrap_or_default());
    addresses.sort_by_key(|address| {
        let bits = u32::from(*address);
        let leads_out = outward.iter().any(|(network, mask)| bits & mask == *network);
        (address.is_link_local(), !leads_out)
    });
    addresses.truncate(MAX_ADDRESSES);
    addresses
}

/// Lists the IPv6 addresses of interfaces other than `lo`: global before temporary before link-local.
pub(crate) fn ipv6(proc: &Path) -> Vec<Ipv6Addr> {
    let table = text(&proc.join("net/if_inet6"), TABLE_BYTES).unwrap_or_default();
    let mut addresses: Vec<_> = table.lines().filter_map(inet6).collect();
    addresses.sort_by_key(|(rank, _)| *rank);
    addresses.truncate(MAX_ADDRESSES);
    addresses.into_iter().map(|(_, address)| address).collect()
}

/// In the trie, an address stands on a line of its own and what it is on the next: `/32 host LOCAL` is the machine itself.
fn local_addresses(mut trie: impl BufRead) -> Vec<Ipv4Addr> {
    let mut addresses = Vec::new();
    let mut last = None;
    let mut raw = Vec::new();
    while addresses.len() < 4 * MAX_ADDRESSES {
        raw.clear();
        match trie.by_ref().take(4096).read_until(b'\n', &mut raw) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&raw);
        if let Some(address) = line.trim().strip_prefix("|-- ") {
            last = address.parse::<Ipv4Addr>().ok();
        } else if line.trim() == "/32 host LOCAL"
            && let Some(address) = last
            && !address.is_loopback()
            && !addresses.contains(&address)
        {
            addresses.push(address);
        }
    }
    addresses
}

/// Returns network and mask of what is directly connected to the interface of the best default route.
fn outward_networks(routes: &str) -> Vec<(u32, u32)> {
    let routes: Vec<_> = routes.lines().skip(1).filter_map(Route::parse).collect();
    let default = routes.iter().filter(|route| route.mask == 0).min_by_key(|route| route.metric);
    let Some(default) = default else { return Vec::new() };
    let connected = routes
        .iter()
        .filter(|route| route.interface == default.interface && route.gateway == 0 && route.mask != 0);
    connected.map(|route| (route.network, route.mask)).collect()
}

struct Route<'a> {
    interface: &'a str,
    network: u32,
    gateway: u32,
    metric: u32,
    mask: u32,
}

impl<'a> Route<'a> {
    /// Parses `eth0 000200C0 00000000 0001 0 0 0 00FFFFFF …`, addresses in the machine's byte order.
    fn parse(line: &'a str) -> Option<Self> {
        let fields: Vec<&str> = line.split_whitespace().take(8).collect();
        let [interface, network, gateway, _, _, _, metric, mask] = fields[..] else { return None };
        let address =
            |hex| u32::from_str_radix(hex, 16).ok().map(|raw: u32| u32::from_be_bytes(raw.to_ne_bytes()));
        Some(Self {
            interface,
            network: address(network)?,
            gateway: address(gateway)?,
            metric: metric.parse().ok()?,
            mask: address(mask)?,
        })
    }
}

/// Parses `fe80…0001 04 40 20 80 eth0`: address, index, prefix length, scope, flags, interface.
fn inet6(line: &str) -> Option<(u8, Ipv6Addr)> {
    const TEMPORARY: u8 = 0x01;
    const DUPLICATE: u8 = 0x08;
    const TENTATIVE: u8 = 0x40;
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [address, _, _, scope, flags, interface] = fields[..] else { return None };
    let address = Ipv6Addr::from(u128::from_str_radix(address, 16).ok()?);
    let scope = u8::from_str_radix(scope, 16).ok()?;
    // Flags are wider than two digits on newer kernels; those above are of no interest here.
    let flags = (u32::from_str_radix(flags, 16).ok()? & 0xff) as u8;
    if interface == "lo" || address.is_loopback() || flags & (DUPLICATE | TENTATIVE) != 0 {
        return None;
    }
    let rank = if scope == 0 { flags & TEMPORARY } else { scope };
    Some((rank, address))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn the_address_that_leads_out_comes_first() {
        let proc = tempfile::tempdir().unwrap();
        std::fs::create_dir(proc.path().join("net")).unwrap();
        let write =
            |name: &str, content: &str| std::fs::write(proc.path().join("net").join(name), content).unwrap();
        let mut trie = String::from("Main:\n");
        for address in ["10.0.0.5", "127.0.0.1", "169.254.3.4", "172.17.0.1", "192.0.2.7", "10.0.0.5"] {
            write!(trie, "        |-- {address}\n           /32 host LOCAL\n").unwrap();
        }
        trie.push_str(
            "  |-- 192.0.2.255\n     /32 link BROADCAST\n  |-- not an address\n     /32 host LOCAL\n",
        );
        write("fib_trie", &trie);
        write(
            "route",
            "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\n\
             wlan0\t00000000\t0100000A\t0003\t0\t0\t600\t00000000\t0\n\
             eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\n\
             wlan0\t0000000A\t00000000\t0001\t0\t0\t600\t000000FF\t0\n\
             eth0\t000200C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\nshort\tline\n",
        );
        write(
            "if_inet6",
            "fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n\
             20010db8000000000000000000000099 04 40 00 01     eth0\n\
             20010db8000000000000000000000002 04 40 00 82     eth0\n\
             20010db8000000000000000000000003 04 40 00 c0     eth0\n\
             00000000000000000000000000000001 01 80 10 80       lo\nrubbish\n",
        );
        let seen = format!("{:?}\n{:?}", ipv4(proc.path()), ipv6(proc.path()));
        insta::assert_snapshot!(seen, @"
        [192.0.2.7, 10.0.0.5, 172.17.0.1, 169.254.3.4]
        [2001:db8::2, 2001:db8::99, fe80::fc:ff:fe00:1]
        ");
    }

    #[test]
    fn no_tables_no_addresses() {
        let tree = tempfile::tempdir().unwrap();
        assert!(ipv4(tree.path()).is_empty() && ipv6(tree.path()).is_empty());
    }
}
