//! More than one agent in a call: asked for help, taken into the conversation, watching over it, or taking it over.

use super::behaviour::Behaviour;
use super::eventbridge::{Conversation, Media, Participant};
use super::script::Script;
use super::seat::{CONNECT_FACTS, Seat, WRAP_UP_FACTS};
use super::snapshot::observed;
use super::waiting::Wait;
use super::world::World;

/// How many facts each of them tells, on average (exact).
pub(crate) const CONSULT_FACTS: f64 = 2.0;
pub(crate) const CONFERENCE_FACTS: f64 = 2.0 + LEFT_TO_THE_OTHER * WRAP_UP_FACTS;
pub(crate) const OBSERVED_FACTS: f64 = 3.0;
pub(crate) const TRANSFER_FACTS: f64 = 3.0 + CONNECT_FACTS + WRAP_UP_FACTS;

/// Share of the conferences whose first agent leaves before the second one does.
const LEFT_TO_THE_OTHER: f64 = 0.5;
/// How a participant of a snapshot names the one it coaches, monitors or barges in on.
const OBSERVING: [&str; 3] = ["coachedParticipantId", "monitoredParticipantId", "bargedParticipantId"];

/// A call with an agent in it.
#[derive(Debug)]
pub(crate) struct Talk<'a> {
    pub(crate) world: &'a World,
    pub(crate) conversation: &'a Conversation,
    pub(crate) caller: &'a Participant,
}

impl Talk<'_> {
    /// What other agents do in the call, if anything; the one who has it at last.
    pub(crate) fn with_others(&self, script: &mut Script<'_>, mut seat: Seat) -> Seat {
        let shares = self.world.shares;
        if script.dice.chance(shares.observed) {
            self.observe(script, &seat);
        }
        if script.dice.chance(shares.consults) {
            self.consult(script, &mut seat);
        }
        if script.dice.chance(shares.conferences) {
            seat = self.confer(script, seat);
        }
        if script.dice.chance(shares.attended_transfers) {
            seat = self.transfer_attended(script, seat);
        }
        if script.dice.chance(shares.blind_transfers) {
            seat = self.transfer_blind(script, seat);
        }
        script.behave(None);
        seat
    }

    /// Another agent is asked while the customer is on hold, and leaves again.
    fn consult(&self, script: &mut Script<'_>, seat: &mut Seat) {
        script.behave(Some(Behaviour::Consult));
        let held_since = script.now_ms();
        let other = self.join(script, seat);
        script.think(0.4);
        let how = if script.dice.chance(0.5) { "CLIENT" } else { "PEER" };
        other.leave(script, self.conversation, how);
        seat.held_since(held_since, script);
        script.think(0.3);
    }

    /// Another agent joins; then one of the two leaves the customer to the other.
    fn confer(&self, script: &mut Script<'_>, seat: Seat) -> Seat {
        script.behave(Some(Behaviour::Conference));
        let other = self.join(script, &seat);
        script.think(0.4);
        let (leaving, staying) = if script.dice.chance(LEFT_TO_THE_OTHER) {
            (&seat, other.clone())
        } else {
            (&other, seat.clone())
        };
        leaving.leave(script, self.conversation, "CONFERENCE_TRANSFER");
        if staying.participant.id == other.participant.id {
            seat.wrap_up(self.world, script, self.conversation);
        }
        script.think(0.3);
        staying
    }

    /// A supervisor listens in, and leaves again.
    fn observe(&self, script: &mut Script<'_>, seat: &Seat) {
        script.behave(Some(Behaviour::Observed));
        let supervisor = self.join(script, seat);
        let what = *script.dice.pick(&OBSERVING);
        observed(script, self.conversation, self.caller, seat, &supervisor, what);
        script.think(0.4);
        supervisor.leave(script, self.conversation, "CLIENT");
        script.think(0.2);
    }

    /// The next agent is there before the first one leaves.
    fn transfer_attended(&self, script: &mut Script<'_>, mut seat: Seat) -> Seat {
        script.behave(Some(Behaviour::AttendedTransfer));
        let held_since = script.now_ms();
        let wait = Wait::enter(self.world, script, self.conversation, Media::Voice);
        script.think(0.4);
        let next = wait.connect(self.world, script, self.conversation);
        script.think(0.4);
        seat.held_since(held_since, script);
        seat.leave(script, self.conversation, "CONSULT_TRANSFER");
        seat.wrap_up(self.world, script, self.conversation);
        script.think(1.5);
        next
    }

    /// The first agent leaves the customer to a queue, and works on while the customer waits there.
    fn transfer_blind(&self, script: &mut Script<'_>, seat: Seat) -> Seat {
        script.behave(Some(Behaviour::BlindTransfer));
        seat.leave(script, self.conversation, "TRANSFER");
        let wait = Wait::enter(self.world, script, self.conversation, Media::Voice);
        seat.wrap_up(self.world, script, self.conversation);
        script.think(0.4);
        let next = wait.connect(self.world, script, self.conversation);
        script.think(1.5);
        next
    }

    /// Another agent than the one who is there, asked by name and not by queue.
    fn join(&self, script: &mut Script<'_>, seat: &Seat) -> Seat {
        let others: Vec<_> =
            self.world.agents.iter().filter(|agent| agent.id != seat.agent.id).cloned().collect();
        let agent = script.dice.pick(&others).clone();
        let mut other = Seat::alert(script, self.conversation, Media::Voice, &agent, &seat.queue);
        other.answer(script);
        other
    }
}
