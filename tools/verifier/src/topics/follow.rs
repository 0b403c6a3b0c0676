//! Follows topics as they grow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc;

use super::{Cluster, Error, Record, extent, list};

/// A thread that follows a topic; it ends when this is dropped.
#[derive(Debug)]
pub struct Follower {
    stop: Arc<AtomicBool>,
}

// === impl Follower ===

impl Follower {
    /// Sends every record committed to the topics from now on, each with the moment it was seen. Topics that do not
    /// exist are left out. Blocks until the positions are known; the reading itself has a thread of its own.
    ///
    /// # Errors
    /// When the brokers cannot be asked.
    pub fn start(
        cluster: &Cluster,
        topics: &[String],
        records: mpsc::UnboundedSender<(Record, SystemTime)>,
    ) -> Result<Self, Error> {
        let consumer = cluster.consumer("read_committed")?;
        let partitions = list(cluster, "")?;
        let mut assignment = TopicPartitionList::new();
        for topic in topics {
            for partition in 0..partitions.get(topic).copied().unwrap_or(0) {
                let (_, end) = extent(cluster, &consumer, topic, partition)?;
                assignment
                    .add_partition_offset(topic, partition, Offset::Offset(end))
                    .map_err(|source| cluster.failed(source))?;
            }
        }
        consumer.assign(&assignment).map_err(|source| cluster.failed(source))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                match consumer.poll(Duration::from_millis(100)) {
                    Some(Ok(message)) => {
                        let seen = SystemTime::now();
                        if records.send((Record::from(&message), seen)).is_err() {
                            return;
                        }
                    }
                    None | Some(Err(KafkaError::PartitionEOF(_))) => {}
                    // librdkafka reconnects by itself; what a follower misses, the examination still reads.
                    Some(Err(error)) => tracing::debug!(%error, "following a topic"),
                }
            }
        });
        Ok(Self { stop })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
