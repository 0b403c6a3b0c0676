//! A customer in a queue.

use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::eventbridge::{Conversation, Media, Participant, detail};
use super::script::Script;
use super::seat::Seat;
use super::world::{Agent, Queue, World};

/// How many facts an agent who does not answer tells.
pub(crate) const UNANSWERED_FACTS: f64 = 2.0;

/// A place in a queue.
#[derive(Debug)]
pub(crate) struct Wait {
    acd: Participant,
    queue: Queue,
}

impl Wait {
    /// The customer enters some queue.
    pub(crate) fn enter(
        world: &World,
        script: &mut Script<'_>,
        conversation: &Conversation,
        media: Media,
    ) -> Self {
        let queue = script.dice.pick(&world.queues).clone();
        script.blink();
        let acd = Participant::new(script, media);
        detail(script, conversation, &acd, "acd.start", json!({"queueId": queue.id}));
        Self { acd, queue }
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Some agent is alerted and answers, which ends the wait.
    pub(crate) fn connect(self, world: &World, script: &mut Script<'_>, conversation: &Conversation) -> Seat {
        let agent = script.dice.pick(&world.agents).clone();
        let mut seat = Seat::alert(script, conversation, self.acd.media, &agent, &self.queue);
        seat.answer(script);
        self.answered_by(script, conversation, &agent);
        seat.tell_activity(world, script);
        seat
    }

    /// This agent has answered: the queue's end says who.
    pub(crate) fn answered_by(self, script: &mut Script<'_>, conversation: &Conversation, agent: &Agent) {
        let mut end = self.end(script, "ANSWERED");
        end["answeredUserId"] = json!(agent.id);
        detail(script, conversation, &self.acd, "acd.end", end);
    }

    /// The customer gives up.
    fn abandon(self, script: &mut Script<'_>, conversation: &Conversation) {
        let end = self.end(script, "ABANDON");
        detail(script, conversation, &self.acd, "acd.end", end);
    }

    fn end(&self, script: &Script<'_>, outcome: &str) -> Value {
        json!({
            "queueId": self.queue.id,
            "acdOutcome": outcome,
            "connectedDurationMs": self.acd.span_ms(script),
        })
    }

    /// An agent is alerted and does not answer, so that the customer waits on.
    fn unanswered(&self, world: &World, script: &mut Script<'_>, conversation: &Conversation) {
        script.behave(Some(Behaviour::Unanswered));
        let agent = script.dice.pick(&world.agents).clone();
        let seat = Seat::alert(script, conversation, self.acd.media, &agent, &self.queue);
        seat.miss(script, conversation);
        script.behave(None);
    }
}

/// Waits in some queue for an agent, who answers; `None` when the customer gave up.
pub(crate) fn wait_in_queue(
    world: &World,
    script: &mut Script<'_>,
    conversation: &Conversation,
    media: Media,
    abandoned: f64,
) -> Option<Seat> {
    let wait = Wait::enter(world, script, conversation, media);
    script.think(1.2);
    if script.dice.chance(abandoned) {
        wait.abandon(script, conversation);
        return None;
    }
    if script.dice.chance(world.shares.unanswered) {
        wait.unanswered(world, script, conversation);
        script.think(0.3);
    }
    Some(wait.connect(world, script, conversation))
}
