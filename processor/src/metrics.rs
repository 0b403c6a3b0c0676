//! The processor's metrics, all in one place.

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::restore::Took;
use crate::task::Counters;

const EVENTS: &str = "trunkline_processor_events_total";
const COMMITS: &str = "trunkline_processor_commits_total";
const COMMIT_SECONDS: &str = "trunkline_processor_commit_seconds";
const OUTSTANDING: &str = "trunkline_processor_outstanding_events";
const LOOKUPS: &str = "trunkline_processor_lookups_in_flight";
const PARTITIONS: &str = "trunkline_processor_partitions";
const RESTORE_SECONDS: &str = "trunkline_processor_restore_seconds";
const RULE_ERRORS: &str = "trunkline_processor_rule_errors_total";
const DECISIONS: &str = "trunkline_processor_decisions_total";
const WRITE_BACKS: &str = "trunkline_processor_write_backs_total";

/// Says what each metric is.
pub fn describe() {
    describe_counter!(
        EVENTS,
        "Events by what became of them: emitted, duplicate, put_in_order, late, gap, dead_letter"
    );
    describe_counter!(COMMITS, "Transactions by outcome: committed, aborted, doubtful, fenced");
    describe_histogram!(COMMIT_SECONDS, "Seconds from begin to the end of a transaction");
    describe_gauge!(
        OUTSTANDING,
        "Events read and not yet finished: held for their order or waiting for a profile"
    );
    describe_gauge!(LOOKUPS, "Profile lookups under way");
    describe_gauge!(PARTITIONS, "Partitions assigned and restored");
    describe_histogram!(
        RESTORE_SECONDS,
        "Seconds from an assignment to processing, by part: settlement of earlier owners' transactions, restore of state"
    );
    describe_counter!(RULE_ERRORS, "Rules that failed on an event");
    describe_counter!(DECISIONS, "Routing decisions, by rule");
    describe_counter!(WRITE_BACKS, "Write-back commands issued, by rule");
}

/// Adds what a task counted since `before`.
pub fn events(before: Counters, now: Counters) {
    for (outcome, before, now) in [
        ("emitted", before.emitted, now.emitted),
        ("duplicate", before.duplicates, now.duplicates),
        ("put_in_order", before.put_in_order, now.put_in_order),
        ("late", before.late, now.late),
        ("gap", before.gaps, now.gaps),
        ("dead_letter", before.dead_letters, now.dead_letters),
    ] {
        if now > before {
            counter!(EVENTS, "outcome" => outcome).increment(now - before);
        }
    }
}

/// A transaction ended.
pub fn commit(outcome: &'static str, seconds: f64) {
    counter!(COMMITS, "outcome" => outcome).increment(1);
    histogram!(COMMIT_SECONDS).record(seconds);
}

/// What is under way.
pub fn under_way(outstanding: usize, lookups: usize, partitions: usize) {
    gauge!(OUTSTANDING).set(outstanding as f64);
    gauge!(LOOKUPS).set(lookups as f64);
    gauge!(PARTITIONS).set(partitions as f64);
}

/// Partitions were restored.
pub fn restored(took: Took) {
    histogram!(RESTORE_SECONDS, "part" => "settlement").record(took.settlement.as_secs_f64());
    histogram!(RESTORE_SECONDS, "part" => "restore").record(took.restore.as_secs_f64());
}

/// What the rules made of an event.
pub fn rules(decision: Option<&str>, write_backs: impl Iterator<Item = String>, errors: usize) {
    if let Some(rule) = decision {
        counter!(DECISIONS, "rule" => rule.to_owned()).increment(1);
    }
    for rule in write_backs {
        counter!(WRITE_BACKS, "rule" => rule).increment(1);
    }
    if errors > 0 {
        counter!(RULE_ERRORS).increment(errors as u64);
    }
}
