//! Which partitions pause because too much of them is under way.

use std::collections::BTreeSet;

use super::pressure::Pressure;

/// Bytes of events under way per instance after which partitions pause, however few they are.
const HELD_BYTES: usize = 256 << 20;

/// Partitions that pause because too much of them is under way.
pub(super) struct Load {
    paused: BTreeSet<i32>,
    max_held_events: usize,
}

/// Partitions to pause, and those to read from again.
pub(super) struct Balance {
    pub(super) pause: Vec<i32>,
    pub(super) resume: Vec<i32>,
}

/// What is under way of a partition.
#[derive(Debug, Clone, Copy)]
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
        Self { paused: BTreeSet::new(), max_held_events }
    }

    /// Pauses partitions that hold too much, and resumes them once they hold half of that. `saturated` says that
    /// enough lookups wait for their turn.
    pub(super) fn balance(
        &mut self,
        partitions: usize,
        under_way: impl Iterator<Item = UnderWay>,
        saturated: bool,
    ) -> Balance {
        let mut balance = Balance { pause: Vec::new(), resume: Vec::new() };
        for under_way in under_way {
            let pressure = self.pressure(partitions, under_way, saturated);
            match self.paused.contains(&under_way.partition) {
                false if pressure.pauses() => balance.pause.push(under_way.partition),
                true if pressure.resumes() => balance.resume.push(under_way.partition),
                _ => {}
            }
        }
        balance
    }

    /// Whether a partition that pauses would go on pausing if no lookup were left to be made.
    pub(super) fn holds_too_much(&self, partitions: usize, under_way: UnderWay) -> bool {
        !self.pressure(partitions, under_way, false).resumes()
    }

    /// The partitions that pause.
    pub(super) fn paused(&self) -> Vec<i32> {
        self.paused.iter().copied().collect()
    }

    fn pressure(&self, partitions: usize, under_way: UnderWay, saturated: bool) -> Pressure {
        let partitions = partitions.max(1);
        let limit = (self.max_held_events / partitions).max(1);
        let UnderWay { outstanding, bytes, finished, .. } = under_way;
        Pressure { outstanding, bytes, bytes_limit: HELD_BYTES / partitions, finished, limit, saturated }
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
