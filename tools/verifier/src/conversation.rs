//! A conversation as the published types describe it: a reference model of its states and figures, written from
//! docs/event-types.md and the documentation of the schema, not from the processor.

use crate::evidence::Figures;

/// A conversation after some events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conversation {
    state: State,
    started_at: Option<i64>,
    /// The stay in a queue that has not ended.
    in_queue_since: Option<i64>,
    queued_ms: Option<i64>,
    /// The time with agents that has not ended.
    with_agent_since: Option<i64>,
    handled_ms: Option<i64>,
    agent: Option<String>,
    transfers: i64,
    events: i64,
}

/// Where a conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum State {
    #[default]
    New,
    Started,
    Ivr,
    Queued,
    Connected,
    WrapUp,
    Ended,
}

// === impl Conversation ===

impl Conversation {
    /// Takes an event in, which happened at `at` (UTC milliseconds) and concerns `agent`.
    pub fn take(&mut self, event_type: &str, at: i64, agent: Option<&str>) {
        self.events += 1;
        match event_type {
            "conversation.started" => {
                self.started_at = Some(self.started_at.map_or(at, |known| known.min(at)));
            }
            "queue.entered" => self.in_queue_since = self.in_queue_since.or(Some(at)),
            "queue.left" => self.leave_queue(at),
            "participant.connected" => {
                self.leave_queue(at);
                self.with_agent_since = self.with_agent_since.or(Some(at));
                if let Some(agent) = agent {
                    let another = self.agent.as_deref().is_some_and(|before| before != agent);
                    self.transfers += i64::from(another);
                    self.agent = Some(agent.to_owned());
                }
            }
            "participant.disconnected" => self.leave_agent(at),
            "conversation.ended" => {
                self.leave_queue(at);
                self.leave_agent(at);
            }
            _ => {}
        }
        self.state = self.state.after(event_type);
    }

    /// Whether an event of this type makes sense now; else something that must come before it is missing.
    pub fn admits(&self, event_type: &str) -> bool {
        use State::{Connected, Ended, Ivr, New, Queued, WrapUp};
        let needs: &[State] = match event_type {
            "flow.ended" => &[Ivr, Queued, Connected, WrapUp, Ended],
            "queue.left" => &[Queued, Connected, WrapUp, Ended],
            "participant.disconnected" | "acw.ended" | "wrapup.applied" => &[Connected, WrapUp, Ended],
            "flow.started"
            | "flow.outcome"
            | "queue.entered"
            | "participant.connected"
            | "conversation.ended"
            | "conversation.contact_changed"
            | "conversation.attributes_changed"
            | "conversation.status_changed" => return self.state != New,
            _ => return true,
        };
        needs.contains(&self.state)
    }

    /// Its figures as they are published.
    pub fn figures(&self) -> Figures {
        let state = match self.state {
            State::New => "new",
            State::Started => "started",
            State::Ivr => "ivr",
            State::Queued => "queued",
            State::Connected => "connected",
            State::WrapUp => "wrapup",
            State::Ended => "ended",
        };
        Figures {
            state: state.to_owned(),
            started_at: self.started_at,
            queued_ms: self.queued_ms,
            handled_ms: self.handled_ms,
            transfers: self.transfers,
            events: self.events,
        }
    }

    fn leave_queue(&mut self, at: i64) {
        if let Some(since) = self.in_queue_since.take() {
            self.queued_ms = Some(self.queued_ms.unwrap_or(0) + (at - since).max(0));
        }
    }

    fn leave_agent(&mut self, at: i64) {
        if let Some(since) = self.with_agent_since.take() {
            self.handled_ms = Some(self.handled_ms.unwrap_or(0) + (at - since).max(0));
        }
    }
}

// === impl State ===

impl State {
    fn after(self, event_type: &str) -> Self {
        let next = match event_type {
            "conversation.ended" => return Self::Ended,
            "flow.started" => Self::Ivr,
            "queue.entered" => Self::Queued,
            "participant.connected" => Self::Connected,
            "participant.disconnected" if self == Self::Connected => Self::WrapUp,
            // Whatever is heard of a conversation says that it began.
            _ => return self.max(Self::Started),
        };
        // What comes after the end does not undo it.
        if self == Self::Ended { Self::Ended } else { next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(events: &[(&str, i64, Option<&str>)]) -> Conversation {
        let mut conversation = Conversation::default();
        events.iter().for_each(|(event_type, at, agent)| conversation.take(event_type, *at, *agent));
        conversation
    }

    #[test]
    fn a_call_with_a_transfer_has_its_figures() {
        let figures = told(&[
            ("conversation.started", 100, None),
            ("queue.entered", 200, None),
            ("participant.connected", 500, Some("a")),
            ("participant.disconnected", 900, Some("a")),
            ("participant.connected", 1_000, Some("b")),
            ("conversation.ended", 1_600, None),
        ])
        .figures();
        assert_eq!((figures.queued_ms, figures.handled_ms), (Some(300), Some(1_000)));
        assert_eq!((figures.transfers, figures.events, figures.state.as_str()), (1, 6, "ended"));
        assert_eq!(figures.started_at, Some(100));
    }

    #[test]
    fn what_is_not_known_is_none() {
        let figures = told(&[("message.received", 5, None)]).figures();
        assert_eq!((figures.started_at, figures.queued_ms, figures.handled_ms), (None, None, None));
        assert_eq!(figures.state, "started");
    }

    #[test]
    fn prerequisites_are_known() {
        assert!(!told(&[]).admits("queue.entered"));
        assert!(told(&[]).admits("conversation.started"));
        assert!(!told(&[("conversation.started", 1, None)]).admits("participant.disconnected"));
        let ended = told(&[("conversation.ended", 1, None)]);
        assert!(ended.admits("acw.ended"));
        assert_eq!(
            told(&[("conversation.ended", 1, None), ("queue.entered", 2, None)]).figures().state,
            "ended"
        );
    }
}
