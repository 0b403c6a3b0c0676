//! An agent in a conversation: alerted, connected, gone, and at work on what is left to do.

use serde_json::{Value, json};

use super::eventbridge::{Conversation, Media, Participant, detail, user_activity};
use super::script::Script;
use super::world::{Agent, GENESYS_ORG, Queue, World};

const WRAPUP_CODES: [&str; 4] = ["Resolved", "Callback agreed", "Complaint", "Order placed"];
/// Share of the agents' sessions whose durations are told with their end; of the others there is only the clock.
const DURATIONS_TOLD: f64 = 0.9;
/// How often a change of an agent's routing status is told beside the conversation.
const ACTIVITY_TOLD: f64 = 0.4;
/// How many facts the arrival of an agent and the work afterwards tell, on average (exact).
pub(crate) const CONNECT_FACTS: f64 = 1.0 + ACTIVITY_TOLD;
pub(crate) const WRAP_UP_FACTS: f64 = 2.0 + ACTIVITY_TOLD;

/// An agent's session in a conversation.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) participant: Participant,
    pub(crate) agent: Agent,
    pub(crate) queue: Queue,
    alerting_ms: i64,
    held_ms: i64,
}

impl Seat {
    /// The agent is alerted.
    pub(crate) fn alert(
        script: &mut Script<'_>,
        conversation: &Conversation,
        media: Media,
        agent: &Agent,
        queue: &Queue,
    ) -> Self {
        script.blink();
        let participant = Participant::new(script, media);
        let seat =
            Self { participant, agent: agent.clone(), queue: queue.clone(), alerting_ms: 0, held_ms: 0 };
        detail(script, conversation, &seat.participant, "user.start", seat.user_and_queue());
        seat
    }

    /// The same agent in a further medium, which alerts nobody.
    pub(crate) fn also_by(&self, script: &mut Script<'_>, conversation: &Conversation, media: Media) -> Self {
        let participant = self.participant.again(script, media);
        let seat = Self { participant, alerting_ms: 0, held_ms: 0, ..self.clone() };
        detail(script, conversation, &seat.participant, "user.start", seat.user_and_queue());
        seat
    }

    /// The agent answers; the alert ends.
    pub(crate) fn answer(&mut self, script: &mut Script<'_>) {
        script.blink();
        self.alerting_ms = self.participant.span_ms(script);
    }

    /// The agent's routing status has changed with the answer, which is sometimes told.
    pub(crate) fn tell_activity(&self, world: &World, script: &mut Script<'_>) {
        if script.dice.chance(ACTIVITY_TOLD) {
            user_activity(script, world, &self.agent, "INTERACTING");
        }
    }

    /// The agent does not answer: nothing but the alert is told.
    pub(crate) fn miss(&self, script: &mut Script<'_>, conversation: &Conversation) {
        script.think(0.2);
        let mut fields = self.user_and_queue();
        fields["disconnectType"] = json!("NO_ANSWER_TRANSFER");
        fields["alertingDurationMs"] = json!(self.participant.span_ms(script));
        detail(script, conversation, &self.participant, "user.end", fields);
    }

    /// The customer was on hold from then until now; UTC milliseconds.
    pub(crate) fn held_since(&mut self, since_ms: i64, script: &Script<'_>) {
        self.held_ms += script.now_ms() - since_ms;
    }

    /// The session ends. What it tells of its durations adds up to its length.
    pub(crate) fn leave(&self, script: &mut Script<'_>, conversation: &Conversation, how: &str) {
        script.blink();
        let mut fields = self.user_and_queue();
        fields["disconnectType"] = json!(how);
        if script.dice.chance(DURATIONS_TOLD) {
            let connected = self.participant.span_ms(script) - self.alerting_ms - self.held_ms;
            fields["alertingDurationMs"] = json!(self.alerting_ms);
            if let Media::Callback(_) = self.participant.media {
                fields["callbackDurationMs"] = json!(connected);
            } else {
                fields["interactingDurationMs"] = json!(connected);
                fields["heldDurationMs"] = json!(self.held_ms);
            }
        }
        detail(script, conversation, &self.participant, "user.end", fields);
    }

    /// After-call work, and the code that the agent chose.
    pub(crate) fn wrap_up(&self, world: &World, script: &mut Script<'_>, conversation: &Conversation) {
        let began = script.now_ms();
        script.think(0.8);
        let mut fields = json!({
            "queueId": self.queue.id,
            "wrapupCode": *script.dice.pick(&WRAPUP_CODES),
            "wrapupDurationMs": script.now_ms() - began,
        });
        detail(script, conversation, &self.participant, "wrapup", fields.clone());
        script.blink();
        fields["userId"] = json!(self.agent.id);
        detail(script, conversation, &self.participant, "acw", fields);
        if script.dice.chance(ACTIVITY_TOLD) {
            script.blink();
            user_activity(script, world, &self.agent, "IDLE");
        }
    }

    fn user_and_queue(&self) -> Value {
        json!({"userId": self.agent.id, "queueId": self.queue.id, "divisionId": GENESYS_ORG})
    }
}
