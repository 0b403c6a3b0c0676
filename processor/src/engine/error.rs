//! Why the engine stops.

use trunkline_kafka::{ConsumerError, SavedOffsetsError, TransactionError};
use trunkline_partition::StateError;
use trunkline_schemas::{codec, error_codes};

use crate::restore::RestoreFailure;

/// Why the engine stops. Whatever was not committed by then takes no effect; a restart goes on where it was.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The group.
    #[error("{code} {0}", code = error_codes::BROKER_UNREACHABLE)]
    Consumer(#[from] ConsumerError),
    /// Another instance runs under this name, the brokers stay unreachable, or a record is refused.
    #[error("{code} {0}", code = transaction_code(.0))]
    Transaction(#[from] TransactionError),
    /// State cannot be read back.
    #[error("{0}")]
    Restore(#[from] RestoreFailure),
    /// The state store.
    #[error("{code} {0}", code = .0.code())]
    State(#[from] StateError),
    /// The finished offsets that are saved cannot be read.
    #[error("{code} {0}", code = error_codes::STATE_RESTORED_IN_FULL)]
    Offsets(#[from] SavedOffsetsError),
    /// A value of ours does not fit its schema.
    #[error("an output does not fit its schema: {0}")]
    Codec(#[from] codec::Error),
}

fn transaction_code(error: &TransactionError) -> &'static str {
    match error {
        TransactionError::Fenced { .. } => error_codes::FENCED.as_str(),
        _ => error_codes::TRANSACTION_ABORTED.as_str(),
    }
}
