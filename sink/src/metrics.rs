//! Every metric of the sink, in one place.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use trunkline_schemas::Outcome;

const COMMANDS: &str = "trunkline_sink_commands_total";
const POISON: &str = "trunkline_sink_undecodable_total";
const AGE: &str = "trunkline_sink_command_age_seconds";
const UNFINISHED: &str = "trunkline_sink_unfinished_records";
const WAITING_FOR_SCHEMA: &str = "trunkline_sink_partitions_waiting_for_schema";
const PARTITIONS: &str = "trunkline_sink_partitions";
const PAUSED: &str = "trunkline_sink_partitions_paused";
const COMMIT: &str = "trunkline_sink_commit_seconds";
const PUT_ASIDE: &str = "trunkline_sink_put_aside_total";
const BROKERS_AWAY: &str = "trunkline_sink_brokers_away_seconds";
const HELD: &str = "trunkline_sink_held_milliseconds_total";
const TRANSACTIONS: &str = "trunkline_sink_transactions_total";
/// Reports for the operator that were dropped.
pub const REPORTS_DROPPED: &str = "trunkline_sink_reports_dropped_total";

/// Describes all of them; call it once after the recorder is installed.
pub fn describe() {
    describe_counter!(COMMANDS, "Commands that ended, by target and outcome; each ends once (I5)");
    describe_counter!(POISON, "Records that could not be decoded and were dead-lettered");
    describe_histogram!(AGE, "From issuing a command to its end");
    describe_gauge!(UNFINISHED, "Commands read and not ended");
    describe_gauge!(WAITING_FOR_SCHEMA, "Partitions that wait for the schema of their next record");
    describe_gauge!(PARTITIONS, "Partitions held");
    describe_gauge!(PAUSED, "Partitions held that are not read from now");
    describe_histogram!(COMMIT, "Duration of a transaction, from beginning to committed");
    describe_counter!(PUT_ASIDE, "Records of which less is passed on, because the brokers refuse more");
    describe_gauge!(BROKERS_AWAY, "For how long the brokers have not answered; 0 while they do");
    describe_counter!(HELD, "Time in which commands waited because their target was left alone, by target");
    describe_counter!(TRANSACTIONS, "Transactions by outcome: committed, aborted, doubtful, fenced");
    describe_counter!(
        REPORTS_DROPPED,
        "Reports for the operator that were dropped because none could be committed"
    );
}

/// Every counter that an alert looks at begins at 0, for each of the targets: of one that appeared with its first
/// count, `increase()` would not see that count.
pub fn begin<'a>(targets: impl IntoIterator<Item = &'a String>) {
    use Outcome::{AlreadyApplied, Applied, Conflict, Dead, Expired, Observed, Rejected};
    for target in targets {
        for outcome in [Applied, AlreadyApplied, Observed, Conflict, Rejected, Expired, Dead] {
            counter!(COMMANDS, "target" => target.clone(), "outcome" => outcome_name(outcome)).increment(0);
        }
    }
    counter!(POISON).increment(0);
    counter!(PUT_ASIDE).increment(0);
}

/// A command ended and is committed.
pub fn command_ended(target: &str, outcome: Outcome, age_ms: i64) {
    let target = target.to_owned();
    counter!(COMMANDS, "target" => target.clone(), "outcome" => outcome_name(outcome)).increment(1);
    let age = Duration::from_millis(u64::try_from(age_ms).unwrap_or(0));
    histogram!(AGE, "target" => target).record(age.as_secs_f64());
}

/// A record could not be decoded, and its dead letter is committed.
pub fn poison_ended() {
    counter!(POISON).increment(1);
}

/// What is held now.
pub fn held(partitions: usize, paused: usize, unfinished: usize) {
    // Far below 2^52: exact.
    gauge!(PARTITIONS).set(partitions as f64);
    gauge!(PAUSED).set(paused as f64);
    gauge!(UNFINISHED).set(unfinished as f64);
}

/// Less of a record is passed on than came of it.
pub fn put_aside() {
    counter!(PUT_ASIDE).increment(1);
}

/// The brokers have not answered for so many seconds; 0 when they do.
pub fn brokers_away(seconds: i64) {
    // Far below 2^52: exact.
    gauge!(BROKERS_AWAY).set(seconds as f64);
}

/// For so long in all commands have waited because their target was left alone.
pub fn target_held(target: &str, held_ms: u64) {
    counter!(HELD, "target" => target.to_owned()).absolute(held_ms);
}

/// So many partitions wait for the schema of their next record.
pub fn waiting_for_schema(partitions: usize) {
    // Far below 2^52: exact.
    gauge!(WAITING_FOR_SCHEMA).set(partitions as f64);
}

/// A transaction came to its end.
pub fn transaction(outcome: &'static str, took: Duration) {
    counter!(TRANSACTIONS, "outcome" => outcome).increment(1);
    histogram!(COMMIT).record(took.as_secs_f64());
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unknown => "unknown",
        Outcome::Applied => "applied",
        Outcome::AlreadyApplied => "already_applied",
        Outcome::Observed => "observed",
        Outcome::Conflict => "conflict",
        Outcome::Rejected => "rejected",
        Outcome::Expired => "expired",
        Outcome::Dead => "dead",
    }
}
