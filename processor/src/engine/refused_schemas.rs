//! Schemas that are of no use, for a while.

use std::collections::HashMap;

/// How long a schema that is of no use is not asked for again, in milliseconds: a poisonous record of it costs nothing
/// then, and good ones, where the registry was wrong, do not become dead letters for longer.
const REFUSED_FOR_MS: i64 = 60_000;

/// Refused schemas that are remembered: random ids in garbage must not fill the memory.
const REFUSED_LIMIT: usize = 10_000;

/// Schemas that decode nothing, why, and until when that is taken for granted (UTC milliseconds).
#[derive(Debug, Default)]
pub(super) struct RefusedSchemas(HashMap<u32, (String, i64)>);

// === impl RefusedSchemas ===

impl RefusedSchemas {
    /// Records of this schema are poison for a while. Not for ever: a registry can be wrong, or behind.
    pub(super) fn refuse(&mut self, id: u32, reason: String, now: i64) {
        if self.0.len() >= REFUSED_LIMIT {
            self.0.retain(|_, (_, until)| *until > now);
        }
        if self.0.len() >= REFUSED_LIMIT {
            self.0.clear();
        }
        self.0.insert(id, (reason, now + REFUSED_FOR_MS));
    }

    /// Why a schema is refused at `now`, if it is.
    pub(super) fn reason(&self, id: u32, now: i64) -> Option<&str> {
        self.0.get(&id).filter(|(_, until)| *until > now).map(|(reason, _)| reason.as_str())
    }
}
