//! Fetches schemas that records were written with and this build does not know.

use std::collections::HashSet;
use std::sync::mpsc;
use std::time::Duration;

use tokio::runtime::Handle;
use trunkline_schemas::error_codes;

use crate::registry::{Registry, RegistryError};

/// Between two trials while the registry cannot be reached; the partition concerned is paused meanwhile.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A schema that was asked for.
#[derive(Debug)]
pub struct FetchedSchema {
    /// Its id.
    pub id: u32,
    /// Its text; `None` when the registry does not know the id.
    pub schema: Option<String>,
}

/// Where schemas are fetched that a build does not know.
pub trait SchemaSource {
    /// Asks for a schema, unless that is under way already, until there is an answer.
    fn fetch(&mut self, id: u32);

    /// The next answer.
    fn fetched(&mut self) -> Option<FetchedSchema>;
}

/// Fetches schemas in the background, each once.
pub struct SchemaFetcher {
    runtime: Handle,
    registry: Registry,
    under_way: HashSet<u32>,
    sender: mpsc::Sender<FetchedSchema>,
    receiver: mpsc::Receiver<FetchedSchema>,
}

// === impl SchemaFetcher ===

impl SchemaFetcher {
    /// Asks this registry.
    pub fn new(runtime: Handle, registry: Registry) -> Self {
        let (sender, receiver) = mpsc::channel();
        Self { runtime, registry, under_way: HashSet::new(), sender, receiver }
    }
}

impl SchemaSource for SchemaFetcher {
    /// It is tried until the registry answers.
    fn fetch(&mut self, id: u32) {
        if !self.under_way.insert(id) {
            return;
        }
        let (registry, sender) = (self.registry.clone(), self.sender.clone());
        self.runtime.spawn(async move {
            let schema = loop {
                match registry.schema(id).await {
                    Ok(schema) => break Some(schema.to_string()),
                    Err(RegistryError::UnknownId { .. }) => break None,
                    Err(error) => {
                        tracing::warn!(code = %error_codes::REGISTRY_UNREACHABLE, %error, id, "fetching a schema; trying again");
                        tokio::time::sleep(RETRY_AFTER).await;
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
}
