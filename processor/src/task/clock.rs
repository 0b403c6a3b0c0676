//! Partition time, which holds are measured in.

/// A partition that reads nothing for this long takes its time from the wall clock.
pub(super) const IDLE_AFTER_MS: i64 = 50;

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

    /// Takes note of an event taken in at `ingest_time` and read at `now`.
    pub(super) fn read(&mut self, ingest_time: i64, now: i64) {
        self.time = self.time.max(ingest_time);
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
