//! What a step can have looked up, and what comes of it.

use std::collections::BTreeMap;

use trunkline_schemas::SourceStatus;

/// Lookups that a step may want for one event.
pub const MOST_LOOKUPS: usize = 4;

/// A question to a source of `[enrichment.sources]`. The customer of the event is known to it; what its templates want
/// beside that are the parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lookup {
    /// Name of the source, one of those that [`Plugin::lookups`](crate::Plugin::lookups) names.
    pub source: String,
    /// Values for the placeholders `{parameters.NAME}` of its templates.
    pub parameters: BTreeMap<String, String>,
}

/// What came of a lookup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupAnswer {
    /// What was to be looked up.
    pub lookup: Lookup,
    /// What came of it. `NotFound` where the source does not know the customer, and where a value that its templates
    /// want is not known; `Timeout` where there was no answer in time; `Unavailable` where it was not asked, for its
    /// limits or its failures; `Error` where its answer was of no use.
    pub status: SourceStatus,
    /// The values that the source's configuration names, as far as they are known; empty unless it answered.
    pub values: BTreeMap<String, String>,
}

// === impl Lookup ===

impl Lookup {
    /// A question to this source.
    pub fn new(source: impl Into<String>) -> Self {
        Self { source: source.into(), parameters: BTreeMap::new() }
    }

    /// With a parameter.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }
}

// === impl LookupAnswer ===

impl LookupAnswer {
    /// A value by its name; `None` where it is not known.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}
