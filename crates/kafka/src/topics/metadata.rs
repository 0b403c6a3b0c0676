//! The cluster's metadata, and what stands in the way of it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, DeliveryResult, Producer as _, ProducerContext};
use trunkline_config::Kafka;

use super::TopicsError;
use super::admin::{CALL_TIMEOUT, count};
use crate::client;

/// How long to listen for what the client has to say of a failure.
const EXPLANATION_TIMEOUT: Duration = Duration::from_millis(200);

/// Remembers what the client said last of a connection that failed. Admin clients keep that to themselves, so
/// a producer that never produces asks for the metadata.
#[derive(Default)]
struct LastFailure(Mutex<Option<String>>);

// === impl LastFailure ===

impl ClientContext for LastFailure {
    fn error(&self, error: KafkaError, reason: &str) {
        use rdkafka::error::RDKafkaErrorCode as Code;
        tracing::debug!(%error, reason, "kafka admin client");
        // That all brokers are down is said after why, and helps nobody.
        if error.rdkafka_error_code() != Some(Code::AllBrokersDown) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
        }
    }
}

impl ProducerContext for LastFailure {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

/// Every topic of the cluster: the number of copies of each of its partitions.
pub(super) async fn metadata(kafka: &Kafka) -> Result<HashMap<String, Vec<i32>>, TopicsError> {
    let what = "reading the cluster's metadata";
    let asking: BaseProducer<LastFailure> = client::base(kafka, "trunkline-topics")
        .create_with_context(LastFailure::default())
        .map_err(|source| TopicsError::Cluster { what, source, detail: String::new() })?;
    tokio::task::spawn_blocking(move || {
        let metadata = asking.client().fetch_metadata(None, CALL_TIMEOUT).map_err(|source| {
            asking.poll(EXPLANATION_TIMEOUT);
            let reason = asking.context().0.lock().unwrap_or_else(PoisonError::into_inner).take();
            let detail = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
            TopicsError::Cluster { what, source, detail }
        })?;
        Ok(metadata
            .topics()
            .iter()
            .map(|topic| {
                let copies = topic.partitions().iter().map(|partition| count(partition.replicas().len()));
                (topic.name().to_owned(), copies.collect())
            })
            .collect())
    })
    .await
    .map_err(|error| TopicsError::Task(error.to_string()))?
}
