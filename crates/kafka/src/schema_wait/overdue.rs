//! Which partitions wait for a schema for longer than they should, and what is said of it.

use std::collections::BTreeMap;
use std::fmt::Display;

use trunkline_schemas::{PipelineError, Severity, error_codes};

/// A partition that waits for so long is named, in milliseconds: a registry that is restarted is back by then.
const OVERDUE_AFTER_MS: i64 = 10_000;

/// For as long as it waits it is named so often, in milliseconds.
const REPEATED_AFTER_MS: i64 = 5 * 60_000;

/// What is said while the first trial is under way.
const NO_ANSWER: &str = "it has not answered yet";

/// A partition that waits for a schema for longer than it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue<P> {
    /// Which.
    pub partition: P,
    /// Offset of the record that waits.
    pub offset: i64,
    /// For how long, in milliseconds.
    pub waited_ms: i64,
    /// What the registry answered last.
    pub reason: String,
}

/// Since when partitions wait, and what the registry says.
#[derive(Debug)]
pub(super) struct Watch<P> {
    waits: BTreeMap<P, Wait>,
    reason: Option<String>,
    /// That some wait for too long was said last.
    was_stuck: bool,
}

#[derive(Debug)]
struct Wait {
    /// Of the first record.
    offset: i64,
    since: i64,
    /// When it was named last.
    named_at: Option<i64>,
}

// === impl Watch ===

impl<P> Default for Watch<P> {
    fn default() -> Self {
        Self { waits: BTreeMap::new(), reason: None, was_stuck: false }
    }
}

impl<P: Ord + Clone + Display> Watch<P> {
    /// A record of a partition waits.
    pub(super) fn waits(&mut self, partition: &P, offset: i64, now: i64) {
        if !self.waits.contains_key(partition) {
            self.waits.insert(partition.clone(), Wait { offset, since: now, named_at: None });
        }
    }

    /// The registry did not give a schema.
    pub(super) fn trouble(&mut self, reason: String) {
        self.reason = Some(reason);
    }

    /// Forgets the others.
    pub(super) fn keep(&mut self, still_waits: impl Fn(&P) -> bool) {
        self.waits.retain(|partition, _| still_waits(partition));
        if self.waits.is_empty() {
            self.reason = None;
        }
    }

    /// Those to name now.
    pub(super) fn overdue(&mut self, now: i64) -> Vec<Overdue<P>> {
        let reason = self.reason.clone().unwrap_or_else(|| NO_ANSWER.to_owned());
        let mut overdue = Vec::new();
        for (partition, wait) in &mut self.waits {
            let named_lately = wait.named_at.is_some_and(|at| now - at < REPEATED_AFTER_MS);
            if now - wait.since >= OVERDUE_AFTER_MS && !named_lately {
                wait.named_at = Some(now);
                let (partition, offset) = (partition.clone(), wait.offset);
                overdue.push(Overdue {
                    partition,
                    offset,
                    waited_ms: now - wait.since,
                    reason: reason.clone(),
                });
            }
        }
        overdue
    }

    /// For the readiness: as long as some wait, and once when none does any more.
    pub(super) fn readiness(&mut self, now: i64) -> Option<(bool, String)> {
        let stuck = self.waits.values().filter(|wait| now - wait.since >= OVERDUE_AFTER_MS).count();
        let was_stuck = std::mem::replace(&mut self.was_stuck, stuck > 0);
        let reason = self.reason.as_deref().unwrap_or(NO_ANSWER);
        match stuck {
            0 => was_stuck.then(|| (true, "no partition waits for a schema".to_owned())),
            _ => Some((false, format!("{stuck} partitions wait for a schema: {reason}"))),
        }
    }
}

// === impl Overdue ===

impl<P: Display> Overdue<P> {
    /// The report of it, by this component and instance, at `now` (UTC milliseconds).
    pub fn report(&self, id: String, component: &str, instance: &str, now: i64) -> PipelineError {
        let Self { partition, offset, waited_ms, reason } = self;
        PipelineError {
            conversation_id: None,
            contact_id: None,
            flow_session_id: None,
            correlation_id: None,
            error_id: id,
            code: error_codes::REGISTRY_UNREACHABLE.to_string(),
            severity: Severity::Error,
            component: component.to_owned(),
            instance: instance.to_owned(),
            message: format!(
                "partition {partition} has stood still at offset {offset} for {} s: the schema registry does not give \
                 the schema of its next record ({reason}); it goes on by itself once the registry does",
                waited_ms / 1_000
            ),
            subject: Some(partition.to_string()),
            occurred_at: now,
        }
    }
}
