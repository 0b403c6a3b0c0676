//! What can go wrong in a consumer, a member of a group or not.

use rdkafka::error::KafkaError;

/// What went wrong in a consumer.
#[derive(Debug, thiserror::Error)]
pub enum ConsumerError {
    /// The client refused its settings.
    #[error("cannot create the consumer of group {group}: {source}; check [kafka] in the configuration")]
    Create {
        /// The group.
        group: String,
        /// What the client said.
        source: KafkaError,
    },
    /// A call to the brokers failed; it can be tried again.
    #[error("{what} failed for group {group}: {source}")]
    Call {
        /// What was tried.
        what: &'static str,
        /// The group.
        group: String,
        /// What the client said.
        source: KafkaError,
    },
    /// The consumer cannot go on: the process should stop.
    #[error("consumer of group {group} cannot go on: {source}")]
    Fatal {
        /// The group.
        group: String,
        /// What the client said.
        source: KafkaError,
    },
    /// No thread could be started that looks at logs.
    #[error("no thread can be started: {reason}")]
    Thread {
        /// What the system said.
        reason: String,
    },
}
