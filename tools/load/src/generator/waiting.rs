//! A customer in a queue.

use serde_json::json;

use super::behaviour::Behaviour;
use super::eventbridge::{Conversation, Media, Participant, detail};
use super::script::Script;
use super::seat::Seat;
use super::world::{Queue, World};

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

    /// The customer leaves the queue: `ANSWERED` or `ABANDON`.
    pub(crate) fn leave(self, script: &mut Script<'_>, conversation: &Conversation, outcome: &str) -> Queue {
        let end = json!({
            "queueId": self.queue.id,
            "acdOutcome": outcome,
            "connectedDurationMs": self.acd.span_ms(script),
        });
        detail(script, conversation, &self.acd, "acd.end", end);
        self.queue
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

/// Waits in some queue for an agent; `None` when the customer gave up.
pub(crate) fn wait_in_queue(
    world: &World,
    script: &mut Script<'_>,
    conversation: &Conversation,
    media: Media,
    abandoned: f64,
) -> Option<Queue> {
    let wait = Wait::enter(world, script, conversation, media);
    script.think(1.2);
    if script.dice.chance(abandoned) {
        wait.leave(script, conversation, "ABANDON");
        return None;
    }
    if script.dice.chance(world.shares.unanswered) {
        wait.unanswered(world, script, conversation);
        script.think(0.3);
    }
    Some(wait.leave(script, conversation, "ANSWERED"))
}
