//! How a member joins its group: what its owner chooses, of which the client's settings are made.

use std::time::Duration;

/// After this long without a heartbeat the group gives the partitions of an instance to others. A restart
/// within it moves nothing.
pub const SESSION_TIMEOUT: Duration = Duration::from_secs(10);

/// How a member joins its group.
#[derive(Debug, Clone)]
pub struct GroupSettings {
    /// Consumer group, with its prefix.
    pub group: String,
    /// Name of this instance, stable across restarts: static membership (KIP-345), so that a restart within the
    /// session timeout moves no partition.
    pub instance: String,
    /// Topics to subscribe to, with their prefix.
    pub topics: Vec<String>,
    /// Partitions that these topics are configured to have. Whoever is given one beyond takes it and does not read it:
    /// no key lies there.
    pub partitions: i32,
    /// After this long without a heartbeat the group gives the partitions to others.
    pub session_timeout: Duration,
}
