//! Partition time, which holds are measured in.
//!
//! An event is held from when it was appended to its partition. What tells how much time has passed since then is the
//! log itself: the times at which the records behind it were appended, all by one clock, that of the partition's
//! leader. So the order that comes out of a log is the same whenever it is read, and whoever took its events in.
//!
//! Where nothing is behind it, our own clock tells it, but only together with the brokers: everything that was in the
//! partition when they were asked for its end has been read, so nothing that was in time is still to come. That we read
//! nothing proves nothing: we may have stood still.

/// How far the clocks of others may be ahead of that of the partition's leader, in milliseconds: 5 minutes, what
/// Kerberos and AWS's signatures allow. A time beyond that is an error of that clock. Our own clock has no say in it: a
/// log means the same whoever reads it when.
const CLOCK_SKEW_MS: i64 = 5 * 60_000;

/// Times are whole milliseconds: a difference of two can be too long by one at each end.
const ROUNDING_MS: i64 = 2;

/// One part in so many, by which our clock may be faster than the leader's: 0.2 %, twice what the clock of a process is
/// put right by at most.
const DRIFT: i64 = 500;

/// When an event happened, as far as that can be believed: one that says it is from the future would make everything
/// after it late.
pub(super) fn happened(event_time: i64, taken_in: i64) -> i64 {
    event_time.min(taken_in.saturating_add(CLOCK_SKEW_MS))
}

/// When a record came into its partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When its event was taken in by ingest, by ingest's clock; UTC milliseconds.
    pub ingest_time: i64,
    /// The record's own time, UTC milliseconds: when the partition's leader appended it (`LogAppendTime`). 0 where
    /// there is none.
    pub record_time: i64,
}

// === impl Arrival ===

impl Arrival {
    /// When it was appended, as far as that is known.
    fn appended(self) -> i64 {
        if self.record_time > 0 { self.record_time } else { self.ingest_time }
    }

    /// When it was taken in, as far as that can be believed.
    pub(super) fn taken_in(self) -> i64 {
        self.ingest_time.min(self.appended().saturating_add(CLOCK_SKEW_MS))
    }
}

/// The time of a partition; see the module's documentation.
#[derive(Debug, Default)]
pub(super) struct PartitionClock {
    /// The time of holds. It never goes back, whatever the clocks do that it is told by.
    holds: i64,
    /// When it was that time, by our own clock.
    at: i64,
    /// The latest time at which a record was appended, with the time of holds then.
    appended: Option<(i64, i64)>,
    /// The latest time at which an event was taken in.
    taken_in: i64,
}

// === impl PartitionClock ===

impl PartitionClock {
    /// The time that holds are measured in. Only its differences mean anything.
    pub(super) fn holds(&self) -> i64 {
        self.holds
    }

    /// What time it is at least, UTC milliseconds: what is forgotten goes by it. Both the leader's clock and ingest's
    /// have to say so, since one of them alone may be far ahead. 0 before anything was read.
    pub(super) fn time(&self) -> i64 {
        self.appended.map_or(0, |(appended, _)| appended.min(self.taken_in))
    }

    /// Takes note of a record that is read at `now`, by our own clock.
    pub(super) fn read(&mut self, arrival: Arrival, now: i64) {
        self.taken_in = self.taken_in.max(arrival.taken_in());
        let appended = arrival.appended();
        let Some((latest, then)) = self.appended else {
            (self.holds, self.at, self.appended) = (appended, now, Some((appended, appended)));
            return;
        };
        // A leader whose clock is behind the last one's: until it gets there, our own clock is what there is.
        if appended > latest {
            self.go_to(then.saturating_add(appended - latest), now);
            self.appended = Some((appended, self.holds));
        }
    }

    /// Takes note that everything has been read which lay in the partition at `asked_at`, by our own clock.
    pub(super) fn read_to_the_end(&mut self, asked_at: i64) {
        self.go_to(self.possible(asked_at), asked_at);
    }

