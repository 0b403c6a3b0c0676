//! Whose request it is, by address.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use trunkline_config::Networks;

/// Where proxies say for whom they ask: a list, to which each adds who asked it.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of who made a request that came from `peer`.
///
/// What stands in `X-Forwarded-For` anybody can write. It is read from its end, and only as long as who added an entry
/// is one of the `proxies` that are trusted: the first address that is not one of theirs is the caller. Where an entry
/// is no address, the caller is taken for the proxy that added it, which no list of callers names.
pub fn caller(peer: IpAddr, headers: &HeaderMap, proxies: &Networks) -> IpAddr {
    let mut caller = peer.to_canonical();
    let lines = headers.get_all(FORWARDED_FOR);
    let mut lines: Vec<_> = lines.iter().collect();
    while let Some(line) = lines.pop() {
        for entry in line.to_str().unwrap_or_default().rsplit(',') {
            if !proxies.contain(caller) {
                return caller;
            }
            let Some(address) = address(entry.trim()) else { return caller };
            caller = address.to_canonical();
        }
    }
    caller
}

/// An address as proxies write it: alone, or with a port.
fn address(written: &str) -> Option<IpAddr> {
    let bare = written.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(written);
    bare.parse().ok().or_else(|| written.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_trusted_proxies_add_is_believed() {
        let proxies: Networks =
            ["10.0.0.0/8", "2001:db8::/32"].iter().map(|net| net.parse().unwrap()).collect();
        for (peer, lines, expected) in [
            // Nobody in front: what the caller writes is its own.
            ("192.0.2.1", &["198.51.100.9"][..], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.9"], "198.51.100.9"),
            ("::ffff:10.0.0.1", &["198.51.100.9"], "198.51.100.9"),
            // The first entry is what the caller claimed.
            ("10.0.0.1", &["127.0.0.1, 198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["203.0.113.5,198.51.100.9 , 10.2.3.4"], "198.51.100.9"),
            ("10.0.0.1", &["203.0.113.5", "198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["198.51.100.9", "10.9.9.9"], "198.51.100.9"),
            ("2001:db8::7", &["2001:db9::1"], "2001:db9::1"),
            // Forms of Azure's gateways and of RFC 7239.
            ("10.0.0.1", &["198.51.100.9:55012"], "198.51.100.9"),
            ("10.0.0.1", &["[2001:db9::1]:443"], "2001:db9::1"),
            ("10.0.0.1", &["[2001:db9::1]"], "2001:db9::1"),
            // What nobody can read is no caller.
            ("10.0.0.1", &["198.51.100.9, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.9,"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.9, \u{e4}"], "10.0.0.1"),
            // All of them ours.
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FORWARDED_FOR, line.parse().unwrap());
            }
            let peer: IpAddr = peer.parse().unwrap();
            assert_eq!(caller(peer, &headers, &proxies).to_string(), expected, "{peer} {lines:?}");
        }
    }
}
