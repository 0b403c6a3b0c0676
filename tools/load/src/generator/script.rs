//! A conversation as it unfolds: a clock that moves as people think and machines act, and the facts it passes.

use serde_json::Value;

use super::behaviour::Behaviour;
use super::dice::Dice;

/// A fact that a platform will report.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    /// Which occurrence it is; no other one has it.
    pub(crate) id: String,
    pub(crate) behaviour: Option<Behaviour>,
    /// When it happened; UTC milliseconds.
    pub(crate) at_ms: i64,
    pub(crate) source: &'static str,
    pub(crate) body: Value,
    pub(crate) conversation_id: Option<String>,
    pub(crate) customer_id: Option<String>,
}

/// A conversation being written.
#[derive(Debug)]
pub(crate) struct Script<'a> {
    pub(crate) dice: &'a mut Dice,
    now_ms: i64,
    /// Nothing happens after this.
    end_ms: i64,
    /// Milliseconds of one unit of human time.
    unit_ms: f64,
    conversation_id: Option<String>,
    customer_id: Option<String>,
    behaviour: Option<Behaviour>,
    facts: Vec<Fact>,
}

impl<'a> Script<'a> {
    pub(crate) fn new(dice: &'a mut Dice, start_ms: i64, end_ms: i64, unit_ms: f64) -> Self {
        Self {
            dice,
            now_ms: start_ms,
            end_ms,
            unit_ms,
            conversation_id: None,
            customer_id: None,
            behaviour: None,
            facts: Vec::new(),
        }
    }

    /// Which conversation and customer, by the CRMs' number, the facts from here on concern.
    pub(crate) fn about(&mut self, conversation_id: &str, customer_id: &str) {
        self.conversation_id = Some(conversation_id.to_owned());
        self.customer_id = Some(customer_id.to_owned());
    }

    /// Which behaviour of the world the facts from here on belong to; answers with that of the facts before.
    pub(crate) fn behave(&mut self, behaviour: Option<Behaviour>) -> Option<Behaviour> {
        std::mem::replace(&mut self.behaviour, behaviour)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// People take about so many units of time: half of them less, 99 of 100 at most three times as long.
    pub(crate) fn think(&mut self, units: f64) {
        let wanted = units * self.unit_ms * (0.47 * self.dice.normal()).exp();
        // What is left of the day is shared out, so that a conversation begun late still ends.
        let possible = (self.end_ms - self.now_ms) as f64 / 4.0;
        self.now_ms += (wanted.min(possible) as i64).max(1);
    }

    /// Machines take 1 to 30 ms.
    pub(crate) fn blink(&mut self) {
        self.now_ms += self.dice.between(1, 31);
    }

    pub(crate) fn tell(&mut self, source: &'static str, body: Value) {
        self.push(source, body, self.conversation_id.clone(), self.customer_id.clone());
    }

    /// A fact about an agent or a thing, in no conversation.
    pub(crate) fn tell_apart(&mut self, source: &'static str, body: Value) {
        self.push(source, body, None, None);
    }

    fn push(
        &mut self,
        source: &'static str,
        body: Value,
        conversation_id: Option<String>,
        customer_id: Option<String>,
    ) {
        let (id, behaviour) = (self.dice.uuid(), self.behaviour);
        self.facts.push(Fact {
            id,
            behaviour,
            at_ms: self.now_ms,
            source,
            body,
            conversation_id,
            customer_id,
        });
    }

    pub(crate) fn finish(self) -> Vec<Fact> {
        self.facts
    }
}
