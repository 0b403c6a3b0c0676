//! Schema documents that refer to each other.

use std::collections::HashMap;

use jsonschema::Registry;
use serde_json::Value;

use super::Error;

/// Documents that a schema refers to by their `$id`.
pub struct Documents {
    by_id: HashMap<String, Value>,
}

// === impl Documents ===

impl Documents {
    /// Reads documents.
    pub fn read(texts: &[&str]) -> Result<Self, Error> {
        let mut by_id = HashMap::new();
        for text in texts {
            let document: Value = serde_json::from_str(text).map_err(|e| Error(e.to_string()))?;
            let id = document["$id"].as_str().ok_or_else(|| Error("a document without $id".into()))?;
            by_id.insert(id.to_owned(), document);
        }
        Ok(Self { by_id })
    }

    /// The definition that `#/$defs/{name}` names, of `document` itself or of the one whose id stands before
    /// it, with the document that it stands in.
    pub fn definition<'a>(&'a self, reference: &str, document: &'a Value) -> Option<(&'a Value, &'a Value)> {
        let (id, name) = reference.split_once("#/$defs/")?;
        let document = if id.is_empty() { document } else { self.by_id.get(id)? };
        Some((document["$defs"].get(name)?, document))
    }

    /// The same for the validator.
    pub fn registry(&self) -> Result<Registry<'_>, Error> {
        let mut registry = Registry::new();
        for (id, document) in &self.by_id {
            registry = registry.add(id, document).map_err(|e| Error(e.to_string()))?;
        }
        registry.prepare().map_err(|e| Error(e.to_string()))
    }
}
