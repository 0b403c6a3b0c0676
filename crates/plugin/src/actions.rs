//! What a step can want.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::Lookup;

/// What should come of an event; nothing, to begin with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Actions {
    /// Attributes to add to the event, where rules and readers of `events.enriched` see them. What the event
    /// has already stays as it is.
    pub attributes: BTreeMap<String, String>,
    /// Where its conversation should go. The first step that decides is followed: plugins before rules.
    pub decision: Option<Decision>,
    /// What should be written to outside systems.
    pub write_backs: Vec<WriteBack>,
    /// What should be looked up first: [`Plugin::answered`](crate::Plugin::answered) is then asked with the answers,
    /// and what it wants is added to this. At most [`MOST_LOOKUPS`](crate::MOST_LOOKUPS).
    pub lookups: Vec<Lookup>,
    /// What went wrong without keeping the rest from being right.
    pub failures: Vec<Failure>,
}

/// Where a conversation should go.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decision {
    /// Which of a step's rules decides; empty for a step that has no rules.
    pub rule: String,
    /// The queue.
    pub queue: String,
    /// Higher goes first.
    pub priority: Option<i32>,
    /// Skills asked for.
    pub skills: Vec<String>,
    /// Further outcomes.
    pub attributes: BTreeMap<String, String>,
}

/// What should be written to an outside system.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WriteBack {
    /// Which of a step's rules wants it; empty for a step that has no rules.
    pub rule: String,
    /// Name of a configured target.
    pub target: String,
    /// What to do there, for instance `participant_attributes` or `upsert`.
    pub operation: String,
    /// True for everything but the write.
    pub observe: bool,
    /// How long after now it is worth doing.
    pub expires: Option<Duration>,
    /// The resource it changes, where the operation's own default does not fit.
    pub resource: Option<String>,
    /// Ids and names that the operation needs. Those that the event has (`conversationId`, `participantId`)
    /// are filled in.
    pub parameters: BTreeMap<String, String>,
    /// Fields to write.
    pub fields: BTreeMap<String, String>,
}

/// Something that went wrong. Any error becomes one with `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which of a step's rules failed; empty for a step that has no rules.
    pub rule: String,
    /// What happened; without secrets or customer data, for it is published.
    pub message: String,
}

// === impl Actions ===

impl Actions {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing but a failure.
    pub fn failed(failure: Failure) -> Self {
        Self { failures: vec![failure], ..Self::default() }
    }

    /// Adds an attribute to the event.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// Decides where the conversation should go.
    #[must_use]
    pub fn decide(mut self, decision: Decision) -> Self {
        self.decision = Some(decision);
        self
    }

    /// Has a source looked up.
    #[must_use]
    pub fn look_up(mut self, lookup: Lookup) -> Self {
        self.lookups.push(lookup);
        self
    }

    /// With what is wanted later on: its attributes and its decision count where both have one.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        let Self { attributes, decision, write_backs, lookups, failures } = later;
        self.attributes.extend(attributes);
        self.decision = decision.or(self.decision);
        self.write_backs.extend(write_backs);
        self.lookups.extend(lookups);
        self.failures.extend(failures);
        self
    }

    /// Has something written to an outside system.
    #[must_use]
    pub fn write_back(mut self, write_back: WriteBack) -> Self {
        self.write_backs.push(write_back);
        self
    }
}

// === impl Decision ===

impl Decision {
    /// To a queue.
    pub fn to(queue: impl Into<String>) -> Self {
        Self { queue: queue.into(), ..Self::default() }
    }

    /// With a priority; higher goes first.
    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Asks for one more skill.
    #[must_use]
    pub fn skill(mut self, skill: impl Into<String>) -> Self {
        self.skills.push(skill.into());
        self
    }
}

// === impl WriteBack ===

impl WriteBack {
    /// Something to do on a configured target.
    pub fn new(target: impl Into<String>, operation: impl Into<String>) -> Self {
        Self { target: target.into(), operation: operation.into(), ..Self::default() }
    }

    /// With a parameter of the operation.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// With a field to write.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// Worth doing for this long.
    #[must_use]
    pub fn expires(mut self, after: Duration) -> Self {
        self.expires = Some(after);
        self
    }
}

// === impl Failure ===

impl Failure {
    /// What happened.
    pub fn new(message: impl Into<String>) -> Self {
        Self { rule: String::new(), message: message.into() }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_later_is_added_and_counts_where_both_want_something() {
        let first = Actions::new().attribute("a", "1").attribute("b", "1").decide(Decision::to("x"));
        let first = first.write_back(WriteBack::new("t", "o"));
        let later = Actions::new().attribute("b", "2").write_back(WriteBack::new("u", "o"));
        let both = first.clone().and(later.clone());
        assert_eq!((both.attributes["a"].as_str(), both.attributes["b"].as_str()), ("1", "2"));
        assert_eq!(both.decision, Some(Decision::to("x")), "nobody decides otherwise");
        assert_eq!(both.write_backs.len(), 2);
        assert_eq!(first.and(later.decide(Decision::to("y"))).decision, Some(Decision::to("y")));
    }
}
