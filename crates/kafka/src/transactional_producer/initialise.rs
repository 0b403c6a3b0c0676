//! Making a producer whose predecessor's transaction is settled.

use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, Producer};
use trunkline_config::Kafka;

use super::bounded::bounded;
use super::deliveries::Deliveries;
use super::error::TransactionError;
use crate::client::{self, Following};
use crate::transaction_timeouts::TRANSACTION_TIMEOUT;

/// Between two attempts.
const RETRY_WAIT: Duration = Duration::from_millis(200);

/// Creates and initialises a producer; tries again for as long as `patience`, but once at least.
pub(super) fn initialised(
    kafka: &Kafka,
    id: &str,
    patience: Duration,
) -> Result<Following<BaseProducer<Deliveries>>, TransactionError> {
    let started = Instant::now();
    loop {
        let make = || client::transactional(kafka, id).create_with_context(Deliveries::default());
        let producer: Following<BaseProducer<Deliveries>> =
            Following::make(kafka, make).map_err(|error: KafkaError| TransactionError::Refused {
                what: "create",
                id: id.to_owned(),
                reason: error.to_string(),
            })?;
        match bounded(producer.shared(), id, "initialise", |p| p.init_transactions(TRANSACTION_TIMEOUT)) {
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
