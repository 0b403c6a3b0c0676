//! Wall clocks.

use super::Played::{Case, Nowhere, Simulation, Test};
use super::{WorldFault, fault};

pub(super) const FAULTS: &[WorldFault] = &[
    fault(
        "processor-clock-set-back",
        "The clock of a processor is set back by ten minutes while it runs.",
        &["I3", "I12"],
        &[Simulation, Case("clock-set-back")],
    ),
    fault(
        "processor-clock-set-forward",
        "The clock of a processor is set forward by forty days while it runs.",
        &["I2", "I12"],
        &[Simulation, Case("clock-set-forward")],
    ),
    fault(
        "clocks-drift",
        "The clocks of the processors differ, by up to a minute.",
        &["I2", "I3"],
        &[Simulation],
    ),
    fault(
        "ingest-clocks-differ",
        "One instance of ingest is seconds ahead of the other.",
        &["I3"],
        &[Simulation, Case("ingest-clocks-differ")],
    ),
    fault(
        "ingest-clock-days-ahead",
        "The clock of ingest is so far ahead that everything else would be late.",
        &["I2", "I3"],
        &[Test(
            "crates/partition/src/task/tests.rs::a_clock_that_is_far_ahead_makes_nobody_else_late_and_forgets_nothing",
        )],
    ),
    fault(
        "ingest-clock-days-behind",
        "The clock of ingest is days behind: retention takes what was just accepted for old.",
        &["I1", "I11"],
        &[
            Case("ingest-clock-days-behind"),
            Test(
                "processor/src/record_time.rs::a_receipt_that_the_broker_cannot_believe_is_timed_by_the_broker",
            ),
        ],
    ),
    fault(
        "sink-clock-set",
        "The clock of the sink is set while it runs.",
        &["I5", "I7"],
        &[Case("sink-clock-set")],
    ),
    fault(
        "broker-clock-set",
        "The clock of a broker is set: retention, transactions and sessions take it for the time.",
        &["I1", "I2", "I11"],
        &[Nowhere(
            "every timer of a broker goes with it: to be played on three brokers, with one of them set",
        )],
    ),
    fault(
        "platform-clock-ahead",
        "An event says that it happened in the future.",
        &["I3"],
        &[Test(
            "crates/partition/src/task/tests.rs::a_clock_that_is_far_ahead_makes_nobody_else_late_and_forgets_nothing",
        )],
    ),
];
