//! Rules by the types of events that they look at.

use std::collections::{BTreeSet, HashMap};

/// Rules in the order of the file, found by event type.
pub(crate) struct ByEvent<R> {
    rules: Vec<R>,
    named: HashMap<String, Vec<usize>, foldhash::fast::RandomState>,
}

// === impl ByEvent ===

impl<R> Default for ByEvent<R> {
    fn default() -> Self {
        Self { rules: Vec::new(), named: HashMap::default() }
    }
}

impl<R> ByEvent<R> {
    /// Adds a rule behind the others.
    pub(crate) fn add(&mut self, on: &[String], rule: R) {
        // A type that is named twice is looked at once.
        for event_type in on.iter().collect::<BTreeSet<_>>() {
            self.named.entry(event_type.clone()).or_default().push(self.rules.len());
        }
        self.rules.push(rule);
    }

    /// The rules that look at events of a type.
    pub(crate) fn named(&self, event_type: &str) -> impl Iterator<Item = &R> {
        let indices = self.named.get(event_type).map_or([].as_slice(), Vec::as_slice);
        indices.iter().filter_map(|index| self.rules.get(*index))
    }

    /// All types that a rule looks at.
    pub(crate) fn events(&self) -> Vec<String> {
        self.named.keys().cloned().collect()
    }
}
