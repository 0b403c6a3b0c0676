//! Fetches schemas that records were written with and this build does not know.

use std::collections::HashSet;
use std::sync::mpsc;
use std::time::Duration;

use tokio::runtime::Handle;
use trunkline_backoff::Backoff;
use trunkline_schemas::error_codes;

use crate::registry::{Registry, RegistryError};

/// Waits between two trials while the registry does not give a schema, with jitter: many instances may wait for the
/// same one. The partition concerned is paused meanwhile.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// A schema that was asked for.
#[derive(Debug)]
pub struct FetchedSchema {
    /// Its id.
    pub id: u32,
    /// Its text; `None` when the registry does not know the id.
    pub schema: Option<String>,
}

/// A schema that the registry did not give this time; it is asked for again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchTrouble {
    /// Its id.
    pub id: u32,
    /// Why not, without secrets.
    pub reason: String,
}

/// Where schemas are fetched that a build does not know.
pub trait SchemaSource {
    /// Asks for a schema, unless that is under way already, until there is an answer.
    fn fetch(&mut self, id: u32);

    /// The next answer.
    fn fetched(&mut self) -> Option<FetchedSchema>;

    /// The next trial that failed. A source that always answers has none.
    fn trouble(&mut self) -> Option<FetchTrouble> {
        None
    }
}

/// Fetches schemas in the background, each once.
pub struct SchemaFetcher {
    runtime: Handle,
    registry: Registry,
    under_way: HashSet<u32>,
    sender: mpsc::Sender<FetchedSchema>,
    receiver: mpsc::Receiver<FetchedSchema>,
    /// One for each trial that failed, of which there are few: trials are at least a second apart.
    troubles: (mpsc::Sender<FetchTrouble>, mpsc::Receiver<FetchTrouble>),
}

// === impl SchemaFetcher ===

impl SchemaFetcher {
    /// Asks this registry.
    pub fn new(runtime: Handle, registry: Registry) -> Self {
        let (sender, receiver) = mpsc::channel();
        Self { runtime, registry, under_way: HashSet::new(), sender, receiver, troubles: mpsc::channel() }
    }
}

impl SchemaSource for SchemaFetcher {
    /// It is tried until the registry answers.
    fn fetch(&mut self, id: u32) {
        if !self.under_way.insert(id) {
            return;
        }
        let (registry, sender, troubles) =
            (self.registry.clone(), self.sender.clone(), self.troubles.0.clone());
        self.runtime.spawn(async move {
            let mut trials = 0;
            let schema = loop {
                match registry.schema(id).await {
                    Ok(schema) => break Some(schema.to_string()),
                    Err(RegistryError::UnknownId { .. }) => break None,
                    Err(error) => {
                        trials += 1;
                        let wait = BACKOFF.equal_jitter(trials, rand::random::<f64>());
                        let (code, wait_ms) = (error_codes::REGISTRY_UNREACHABLE.as_str(), wait.as_millis());
                        tracing::warn!(code, %error, id, wait_ms, "fetching a schema; trying again");
                        // As below.
                        let _ = troubles.send(FetchTrouble { id, reason: error.to_string() });
                        tokio::time::sleep(wait).await;
                    }
                }
            };
            // Whoever asked is gone only when the process stops.
            let _ = sender.send(FetchedSchema { id, schema });
        });
    }

    fn fetched(&mut self) -> Option<FetchedSchema> {
        let fetched = self.receiver.try_recv().ok()?;
        self.under_way.remove(&fetched.id);
        Some(fetched)
    }

    fn trouble(&mut self) -> Option<FetchTrouble> {
        self.troubles.1.try_recv().ok()
    }
}
