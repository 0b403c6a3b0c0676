//! The processor's metrics, all in one place.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use trunkline_partition::task::Counters;

use crate::restore::Took;

const EVENTS: &str = "trunkline_processor_events_total";
const REPEATS: &str = "trunkline_processor_repeats_total";
const CUSTOMERS_REPLACED: &str = "trunkline_processor_customers_replaced_total";
const NUMBERING_SUSPECTED: &str = "trunkline_processor_numbering_suspected_total";
const COMMITS: &str = "trunkline_processor_commits_total";
const COMMIT_SECONDS: &str = "trunkline_processor_commit_seconds";
const OUTSTANDING: &str = "trunkline_processor_outstanding_events";
const LOOKUPS: &str = "trunkline_processor_lookups_in_flight";
const PUT_ASIDE: &str = "trunkline_processor_put_aside_total";
const PROFILES_RETOLD: &str = "trunkline_processor_profiles_retold_total";
const WAITING_FOR_SCHEMA: &str = "trunkline_processor_partitions_waiting_for_schema";
const PARTITIONS: &str = "trunkline_processor_partitions";
const LONGEST_HOLD_SECONDS: &str = "trunkline_processor_longest_hold_seconds";
const PARTITIONS_CONFIGURED: &str = "trunkline_processor_partitions_configured";
const EVENT_AGE_SECONDS: &str = "trunkline_processor_event_age_seconds";
const RESTORE_SECONDS: &str = "trunkline_processor_restore_seconds";
const RULE_ERRORS: &str = "trunkline_processor_rule_errors_total";
const DECISIONS: &str = "trunkline_processor_decisions_total";
const WRITE_BACKS: &str = "trunkline_processor_write_backs_total";

/// Reports for the operator that were dropped.
pub const REPORTS_DROPPED: &str = "trunkline_processor_reports_dropped_total";

const PLUGIN_EVENTS: &str = "trunkline_processor_plugin_events_total";
const PLUGIN_HANDLER_SECONDS: &str = "trunkline_processor_plugin_handler_seconds";
const PLUGIN_LATENCY_SECONDS: &str = "trunkline_processor_plugin_latency_seconds";
const PLUGIN_LOOKUPS: &str = "trunkline_processor_plugin_lookups_total";
const PLUGIN_QUEUE: &str = "trunkline_processor_plugin_queue_depth";
const PLUGIN_ON: &str = "trunkline_processor_plugin_on";
const PLUGIN_LOST_THREADS: &str = "trunkline_processor_plugin_lost_threads";

/// What may become of an event, in the order in which [`events`] counts it.
const EVENT_OUTCOMES: [&str; 6] = ["emitted", "duplicate", "put_in_order", "late", "gap", "dead_letter"];

/// How a transaction may end, as [`trunkline_kafka::Ended`] has it.
const COMMIT_OUTCOMES: [&str; 4] = ["committed", "aborted", "doubtful", "fenced"];

/// Says what each metric is.
pub fn describe() {
    describe_counter!(
        EVENTS,
        "Events by what became of them: emitted, duplicate, put_in_order, late, gap, dead_letter"
    );
    describe_counter!(
        REPEATS,
        "Events that say again what was said before: suppressed (it was said last, within repeat_window), possible (published with possibleRepeat)"
    );
    describe_counter!(
        CUSTOMERS_REPLACED,
        "Conversations whose customer a later event names otherwise, by stronger evidence"
    );
    describe_counter!(
        NUMBERING_SUSPECTED,
        "Times that nearly all of a hundred numbered events of a source, in one partition, followed a gap: its numbers may run across conversations"
    );
    describe_counter!(COMMITS, "Transactions by outcome: committed, aborted, doubtful, fenced");
    describe_histogram!(COMMIT_SECONDS, "Seconds from begin to the end of a transaction");
    describe_gauge!(
        OUTSTANDING,
        "Events read and not yet finished: held for their order or waiting for a profile"
    );
    describe_gauge!(LOOKUPS, "Profile lookups under way");
    describe_counter!(PUT_ASIDE, "Records whose outputs the brokers refuse, and which became dead letters");
    describe_counter!(
        PROFILES_RETOLD,
        "Profiles published again since the last record, of another instance, lacked what is known here"
    );
    describe_gauge!(WAITING_FOR_SCHEMA, "Partitions that wait for the schema of their next record");
    describe_gauge!(PARTITIONS, "Partitions assigned and restored");
    describe_gauge!(LONGEST_HOLD_SECONDS, "The longest hold of a source, as the configuration says");
    describe_gauge!(PARTITIONS_CONFIGURED, "Partitions of events.normalized, as the configuration says");
    describe_histogram!(
        EVENT_AGE_SECONDS,
        "Seconds from the receipt of an event to its commit in events.enriched"
    );
    describe_histogram!(
        RESTORE_SECONDS,
        "Seconds from an assignment to processing, by part: settlement of earlier owners' transactions, restore of state"
    );
    describe_counter!(RULE_ERRORS, "Rules that failed on an event");
    describe_counter!(DECISIONS, "Routing decisions, by rule");
    describe_counter!(WRITE_BACKS, "Write-back commands issued, by rule");
    describe_counter!(
        REPORTS_DROPPED,
        "Reports for the operator that were dropped because none could be committed"
    );
    describe_counter!(
        PLUGIN_EVENTS,
        "Events by what a plugin made of them: answered, failed, late, full (too many waited), off (it was turned off)"
    );
    describe_histogram!(PLUGIN_HANDLER_SECONDS, "Seconds that a plugin worked on an event");
    describe_histogram!(PLUGIN_LATENCY_SECONDS, "Seconds that an event waited for a plugin that answered");
    describe_counter!(
        PLUGIN_LOOKUPS,
        "Lookups that a plugin wanted, by what came of them; refused: too many were under way"
    );
    describe_gauge!(PLUGIN_QUEUE, "Events that a plugin has and has not answered");
    describe_gauge!(PLUGIN_ON, "1 while a plugin is asked, 0 while it is turned off");
    describe_gauge!(PLUGIN_LOST_THREADS, "Threads of a plugin that were given up and have not come back");
}

