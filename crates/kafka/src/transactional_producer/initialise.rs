//! Making a producer whose predecessor's transaction is settled.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::producer::{BaseProducer, Producer};
use trunkline_config::Kafka;

use super::bounded::bounded;
use super::deliveries::Deliveries;
use super::error::TransactionError;
use crate::client;
use crate::transaction_timeouts::TRANSACTION_TIMEOUT;

/// Between two attempts.
const RETRY_WAIT: Duration = Duration::from_millis(200);

/// Creates and initialises a producer; tries again for as long as `patience`, but once at least.
pub(super) fn initialised(
    kafka: &Kafka,
    id: &str,
    patience: Duration,
) -> Result<Arc<BaseProducer<Deliveries>>, TransactionError> {
    let started = Instant::now();
    loop {
        // With the password of this moment: it may be because of the last one that this is another attempt.
        let config = client::transactional(kafka, id);
        let producer: BaseProducer<Deliveries> =
            config.create_with_context(Deliveries::default()).map_err(|error| TransactionError::Refused {
                what: "create",
                id: id.to_owned(),
                reason: error.to_string(),
            })?;
        let producer = Arc::new(producer);
        match bounded(&producer, id, "initialise", |p| p.init_transactions(TRANSACTION_TIMEOUT)) {
            Ok(()) => return Ok(producer),
            Err(error) => {
                let passing =
                    matches!(error, TransactionError::Abort { .. } | TransactionError::Indeterminate { .. });
                if !passing || started.elapsed() >= patience {
                    return Err(error);
                }
                tracing::warn!(%error, id, "initialising transactions; trying again");
                std::thread::sleep(RETRY_WAIT);
            }
        }
    }
}
