//! Partition time, which holds are measured in.

/// A partition that reads nothing for this long (milliseconds) takes its time from the wall clock.
pub const IDLE_AFTER_MS: i64 = 50;

/// How far the clocks of those who take events in may be ahead of ours, in milliseconds: 5 minutes, what Kerberos and
/// AWS's signatures allow. A time beyond that is an error of that clock, and counts as ours.
pub(super) const CLOCK_SKEW_MS: i64 = 5 * 60_000;

/// When an event was taken in, as far as that can be believed.
pub(super) fn taken_in(ingest_time: i64, now: i64) -> i64 {
    ingest_time.min(now.saturating_add(CLOCK_SKEW_MS))
}

/// When an event happened, as far as that can be believed: one that says it is from the future would make everything
/// after it late.
pub(super) fn happened(event_time: i64, taken_in: i64) -> i64 {
    event_time.min(taken_in.saturating_add(CLOCK_SKEW_MS))
}

/// Partition time: the ingest time of what was read, and the wall clock only while nothing is.
#[derive(Debug, Default)]
pub(super) struct PartitionClock {
    time: i64,
    read_at: i64,
}

// === impl PartitionClock ===

impl PartitionClock {
    /// The partition's time; UTC milliseconds.
    pub(super) fn time(&self) -> i64 {
        self.time
    }

    /// Takes note of an event taken in at `taken_in` and read at `now`.
    pub(super) fn read(&mut self, taken_in: i64, now: i64) {
        self.time = self.time.max(taken_in);
        self.read_at = now;
    }

    /// Lets wall-clock time pass.
    pub(super) fn tick(&mut self, now: i64) {
        if self.read_at > 0 && now - self.read_at >= IDLE_AFTER_MS {
            self.time += now - self.read_at;
            self.read_at = now;
        }
    }
}
