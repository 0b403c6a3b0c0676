//! What the rules must have made of an event.

use std::collections::BTreeMap;

use super::outcome::{Choice, Write};

/// What the rules must have made of one event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// The event.
    pub event_id: String,
    /// Correlates what came of it.
    pub correlation_id: String,
    /// The rule that decides, and where to.
    pub decision: Option<(String, Choice)>,
    /// By rule: what it writes, and how long that is worth doing (milliseconds).
    pub commands: BTreeMap<String, (Write, Option<i64>)>,
    /// Rules that fail on the event, and do nothing.
    pub failing: Vec<String>,
}
