//! What can go wrong with topics.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Why topics could not be looked at or changed.
#[derive(Debug, thiserror::Error)]
pub enum TopicsError {
    /// The cluster did not answer.
    #[error(
        "{what} failed: {source}{detail}; are the brokers of [kafka] reachable, and may this client do it?"
    )]
    Cluster {
        /// What was tried.
        what: &'static str,
        /// What the client said.
        source: KafkaError,
        /// What it said last of a connection that failed, in parentheses; empty when none did. A wrong password or an
        /// untrusted certificate shows only here.
        detail: String,
    },
    /// Something about one topic was refused.
    #[error("{what} {topic} was refused: {code}; check the ACLs of this client and the cluster's policies")]
    Topic {
        /// What was tried.
        what: &'static str,
        /// Name, with prefix.
        topic: String,
        /// What the broker said.
        code: RDKafkaErrorCode,
    },
    /// The plan asks for another number of partitions. Nothing was changed.
    #[error("nothing was changed: {0}")]
    Refused(String),
    /// A new topic is not ready.
    #[error(
        "{topic} was made, but not all of its partitions have a leader after {seconds} s: look at the brokers"
    )]
    NotReady {
        /// Name, with prefix.
        topic: String,
        /// Seconds waited.
        seconds: u64,
    },
    /// The task that asked the cluster failed.
    #[error("looking at the topics was broken off: {0}")]
    Task(String),
}
