//! What a stream loop has measured beside it: how many partitions topics have, how far its group is behind, and the lag
//! of the last stable offset, since one hung transaction freezes every read_committed reader.

use std::time::Duration;

use trunkline_config::Kafka;

use crate::clock_skew::ClockSkew;
use crate::group_lag::{self, GroupLag};
use crate::lag::LastStableOffset;
use crate::measuring::{Measure, MeasureError, Measuring};
use crate::partition_counts::{self, PartitionCounts};

/// How often it is measured.
pub const INTERVAL: Duration = Duration::from_secs(5);

/// What is measured.
pub struct Subjects<'a> {
    /// Where the brokers are, and how many partitions topics are configured to have.
    pub kafka: &'a Kafka,
    /// What brokers know the process by.
    pub client_id: &'a str,
    /// The consumer group, with its prefix.
    pub group: &'a str,
    /// Topics that are read, with their prefix.
    pub inputs: Vec<String>,
    /// Topics whose partitions and transactions matter, with their prefix.
    pub topics: Vec<String>,
    /// Learns where partitions end.
    pub skew: ClockSkew,
}

// === impl Subjects ===

impl Subjects<'_> {
    /// Measures on a thread of its own until what is returned is dropped, and tells of it; calls `answered` whenever a
    /// broker answers.
    ///
    /// # Errors
    /// When a client refuses its settings, or no thread can be started.
    pub fn measure(
        self,
        lags: group_lag::Told,
        differences: partition_counts::Told,
        answered: impl Fn() + Send + 'static,
    ) -> Result<Measuring, MeasureError> {
        let Self { kafka, client_id, group, inputs, topics, skew } = self;
        let stable = LastStableOffset::new(kafka, client_id, &topics, skew)?;
        let counts = PartitionCounts::new(kafka, client_id, topics, differences)?;
        let group = GroupLag::new(kafka, client_id, group, &inputs, lags)?;
        // How many partitions there are is asked first: it takes one answer of any broker.
        let measures: Vec<Box<dyn Measure>> = vec![Box::new(counts), Box::new(group), Box::new(stable)];
        Ok(Measuring::every(INTERVAL, measures, answered)?)
    }
}
