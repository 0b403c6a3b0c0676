//! What is said of sources whose numbers seem to run across conversations.

use std::collections::HashMap;

use crate::metrics;

/// A source is warned of at most this often: a configuration is not mended any sooner.
const WARN_EVERY_MS: i64 = 3_600_000;

/// When each source was warned of last; UTC milliseconds.
#[derive(Debug, Default)]
pub(super) struct NumberingWarnings {
    told_at: HashMap<String, i64>,
}

// === impl NumberingWarnings ===

impl NumberingWarnings {
    /// Counts that a source was suspected, and says so.
    pub(super) fn suspected(&mut self, source: &str, now: i64) {
        metrics::numbering_suspected(source);
        if self.is_due(source, now) {
            tracing::warn!(
                source,
                "nearly every numbered event of this source follows a gap within its conversation, so that it is held and \
                 published with gapBefore: its numbers seem to run across conversations. Configure order = \"sorted\" \
                 (or \"causal\") for it, or let `sequence` point to a number that counts each conversation from 1 on"
            );
        }
    }

    fn is_due(&mut self, source: &str, now: i64) -> bool {
        let due = self.told_at.get(source).is_none_or(|at| (now - at).abs() >= WARN_EVERY_MS);
        if due {
            self.told_at.insert(source.to_owned(), now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_warned_of_at_once_and_then_once_in_an_hour() {
        let mut warnings = NumberingWarnings::default();
        let times = [0, 1, WARN_EVERY_MS - 1, WARN_EVERY_MS, WARN_EVERY_MS + 1];
        let told: Vec<bool> = times.map(|at| warnings.is_due("crm", at)).to_vec();
        assert_eq!(told, [true, false, false, true, false]);
        assert!(warnings.is_due("other", 1));
    }
}
