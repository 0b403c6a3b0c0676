//! What an event says about sessions.

use trunkline_schemas::EncodedEvent;
use trunkline_schemas::event_type as et;

use super::causes::is_of_agent_session;
use super::name;
use super::point::Point;
use super::reported::{Disconnect, Durations, milliseconds};
use super::sessions::Sessions;
use super::span::{Edge, Kind, Mark, Span};

/// The states of a case in which somebody has to see to it, or may be asked to again: to come into one is to be there.
/// `closed` and `trashed` are final, and a state that is not known tells neither.
const OPEN_STATUSES: [&str; 5] = ["new", "open", "pending", "escalated", "resolved"];

/// The attribute that names an agent's part of a contact, where the platform has parts and no sessions.
const SEGMENT: &str = "agentContactId";

// === impl Sessions ===

impl Sessions {
    /// Takes in what an event says. Whether it can have changed a figure.
    pub(super) fn take(&mut self, event: &EncodedEvent) -> bool {
        let (kind, starts) = match event.event_type() {
            et::CONVERSATION_STARTED => (Kind::Customer, true),
            et::CONVERSATION_STATUS_CHANGED => match event.attribute("caseStatus") {
                Some(status) if is_open(status) => (Kind::Customer, true),
                _ => return false,
            },
            et::CONVERSATION_ENDED => (Kind::Customer, false),
            et::QUEUE_ENTERED => (Kind::Queue, true),
            et::QUEUE_LEFT => (Kind::Queue, false),
            et::FLOW_STARTED => (Kind::Flow, true),
            et::FLOW_ENDED => (Kind::Flow, false),
            et::PARTICIPANT_CONNECTED => (Kind::Agent, true),
            et::PARTICIPANT_DISCONNECTED => (Kind::Agent, false),
            et::ACW_ENDED => return self.take_after_work(event),
            et::CONVERSATION_UPDATED => return self.take_snapshot(event),
            _ => return false,
        };
        let mark = self.as_it_is_known(event, mark(event, kind, starts));
        match (kind, starts) {
            (Kind::Agent, _) => self.answers.take_agent(event, mark.name, starts),
            (Kind::Queue, false) => self.answers.take_queue(event),
            _ => {}
        }
        self.add(mark);
        true
    }

    /// The mark of an agent's contact under the name that it has here: earlier builds named it without its agent.
    fn as_it_is_known(&self, event: &EncodedEvent, mark: Mark) -> Mark {
        if mark.kind != Kind::Agent || !is_of_agent_session(event) {
            return mark;
        }
        let earlier = name::session("", event.session_attribute().unwrap_or_default());
        let is_it = |span: &Span| (span.kind, span.name, span.agent) == (mark.kind, earlier, mark.agent);
        if self.spans.iter().any(is_it) { Mark { name: earlier, ..mark } } else { mark }
    }

    fn take_after_work(&mut self, event: &EncodedEvent) -> bool {
        let Some(worked) = event.attribute("wrapupDurationMs").and_then(milliseconds) else { return false };
        let agent = event.agent_id().map(name::hash);
        let (_, name) = session(event, Kind::Agent, agent);
        self.work_after(name, worked);
        true
    }

    fn take_snapshot(&mut self, event: &EncodedEvent) -> bool {
        let mut news = self.answers.take_snapshot(event);
        for attribute in event.attributes() {
            news |= self.observers.take(attribute);
        }
        news
    }
}

fn mark(event: &EncodedEvent, kind: Kind, starts: bool) -> Mark {
    let agent = event.agent_id().filter(|_| kind == Kind::Agent).map(name::hash);
    let (kind, name) = session(event, kind, agent);
    let edge = if starts { Edge::Start } else { end(event) };
    let media = event.media_type().map_or(0, name::medium);
    Mark { kind, name, media, agent, at: Point::first_of(event.event_time()), edge }
}

fn end(event: &EncodedEvent) -> Edge {
    let mut disconnect = Disconnect::Untold;
    let mut durations = Durations::default();
    for attribute in event.attributes() {
        match attribute.name {
            b"disconnectType" => disconnect = Disconnect::read(attribute.value()),
            _ => durations.take(attribute),
        }
    }
    let durations = (durations != Durations::default()).then(|| Box::new(durations));
    Edge::End { disconnect, durations }
}

fn is_open(status: &str) -> bool {
    OPEN_STATUSES.iter().any(|open| status.eq_ignore_ascii_case(open))
}

/// Which session an event is about.
fn session(event: &EncodedEvent, kind: Kind, agent: Option<u64>) -> (Kind, u64) {
    let participant = event.participant_id().unwrap_or_default();
    let segment = || event.attribute(SEGMENT).filter(|_| kind == Kind::Agent);
    let platform_session = event.session_attribute().or_else(segment).unwrap_or_default();
    // A contact may be offered to one agent after the other: to each it is a session of its own.
    let offered_to = event.agent_id().filter(|_| kind == Kind::Agent && is_of_agent_session(event));
    let participant = match offered_to {
        Some(agent) if participant.is_empty() && !platform_session.is_empty() => agent,
        _ => participant,
    };
    match (kind, name::session(participant, platform_session), agent) {
        (Kind::Agent, 0, Some(agent)) => (Kind::Assignee, agent),
        (kind, name, _) => (kind, name),
    }
}
