//! When to commit, and what follows from how it went.

use super::{Error, Worker};
use crate::command::Ended;
use crate::committed_state::{self, Committed};
use crate::lanes::{Input, Plan};
use crate::metrics;
use crate::ports::{GroupOffsets, SavedState, TargetCalls};
use crate::transactions::Settled;

/// What has ended waits so long for company, then it is committed; milliseconds.
const COMMIT_INTERVAL_MS: i64 = 50;

/// So much is committed without waiting.
const COMMIT_RECORDS: usize = 1_000;

/// A transaction that came to nothing is not repeated at once; milliseconds.
const COMMIT_RETRY_MS: i64 = 200;

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

    /// Commits everything that can be; `None` when there was nothing.
    pub(super) fn commit(&mut self) -> Result<Option<Settled>, Error> {
        self.state.due_since = None;
        let plan = match self.lanes.plan() {
            Some(plan) => plan,
            None if self.state.pending.is_empty() => return Ok(None),
            None => Plan { ended: Vec::new(), progress: Vec::new() },
        };
        let reports = self.state.pending.take();
        let settled = self.transactions.commit(&mut self.brokers, &*self.clock, &plan, &reports)?;
        match settled {
            Settled::Committed => {
                self.state.not_before = None;
                count(&plan);
                self.apply(Input::Committed)?;
            }
            Settled::Unknown => {
                self.state.not_before = Some(self.clock.now_ms().saturating_add(COMMIT_RETRY_MS));
                self.state.pending.give_back(reports);
                let partitions = self.lanes.partitions();
                let committed =
                    committed_state::read(&mut self.brokers, &mut self.saved, &*self.clock, &partitions)?;
                for Committed { partition, watermark, finished, .. } in committed {
                    self.apply(Input::Recovered { partition, watermark, finished })?;
                }
            }
        }
        Ok(Some(settled))
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
