//! The version of a rule set: equal rules have equal versions.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{RoutingRule, WriteBackRule};
use crate::{Enrichment, Plugin};

/// Hex digits of the version: 48 bits tell any two versions of a deployment apart.
const LENGTH: usize = 12;

/// First hex digits of the SHA-256 over all rules, each part preceded by its length, so that no two rule sets
/// share their canonical form.
pub(super) fn of(
    default_queue: &str,
    routing: &[RoutingRule],
    write_backs: &[WriteBackRule],
    enrichment: &Enrichment,
    plugins: &BTreeMap<String, Plugin>,
) -> String {
    let mut canonical = Canonical(Sha256::new());
    canonical.text(default_queue);
    canonical.list(routing, |canonical, rule| {
        canonical.text(&rule.id);
        canonical.list(&rule.on, |canonical, event_type| canonical.text(event_type));
        canonical.text(&rule.when);
        canonical.text(&rule.queue);
        canonical.list(&rule.priority, |canonical, priority| canonical.text(priority));
        canonical.list(&rule.skills, |canonical, skills| canonical.text(skills));
        canonical.map(&rule.attributes);
    });
    canonical.list(write_backs, |canonical, rule| {
        canonical.text(&rule.id);
        canonical.list(&rule.on, |canonical, event_type| canonical.text(event_type));
        canonical.text(&rule.when);
        canonical.text(&rule.target);
        canonical.text(&rule.operation);
        canonical.text(if rule.observe { "observe" } else { "apply" });
        canonical.list(&rule.expires, |canonical, expires| canonical.text(&expires.as_millis().to_string()));
        canonical.list(&rule.resource, |canonical, resource| canonical.text(resource));
        canonical.map(&rule.parameters);
        canonical.map(&rule.fields);
    });
    if let Some(when) = &enrichment.when {
        canonical.text(when);
    }
    // Plugins decide too, by their settings.
    for (name, plugin) in plugins {
        canonical.text(name);
        canonical.list(plugin.events.iter().flatten(), |canonical, event_type| canonical.text(event_type));
        canonical.text(&plugin.settings.to_string());
    }
    let mut version = hex::encode(canonical.0.finalize());
    version.truncate(LENGTH);
    version
}

struct Canonical(Sha256);

// === impl Canonical ===

impl Canonical {
    fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
    }

    fn list<'a, T: 'a, I>(&mut self, items: I, each: impl Fn(&mut Self, &'a T))
    where
        I: IntoIterator<Item = &'a T>,
    {
        let items: Vec<_> = items.into_iter().collect();
        self.0.update((items.len() as u64).to_be_bytes());
        items.into_iter().for_each(|item| each(self, item));
    }

    fn map(&mut self, map: &BTreeMap<String, String>) {
        self.0.update((map.len() as u64).to_be_bytes());
        for (name, value) in map {
            self.text(name);
            self.text(value);
        }
    }
}
