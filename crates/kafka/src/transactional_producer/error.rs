//! What can go wrong in a transaction, named by what to do next.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// What went wrong in a transaction, named by what to do next.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// Abort, rewind to the committed offsets and go on.
    #[error(
        "{what} failed in transaction of {id}: {reason}; the transaction is given up and its input read again"
    )]
    Abort {
        /// What was tried.
        what: &'static str,
        /// The transactional id.
        id: String,
        /// What the client said.
        reason: String,
    },
    /// Another producer with the same transactional id took over: this one must stop.
    #[error("{what} failed: {id} was fenced ({reason}); another instance runs under the same name")]
    Fenced {
        /// What was tried.
        what: &'static str,
        /// The transactional id.
        id: String,
        /// What the client said.
        reason: String,
    },
    /// The outcome is unknown, or the producer is beyond use: replace it and read what is committed.
    #[error("{what} has no known outcome for {id}: {reason}; the producer is replaced")]
    Indeterminate {
        /// What was tried.
        what: &'static str,
        /// The transactional id.
        id: String,
        /// What the client said.
        reason: String,
    },
    /// The brokers, or the client, refuse this producer whatever is done: a permission or a setting.
    #[error(
        "{what} failed for {id}: {reason}; check the permissions of its user for this transactional id, and [kafka]"
    )]
    Refused {
        /// What was tried.
        what: &'static str,
        /// The transactional id.
        id: String,
        /// What the client said.
        reason: String,
    },
    /// One record cannot be produced whatever is done.
    #[error("record of {bytes} bytes for {topic} is refused: {reason}")]
    Record {
        /// The topic.
        topic: String,
        /// Size of key and value.
        bytes: usize,
        /// What the client said.
        reason: String,
    },
}

/// What an error of the client in the call `what` means for the producer with this transactional id.
pub(super) fn classify(id: &str, what: &'static str, error: &KafkaError) -> TransactionError {
    let id = id.to_owned();
    let reason = error.to_string();
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::Fenced
            | RDKafkaErrorCode::ProducerFenced
            | RDKafkaErrorCode::InvalidProducerEpoch
            | RDKafkaErrorCode::FencedInstanceId,
        ) => return TransactionError::Fenced { what, id, reason },
        Some(
            RDKafkaErrorCode::TransactionalIdAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed
            | RDKafkaErrorCode::InvalidTransactionTimeout,
        ) => return TransactionError::Refused { what, id, reason },
        _ => {}
    }
    match error {
        KafkaError::Transaction(inner) if inner.txn_requires_abort() => {
            TransactionError::Abort { what, id, reason }
        }
        KafkaError::Flush(_) | KafkaError::MessageProduction(_) => {
            TransactionError::Abort { what, id, reason }
        }
        _ => TransactionError::Indeterminate { what, id, reason },
    }
}
