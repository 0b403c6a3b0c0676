//! Kafka's brokers and coordinators.

use super::Played::{Case, Nowhere, Simulation, Test};
use super::{WorldFault, chaos, fault};
use crate::kind::Kind;

pub(super) const FAULTS: &[WorldFault] = &[
    fault(
        "broker-killed",
        "A broker dies as by `kill -9`, and comes back within seconds with what it had.",
        &["I1", "I2", "I4"],
        &[chaos(Kind::BrokerKilled, 9)],
    ),
    fault(
        "broker-frozen",
        "A broker keeps its connections and answers nothing for minutes.",
        &["I2", "I12"],
        &[
            Test(
                "crates/telemetry/src/progress.rs::brokers_that_answer_nothing_show_though_nothing_is_known_to_be_outstanding",
            ),
            Nowhere("to one processor it is the blackhole that chaos plays"),
        ],
    ),
    fault(
        "brokers-all-away",
        "All brokers are away for a minute.",
        &["I1", "I2", "I12"],
        &[
            Simulation,
            Test(
                "sink/tests/simulation/run.rs::brokers_that_are_away_for_minutes_end_no_sink_and_nothing_is_lost_or_doubled",
            ),
        ],
    ),
    fault(
        "broker-disk-full",
        "The disk of a broker is full: it stops.",
        &["I1", "I12"],
        &[Nowhere("to its clients it is a broker that was killed, which chaos plays")],
    ),
    fault(
        "broker-disk-lost",
        "A broker comes back with an empty disk, and copies everything from the others.",
        &["I1", "I2", "I4"],
        &[Nowhere(
            "takes minutes for data of a realistic size; with too few copies it is an unclean election",
        )],
    ),
    fault(
        "unclean-election",
        "A replica that lacks acknowledged records becomes the leader: the log ends earlier than it did.",
        &["I1", "I2", "I4", "I11"],
        &[Simulation, Case("log-tail-lost")],
    ),
    fault(
        "in-sync-replicas-too-few",
        "So many replicas are away that nothing may be written.",
        &["I1", "I12"],
        &[Test("ingest/tests/webhooks/main.rs::when_it_cannot_be_stored_it_can_be_sent_again")],
    ),
    fault(
        "coordinator-moves",
        "Another broker becomes the coordinator of a group or of a transaction, in the middle of it.",
        &["I2", "I4"],
        &[Simulation, Nowhere("in chaos each death of a broker moves those that it had")],
    ),
    fault(
        "markers-late",
        "A transaction has ended, and its markers reach the partitions one by one, late.",
        &["I2", "I4"],
        &[Simulation],
    ),
    fault(
        "transaction-hangs",
        "A transaction is never ended: readers of committed records stand still.",
        &["I12"],
        &[
            Test("crates/kafka/tests/broker/lag.rs::an_open_transaction_shows_as_lag_and_hides_its_records"),
            Simulation,
        ],
    ),
    fault(
        "record-not-delivered",
        "A record of a transaction is not delivered, or nobody hears that it was.",
        &["I2", "I4"],
        &[Simulation],
    ),
    fault(
        "partitions-move-for-no-reason",
        "The group is balanced anew while nobody came or went.",
        &["I2", "I3", "I4"],
        &[Simulation],
    ),
    fault(
        "client-throttled",
        "The brokers answer a client later because it is above its quota.",
        &["I12"],
        &[Nowhere("to the client it is a slow connection, which chaos plays")],
    ),
];
