//! Committed records as named fields, by the verifier's own decoder and nothing of the pipeline's.

use anyhow::Result;
use tokio::sync::mpsc;
use trunkline_verifier::avro::Fields;
use trunkline_verifier::registry::Decoder;
use trunkline_verifier::topics::{self, Cluster, Record};

/// Records between the reading thread and the test.
const QUEUE: usize = 1_000;

/// Every committed record of a topic, each partition in offset order.
///
/// # Errors
/// When the topic cannot be read.
pub async fn records(cluster: &Cluster, topic: &str) -> Result<Vec<Record>> {
    let (sender, mut receiver) = mpsc::channel(QUEUE);
    let reading = tokio::task::spawn_blocking({
        let (cluster, topic) = (cluster.clone(), topic.to_owned());
        move || {
            let partitions = topics::list(&cluster, &topic)?.get(&topic).copied().unwrap_or(0);
            topics::read_all(&cluster, &topic, partitions, &sender)
        }
    });
    let mut records = Vec::new();
    while let Some(record) = receiver.recv().await {
        records.push(record);
    }
    reading.await??;
    Ok(records)
}

/// Every committed value of a topic, decoded by its writer's schema.
///
/// # Errors
/// When the topic cannot be read, or a value does not decode.
pub async fn values(cluster: &Cluster, registry: &str, topic: &str) -> Result<Vec<Fields>> {
    let mut decoder = Decoder::new(registry);
    let mut values = Vec::new();
    for record in records(cluster, topic).await? {
        if let Some(value) = &record.value {
            values.push(decoder.decode(value).await?);
        }
    }
    Ok(values)
}
