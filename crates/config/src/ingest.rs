//! `[ingest]`: the binary that takes events in.

use std::net::SocketAddr;
use std::time::Duration;

use crate::network::{Networks, network};
use crate::section::Section;
use crate::tls::ListenerTls;
use crate::values::{address, duration, duration_or_zero, integer, list, private_address};

/// The deepest nesting that `serde_json` takes, here and in whoever reads a payload after ingest.
const JSON_DEPTH_MAX: usize = 127;

/// Settings of the `ingest` binary.
#[derive(Debug, Clone)]
pub struct Ingest {
    /// Where webhooks arrive (default `127.0.0.1:8080`).
    pub listen: SocketAddr,
    /// TLS of that listener; `None`: it speaks plain HTTP.
    pub tls: Option<ListenerTls>,
    /// Probes and metrics (default `127.0.0.1:9101`).
    pub admin: SocketAddr,
    /// Largest body accepted (default 2 MiB).
    pub body_limit_bytes: usize,
    /// Deepest nesting of JSON accepted (default 127, which is the most that the parser takes).
    pub json_depth: usize,
    /// Connections open at once (default 2,048), and no more than the process may have files for. Where there are more,
    /// those are closed first that have sent no request's head.
    pub max_connections: usize,
    /// Connections open at once of one peer: an IPv4 address, or the first 64 bits of an IPv6 address (default 1,536).
    pub max_connections_per_peer: usize,
    /// Proxies whose `X-Forwarded-For` tells who calls, such as a load balancer in front (default none).
    pub trusted_proxies: Networks,
    /// Time that a request's head may take (default 10 s).
    pub head_timeout: Duration,
    /// Time that a connection is kept between requests (default 75 s): longer than load balancers keep theirs, which
    /// would else send a request over a connection that is being closed. AWS's keep them for 60 s by default.
    pub idle_timeout: Duration,
    /// Requests worked on at once; more are answered 503 (default 1,024). Half of the places are shared out among the
    /// sources, so that a flood at one leaves the others theirs.
    pub max_in_flight: usize,
    /// Bytes of bodies held at once, from their arrival until their records are stored; more are answered 503 (default
    /// 33554432, 32 MiB). At most half of them are of requests that have proved nothing yet. A body costs about five
    /// times its size in memory at most, and a compressed one counts as what it may become.
    pub max_held_bytes: usize,
    /// How long webhooks are still taken after a shutdown was asked for, while `/readyz` says no already (default 0):
    /// what balances load in front of ingest goes on sending until it has noticed.
    pub shutdown_delay: Duration,
    /// How long a shutdown may take after that (default 10 s).
    pub drain_timeout: Duration,
}

// === impl Ingest ===

impl Ingest {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        section.reads_insecure();
        let here = SocketAddr::from(([127, 0, 0, 1], 8080));
        let tls = section.table("tls", ListenerTls::read);
        let listen = match tls.is_some() {
            true => section.or("listen", address, here),
            false => section.or("listen", private_address, here),
        };
        let ingest = Self {
            listen,
            tls,
            admin: section.or("admin", private_address, SocketAddr::from(([127, 0, 0, 1], 9101))),
            body_limit_bytes: section.or("body_limit_bytes", integer(1024..=3 << 20), 2 << 20),
            json_depth: section.or("json_depth", integer(1..=JSON_DEPTH_MAX as i64), JSON_DEPTH_MAX),
            max_connections: section.or("max_connections", integer(16..=1_000_000), 2048),
            max_connections_per_peer: section.or("max_connections_per_peer", integer(1..=1_000_000), 1536),
            trusted_proxies: section
                .optional("trusted_proxies", list(1, network))
                .map(Networks::from_iter)
                .unwrap_or_default(),
            head_timeout: section.or("head_timeout", duration, Duration::from_secs(10)),
            idle_timeout: section.or("idle_timeout", duration, Duration::from_secs(75)),
            max_in_flight: section.or("max_in_flight", integer(1..=1_000_000), 1024),
            max_held_bytes: section.or("max_held_bytes", integer(1 << 20..=1 << 30), 32 << 20),
            shutdown_delay: section.or("shutdown_delay", duration_or_zero, Duration::ZERO),
            drain_timeout: section.or("drain_timeout", duration, Duration::from_secs(10)),
        };
        if ingest.listen == ingest.admin && ingest.listen.port() != 0 {
            section.refuse("admin", "'listen' and 'admin' must differ");
        }
        if ingest.max_held_bytes / 2 < ingest.body_limit_bytes {
            section.refuse(
                "max_held_bytes",
                "must be at least twice 'body_limit_bytes': a half is for bodies that are not proven yet",
            );
        }
        ingest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_takes_what_can_be_configured_and_no_more() {
        for (levels, taken) in [(JSON_DEPTH_MAX, true), (JSON_DEPTH_MAX + 1, false)] {
            let text = "[".repeat(levels) + &"]".repeat(levels);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), taken, "{levels}");
        }
    }
}
