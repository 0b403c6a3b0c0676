//! The stamps of records that are read, compared with our clock now and then.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rdkafka::{Message, Timestamp};
use trunkline_schemas::record::TopicPartition;

use crate::clock_skew::ClockSkew;
use crate::time_of_day::time_of_day;

/// Of so much time, the stamp of one record is compared.
const COMPARE_EVERY: Duration = Duration::from_millis(100);

/// Compares.
pub(crate) struct Stamps {
    skew: ClockSkew,
    /// When one was compared last.
    compared: Cell<Option<Instant>>,
}

// === impl Stamps ===

impl Stamps {
    /// Lets this learn of them.
    pub(crate) fn telling(skew: ClockSkew) -> Self {
        Self { skew, compared: Cell::default() }
    }

    /// This one is read now.
    pub(crate) fn compare(&self, message: &impl Message) {
        if self.compared.get().is_some_and(|compared| compared.elapsed() < COMPARE_EVERY) {
            return;
        }
        if let Timestamp::LogAppendTime(appended_ms) = message.timestamp() {
            self.compared.set(Some(Instant::now()));
            let partition = TopicPartition::new(message.topic(), message.partition());
            self.skew.read(&partition, message.offset(), appended_ms, time_of_day());
        }
    }
}
