//! People with the usual tools, and their scripts.

use super::Played::{Case, Nowhere, Simulation, Test};
use super::{WorldFault, chaos, fault};
use crate::kind::Kind;

pub(super) const FAULTS: &[WorldFault] = &[
    fault(
        "permission-taken",
        "A rule forbids the processor to write to one of its topics, for a while.",
        &["I2", "I12"],
        &[Case("permission-gone")],
    ),
    fault(
        "password-rotated",
        "The password of the pipeline's Kafka user is changed while it runs.",
        &["I12"],
        &[Nowhere(
            "the broker of the cases asks for no password; what follows is what a permission taken shows",
        )],
    ),
    fault(
        "group-offsets-lost",
        "A group's committed offsets are deleted, or it was idle for longer than the brokers keep them.",
        &["I2", "I5", "I11"],
        &[Case("group-offsets-lost")],
    ),
    fault(
        "group-offsets-set",
        "Somebody sets a group's offsets forward, or back.",
        &["I2", "I5", "I11"],
        &[Nowhere("back is what lost offsets do, which a case plays; forward skips what it says")],
    ),
    fault(
        "two-processes-one-name",
        "Two processes run under one instance name.",
        &["I2", "I4", "I5"],
        &[Simulation],
    ),
    fault(
        "new-name-each-time",
        "A process comes back under another name each time, and its old one never does.",
        &["I2", "I4", "I12"],
        &[Test("tests/tests/crashes.rs::a_processor_that_never_returns_is_taken_over")],
    ),
    fault(
        "rolling-restart",
        "Every processor in turn is stopped in order and started again.",
        &["I2", "I3", "I4"],
        &[chaos(Kind::RollingRestart, 3), Simulation],
    ),
    fault(
        "instances-join-and-leave",
        "Instances are added and taken away under load.",
        &["I2", "I3", "I4", "I5", "I6"],
        &[
            Simulation,
            Test(
                "tests/tests/crashes.rs::a_processor_that_joins_and_one_that_leaves_lose_and_double_nothing",
            ),
            Test(
                "tests/tests/sink_instances.rs::sinks_that_join_leave_and_die_write_everything_once_and_never_side_by_side",
            ),
        ],
    ),
    fault(
        "wrong-configuration",
        "A configuration with mistakes in it is rolled out.",
        &["I12"],
        &[Test("crates/config/tests/mistakes.rs::five_mistakes_are_five_messages_with_lines")],
    ),
    fault(
        "wrong-partition-count",
        "A configuration asks for another number of partitions than there are.",
        &["I3", "I4"],
        &[Test(
            "crates/kafka/tests/broker/topics.rs::another_partition_count_is_refused_and_nothing_else_is_done",
        )],
    ),
    fault(
        "upgrade",
        "A version that keeps its state in another format takes over.",
        &["I4"],
        &[Test("crates/partition/src/entity/tests.rs::state_of_the_first_format_is_read_and_rewritten")],
    ),
    fault(
        "downgrade",
        "An older version finds the state of a newer one.",
        &["I4", "I5"],
        &[Test(
            "crates/kafka/src/offset_tracker/tests.rs::a_later_format_is_refused_by_name_and_one_of_the_other_topic_is_not_misread",
        )],
    ),
    fault(
        "state-folder-swapped",
        "A processor is given the state folder of another instance or deployment.",
        &["I4"],
        &[Nowhere(
            "folders are named by prefix, group and instance; one that was renamed by hand is not told apart",
        )],
    ),
    fault(
        "rules-changed",
        "Rules change while conversations go on.",
        &["I5"],
        &[Nowhere("a change takes a restart, which chaos plays with the same rules")],
    ),
];
