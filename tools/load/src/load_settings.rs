//! How deliveries are played.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::sign::Secrets;

/// How to play.
#[derive(Debug, Clone)]
pub struct LoadSettings {
    /// Base URL of ingest, for instance `http://127.0.0.1:8080`.
    pub ingest: String,
    /// What the platforms prove themselves with.
    pub secrets: Secrets,
    /// Configured source name by source kind; a kind that is not here posts to a source of its own name.
    pub source_names: BTreeMap<String, String>,
    /// Most deliveries under way at a time; one that is due then waits, and its latency says so.
    pub concurrency: usize,
    /// Most repetitions of a delivery.
    pub retries: u32,
    /// Wait before the first repetition; doubles each time.
    pub retry_wait: Duration,
    /// Longest wait before a repetition.
    pub retry_wait_max: Duration,
    /// How long to wait for an answer.
    pub timeout: Duration,
    /// Where the ledger goes; without it none is written.
    pub ledger: Option<PathBuf>,
}

impl LoadSettings {
    /// 512 deliveries at a time; 5 repetitions would be Open Messaging's way, 30 ride out a restart of ingest; a
    /// timeout of 10 s as Open Messaging has.
    #[must_use]
    pub fn new(ingest: &str, secrets: Secrets) -> Self {
        Self {
            ingest: ingest.to_owned(),
            secrets,
            source_names: BTreeMap::new(),
            concurrency: 512,
            retries: 30,
            retry_wait: Duration::from_millis(100),
            retry_wait_max: Duration::from_secs(2),
            timeout: Duration::from_secs(10),
            ledger: None,
        }
    }

    pub(crate) fn source_name<'a>(&'a self, kind: &'a str) -> &'a str {
        self.source_names.get(kind).map_or(kind, String::as_str)
    }
}