/// A record is put aside, since what came of it is refused.
pub fn put_aside() {
    counter!(PUT_ASIDE).increment(1);
}

/// So many partitions wait for the schema of their next record.
pub fn waiting_for_schema(partitions: usize) {
    // Far below 2^52: exact.
    gauge!(WAITING_FOR_SCHEMA).set(partitions as f64);
}

/// Adds what a task counted since `before`.
pub fn events(before: Counters, now: Counters) {
    repeats(before, now);
    if now.customers_replaced > before.customers_replaced {
        counter!(CUSTOMERS_REPLACED).increment(now.customers_replaced - before.customers_replaced);
    }
    let counted = [
        (before.emitted, now.emitted),
        (before.duplicates, now.duplicates),
        (before.put_in_order, now.put_in_order),
        (before.late, now.late),
        (before.gaps, now.gaps),
        (before.dead_letters, now.dead_letters),
    ];
    for (outcome, (before, now)) in EVENT_OUTCOMES.into_iter().zip(counted) {
        if now > before {
            counter!(EVENTS, "outcome" => outcome).increment(now - before);
        }
    }
}

/// Adds what a task counted of repetitions since `before`.
fn repeats(before: Counters, now: Counters) {
    for (outcome, before, now) in [
        ("suppressed", before.repeats, now.repeats),
        ("possible", before.possible_repeats, now.possible_repeats),
    ] {
        if now > before {
            counter!(REPEATS, "outcome" => outcome).increment(now - before);
        }
    }
}

/// The numbers of a source may run across conversations.
pub fn numbering_suspected(source: &str) {
    counter!(NUMBERING_SUSPECTED, "source" => source.to_owned()).increment(1);
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

/// A profile is published again, as another instance's record lacks some of it.
pub fn profile_retold() {
    counter!(PROFILES_RETOLD).increment(1);
}

/// So many partitions are to be processed, by all instances together; none is yet. An event may be held as long as
/// `longest_hold`, and is no older than it should be. Counters begin at 0: of one that
/// appeared with its first count, `increase()` would not see that count.
pub fn configured(partitions: i32, longest_hold: Duration) {
    gauge!(LONGEST_HOLD_SECONDS).set(longest_hold.as_secs_f64());
    gauge!(PARTITIONS_CONFIGURED).set(f64::from(partitions));
    gauge!(PARTITIONS).set(0);
    for outcome in EVENT_OUTCOMES {
        counter!(EVENTS, "outcome" => outcome).increment(0);
    }
    for outcome in COMMIT_OUTCOMES {
        counter!(COMMITS, "outcome" => outcome).increment(0);
    }
    counter!(RULE_ERRORS).increment(0);
    counter!(PUT_ASIDE).increment(0);
    counter!(PROFILES_RETOLD).increment(0);
}

/// Events that were received then (UTC milliseconds) are committed.
pub fn committed(received: &[i64], now: i64) {
    let ages = histogram!(EVENT_AGE_SECONDS);
    for at in received {
        let age = Duration::from_millis(u64::try_from(now.saturating_sub(*at)).unwrap_or(0));
        ages.record(age.as_secs_f64());
    }
}

/// Partitions were restored.
pub fn restored(took: Took) {
    histogram!(RESTORE_SECONDS, "part" => "settlement").record(took.settlement.as_secs_f64());
    histogram!(RESTORE_SECONDS, "part" => "restore").record(took.restore.as_secs_f64());
}

/// A rule decided.
pub fn decision(rule: &str) {
    counter!(DECISIONS, "rule" => rule.to_owned()).increment(1);
}

/// A rule made a command.
pub fn write_back(rule: &str) {
    counter!(WRITE_BACKS, "rule" => rule.to_owned()).increment(1);
}

/// So many rules failed on an event.
pub fn rule_errors(count: usize) {
    if count > 0 {
        counter!(RULE_ERRORS).increment(count as u64);
    }
}

/// What a plugin made of an event.
pub fn plugin_event(plugin: &'static str, outcome: &'static str) {
    counter!(PLUGIN_EVENTS, "plugin" => plugin, "outcome" => outcome).increment(1);
}

/// How long a plugin worked on an event, and how long that waited for it.
pub fn plugin_answer(plugin: &'static str, took: Duration, waited: Option<Duration>) {
    histogram!(PLUGIN_HANDLER_SECONDS, "plugin" => plugin).record(took.as_secs_f64());
    if let Some(waited) = waited {
        histogram!(PLUGIN_LATENCY_SECONDS, "plugin" => plugin).record(waited.as_secs_f64());
    }
}

/// What came of a lookup that a plugin wanted.
pub fn plugin_lookup(plugin: &'static str, source: &str, outcome: &'static str) {
    counter!(PLUGIN_LOOKUPS, "plugin" => plugin, "source" => source.to_owned(), "outcome" => outcome)
        .increment(1);
}

/// Where a plugin stands.
pub fn plugin_state(plugin: &'static str, on: bool, queue: usize, lost_threads: usize) {
    gauge!(PLUGIN_ON, "plugin" => plugin).set(f64::from(u8::from(on)));
    gauge!(PLUGIN_QUEUE, "plugin" => plugin).set(queue as f64);
    gauge!(PLUGIN_LOST_THREADS, "plugin" => plugin).set(lost_threads as f64);
}
