//! When to commit, and what follows from how it went.

use super::putting_aside::ABORTED;
use super::settling::{Indeterminate, wait_ms};
use super::{Error, Worker};
use crate::command::Ended;
use crate::lanes::{Input, Plan};
use crate::metrics;
use crate::ports::{GroupOffsets, SavedState, TargetCalls};
use crate::transactions::Settled;

/// What has ended waits so long for company, then it is committed; milliseconds.
const COMMIT_INTERVAL_MS: i64 = 50;

/// So much is committed without waiting.
const COMMIT_RECORDS: usize = 1_000;

impl<B: GroupOffsets, S: SavedState, C: TargetCalls> Worker<B, S, C> {
    pub(super) fn commit_when_due(&mut self) -> Result<(), Error> {
        let now_ms = self.clock.now_ms();
        if self.state.not_before.is_some_and(|not_before| now_ms < not_before) {
            return Ok(());
        }
        // Records that were only skipped move the watermark too, so there may be something to commit though none ended.
        let since = *self.state.due_since.get_or_insert(now_ms);
        if self.lanes.ended_count() < COMMIT_RECORDS && now_ms - since < COMMIT_INTERVAL_MS {
            return Ok(());
        }
        self.commit()?;
        Ok(())
    }

    /// Commits everything that can be; `None` when there was nothing, or when the brokers do not answer.
    pub(super) fn commit(&mut self) -> Result<Option<Settled>, Error> {
        self.state.due_since = None;
        if !self.settle_indeterminate()? {
            return Ok(None);
        }
        let now_ms = self.clock.now_ms();
        let plan = match self.state.troubles.plan(&mut self.lanes, now_ms) {
            Some(plan) => plan,
            None if self.state.pending.is_empty() => {
                self.nothing_to_commit();
                return Ok(None);
            }
            None => Plan { ended: Vec::new(), progress: Vec::new() },
        };
        let reports = self.state.pending.take();
        let forms = &self.state.troubles.forms;
        let settled = self.transactions.commit(&mut self.brokers, &*self.clock, &plan, forms, &reports)?;
        if settled == Settled::Committed {
            (self.state.not_before, self.state.failures) = (None, 0);
            self.brokers_answer();
            for progress in &plan.progress {
                self.state.uncommitted.committed(&progress.partition, progress.watermark);
            }
            self.progress.committed();
            count(&plan);
            self.state.troubles.committed(&plan);
            self.apply(Input::Committed)?;
            return Ok(Some(settled));
        }
        self.progress.failed(self.transactions.why());
        self.state.failures = self.state.failures.saturating_add(1);
        self.state.not_before = Some(self.clock.now_ms().saturating_add(wait_ms(self.state.failures)));
        self.state.pending.give_back(reports);
        let unsettled = settled == Settled::Indeterminate;
        self.state.indeterminate =
            Some(if unsettled { Indeterminate::Unsettled } else { Indeterminate::Unread });
        let settled_now = self.settle_indeterminate()?;
        match &settled {
            Settled::Refused(place, reason) => self.put_aside(place, reason),
            Settled::ReportRefused => {}
            // Brokers that do not answer say nothing of the records.
            _ if settled_now => {
                if let Some(place) = self.state.troubles.aborted(&plan) {
                    self.put_aside(&place, ABORTED);
                }
            }
            _ => {}
        }
        Ok(Some(settled))
    }

    /// The last transaction took effect after all, or what it held is for others to do.
    fn nothing_to_commit(&mut self) {
        if self.state.failures > 0 && self.lanes.ended_count() == 0 {
            self.state.failures = 0;
            self.progress.committed();
        }
    }
}

/// Counts what is committed.
fn count(plan: &Plan) {
    for ended in &plan.ended {
        match ended.as_ref() {
            Ended::Poison(_) => metrics::poison_ended(),
            Ended::Command { issued, ending, finished_at_ms, .. } => {
                let command = &issued.write_back;
                metrics::command_ended(&command.target, ending.outcome, finished_at_ms - command.issued_at);
            }
        }
    }
}
