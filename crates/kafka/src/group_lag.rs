//! How far a group is behind: what is committed of each partition against its end, as the brokers have both.

use rdkafka::consumer::{BaseConsumer, Consumer};
use trunkline_config::Kafka;
use trunkline_schemas::record::TopicPartition;

use crate::client::{self, Following};
use crate::committed_offsets::CommittedOffsets;
use crate::consumer_error::ConsumerError;
use crate::measuring::{CALL_TIMEOUT, Measure, MeasureError, each};

/// The gauge: offsets between what a group has committed and the last stable offset, by `topic` and `partition`. In
/// topics that transactions write to, the marker that ended the last one counts as well.
pub const LAG: &str = "trunkline_consumer_lag_records";

/// What is told of a measurement: each partition whose broker answered, with the offsets that are not committed.
pub type Told = Box<dyn FnMut(&[(TopicPartition, i64)]) + Send>;

/// Measures one group.
pub struct GroupLag {
    offsets: CommittedOffsets,
    reader: Following<BaseConsumer>,
    partitions: Vec<TopicPartition>,
    told: Told,
}

// === impl GroupLag ===

impl GroupLag {
    /// Prepares to measure `group` (with its prefix) in the configured partitions of `topics` (with theirs), and to
    /// tell of it.
    ///
    /// # Errors
    /// [`ConsumerError::Create`] when the client refuses its settings.
    pub fn new(
        kafka: &Kafka,
        client_id: &str,
        group: &str,
        topics: &[String],
        told: Told,
    ) -> Result<Self, ConsumerError> {
        metrics::describe_gauge!(
            LAG,
            "Offsets between what a group has committed and the last stable offset of a partition"
        );
        let create = |source| ConsumerError::Create { group: group.to_owned(), source };
        let numbered = |topic: &String| {
            let topic = topic.clone();
            (0..kafka.partitions).map(move |partition| TopicPartition::new(topic.clone(), partition))
        };
        Ok(Self {
            offsets: CommittedOffsets::as_they_stand(kafka, group, client_id)?,
            reader: Following::make(kafka, || client::reading(kafka, client_id).create()).map_err(create)?,
            partitions: topics.iter().flat_map(numbered).collect(),
            told,
        })
    }
}

impl Measure for GroupLag {
    fn what(&self) -> &'static str {
        "the lag of the group"
    }

    fn measure(&mut self, answered: &dyn Fn()) -> Result<(), MeasureError> {
        // In this order: what is committed between the two questions shows as lag for a moment, never as none.
        let committed = self.offsets.committed(&self.partitions, CALL_TIMEOUT)?;
        answered();
        let mut lags = Vec::with_capacity(self.partitions.len());
        let measured = each(self.partitions.iter().zip(committed), |(partition, committed)| {
            let TopicPartition { topic, partition: number } = partition;
            let (first, end) = self.reader.fetch_watermarks(topic, *number, CALL_TIMEOUT)?;
            answered();
            let lag = behind(committed, first, end);
            metrics::gauge!(LAG, "topic" => topic.clone(), "partition" => number.to_string()).set(lag as f64);
            lags.push((partition.clone(), lag));
            Ok(())
        });
        (self.told)(&lags);
        measured
    }
}

/// Offsets that are not committed of a partition that has records from `first` to `end`.
fn behind(committed: Option<i64>, first: i64, end: i64) -> i64 {
    (end - committed.unwrap_or(first).max(first)).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_committed_nothing_is_behind_by_all_there_is_and_nobody_by_what_is_gone() {
        assert_eq!(behind(None, 0, 7), 7);
        assert_eq!(behind(None, 5, 7), 2);
        assert_eq!(behind(Some(7), 5, 7), 0);
        assert_eq!(behind(Some(3), 5, 7), 2, "retention passed what was not read");
        assert_eq!(behind(Some(9), 0, 7), 0, "the log was made anew");
    }
}
