//! Letting go: of what is committed, and of partitions that are taken away.

use std::collections::BTreeSet;
use std::sync::Arc;

use trunkline_kafka::{LogPosition, TopicPartition};

use super::Lanes;
use super::lane::{LaneId, Phase};
use super::messages::{Action, Serial};
use crate::command::Ended;

// === impl Lanes ===

impl Lanes {
    pub(super) fn committed(&mut self, now_ms: i64) {
        for partition in self.partitions.values_mut() {
            partition.committed();
        }
        for ended in std::mem::take(&mut self.committing) {
            self.go_on(&ended, now_ms);
        }
    }

    /// The ending is committed: the lane of its command may take the next one.
    fn go_on(&mut self, ended: &Ended, now_ms: i64) {
        let record = ended.record();
        let id = LaneId::new(record.topic_partition(), record.key.clone().unwrap_or_default());
        if let Some(partition) = self.partitions.get_mut(&id.partition) {
            partition.lets_go(record);
        }
        if self.verdicts.get_mut(&id).is_some_and(|offsets| offsets.remove(&record.offset)) {
            self.verdict_committed(&id);
            return;
        }
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        let is_head = lane.queue.front().is_some_and(|head| head.issued.record.offset == record.offset);
        if !is_head || lane.phase != Phase::Ended {
            return;
        }
        if lane.next() {
            self.schedule(&id, now_ms, now_ms);
        } else {
            self.lanes.remove(&id);
        }
    }

    /// A verdict on a record of this lane is committed: commands that waited for it may go on.
    fn verdict_committed(&mut self, id: &LaneId) {
        if !self.verdicts.get(id).is_some_and(BTreeSet::is_empty) {
            return;
        }
        self.verdicts.remove(id);
        if let Some(lane) = self.lanes.get(id)
            && lane.phase == Phase::Ready
        {
            self.make_ready(id);
        }
    }

    /// The transaction's outcome is now known for one partition: what it does not hold goes into the next one.
    pub(super) fn recovered(
        &mut self,
        name: &TopicPartition,
        watermark: Option<i64>,
        finished: &[i64],
        position: Option<LogPosition>,
        now_ms: i64,
    ) {
        let Some(partition) = self.partitions.get_mut(name) else { return };
        // Of another log they say nothing about the records of this one.
        let (watermark, finished) = match partition.is_of_its_log(position) {
            true => (watermark, finished),
            false => (None, &[][..]),
        };
        partition.recovered(watermark, finished);
        let (of_partition, others) = std::mem::take(&mut self.committing)
            .into_iter()
            .partition(|ended| ended.record().topic_partition() == *name);
        self.committing = others;
        let of_partition: Vec<Arc<Ended>> = of_partition;
        for ended in of_partition {
            let offset = ended.record().offset;
            if watermark.is_some_and(|watermark| offset < watermark) || finished.contains(&offset) {
                self.go_on(&ended, now_ms);
            } else {
                self.ended.push(ended);
            }
        }
    }

    pub(super) fn revoking(&mut self, partitions: &[TopicPartition]) {
        for name in partitions {
            if let Some(partition) = self.partitions.get_mut(name) {
                partition.revoking = true;
            }
        }
    }

    pub(super) fn released(&mut self, partitions: &[TopicPartition], actions: &mut Vec<Action>) {
        let given_back: Vec<Serial> = self
            .calls
            .iter()
            .filter(|(_, call)| partitions.contains(&call.lane.partition))
            .map(|(serial, _)| *serial)
            .collect();
        for serial in given_back {
            if let Some(call) = self.calls.remove(&serial) {
                self.gates.cancelled(call.gate);
            }
            actions.push(Action::Cancel { serial });
        }
        self.timers.retain(|(_, id)| !partitions.contains(&id.partition));
        self.lanes.retain(|id, _| !partitions.contains(&id.partition));
        self.verdicts.retain(|id, _| !partitions.contains(&id.partition));
        for ended in [&mut self.ended, &mut self.committing] {
            ended.retain(|ended| !partitions.contains(&ended.record().topic_partition()));
        }
        for partition in partitions {
            self.partitions.remove(partition);
        }
    }
}
