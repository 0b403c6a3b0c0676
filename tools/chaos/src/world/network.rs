//! What lies between two processes.

use super::Played::{Nowhere, Simulation};
use super::{WorldFault, chaos, fault};
use crate::kind::Kind;

pub(super) const FAULTS: &[WorldFault] = &[
    fault(
        "connections-cut",
        "Every connection of one process to the brokers is reset; it may connect again at once.",
        &["I1", "I2", "I4"],
        &[chaos(Kind::ConnectionsCut, 8)],
    ),
    fault(
        "connections-slow",
        "Everything between one process and the brokers takes longer by half a second.",
        &["I2", "I12"],
        &[chaos(Kind::ConnectionsSlow, 5)],
    ),
    fault(
        "blackhole",
        "Nothing comes through between one process and one broker, or all of them, and nothing says so.",
        &["I2", "I4", "I12"],
        &[chaos(Kind::ConnectionsBlackholed, 6), Simulation],
    ),
    fault(
        "end-txn-late",
        "The request that ends a transaction arrives after its sender has given it up.",
        &["I2", "I4"],
        &[chaos(Kind::EndTxnDelayed, 10), Simulation],
    ),
    fault(
        "end-txn-overtaken",
        "The request that ends a transaction arrives while its sender, cut off, has asked again and gone on.",
        &["I2", "I4"],
        &[chaos(Kind::EndTxnOvertaken, 10), Simulation],
    ),
    fault(
        "end-txn-answer-lost",
        "A transaction is ended, and the answer never comes.",
        &["I2", "I4"],
        &[chaos(Kind::EndTxnAnswerLost, 7), Simulation],
    ),
    fault(
        "asymmetric",
        "Requests arrive and answers do not, or heartbeats do and fetches do not.",
        &["I2", "I12"],
        &[Simulation],
    ),
    fault(
        "half-open",
        "The other end is gone without a word; what is sent is never answered, and no reset comes.",
        &["I2", "I12"],
        &[Nowhere(
            "to a client it is the blackhole that chaos plays, only longer; after 30 s a request is given up",
        )],
    ),
    fault(
        "brokers-cut-from-each-other",
        "Brokers reach their clients and not each other: replicas fall behind, a controller is voted out.",
        &["I1", "I2", "I4"],
        &[Nowhere("the proxies stand between processors and brokers only")],
    ),
    fault(
        "webhook-cut",
        "The platform's connection breaks between the request and its answer; it sends the same again.",
        &["I1", "I2"],
        &[Nowhere("chaos' kills of ingest do the same to every request under way")],
    ),
];
