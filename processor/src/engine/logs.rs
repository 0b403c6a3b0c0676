//! Partitions whose log is not what it was: found at a restore or while they are read, they stand still or go on, as
//! [`LogGuard`](trunkline_kafka::LogGuard) decides. The others go on in any case.

use std::collections::BTreeSet;

use trunkline_kafka::logs::{Finding, LogPosition, Looked, Step};
use trunkline_schemas::TopicPartition;
use uuid::Uuid;

use super::intake::Begin;
use super::{Engine, EngineError};
use crate::brokers::ChangelogBrokers;
use crate::restore::Ready;
use crate::state::StateStore;

/// So often the watch learns how far the partitions are read; milliseconds.
const WATCH_EVERY_MS: i64 = 500;

/// What the engine remembers of its looks at logs.
#[derive(Debug, Default)]
pub(super) struct LogLooks {
    /// When the watch last learned how far partitions are read; UTC milliseconds.
    told_at: i64,
    /// Partitions that the client may have stopped reading while records of theirs wait for a schema.
    to_be_sought: BTreeSet<i32>,
}

impl<B: ChangelogBrokers, S: StateStore> Engine<B, S> {
    /// The state of a partition is restored: it is processed, unless its log stands in the way.
    pub(super) fn open(&mut self, ready: &Ready) -> Result<(), EngineError> {
        let Ready { partition, committed, saved, now } = *ready;
        let input = self.input.partition(partition);
        let opening = self.logs.open(&input, saved, committed, &now);
        match opening.finding {
            Some(finding) => self.tell(&input, finding),
            None if saved.is_none() && committed.is_some() => {
                tracing::info!(%input, next = opening.position.next, "nothing was saved of this log yet: taken over as it is");
            }
            None => {}
        }
        self.report_logs();
        match opening.stands_still {
            true => Ok(()),
            false => self.begin(partition, Begin { position: opening.position, afresh: opening.afresh }),
        }
    }

    /// Takes in what was seen of the logs beside the engine, and lets those go on that may.
    pub(super) fn look_at_logs(&mut self) -> Result<(), EngineError> {
        for looked in self.log_watch.take() {
            self.looked(&looked)?;
        }
        let now = self.clock.now_ms();
        if (now - self.log_looks.told_at).abs() >= WATCH_EVERY_MS {
            self.log_looks.told_at = now;
            self.log_watch.watch(self.logs.number(self.intake.watched(&self.input)));
        }
        let sought = &mut self.log_looks.to_be_sought;
        let waiting = sought.len();
        sought.retain(|partition| self.intake.waits(*partition));
        if sought.len() < waiting {
            self.look_now();
        }
        for (input, finding) in self.logs.resumable() {
            self.resume(&input, finding)?;
        }
        Ok(())
    }

    /// The client may have stopped reading a partition: what was read until then is compared, so the watch learns of it
    /// first.
    pub(super) fn look_now(&mut self) {
        self.log_watch.watch(self.logs.number(self.intake.watched(&self.input)));
        self.log_watch.look_now();
    }

    /// These partitions are not ours any more.
    pub(super) fn forget_logs(&mut self, partitions: &[i32]) {
        for partition in partitions {
            self.logs.forget(&self.input.partition(*partition));
            self.log_looks.to_be_sought.remove(partition);
        }
        self.report_logs();
    }

    fn looked(&mut self, looked: &Looked) -> Result<(), EngineError> {
        let input = &looked.watched.partition;
        let partition = input.partition;
        let Some(held) = self.intake.watched_one(input.clone()) else { return Ok(()) };
        let (skip_to, seek_to) = match self.logs.look(looked, &held) {
            Step::Nothing => return Ok(()),
            Step::Stop(finding) => {
                self.brokers.pause(std::slice::from_ref(input))?;
                if finding.voids_offsets() {
                    self.intake.void_offsets(partition, finding.resumes_at());
                }
                self.tell(input, finding);
                self.report_logs();
                return Ok(());
            }
            Step::ReadOn { skip_to, seek_to } => (skip_to, seek_to),
        };
        if let Some(end) = skip_to {
            self.intake.skip_to(partition, end);
        }
        if let Some(next) = seek_to {
            // Records that wait for their schema do not count as read yet: they would come twice.
            match self.intake.waits(partition) {
                true => drop(self.log_looks.to_be_sought.insert(partition)),
                false => self.brokers.seek(input, next)?,
            }
        }
        Ok(())
    }

    /// A partition goes on behind what it lost, or with the log that there is now.
    fn resume(&mut self, input: &TopicPartition, finding: Finding) -> Result<(), EngineError> {
        let partition = input.partition;
        if self.is_restoring(partition) {
            return Ok(());
        }
        if !self.tasks.partitions().contains(&partition) {
            // Its task went with an aborted transaction: what is committed says where to go on.
            return self.restore(&[partition]);
        }
        let (outstanding, _) = self.intake.under_way(partition);
        if finding.voids_offsets() && (outstanding > 0 || self.intake.waits(partition)) {
            // They are in no log any more: what was read is finished first, however long it is held or waits.
            return Ok(());
        }
        let next = finding.resumes_at();
        if let Finding::Changed { is, .. } = finding {
            self.commit()?;
            if self.is_restoring(partition) || !self.tasks.partitions().contains(&partition) {
                return Ok(());
            }
            // A new task: what it knows is in the state, and nothing is under way of it.
            self.let_go(&[partition]);
            let position = LogPosition { topic_id: is.topic_id, next, last: None };
            self.begin(partition, Begin { position, afresh: true })?;
            self.logs.go_on(input);
        } else {
            self.intake.skip_to(partition, next);
            self.brokers.seek(input, next)?;
            self.logs.go_on(input);
            if self.may_be_read(partition) {
                self.brokers.resume(std::slice::from_ref(input))?;
            }
        }
        self.report_logs();
        Ok(())
    }

    /// Whether nothing keeps a partition from being read.
    pub(super) fn may_be_read(&self, partition: i32) -> bool {
        let stands_still = self.logs.stopped(&self.input.partition(partition)).is_some();
        !self.intake.waits(partition) && !self.load.is_paused(partition) && !stands_still
    }

    fn is_restoring(&self, partition: i32) -> bool {
        self.assignment.restoring().any(|restoring| restoring == partition)
    }

    fn tell(&mut self, input: &TopicPartition, finding: Finding) {
        let id = Uuid::new_v4().to_string();
        if let Some(report) = self.logs.report(input, finding, id, self.clock.now_ms()) {
            self.reports.push(report);
        }
    }

    fn report_logs(&self) {
        let (ready, detail) = self.logs.readiness();
        self.health.set("logs", ready, &detail);
    }
}