    /// What time it is if nothing was appended that is still to be read. 0 before anything was read.
    pub(super) fn possible(&self, now: i64) -> i64 {
        let passed = (now - self.at).max(0);
        let sure = if self.appended.is_some() { passed - passed / DRIFT - ROUNDING_MS } else { 0 };
        self.holds + sure.max(0)
    }

    /// It is that time at `at`, by our own clock, unless it is later already.
    pub(super) fn go_to(&mut self, to: i64, at: i64) {
        if to > self.holds {
            (self.holds, self.at) = (to, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_at(clock: &mut PartitionClock, appended: i64, now: i64) -> i64 {
        clock.read(Arrival { ingest_time: appended, record_time: appended }, now);
        clock.holds()
    }

    #[test]
    fn only_what_was_appended_moves_the_time_however_long_nothing_is_read() {
        let mut clock = PartitionClock::default();
        assert_eq!(read_at(&mut clock, 1_000, 1_001), 1_000);
        // Seven seconds later the next record of a backlog comes.
        assert_eq!(read_at(&mut clock, 1_010, 8_001), 1_010);
        assert_eq!(read_at(&mut clock, 1_300, 8_002), 1_300);
    }

    #[test]
    fn at_the_end_of_the_partition_our_own_clock_moves_it_up_to_when_that_was_asked() {
        let mut clock = PartitionClock::default();
        clock.read_to_the_end(500);
        assert_eq!((clock.holds(), clock.time(), clock.possible(900)), (0, 0, 0), "nothing was read yet");
        read_at(&mut clock, 1_000, 2_000);
        assert_eq!(clock.possible(2_600), 1_000 + 600 - 1 - ROUNDING_MS);
        clock.read_to_the_end(2_600);
        assert_eq!(clock.holds(), 1_597);
        // What was asked before something was read says nothing.
        read_at(&mut clock, 3_000, 4_000);
        clock.read_to_the_end(3_999);
        assert_eq!(clock.holds(), 3_000);
    }

    #[test]
    fn a_leader_with_an_earlier_clock_and_ingests_that_differ_stop_nothing_and_skip_nothing() {
        let mut clock = PartitionClock::default();
        read_at(&mut clock, 100_000, 1_000);
        // The next leader is a minute behind.
        assert_eq!(read_at(&mut clock, 40_000, 1_100), 100_000);
        clock.read_to_the_end(1_600);
        let after = clock.holds();
        assert_eq!(after, 100_000 + 600 - 1 - ROUNDING_MS);
        // When it gets there, what has passed is not counted again.
        assert_eq!(read_at(&mut clock, 100_100, 1_700), after);
        assert_eq!(read_at(&mut clock, 100_200, 1_800), after + 100);
    }

    #[test]
    fn what_is_forgotten_goes_by_both_clocks() {
        let mut clock = PartitionClock::default();
        let ahead = 200_000_000;
        for (ingest_time, record_time, time) in [
            (1_000, 1_005, 1_000),
            (2_000 + 60_000, 2_000, 2_000),
            (3_000, ahead, 62_000),
            (4_000, 3_000, 62_000),
        ] {
            clock.read(Arrival { ingest_time, record_time }, ahead);
            assert_eq!(clock.time(), time);
        }
    }

    #[test]
    fn a_record_without_a_time_of_its_own_has_that_of_its_event() {
        let mut clock = PartitionClock::default();
        clock.read(Arrival { ingest_time: 1_000, record_time: 0 }, 1_000);
        clock.read(Arrival { ingest_time: 1_500, record_time: 0 }, 1_000);
        assert_eq!(clock.holds(), 1_500);
        // And a clock that is far ahead of the leader's is not believed.
        let ahead = Arrival { ingest_time: i64::MAX, record_time: 2_000 };
        assert_eq!(ahead.taken_in(), 2_000 + CLOCK_SKEW_MS);
    }
}
