//! What an event says about sessions.

use trunkline_schemas::EncodedEvent;
use trunkline_schemas::event_type as et;

use super::name;
use super::point::Point;
use super::reported::{Disconnect, Durations, milliseconds};
use super::sessions::Sessions;
use super::span::{Edge, Kind, Mark};

// === impl Sessions ===

impl Sessions {
    /// Takes in what an event says. Whether it can have changed a figure.
    pub(super) fn take(&mut self, event: &EncodedEvent) -> bool {
        let (kind, starts) = match event.event_type() {
            et::CONVERSATION_STARTED => (Kind::Customer, true),
            et::CONVERSATION_STATUS_CHANGED => match event.attribute("caseStatus") {
                Some(status) if !status.eq_ignore_ascii_case("closed") => (Kind::Customer, true),
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
        let mark = mark(event, kind, starts);
        match (kind, starts) {
            (Kind::Agent, true) => self.answers.take_start(event, mark.name),
            (Kind::Queue, false) => self.answers.take_queue(event),
            _ => {}
        }
        self.add(mark);
        true
    }

    fn take_after_work(&mut self, event: &EncodedEvent) -> bool {
        let Some(worked) = event.attribute("wrapupDurationMs").and_then(milliseconds) else { return false };
        let agent = event.agent_id().map(name::hash);
        let (_, name) = session(event, Kind::Agent, event.session_attribute(), agent);
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
    let (kind, name) = session(event, kind, event.session_attribute(), agent);
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

/// Which session an event is about.
fn session(
    event: &EncodedEvent,
    kind: Kind,
    platform_session: Option<&str>,
    agent: Option<u64>,
) -> (Kind, u64) {
    let participant = event.participant_id().unwrap_or_default();
    match (kind, name::session(participant, platform_session.unwrap_or_default()), agent) {
        (Kind::Agent, 0, Some(agent)) => (Kind::Assignee, agent),
        (kind, name, _) => (kind, name),
    }
}
