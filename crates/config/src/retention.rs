//! `[kafka.retention]`: how long topics keep their records.

use std::collections::BTreeMap;
use std::time::Duration;

use trunkline_schemas::catalog::{self, Cleanup, TOPICS};

use crate::section::{Problem, Read, Section, Value};
use crate::suggest::did_you_mean;
use crate::values::duration;

/// How long a topic keeps its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// For so long after their timestamps.
    For(Duration),
    /// As long as the topic is there; tiered storage makes it affordable.
    Forever,
}

// === impl Retention ===

impl Retention {
    /// The value of Kafka's `retention.ms`: milliseconds, -1 for ever.
    pub fn milliseconds(self) -> i64 {
        match self {
            Self::For(time) => i64::try_from(time.as_millis()).unwrap_or(i64::MAX),
            Self::Forever => -1,
        }
    }
}

/// Reads the section within `[kafka]`. Only topics whose records are deleted by age can stand in it.
pub(crate) fn read(kafka: &Section<'_>) -> BTreeMap<String, Retention> {
    let retention = kafka.map("retention", retention);
    for name in retention.keys() {
        let message = match catalog::topic(name).map(|topic| topic.cleanup) {
            Some(Cleanup::Delete { .. }) => continue,
            Some(Cleanup::Compact) => {
                format!("retention: topic '{name}' is compacted: it keeps the latest record of every key")
            }
            None => format!(
                "retention: unknown topic '{name}'{}",
                did_you_mean(name, TOPICS.iter().map(|topic| topic.name))
            ),
        };
        kafka.refuse_at(&["retention", name], &message);
    }
    retention
}

fn retention(value: &Value<'_>) -> Read<Retention> {
    let found = value.spanned.get_ref();
    if found.is_table() {
        // What TOML makes of `events.enriched = "30d"`.
        return Err(Problem::new("must be a duration: put a topic's name with its dots into quotes"));
    }
    match found.as_str() {
        Some("forever") => Ok(Retention::Forever),
        _ => duration(value).map(Retention::For),
    }
}
