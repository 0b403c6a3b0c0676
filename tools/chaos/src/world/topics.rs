//! The logs: what becomes of them and of what they hold.

use super::Played::{Case, Nowhere, Simulation, Test};
use super::{WorldFault, fault};

pub(super) const FAULTS: &[WorldFault] = &[
    fault(
        "input-made-anew",
        "`events.normalized` is deleted and made anew while processors run: its offsets begin at 0 again.",
        &["I1", "I2", "I11"],
        &[Case("topic-made-anew")],
    ),
    fault(
        "commands-made-anew",
        "`writebacks.*` are deleted and made anew while sinks run.",
        &["I5", "I11"],
        &[Case("writebacks-made-anew")],
    ),
    fault(
        "changelog-made-anew",
        "`processor.changelog` is deleted and made anew: the state of a stopped processor is of another log.",
        &["I4"],
        &[Simulation],
    ),
    fault(
        "sink-state-made-anew",
        "`sink.state` is deleted and made anew: nothing says any more which commands are done.",
        &["I5", "I11"],
        &[Nowhere(
            "what the group has committed is not done again; what was done above it is, and reads back first",
        )],
    ),
    fault(
        "output-deleted",
        "`events.enriched` is deleted under load, and made again later.",
        &["I2", "I12"],
        &[Case("output-topic-gone")],
    ),
    fault(
        "input-deleted",
        "`events.normalized` is deleted and stays away: nothing can be accepted.",
        &["I1", "I12"],
        &[Nowhere(
            "to ingest it is a cluster that stores nothing, which a test plays; the case of the output shows the rest",
        )],
    ),
    fault(
        "retention-passes-unread",
        "Retention deletes what a processor that is away, or slow, has not read.",
        &["I1", "I11"],
        &[Case("retention-passes-unread")],
    ),
    fault(
        "records-deleted-unread",
        "Somebody deletes records (DeleteRecords) that a processor has not read.",
        &["I1", "I11"],
        &[Case("records-deleted-unread")],
    ),
    fault(
        "retention-passes-commands",
        "Retention deletes commands for a target that has been down for longer.",
        &["I5", "I11"],
        &[Nowhere("the same as for the processor's input, which a case plays; both are mended by one thing")],
    ),
    fault(
        "partitions-added",
        "A keyed topic gets more partitions: a client that goes by their number writes conversations to another one.",
        &["I2", "I3", "I12"],
        &[
            Case("partitions-added"),
            Test("crates/kafka/src/partition_counts.rs::a_difference_is_told_once_and_again_when_it_changes"),
            Test(
                "crates/kafka/tests/broker/topics.rs::another_partition_count_is_refused_and_nothing_else_is_done",
            ),
        ],
    ),
    fault(
        "compaction",
        "A compacted topic loses every record of a key but the last, at any time.",
        &["I4"],
        &[Simulation],
    ),
    fault(
        "tombstones-gone",
        "A reader was away for longer than deletions stay in a compacted topic.",
        &["I4"],
        &[Simulation],
    ),
    fault(
        "cleanup-policy-changed",
        "`events.normalized` is compacted: of each conversation only the last event stays.",
        &["I1", "I11"],
        &[
            Test(
                "crates/kafka/tests/broker/topics.rs::settings_that_differ_are_set_and_those_of_operators_are_kept",
            ),
            Nowhere("what is lost until then is lost as by DeleteRecords, which a case plays"),
        ],
    ),
    fault(
        "record-size-lowered",
        "A topic takes smaller records than the pipeline writes.",
        &["I1", "I12"],
        &[Test("crates/kafka/tests/broker/produce_and_read.rs::records_that_cannot_be_written_say_why")],
    ),
    fault(
        "foreign-records",
        "Somebody else writes into a topic: garbage, unknown schemas, a key of another partition.",
        &["I2", "I12"],
        &[Simulation, Test("sink/src/parser/tests.rs::bytes_that_make_no_sense_are_poison")],
    ),
    fault(
        "record-that-grows",
        "A record within the limit, compressed, that is many times as large once it is read.",
        &["I12", "I13"],
        &[
            Test("sink/tests/simulation/run.rs::a_result_that_the_brokers_refuse_holds_up_nobody_for_long"),
            Test(
                "sink/src/outputs/tests.rs::a_command_that_grew_as_it_was_read_has_a_result_that_fits_and_its_place_is_kept",
            ),
        ],
    ),
];
