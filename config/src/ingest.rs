//! `[ingest]`: the binary that takes events in.

use std::net::SocketAddr;
use std::time::Duration;

/// Settings of the `ingest` binary.
#[derive(Debug, Clone)]
pub struct Ingest {
    /// Where webhooks arrive (default `127.0.0.1:8080`).
    pub listen: SocketAddr,
    /// Probes and metrics (default `127.0.0.1:9101`).
    pub admin: SocketAddr,
    /// Largest body accepted (default 2 MiB).
    pub body_limit_bytes: usize,
    /// Deepest nesting of JSON accepted (default 128).
    pub json_depth: usize,
    /// Requests worked on at once; more are answered 503 (default 1,024).
    pub max_in_flight: usize,
    /// How long a shutdown may take (default 10 s).
    pub drain_timeout: Duration,
}
