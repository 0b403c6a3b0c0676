//! Partitions whose log is not what it was: found when they are assigned or while they are read, they stand still or go
//! on, as [`LogGuard`](trunkline_kafka::LogGuard) decides. The others go on in any case.

use trunkline_kafka::logs::{Finding, LogPosition, Looked, Opening, Step};
use trunkline_kafka::{LogNow, TopicPartition};
use uuid::Uuid;

use super::{Error, Worker};
use crate::committed_state::{self, Committed};
use crate::lanes::{Input, LogChange};
use crate::ports::{GroupOffsets, SavedState, TargetCalls};

/// So often the watch learns how far the partitions are read; milliseconds.
const WATCH_EVERY_MS: i64 = 500;

impl<B: GroupOffsets, S: SavedState, C: TargetCalls> Worker<B, S, C> {
    /// Where a partition begins, and whether it stands still.
    pub(super) fn open_log(&mut self, committed: &Committed, now: &LogNow) -> Opening {
        let Committed { partition, watermark, in_group, position, .. } = committed;
        let opening = self.logs.open(partition, *position, watermark.filter(|_| *in_group), now);
        if let Some(finding) = opening.finding {
            self.tell(partition, finding);
        } else if position.is_none() && watermark.is_some() {
            tracing::info!(%partition, ?watermark, "nothing was saved of this log yet: taken over as it is");
        }
        opening
    }

    /// Takes in what was seen of the logs beside the worker, and lets those go on that may.
    pub(super) fn look_at_logs(&mut self) -> Result<(), Error> {
        for looked in self.log_watch.take() {
            self.looked(&looked)?;
        }
        let now_ms = self.clock.now_ms();
        if now_ms - self.state.watched_at >= WATCH_EVERY_MS {
            self.state.watched_at = now_ms;
            self.log_watch.watch(self.logs.number(self.lanes.watched()));
        }
        for (partition, finding) in self.logs.resumable() {
            self.resume(&partition, finding)?;
        }
        Ok(())
    }

    /// The client may have stopped reading a partition: what was read until then is compared, so the watch learns of it
    /// first.
    pub(super) fn look_now(&mut self) {
        self.log_watch.watch(self.logs.number(self.lanes.watched()));
        self.log_watch.look_now();
    }

    /// These partitions are not ours any more.
    pub(super) fn forget_logs(&mut self, partitions: &[TopicPartition]) {
        partitions.iter().for_each(|partition| self.logs.forget(partition));
        self.report_logs();
    }

    fn looked(&mut self, looked: &Looked) -> Result<(), Error> {
        let partition = &looked.watched.partition;
        let Some(held) = self.lanes.watched_one(partition) else { return Ok(()) };
        let (skip_to, seek_to) = match self.logs.look(looked, &held) {
            Step::Nothing => return Ok(()),
            Step::Stop(finding) => {
                self.tell(partition, finding);
                self.report_logs();
                let stopped = LogChange::Stopped { void: finding.voids_offsets() };
                return self.apply(Input::Log(partition.clone(), stopped));
            }
            Step::ReadOn { skip_to, seek_to } => (skip_to, seek_to),
        };
        if let Some(end) = skip_to {
            self.apply(Input::Log(partition.clone(), LogChange::SkipTo(end)))?;
        }
        if let Some(next) = seek_to {
            self.brokers.seek(partition, next)?;
        }
        Ok(())
    }

    /// A partition goes on behind what it lost, or with the log that there is now.
    fn resume(&mut self, partition: &TopicPartition, finding: Finding) -> Result<(), Error> {
        let next = finding.resumes_at();
        let change = match finding {
            Finding::Changed { .. } if !self.lanes.is_settled(partition) => return Ok(()),
            Finding::Changed { is, .. } => {
                let now_ms = self.clock.now_ms();
                if self.state.not_before.is_some_and(|at| now_ms < at) {
                    return Ok(());
                }
                let end = match committed_state::end(&mut self.brokers, partition) {
                    Ok(end) => end,
                    Err(error) => {
                        self.brokers_do_not_say(&error.to_string());
                        return Ok(());
                    }
                };
                let position = LogPosition { topic_id: is.topic_id, next, last: None };
                LogChange::Replaced { position, end }
            }
            Finding::Removed { .. } | Finding::OffsetsLost { .. } => LogChange::SkipTo(next),
        };
        self.brokers.seek(partition, next)?;
        self.logs.go_on(partition);
        self.report_logs();
        self.apply(Input::Log(partition.clone(), change))
    }

    fn tell(&mut self, partition: &TopicPartition, finding: Finding) {
        let id = Uuid::new_v4().to_string();
        if let Some(report) = self.logs.report(partition, finding, id, self.clock.now_ms()) {
            self.state.pending.push(report);
        }
    }

    pub(super) fn report_logs(&self) {
        let (ready, detail) = self.logs.readiness();
        self.health.set("logs", ready, &detail);
    }
}
