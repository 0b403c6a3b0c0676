//! One fault in a run of its own, on one broker: what the random schedule cannot play, because today's pipeline does
//! not bear it, or because it changes what the run stands on.
//!
//! Each case says what is expected of today's pipeline. Where that is a failure, it is listed in `docs/failures.md`,
//! and the case comes out otherwise than expected as soon as the failure is gone.
//!
//! # Layout
//!
//! - [`run`]: plays cases and compares, with [`Outcome`] for the report
//! - [`expectation`]: what is found, and whether it is expected; pure
//! - [`plays`]: what happens in each case
//! - [`scene`]: the deployment that it happens to, with [`operator`] and [`evidence`] to act and to look
//! - [`calls`]: the load; [`wait`]: conditions

pub mod calls;
pub mod evidence;
pub mod expectation;
pub mod operator;
pub mod plays;
pub mod scene;
pub mod wait;

mod outcome;
mod run;

use futures_util::future::LocalBoxFuture;

pub use outcome::{Outcome, Played};
pub use run::{Ground, Settings, run};

use expectation::{Expectation, Finding};
use scene::Scene;

/// One case.
pub struct Case {
    /// Its name, as the command line and the table of faults have it.
    pub name: &'static str,
    /// What happens, in a few words.
    pub what: &'static str,
    /// What is expected of today's pipeline.
    pub expected: Expectation,
    /// Invariants whose verdict is left out, because the fault itself takes their evidence away.
    pub excused: &'static [&'static str],
    /// Does it; returns what does not hold.
    pub play: for<'a> fn(&'a mut Scene) -> LocalBoxFuture<'a, anyhow::Result<Vec<Finding>>>,
}

/// Every case.
pub const ALL: &[Case] = &[
    Case {
        name: "topic-made-anew",
        what: "events.normalized is deleted and made anew while a processor runs, which stands still until it is told to go on",
        expected: Expectation::Holds,
        // What was accepted before is not in the topic any more.
        excused: &["I1", "I2"],
        play: |scene| Box::pin(plays::topics::input_made_anew(scene)),
    },
    Case {
        name: "log-tail-lost",
        what: "the broker loses the end of events.normalized under a running processor, and the log outgrows what it was",
        expected: Expectation::Holds,
        // As above.
        excused: &["I1", "I2"],
        play: |scene| Box::pin(plays::topics::tail_lost(scene)),
    },
    Case {
        name: "writebacks-made-anew",
        what: "writebacks.genesys and writebacks.salesforce are deleted and made anew while a sink runs, which stands still as well",
        expected: Expectation::Holds,
        // Results of commands that are not in their topic any more.
        excused: &["I5", "commands", "writes"],
        play: |scene| Box::pin(plays::topics::commands_made_anew(scene)),
    },
    Case {
        name: "retention-passes-unread",
        what: "retention deletes what a stopped processor has not read",
        expected: Expectation::Holds,
        excused: &["I1", "I2"],
        play: |scene| Box::pin(plays::topics::retention_passes_unread(scene)),
    },
    Case {
        name: "records-deleted-unread",
        what: "DeleteRecords takes away what a stopped processor has not read",
        expected: Expectation::Holds,
        excused: &["I1", "I2"],
        play: |scene| Box::pin(plays::topics::records_deleted_unread(scene)),
    },
    Case {
        name: "output-topic-gone",
        what: "events.enriched is deleted under load, and made again after a while",
        expected: Expectation::Holds,
        // What came out before is not in the topic any more, and what came of it has no event.
        excused: &["I2", "I3", "figures", "decisions", "commands", "answers-to-lookups"],
        play: |scene| Box::pin(plays::topics::output_gone(scene)),
    },
    Case {
        name: "permission-gone",
        what: "the processor may not write to events.enriched for a while",
        expected: Expectation::Holds,
        excused: &[],
        play: |scene| Box::pin(plays::groups::permission_gone(scene)),
    },
    Case {
        name: "group-offsets-lost",
        what: "the groups of processor and sink are deleted while both are stopped",
        expected: Expectation::Holds,
        excused: &[],
        play: |scene| Box::pin(plays::groups::offsets_lost(scene)),
    },
    Case {
        name: "partitions-added",
        what: "events.normalized gets two more partitions in the middle of conversations",
        expected: Expectation::Holds,
        excused: &[],
        play: |scene| Box::pin(plays::topics::partitions_added(scene)),
    },
    Case {
        name: "clock-set-back",
        what: "the processor's clock is set back by ten minutes",
        expected: Expectation::Holds,
        excused: &[],
        play: |scene| Box::pin(plays::clocks::set_back(scene)),
    },
    Case {
        name: "clock-set-forward",
        what: "the processor's clock is set forward by forty days",
        expected: Expectation::Holds,
        excused: &[],
        play: |scene| Box::pin(plays::clocks::set_forward(scene)),
    },
    Case {
        name: "sink-clock-set",
        what: "the sink's clock is set back by ten minutes, forward by forty days, and right again",
        expected: Expectation::Holds,
        excused: &[],
        play: |scene| Box::pin(plays::clocks::sink_set(scene)),
    },
    Case {
        name: "processor-frozen",
        what: "a processor is frozen for less than its session while events overtake each other within the hold",
        expected: Expectation::Holds,
        excused: &[],
        play: |scene| Box::pin(plays::order::processor_frozen(scene)),
    },
    Case {
        name: "backlog-within-hold",
        what: "events that overtake each other within the hold wait for a processor that was killed",
        expected: Expectation::Holds,
        excused: &[],
        play: |scene| Box::pin(plays::order::backlog(scene)),
    },
    Case {
        name: "ingest-clocks-differ",
        what: "one of two instances of ingest has a clock that is 3 s ahead",
        expected: Expectation::Holds,
        // An event that came in 3 s ahead of the processor's clock names ages of a time before it.
        excused: &["profiles"],
        play: |scene| Box::pin(plays::order::ingest_clocks_differ(scene)),
    },
    Case {
        name: "ingest-clock-days-behind",
        what: "the clock of ingest is forty days behind, which is longer than any topic keeps its records",
        expected: Expectation::Holds,
        excused: &[],
        play: |scene| Box::pin(plays::clocks::ingest_days_behind(scene)),
    },
];

/// The case of that name.
pub fn named(name: &str) -> Option<&'static Case> {
    ALL.iter().find(|case| case.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (number, case) in ALL.iter().enumerate() {
            assert!(ALL[number + 1..].iter().all(|other| other.name != case.name), "{}", case.name);
        }
    }
}
