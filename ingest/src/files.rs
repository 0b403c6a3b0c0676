//! How many files the process may open, and how many of them connections may be.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use trunkline_config::Ingest;

use crate::connections::Bounds;

/// Files that are not for webhooks: Kafka's connections, probes, metrics, logs, and what is opened for a moment.
const RESERVED: usize = 256;

/// The bounds of connections: as configured, and no more than the process may have files for. The limit of files is
/// raised as far as the system allows where the configuration needs more.
pub fn bounds(settings: &Ingest) -> Bounds {
    let wanted = settings.max_connections.saturating_add(RESERVED);
    let files = limit(wanted as u64);
    let total = files.map_or(settings.max_connections, |files| settings.max_connections.min(of(files)));
    if total < settings.max_connections {
        tracing::warn!(
            max_connections = settings.max_connections,
            possible = total,
            "fewer connections are taken than configured: the limit of open files is too low; raise it (ulimit -n, \
             LimitNOFILE), or lower 'max_connections'"
        );
    }
    Bounds {
        total,
        per_peer: settings.max_connections_per_peer.min(total),
        head: settings.head_timeout,
        idle: settings.idle_timeout,
    }
}

/// Connections that so many files allow, with those in reserve left; a few in any case.
fn of(files: u64) -> usize {
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    files.saturating_sub(RESERVED).max(files / 4).max(1)
}

/// How many files the process may open, after asking for so many; `None` without a limit.
fn limit(wanted: u64) -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let now = current?;
    if now >= wanted {
        return Some(now);
    }
    let raised = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let limit = Rlimit { current: Some(raised), maximum };
    Some(setrlimit(Resource::Nofile, limit).map_or(now, |()| raised))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_files_are_for_what_is_no_webhook() {
        for (files, connections) in [(1_024, 768), (4_352, 4_096), (256, 64), (300, 75), (0, 1)] {
            assert_eq!(of(files), connections, "{files}");
        }
    }

    #[test]
    fn a_limit_is_no_lower_than_it_was() {
        let before = getrlimit(Resource::Nofile).current;
        let after = limit(1);
        assert_eq!(before, after);
    }
}
