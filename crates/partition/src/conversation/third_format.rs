//! A conversation that format 3 of state kept, without the order of what happened in one millisecond, and with one
//! phase for all of its participants: frozen, and only ever read.

use serde::Deserialize;

use super::causes::{Causes, Stage};
use super::earlier_sessions::EarlierSessions;
use super::name;
use super::point::Point;
use super::reported::{Disconnect, Durations};
use super::sessions::Sessions;
use super::span::{Kind, Span};
use super::{Conversation, Kept, Phase};

/// A conversation.
#[derive(Deserialize)]
pub(crate) struct ThirdConversation {
    phase: Phase,
    started_at: Option<i64>,
    customer_id: Option<String>,
    sessions: EarlierSessions<ThirdSpan>,
}

#[derive(Deserialize)]
struct ThirdSpan {
    kind: Kind,
    #[serde(with = "postcard::fixint::le")]
    name: u64,
    media: u16,
    agent: Option<u64>,
    start: Option<i64>,
    end: Option<i64>,
    disconnect: Disconnect,
    durations: Option<Box<Durations>>,
}

// === impl Conversation ===

impl From<ThirdConversation> for Conversation {
    fn from(third: ThirdConversation) -> Self {
        let ThirdConversation { phase, started_at, customer_id, sessions } = third;
        let sessions = Sessions::from(sessions);
        let began = sessions.spans.iter().filter(|span| span.start.is_some()).filter_map(began);
        let causes = Causes::of_older_format(phase, began);
        Self::from(Kept { causes, started_at, customer: customer_id.into(), sessions })
    }
}

fn began(span: &Span) -> Option<(Stage, u32)> {
    let stage = match span.kind {
        Kind::Customer => return None,
        Kind::Agent | Kind::Assignee => Stage::Agent,
        Kind::Queue => Stage::Queue,
        Kind::Flow => Stage::Flow,
    };
    Some((stage, if span.kind == Kind::Assignee { 0 } else { name::participant(span.name) }))
}

// === impl Span ===

impl From<ThirdSpan> for Span {
    fn from(third: ThirdSpan) -> Self {
        let ThirdSpan { kind, name, media, agent, start, end, disconnect, durations } = third;
        let (start, end) = (start.map(Point::first_of), end.map(Point::first_of));
        Self { kind, name, media, agent, start, end, disconnect, durations }
    }
}
