//! Calls: which lane calls next, and what its answer means for it and for the others.

use std::sync::Arc;

use super::gates::GateId;
use super::lane::{LaneId, Phase};
use super::messages::{Action, Serial};
use super::{Call, Lanes};
use crate::answer::{Answer, FailureKind, Health};
use crate::command::Ended;
use crate::decision::{self, Condition, Next};
use crate::ending::Ending;

// === impl Lanes ===

impl Lanes {
    /// The head of a lane may call, behind the others that may.
    pub(super) fn make_ready(&mut self, id: &LaneId) {
        let Some(lane) = self.lanes.get_mut(id) else { return };
        let Some(gate) = lane.gate() else { return };
        lane.phase = Phase::Ready;
        self.gates.queue(gate, id.clone());
    }

    /// The head of a lane may call again: before the others, unless it has failed.
    fn make_ready_first(&mut self, id: LaneId) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        let Some(gate) = lane.gate() else { return };
        lane.phase = Phase::Ready;
        if lane.has_failed {
            self.gates.queue(gate, id);
        } else {
            self.gates.queue_first(gate, id);
        }
    }

    pub(super) fn start_calls(&mut self, now_ms: i64, actions: &mut Vec<Action>) {
        for gate in self.gates.ids() {
            loop {
                let lanes = &self.lanes;
                let failed = |id: &LaneId| lanes.get(id).is_some_and(|lane| lane.has_failed);
                let Some(id) = self.gates.next(gate, now_ms, failed) else { break };
                self.start_call(&id, gate, now_ms, actions);
            }
        }
    }

    fn start_call(&mut self, id: &LaneId, gate: GateId, now_ms: i64, actions: &mut Vec<Action>) {
        let revoking = self.partitions.get(&id.partition).is_none_or(|partition| partition.revoking);
        let Some(lane) = self.lanes.get_mut(id) else { return };
        let waits = revoking || self.verdicts.contains_key(id);
        if waits || lane.phase != Phase::Ready || lane.gate() != Some(gate) {
            return;
        }
        let Some(head) = lane.queue.front() else { return };
        match decision::turn(&head.terms, &lane.progress, now_ms) {
            Next::Do(step) => {
                self.last_serial += 1;
                lane.phase = Phase::Calling { step };
                lane.served.entry(gate).or_insert_with(|| self.gates.served(gate));
                self.calls.insert(self.last_serial, Call { lane: id.clone(), gate });
                self.gates.started(gate);
                let command = Arc::clone(head);
                actions.push(Action::Call { serial: self.last_serial, command, step });
            }
            Next::End(ending) => self.end_head(id, ending, now_ms),
            Next::Wait(until_ms) | Next::WaitForTarget(until_ms) => self.park(id, until_ms),
        }
    }

    pub(super) fn answered(
        &mut self,
        serial: Serial,
        answer: &Answer,
        health: Health,
        attempts: u32,
        now_ms: i64,
    ) {
        // The answer to a call of a partition that was given back: whoever owns it now finds out.
        let Some(Call { lane: id, gate }) = self.calls.remove(&serial) else { return };
        let served = self.gates.served(gate);
        self.gates.ended(gate, answer, health, now_ms);
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        let (Some(head), Phase::Calling { step }) = (lane.queue.front(), lane.phase) else { return };
        lane.progress.attempts += attempts;
        let serves_others = lane.served.get(&gate).is_some_and(|before| *before < served);
        if let Answer::Failed(failure) = answer
            && failure.kind != FailureKind::BreakerOpen
        {
            lane.has_failed = true;
            lane.served.insert(gate, served);
        }
        let condition = Condition { health, serves_others };
        let next = decision::answered(&head.terms, &mut lane.progress, step, answer, condition, now_ms);
        match next {
            // It was just read: what follows belongs right behind it.
            Next::Do(_) => self.make_ready_first(id),
            Next::Wait(until_ms) => self.park(&id, until_ms),
            Next::WaitForTarget(until_ms) => {
                // A breaker is of one endpoint; a limit or a token is of the whole target.
                match answer {
                    Answer::Failed(failure) if failure.kind == FailureKind::BreakerOpen => {
                        self.gates.close(gate, until_ms);
                    }
                    _ => self.gates.close_target(gate.target, until_ms),
                }
                self.make_ready_first(id);
            }
            Next::End(ending) => self.end_head(&id, ending, now_ms),
        }
    }

    pub(super) fn park(&mut self, id: &LaneId, until_ms: i64) {
        if let Some(lane) = self.lanes.get_mut(id) {
            lane.phase = Phase::Waiting { until_ms };
            self.timers.insert((until_ms, id.clone()));
        }
    }

    /// The head of a lane is done; the lane goes on once that is committed.
    pub(super) fn end_head(&mut self, id: &LaneId, ending: Ending, now_ms: i64) {
        let Some(lane) = self.lanes.get_mut(id) else { return };
        let Some(head) = lane.queue.front() else { return };
        lane.phase = Phase::Ended;
        // They may lie days ahead, and would be kept until then.
        let expiry = head.terms.expiry;
        self.timers.remove(&(expiry.at_ms, id.clone()));
        self.timers.remove(&(expiry.give_up_at_ms, id.clone()));
        let ended = Ended::Command {
            issued: Arc::clone(&head.issued),
            ending,
            attempts: lane.progress.attempts,
            finished_at_ms: now_ms,
        };
        self.end(ended);
    }
}
