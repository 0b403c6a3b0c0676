//! What an examination is given.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use crate::configuration::Configuration;
use crate::judge::quota::Quota;
use crate::known::KnownFailure;
use crate::topics::Cluster;

/// What to examine. What is not given is not judged, and the report says so.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The brokers.
    pub cluster: Cluster,
    /// Base URL of the registry's Confluent API.
    pub registry: String,
    /// Prefix of the deployment's topics.
    pub prefix: String,
    /// The deployment's configuration, as this crate reads it.
    pub configuration: Option<Configuration>,
    /// The load generator's ledger, JSON lines.
    pub ledger: Option<PathBuf>,
    /// Audit logs of the outside systems, JSON lines.
    pub audits: Vec<PathBuf>,
    /// What leads from the ids in events to customers, JSON lines; known only of a world that was made up.
    pub leads: Option<PathBuf>,
    /// Whether nothing was broken on purpose, so that nearly all who can be found must have been.
    pub undisturbed: bool,
    /// Log files to search for secrets.
    pub logs: Vec<PathBuf>,
    /// Folders with what programs served at their admin ports, to search for secrets.
    pub served: Vec<PathBuf>,
    /// Files with the traces that programs exported, to search for secrets.
    pub traces: Vec<PathBuf>,
    /// Programs that exported traces, by the names of their services: where one is in none of them, that is told.
    pub exporters: Vec<&'static str>,
    /// Secrets to look for in logs, topics, state, and what is served and exported.
    pub secrets: Vec<SecretToFind>,
    /// Folders below which processors keep their RocksDB; the processors must have stopped.
    pub state_folders: Vec<PathBuf>,
    /// Whether every processor stopped in order, so that its state must be up to date.
    pub stopped_cleanly: bool,
    /// Quotas of the outside systems.
    pub quotas: Vec<Quota>,
    /// What is known of breakers; without it I10 is not judged.
    pub breakers: Option<Breakers>,
    /// Ids of what may stay unjudged; see [`crate::NotJudged`].
    pub allow_unjudged: BTreeSet<String>,
    /// Failures that are known, and told apart from violations.
    pub known: Vec<KnownFailure>,
}

/// What is known of the breakers of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Breakers {
    /// How long they stay open; milliseconds.
    pub open_for_ms: f64,
    /// Whether one process made all lookups from beginning to end. Another process has breakers of its own,
    /// and the audit log does not say through which of them a call came.
    pub lookups_by_one: bool,
    /// The same of writes.
    pub writes_by_one: bool,
}

/// A secret to look for. It prints without its value.
#[derive(Clone)]
pub struct SecretToFind {
    /// How the report names it.
    pub name: String,
    /// The value.
    pub value: String,
}

// === impl SecretToFind ===

impl fmt::Debug for SecretToFind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SecretToFind").field("name", &self.name).field("value", &"***").finish()
    }
}
