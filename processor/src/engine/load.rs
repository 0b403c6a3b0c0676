//! Which partitions pause because too much of them is under way.

use std::collections::HashSet;

use super::pressure::Pressure;

/// Bytes of events under way per instance after which partitions pause, however few they are.
const HELD_BYTES: usize = 256 << 20;

/// Partitions that pause because too much of them is under way.
pub(super) struct Load {
    paused: HashSet<i32>,
    max_held_events: usize,
}

/// Partitions to pause, and those to read from again.
pub(super) struct Balance {
    pub(super) pause: Vec<i32>,
    pub(super) resume: Vec<i32>,
}

/// What is under way of a partition.
pub(super) struct UnderWay {
    pub(super) partition: i32,
    /// Events read and not finished.
    pub(super) outstanding: usize,
    /// Bytes of them.
    pub(super) bytes: usize,
    /// Offsets finished above the watermark.
    pub(super) finished: usize,
}

// === impl Load ===

impl Load {
    /// Nothing pauses yet; so many events may be under way on this instance.
    pub(super) fn new(max_held_events: usize) -> Self {
        Self { paused: HashSet::new(), max_held_events }
    }

    /// Pauses partitions that hold too much, and resumes them once they hold half of that. `saturated` says that more
    /// lookups wait than may be under way.
    pub(super) fn balance(
        &mut self,
        partitions: usize,
        under_way: impl Iterator<Item = UnderWay>,
        saturated: bool,
    ) -> Balance {
        let partitions = partitions.max(1);
        let limit = (self.max_held_events / partitions).max(1);
        let mut balance = Balance { pause: Vec::new(), resume: Vec::new() };
        for UnderWay { partition, outstanding, bytes, finished } in under_way {
            let bytes_limit = HELD_BYTES / partitions;
            let pressure = Pressure { outstanding, bytes, bytes_limit, finished, limit, saturated };
            match self.paused.contains(&partition) {
                false if pressure.pauses() => balance.pause.push(partition),
                true if pressure.resumes() => balance.resume.push(partition),
                _ => {}
            }
        }
        balance
    }

    /// These pause from now on.
    pub(super) fn pause(&mut self, partitions: &[i32]) {
        self.paused.extend(partitions);
    }

    /// A partition goes on, or is not ours any more.
    pub(super) fn let_go(&mut self, partition: i32) {
        self.paused.remove(&partition);
    }

    /// Whether a partition pauses because of what is under way.
    pub(super) fn is_paused(&self, partition: i32) -> bool {
        self.paused.contains(&partition)
    }
}
