//! How far the last stable offset is behind the end of each partition.
//!
//! A reader that sees committed records only stops before the first open transaction. One hung transaction
//! freezes every such reader of the partition, and nothing else shows it: the brokers are well, and lag
//! counted to the last stable offset is zero.

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use trunkline_config::Kafka;

use crate::client::{self, Following};
use crate::clock_skew::ClockSkew;
use crate::measuring::{CALL_TIMEOUT, Measure, MeasureError, each};
use crate::time_of_day::time_of_day;
use trunkline_schemas::record::TopicPartition;

/// The gauge: offsets between the last stable offset and the high watermark, by `topic` and `partition`.
pub const METRIC: &str = "trunkline_last_stable_offset_lag";

/// Measures partitions.
pub struct LastStableOffset {
    committed: Following<BaseConsumer>,
    uncommitted: Following<BaseConsumer>,
    topics: Vec<String>,
    skew: ClockSkew,
}

// === impl LastStableOffset ===

impl LastStableOffset {
    /// Prepares to measure `topics`, with their prefix, and to tell `skew` where their partitions end.
    ///
    /// # Errors
    /// When the client refuses its settings.
    pub fn new(
        kafka: &Kafka,
        client_id: &str,
        topics: &[String],
        skew: ClockSkew,
    ) -> Result<Self, KafkaError> {
        metrics::describe_gauge!(
            METRIC,
            "Offsets between the last stable offset and the high watermark of a partition"
        );
        let reading = || client::reading(kafka, client_id);
        Ok(Self {
            committed: Following::make(kafka, || reading().create())?,
            uncommitted: Following::make(kafka, || client::seeing_uncommitted(reading()).create())?,
            topics: topics.to_vec(),
            skew,
        })
    }

    /// Measures every partition once, sets the gauges and returns them. Blocks while the brokers are asked.
    ///
    /// # Errors
    /// What the client said of the first question that was not answered; the gauges of partitions that did answer are
    /// set all the same.
    pub fn measure(&self) -> Result<Vec<(TopicPartition, i64)>, KafkaError> {
        self.ask(&|| ())
    }

    fn ask(&self, answered: &dyn Fn()) -> Result<Vec<(TopicPartition, i64)>, KafkaError> {
        let mut lags = Vec::new();
        each(&self.topics, |topic| {
            let metadata = self.committed.fetch_metadata(Some(topic), CALL_TIMEOUT)?;
            answered();
            let partitions = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
            each(0..i32::try_from(partitions).unwrap_or(i32::MAX), |partition| {
                let lag = self.lag(topic, partition)?;
                answered();
                let labels = [("topic", topic.clone()), ("partition", partition.to_string())];
                metrics::gauge!(METRIC, &labels).set(lag as f64);
                lags.push((TopicPartition::new(topic, partition), lag));
                Ok::<_, KafkaError>(())
            })
        })?;
        Ok(lags)
    }

    fn lag(&self, topic: &str, partition: i32) -> Result<i64, KafkaError> {
        // In this order: what is committed between the two questions shows as no lag at all, not as a negative one.
        let asked_ms = time_of_day();
        let (_, high) = self.uncommitted.fetch_watermarks(topic, partition, CALL_TIMEOUT)?;
        self.skew.ends(TopicPartition::new(topic, partition), high, asked_ms);
        let (_, stable) = self.committed.fetch_watermarks(topic, partition, CALL_TIMEOUT)?;
        Ok((high - stable).max(0))
    }
}

impl Measure for LastStableOffset {
    fn what(&self) -> &'static str {
        "the lag of the last stable offset"
    }

    fn measure(&mut self, answered: &dyn Fn()) -> Result<(), MeasureError> {
        self.ask(answered)?;
        Ok(())
    }
}
