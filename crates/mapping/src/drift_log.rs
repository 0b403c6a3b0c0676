//! Differences between payloads and schemas, counted and reported at a bounded rate.

use std::collections::HashMap;

use trunkline_schemas::SchemaDrift;

use crate::difference::Difference;

/// Kinds of drift remembered; beyond it only the number of what was not remembered is kept.
pub const CAPACITY: usize = 4_096;
/// Reports given out at once.
pub const BATCH: usize = 100;
/// A kind of drift that goes on is reported again after this long, in milliseconds, with its new count.
pub const REPEAT_MS: i64 = 60_000;

/// Longest event type kept; types are the sender's choice.
const TYPE_CHARACTERS: usize = 200;

/// All drift seen since the start, one entry per source, version, event type, field and kind of difference.
///
/// The first sight of a difference is reported at the next call of [`DriftLog::due`], later ones at most
/// every [`REPEAT_MS`]. A flood of ever new field names is bounded by [`CAPACITY`], and shows in
/// [`DriftLog::overflow`].
#[derive(Debug, Default)]
pub struct DriftLog {
    entries: HashMap<Key, Entry>,
    /// Keys with something to report, in the order they came up.
    pending: Vec<Key>,
    overflow: u64,
}

/// Where a payload that differs came from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Configured name of the source.
    pub source: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// Schema version that was applied.
    pub schema_version: &'a str,
    /// The platform's own event type.
    pub source_type: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    source: String,
    schema_version: String,
    source_type: String,
    pointer: String,
    change: &'static str,
}

#[derive(Debug)]
struct Entry {
    record: SchemaDrift,
    /// When it was last reported; `None` before the first time.
    reported_at: Option<i64>,
    pending: bool,
}

// === impl DriftLog ===

impl DriftLog {
    /// Counts a difference. `sample_hash` makes the hash of the payload that shows it, and is called for new
    /// ones only.
    pub fn record(
        &mut self,
        origin: Origin<'_>,
        difference: &Difference,
        sample_hash: impl FnOnce() -> String,
        now: i64,
    ) {
        let key = Key {
            source: origin.source.to_owned(),
            schema_version: origin.schema_version.to_owned(),
            source_type: origin.source_type.chars().take(TYPE_CHARACTERS).collect(),
            pointer: difference.pointer.clone(),
            change: difference.change.as_str(),
        };
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.record.count += 1;
            if !entry.pending {
                entry.pending = true;
                self.pending.push(key);
            }
            return;
        }
        if self.entries.len() >= CAPACITY {
            self.overflow += 1;
            return;
        }
        let record = SchemaDrift {
            source: key.source.clone(),
            kind: origin.kind.to_owned(),
            schema_version: key.schema_version.clone(),
            source_type: key.source_type.clone(),
            path: key.pointer.clone(),
            change: key.change.to_owned(),
            found: difference.found.clone(),
            sample_hash: sample_hash(),
            first_seen: now,
            count: 1,
        };
        self.pending.push(key.clone());
        self.entries.insert(key, Entry { record, reported_at: None, pending: true });
    }

    /// What is to be reported now, at most [`BATCH`] records; `all` is for a shutdown and leaves no change
    /// unreported.
    pub fn due(&mut self, now: i64, all: bool) -> Vec<SchemaDrift> {
        let mut records = Vec::new();
        let mut rest = Vec::new();
        for key in std::mem::take(&mut self.pending) {
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            let due = all || entry.reported_at.is_none_or(|reported| now - reported >= REPEAT_MS);
            if due && (all || records.len() < BATCH) {
                entry.reported_at = Some(now);
                entry.pending = false;
                records.push(entry.record.clone());
            } else {
                rest.push(key);
            }
        }
        self.pending = rest;
        records
    }

    /// Takes back reports that could not be published: they are due again.
    pub fn give_back(&mut self, records: Vec<SchemaDrift>) {
        for record in records {
            let key = self.entries.iter_mut().find(|(_, entry)| {
                let known = &entry.record;
                (&known.source, &known.schema_version, &known.source_type, &known.path, &known.change)
                    == (
                        &record.source,
                        &record.schema_version,
                        &record.source_type,
                        &record.path,
                        &record.change,
                    )
            });
            if let Some((key, entry)) = key {
                entry.reported_at = None;
                if !entry.pending {
                    entry.pending = true;
                    self.pending.push(key.clone());
                }
            }
        }
    }

    /// Differences that were seen and not remembered.
    pub fn overflow(&self) -> u64 {
        self.overflow
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::difference::Change;

    const ORIGIN: Origin<'static> =
        Origin { source: "cloud", kind: "genesys-eventbridge", schema_version: "1", source_type: "v2.x" };

    fn see(log: &mut DriftLog, pointer: &str, now: i64) {
        let difference = Difference::new(pointer, Change::UnknownField, Some("string"));
        log.record(ORIGIN, &difference, || format!("hash at {now}"), now);
    }

    fn counts(records: &[SchemaDrift]) -> Vec<(&str, i64)> {
        records.iter().map(|record| (record.path.as_str(), record.count)).collect()
    }

    #[test]
    fn first_sight_is_reported_at_once_and_the_count_once_a_minute() {
        let mut log = DriftLog::default();
        see(&mut log, "/a", 1_000);
        see(&mut log, "/a", 1_001);
        see(&mut log, "/b", 1_002);
        let reported = log.due(1_500, false);
        assert_eq!(counts(&reported), [("/a", 2), ("/b", 1)]);
        assert_eq!((reported[0].first_seen, reported[0].sample_hash.as_str()), (1_000, "hash at 1000"));

        see(&mut log, "/a", 2_000);
        assert_eq!(counts(&log.due(2_000, false)), []);
        assert_eq!(counts(&log.due(1_500 + REPEAT_MS, false)), [("/a", 3)]);
        assert_eq!(counts(&log.due(i64::MAX, true)), [], "nothing new since");
        see(&mut log, "/a", 2_001);
        assert_eq!(counts(&log.due(1_501 + REPEAT_MS, true)), [("/a", 4)], "a shutdown waits for nothing");
    }

    #[test]
    fn a_flood_is_bounded_and_reported_in_parts() {
        let mut log = DriftLog::default();
        for n in 0..CAPACITY + 7 {
            see(&mut log, &format!("/{n}"), 0);
        }
        assert_eq!(log.overflow(), 7);
        let unpublished = log.due(0, false);
        assert_eq!(unpublished.len(), BATCH);
        log.give_back(unpublished);
        let mut reported = 0;
        while let batch @ 1.. = log.due(0, false).len() {
            assert!(batch <= BATCH);
            reported += batch;
        }
        assert_eq!(reported, CAPACITY);
    }
}
