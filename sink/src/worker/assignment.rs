//! Partitions that come and go.

use std::time::Duration;

use trunkline_kafka::TopicPartition;
use trunkline_kafka::logs::Opening;

use super::{Error, Worker};
use crate::committed_state::{self, Committed};
use crate::lanes::{Input, LogChange};
use crate::ports::{GroupOffsets, SavedState, TargetCalls};
use crate::transactions::Settled;

/// Calls under way when a partition is taken away may end for so long; then they are cancelled.
const REVOKE_PATIENCE: Duration = Duration::from_secs(5);

impl<B: GroupOffsets, S: SavedState, C: TargetCalls> Worker<B, S, C> {
    /// Lets the calls under way end and commits what has ended, for the last time.
    ///
    /// # Errors
    /// [`Error`] when that fails; what was not committed is done again by whoever comes next.
    pub fn drain(&mut self, timeout: Duration) -> Result<(), Error> {
        tracing::info!(unfinished = self.lanes.unfinished_count(), "draining");
        let all = self.lanes.partitions();
        // Half of the time for calls, the rest for the last transaction and for leaving the group.
        self.settle(&all, REVOKE_PATIENCE.min(timeout / 2))?;
        self.apply(Input::Released(all))?;
        tracing::info!("drained");
        Ok(())
    }

    pub(super) fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        let started_ms = self.clock.now_ms();
        let committed = committed_state::read(&mut self.brokers, &mut self.saved, &*self.clock, partitions)?;
        let openings = self.open_logs(&committed)?;
        let positions: Vec<(TopicPartition, Option<i64>)> = committed
            .iter()
            .zip(&openings)
            .map(|(committed, opening)| (committed.partition.clone(), Some(opening.position.next)))
            .collect();
        self.brokers.assign(&positions)?;
        for (committed, opening) in committed.into_iter().zip(openings) {
            // One that stands still was assigned paused, and stays so.
            if !opening.stands_still {
                self.begin(committed, &opening)?;
            }
        }
        let held = self.lanes.partition_count();
        let took_ms = self.clock.now_ms() - started_ms;
        tracing::info!(new = partitions.len(), held, took_ms, "assigned");
        self.health.set("kafka", true, &format!("{held} partitions"));
        Ok(())
    }

    /// Takes a partition whose log is known.
    fn begin(&mut self, committed: Committed, opening: &Opening) -> Result<(), Error> {
        let Committed { partition, position: saved, in_group, finished, .. } = committed;
        let Opening { position, afresh, .. } = *opening;
        let end = committed_state::end(&mut self.brokers, &*self.clock, &partition)?;
        self.state.paused.insert(partition.clone());
        let finished = if afresh { Vec::new() } else { finished };
        let watermark = Some(position.next);
        self.apply(Input::Assigned { partition: partition.clone(), watermark, finished, end })?;
        let opened = LogChange::Opened { position, saved: in_group && saved == Some(position), afresh };
        self.apply(Input::Log(partition, opened))
    }

    pub(super) fn revoked(&mut self, partitions: Vec<TopicPartition>, lost: bool) -> Result<(), Error> {
        tracing::info!(partitions = partitions.len(), lost, "revoked");
        if !lost {
            self.settle(&partitions, REVOKE_PATIENCE)?;
        }
        for partition in &partitions {
            self.state.schema_wait.forget(partition);
            self.state.paused.remove(partition);
        }
        self.forget_logs(&partitions);
        self.apply(Input::Released(partitions.clone()))?;
        self.brokers.release(&partitions)?;
        self.health.set("kafka", true, &format!("{} partitions", self.lanes.partition_count()));
        Ok(())
    }

    /// Starts nothing more for these partitions, lets their calls end, and commits what has ended.
    fn settle(&mut self, partitions: &[TopicPartition], patience: Duration) -> Result<(), Error> {
        let patience_ms = i64::try_from(patience.as_millis()).unwrap_or(i64::MAX);
        let deadline_ms = self.clock.now_ms().saturating_add(patience_ms);
        self.apply(Input::Revoking(partitions.to_vec()))?;
        while self.lanes.calls_under_way(partitions) > 0 {
            let left_ms = u64::try_from(deadline_ms.saturating_sub(self.clock.now_ms())).unwrap_or_default();
            match self.calls.answer(Duration::from_millis(left_ms)) {
                Some(answer) => self.answered(answer)?,
                None if left_ms > 0 => {}
                None => {
                    let calls = self.lanes.calls_under_way(partitions);
                    tracing::warn!(
                        calls,
                        "calls are given up; whoever takes over reads their resources back"
                    );
                    break;
                }
            }
        }
        self.take_reports();
        // A second time only if the first came to nothing.
        for _ in 0..2 {
            if self.commit()? == Some(Settled::Committed) || self.lanes.ended_count() == 0 {
                break;
            }
        }
        Ok(())
    }
}
