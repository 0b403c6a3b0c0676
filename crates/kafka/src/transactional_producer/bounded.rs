//! Calls of the client that end, whatever the client does.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use rdkafka::error::KafkaError;
use rdkafka::producer::BaseProducer;

use super::deliveries::Deliveries;
use super::error::{TransactionError, classify};

/// How long a call may take that the client itself should end after [`super::TRANSACTION_TIMEOUT`].
const CALL_LIMIT: Duration = Duration::from_secs(20);

/// How often delivery reports are served while a call is under way.
const SERVE_EVERY: Duration = Duration::from_millis(10);

/// Makes a call that blocks, and waits for it no longer than [`CALL_LIMIT`]: the client enforces its own time limits
/// on its own thread, and after the loss of a coordinator an answer sometimes never comes. Such a call cannot be
/// cancelled; its thread keeps the old client alive, and the caller goes on with a new one. Meanwhile delivery reports
/// are served: an abort gives up what is not delivered, and ends when the reports of that are taken.
pub(super) fn bounded(
    producer: &Arc<BaseProducer<Deliveries>>,
    id: &str,
    what: &'static str,
    call: impl FnOnce(&BaseProducer<Deliveries>) -> Result<(), KafkaError> + Send + 'static,
) -> Result<(), TransactionError> {
    let (serving, producer) = (producer, Arc::clone(producer));
    let (answer, answered) = mpsc::sync_channel(1);
    // Nobody waits any longer when the limit has passed.
    let spawned = std::thread::Builder::new().spawn(move || drop(answer.send(call(&producer))));
    let unknown = |reason: String| TransactionError::Indeterminate { what, id: id.to_owned(), reason };
    spawned.map_err(|error| unknown(format!("no thread for the call: {error}")))?;
    for _ in 0..CALL_LIMIT.as_millis() / SERVE_EVERY.as_millis() {
        if let Ok(result) = answered.recv_timeout(SERVE_EVERY) {
            return result.map_err(|error| classify(id, what, &error));
        }
        serving.poll(Duration::ZERO);
    }
    Err(unknown(format!("the client did not come back within {CALL_LIMIT:?}")))
}
