//! Partitions that come and go.

use std::time::Duration;

use trunkline_kafka::logs::Opening;
use trunkline_kafka::{LogNow, TopicPartition};

use super::{Error, Worker};
use crate::committed_state::{self, Committed};
use crate::lanes::{Input, LogChange};
use crate::ports::{GroupOffsets, SavedState, TargetCalls};
use crate::transactions::Settled;

/// Calls under way when a partition is taken away may end for so long; then they are cancelled.
const REVOKE_PATIENCE: Duration = Duration::from_secs(5);

/// What there is to know of a partition before it is read.
struct Place {
    committed: Committed,
    /// Its end.
    end: i64,
    log: LogNow,
}

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

    pub(super) fn assigned(&mut self, partitions: Vec<TopicPartition>) -> Result<(), Error> {
        if partitions.is_empty() {
            // A member that is given nothing, since others have not given back yet, answers as well: the client
            // tells it of nothing more before it does.
            self.brokers.assign(&[])?;
            self.report_held();
        }
        self.state.unplaced.extend(partitions);
        self.place()
    }

    fn report_held(&self) {
        self.health.set("kafka", true, &format!("{} partitions", self.lanes.partition_count()));
    }

    /// Takes partitions that the group has given, where they were left. While the brokers do not say where, they wait.
    pub(super) fn place(&mut self) -> Result<(), Error> {
        let started_ms = self.clock.now_ms();
        if self.state.unplaced.is_empty() || self.state.not_before.is_some_and(|at| started_ms < at) {
            return Ok(());
        }
        let places = match self.places() {
            Ok(places) => places,
            Err(error) => {
                self.brokers_do_not_say(&error.to_string());
                return Ok(());
            }
        };
        self.brokers_answer();
        let new = std::mem::take(&mut self.state.unplaced).len();
        let openings: Vec<Opening> =
            places.iter().map(|place| self.open_log(&place.committed, &place.log)).collect();
        self.report_logs();
        let positions: Vec<(TopicPartition, Option<i64>)> = places
            .iter()
            .zip(&openings)
            .map(|(place, opening)| (place.committed.partition.clone(), Some(opening.position.next)))
            .collect();
        self.brokers.assign(&positions)?;
        for (place, opening) in places.into_iter().zip(&openings) {
            // One that stands still was assigned paused, and stays so.
            if !opening.stands_still {
                self.begin(place, opening)?;
            }
        }
        let held = self.lanes.partition_count();
        let took_ms = self.clock.now_ms() - started_ms;
        tracing::info!(new, held, took_ms, "assigned");
        self.report_held();
        Ok(())
    }

    /// What is committed of the partitions that wait, with their ends and their logs.
    fn places(&mut self) -> Result<Vec<Place>, committed_state::Error> {
        let committed = committed_state::read(&mut self.brokers, &mut self.saved, &self.state.unplaced)?;
        let logs = committed_state::look(&mut *self.log_looks, &committed)?;
        let brokers = &mut self.brokers;
        committed
            .into_iter()
            .zip(logs)
            .map(|(committed, log)| {
                let end = committed_state::end(brokers, &committed.partition)?;
                Ok(Place { committed, end, log })
            })
            .collect()
    }

    /// Takes a partition whose log is known.
    fn begin(&mut self, place: Place, opening: &Opening) -> Result<(), Error> {
        let Place { committed, end, .. } = place;
        let Committed { partition, position: saved, in_group, finished, .. } = committed;
        let Opening { position, afresh, .. } = *opening;
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
            self.state.uncommitted.let_go(partition);
        }
        self.forget_logs(&partitions);
        self.apply(Input::Released(partitions.clone()))?;
        // What was never taken is taken and given back, in place of an answer that the client waits for.
        let unplaced: Vec<(TopicPartition, Option<i64>)> = self
            .state
            .unplaced
            .extract_if(.., |partition| partitions.contains(partition))
            .map(|partition| (partition, None))
            .collect();
        if !unplaced.is_empty() {
            self.brokers.assign(&unplaced)?;
        }
        self.brokers.release(&partitions)?;
        self.report_held();
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
                Some(answer) => self.apply(answer)?,
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
