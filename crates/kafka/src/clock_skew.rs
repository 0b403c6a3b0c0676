//! How far the clock of this machine is ahead of the brokers', or behind them.
//!
//! No broker can be asked for the time, but each stamps a record with it when it appends it (`LogAppendTime`). By our
//! clock, a record is appended no later than we know of it, and no earlier than we wrote it, or asked where its
//! partition ends and were told that it ends before the record. What the stamp lies outside of these two is the clocks'
//! difference, and it takes one record to know it, however few there are. Brokers whose clocks differ take turns.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use trunkline_schemas::record::TopicPartition;

/// The gauge: seconds that this clock is ahead of the brokers' at least, by what was written or read last; negative:
/// behind. Not there before the first record says it.
const AHEAD: &str = "trunkline_clock_ahead_of_brokers_seconds";

/// What is known of the difference; its clones are the same one.
#[derive(Debug, Clone)]
pub struct ClockSkew(Arc<Mutex<Skew>>);

/// All times are UTC milliseconds: those of stamps by the brokers' clocks, the others by ours.
#[derive(Debug, Default)]
struct Skew {
    /// How far our clock is ahead; `None` before anything says so.
    ahead_ms: Option<i64>,
    /// Where each partition ended, and when that was asked.
    ends: HashMap<TopicPartition, (i64, i64)>,
}

// === impl Skew ===

impl Skew {
    /// A partition ends here, as is known of a question that was asked then.
    fn ends(&mut self, partition: TopicPartition, end: i64, asked_ms: i64) {
        self.ends.insert(partition, (end, asked_ms));
    }

    /// The record at this offset, stamped so, is known of now.
    fn read(&mut self, partition: &TopicPartition, offset: i64, appended_ms: i64, now_ms: i64) {
        let asked = self.ends.get(partition).filter(|(end, _)| offset >= *end).map(|(_, asked_ms)| *asked_ms);
        self.narrow(asked, appended_ms, now_ms);
    }

    /// A record that is stamped so was appended between these two times.
    fn narrow(&mut self, not_before_ms: Option<i64>, appended_ms: i64, now_ms: i64) {
        let most = now_ms.saturating_sub(appended_ms);
        self.ahead_ms = match (not_before_ms, self.ahead_ms) {
            (Some(not_before_ms), _) => Some(not_before_ms.saturating_sub(appended_ms).max(0).min(most)),
            // It may have lain there for long: what was known of a clock that is ahead stands.
            (None, Some(before)) => Some(before.min(most)),
            (None, None) => (most < 0).then_some(most),
        };
    }
}

// === impl ClockSkew ===

impl ClockSkew {
    /// Nothing is known yet.
    pub fn unknown() -> Self {
        metrics::describe_gauge!(
            AHEAD,
            "Seconds that this clock is ahead of the brokers' at least, by the record that was written or read last; negative: behind"
        );
        Self(Arc::default())
    }

    /// A partition ends here, as a broker answered to what was asked at this time of ours (UTC milliseconds).
    pub(crate) fn ends(&self, partition: TopicPartition, end: i64, asked_ms: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ends(partition, end, asked_ms);
    }

    /// The record at this offset was appended then (UTC milliseconds of its broker), and is read now.
    pub(crate) fn read(&self, partition: &TopicPartition, offset: i64, appended_ms: i64, now_ms: i64) {
        self.learn(|skew| skew.read(partition, offset, appended_ms, now_ms));
    }

    /// A record that was sent at this time of ours was appended then, and is acknowledged now.
    pub(crate) fn written(&self, sent_ms: i64, appended_ms: i64, now_ms: i64) {
        self.learn(|skew| skew.narrow(Some(sent_ms), appended_ms, now_ms));
    }

