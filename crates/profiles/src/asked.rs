//! Which sources are asked for profiles.

use std::sync::Arc;

use trunkline_schemas::SourcePart;

/// A source that is asked for profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedSource {
    /// Its configured name.
    pub name: Arc<str>,
    /// The system behind it.
    pub system: Arc<str>,
    /// An answer younger than this is not asked for again; milliseconds.
    pub freshness_ms: i64,
}

// === impl AskedSource ===

impl AskedSource {
    /// Its name as events have it: where it is not the system's.
    pub(crate) fn own_name(&self) -> Option<Arc<str>> {
        Some(self.name.clone()).filter(|name| *name != self.system)
    }
}

impl AsRef<str> for AskedSource {
    fn as_ref(&self) -> &str {
        &self.name
    }
}

/// Gives parts that builds without parts kept, and that have the names of their systems, those of the sources.
pub(crate) fn named(parts: &mut [SourcePart], asked: &[AskedSource]) {
    for part in parts {
        let is_known = asked.iter().any(|source| *source.name == *part.source);
        if !is_known
            && part.source == part.system
            && let Some(source) = asked.iter().find(|source| *source.system == *part.system)
        {
            part.source = source.name.as_ref().to_owned();
        }
    }
}
