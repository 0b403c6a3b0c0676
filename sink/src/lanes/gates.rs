//! Where calls go through: one gate for each endpoint of a target, with the lanes that wait before it.
//!
//! An endpoint has a breaker of its own in the policy stack, so it has a gate of its own here: where resources
//! cannot be read back, writing goes on. The calls under way are bounded per target.
//!
//! While a gate finds out whether its endpoint is back, a lane whose head has failed calls only if no other waits: one
//! command that its target cannot do would otherwise close the gate for all others, each time anew.

use std::collections::{BTreeMap, VecDeque};

use super::lane::LaneId;
use super::throttle::Throttle;
use crate::answer::{Answer, Health};
use crate::command::{Command, TargetIndex};
use crate::decision::Step;

/// Names a gate. Those that read come first: they are few, and a resource waits for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct GateId {
    pub(super) target: TargetIndex,
    writes: bool,
    class: &'static str,
}

#[derive(Debug, Default)]
struct Gate {
    throttle: Throttle,
    /// Lanes that may call, in the order they became ready. An entry whose lane is no longer ready is skipped when its
    /// turn comes.
    ready: VecDeque<LaneId>,
    /// Answers that showed the endpoint at work.
    served: u64,
}

/// The gates of all targets; made as they are needed.
#[derive(Debug)]
pub(super) struct Gates {
    gates: BTreeMap<GateId, Gate>,
    max_in_flight: usize,
    /// For how long calls of each target waited before a gate that was not open, in milliseconds.
    held_ms: Vec<u64>,
    looked_at_ms: Option<i64>,
}

// === impl GateId ===

impl GateId {
    /// The gate that a command's step goes through.
    pub(super) fn of(command: &Command, step: Step) -> Self {
        let operation = command.request.operation;
        let (writes, class) = match step {
            Step::Write => (true, operation.write_class),
            Step::Read => (false, operation.read_class),
        };
        Self { target: command.target, writes, class }
    }
}

// === impl Gates ===

impl Gates {
    /// For so many targets, each with so many calls under way at most.
    pub(super) fn new(targets: usize, max_in_flight: usize) -> Self {
        Self { gates: BTreeMap::new(), max_in_flight, held_ms: vec![0; targets], looked_at_ms: None }
    }

    /// All there are.
    pub(super) fn ids(&self) -> Vec<GateId> {
        self.gates.keys().copied().collect()
    }

    /// A lane may call, behind those that wait already.
    pub(super) fn queue(&mut self, gate: GateId, lane: LaneId) {
        self.gates.entry(gate).or_default().ready.push_back(lane);
    }

    /// A lane may call before those that wait already.
    pub(super) fn queue_first(&mut self, gate: GateId, lane: LaneId) {
        self.gates.entry(gate).or_default().ready.push_front(lane);
    }

    /// The next lane to call, if there is room for a call. `failed` says whether the head of a lane has failed before.
    pub(super) fn next(
        &mut self,
        id: GateId,
        now_ms: i64,
        failed: impl Fn(&LaneId) -> bool,
    ) -> Option<LaneId> {
        let in_flight: usize = self.of_target(id.target).map(|(_, gate)| gate.throttle.in_flight()).sum();
        let gate = self.gates.get_mut(&id)?;
        if in_flight >= self.max_in_flight || !gate.throttle.has_room(now_ms) {
            return None;
        }
        let first = gate.throttle.is_probing().then(|| gate.ready.iter().position(|lane| !failed(lane)));
        gate.ready.remove(first.flatten().unwrap_or(0))
    }

    /// A call started.
    pub(super) fn started(&mut self, id: GateId) {
        self.gates.entry(id).or_default().throttle.started();
    }

    /// A call was stopped.
    pub(super) fn cancelled(&mut self, id: GateId) {
        self.gates.entry(id).or_default().throttle.cancelled();
    }

    /// A call came to its end.
    pub(super) fn ended(&mut self, id: GateId, answer: &Answer, health: Health, now_ms: i64) {
        let gate = self.gates.entry(id).or_default();
        gate.throttle.ended(answer, health, now_ms);
        gate.served += u64::from(answer.is_from_target_at_work());
    }

    /// Nothing goes through one gate before this time (UTC milliseconds).
    pub(super) fn close(&mut self, id: GateId, until_ms: i64) {
        self.gates.entry(id).or_default().throttle.close(until_ms);
    }

    /// Nothing goes through any gate of a target before this time (UTC milliseconds).
    pub(super) fn close_target(&mut self, target: TargetIndex, until_ms: i64) {
        let of_target = self.gates.iter_mut().filter(|(id, _)| id.target == target);
        of_target.for_each(|(_, gate)| gate.throttle.close(until_ms));
    }

    /// How much was served so far that shows a failure at this gate to be a command's own. Of a write only other
    /// writes of its class do; a resource is read back so seldom that whatever the target does shows it at work.
    pub(super) fn served(&self, id: GateId) -> u64 {
        if id.writes {
            self.gates.get(&id).map_or(0, |gate| gate.served)
        } else {
            self.of_target(id.target).map(|(_, gate)| gate.served).sum()
        }
    }

    /// Whether nothing goes through for so long that reading on makes no sense. Where commands are written, only the
    /// writing counts.
    pub(super) fn is_closed_for_long(&self, target: TargetIndex, now_ms: i64) -> bool {
        let writes = self.of_target(target).any(|(id, _)| id.writes);
        let mut counting = self.of_target(target).filter(|(id, _)| id.writes || !writes).peekable();
        counting.peek().is_some() && counting.all(|(_, gate)| gate.throttle.is_closed_for_long(now_ms))
    }

    /// Time has passed: what waits before a gate that is not open has waited so long.
    pub(super) fn pass(&mut self, now_ms: i64) {
        let since_ms = self.looked_at_ms.replace(now_ms).unwrap_or(now_ms);
        let passed_ms = u64::try_from(now_ms.saturating_sub(since_ms)).unwrap_or(0);
        if passed_ms == 0 {
            return;
        }
        for (target, held_ms) in self.held_ms.iter_mut().enumerate() {
            let mut of_target = self.gates.iter().filter(|(id, _)| id.target == target);
            if of_target.any(|(_, gate)| !gate.throttle.is_open() && !gate.ready.is_empty()) {
                *held_ms += passed_ms;
            }
        }
    }

    /// For how long calls waited before gates that were not open, in milliseconds, by target.
    pub(super) fn held_ms(&self) -> &[u64] {
        &self.held_ms
    }

    fn of_target(&self, target: TargetIndex) -> impl Iterator<Item = (&GateId, &Gate)> {
        self.gates.iter().filter(move |(id, _)| id.target == target)
    }
}