    fn learn(&self, learn: impl FnOnce(&mut Skew)) {
        let mut skew = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        learn(&mut skew);
        if let Some(ahead_ms) = skew.ahead_ms {
            metrics::gauge!(AHEAD).set(ahead_ms as f64 / 1_000.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn place(partition: i32) -> TopicPartition {
        TopicPartition::new("t", partition)
    }

    /// Our clock is ahead by `ahead_ms`: every minute, between two questions for the end, one record is appended, and
    /// read 20 ms later.
    fn one_record_a_minute(skew: &mut Skew, ahead_ms: i64, minutes: std::ops::Range<i64>) -> Option<i64> {
        for minute in minutes {
            let appended_ms = minute * MINUTE;
            skew.ends(place(3), minute, appended_ms - 4_000 + ahead_ms);
            skew.read(&place(3), minute, appended_ms, appended_ms + 20 + ahead_ms);
        }
        skew.ahead_ms
    }

    #[test]
    fn one_record_a_minute_shows_a_clock_that_is_ahead_or_behind() {
        for (ahead_ms, known) in [
            (0, 0),
            (10 * MINUTE, 10 * MINUTE - 4_000),
            (-10 * MINUTE, -10 * MINUTE + 20),
            (3_000, 0),
            (-15, 0),
        ] {
            assert_eq!(one_record_a_minute(&mut Skew::default(), ahead_ms, 0..1), Some(known), "{ahead_ms}");
        }
    }

    #[test]
    fn a_clock_that_is_set_right_is_known_to_be_with_the_next_record() {
        for ahead_ms in [10 * MINUTE, -10 * MINUTE] {
            let mut skew = Skew::default();
            assert_ne!(one_record_a_minute(&mut skew, ahead_ms, 0..3), Some(0));
            assert_eq!(one_record_a_minute(&mut skew, 0, 3..4), Some(0), "{ahead_ms}");
        }
    }

    #[test]
    fn a_backlog_is_no_clock_that_is_ahead_and_hides_none() {
        let mut skew = Skew::default();
        skew.read(&place(3), 7, 0, 10 * MINUTE);
        assert_eq!(skew.ahead_ms, None, "nobody knows how long it lay there");
        skew.ends(place(3), 9, 10 * MINUTE);
        skew.read(&place(3), 8, 0, 10 * MINUTE);
        skew.ends(place(4), 0, 10 * MINUTE);
        assert_eq!(skew.ahead_ms, None, "it lay there before, and the end of another partition says nothing");
        skew.read(&place(3), 9, 5 * MINUTE, 11 * MINUTE);
        assert_eq!(skew.ahead_ms, Some(5 * MINUTE));
        skew.ends(place(3), 19, 20 * MINUTE);
        skew.read(&place(3), 12, 6 * MINUTE, 20 * MINUTE);
        assert_eq!(skew.ahead_ms, Some(5 * MINUTE), "what is known of the clock stands");
    }

    #[test]
    fn a_record_of_the_future_shows_a_clock_that_is_behind_whatever_is_known_of_the_end() {
        let mut skew = Skew::default();
        skew.read(&place(3), 7, 10 * MINUTE, 0);
        assert_eq!(skew.ahead_ms, Some(-10 * MINUTE));
        skew.ends(place(3), 8, 2 * MINUTE);
        skew.read(&place(3), 8, 12 * MINUTE, 2 * MINUTE);
        assert_eq!(skew.ahead_ms, Some(-10 * MINUTE));
    }

    #[test]
    fn what_a_record_of_ours_takes_to_be_acknowledged_is_no_difference() {
        for (appended_ms, known) in [(900, 100), (1_000, 0), (20_000, 0), (31_000, 0), (91_000, -60_000)] {
            let mut skew = Skew::default();
            skew.narrow(Some(1_000), appended_ms, 31_000);
            assert_eq!(skew.ahead_ms, Some(known), "{appended_ms}");
        }
    }

    #[test]
    fn a_clock_that_is_set_while_a_record_is_under_way_panics_nobody() {
        let mut skew = Skew::default();
        skew.narrow(Some(10 * MINUTE), 5, 3);
        assert_eq!(skew.ahead_ms, Some(-2), "set back in between: the later time counts");
        skew.narrow(Some(i64::MIN), i64::MAX, i64::MIN);
        skew.narrow(Some(i64::MAX), i64::MIN, i64::MAX);
    }
}
