//! Which of several events of one millisecond comes first: what the type of an event says about its place, where it
//! says something.

use trunkline_schemas::event_type as et;

/// The place of an event among those of its millisecond: what contains all else begins before it and ends after it.
pub(super) fn rank(event_type: &str) -> u8 {
    match event_type {
        et::CONVERSATION_STARTED => 0,
        et::CONVERSATION_ENDED => 2,
        _ => 1,
    }
}

/// What an event is a part of, as far as it says so: somebody's stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    kind: &'static str,
    participant: String,
    session: String,
}

// === impl Span ===

impl Span {
    /// Whether it is the customer's.
    pub(super) fn is_of_customer(&self) -> bool {
        self.kind == et::CONVERSATION_STARTED
    }
}

/// The place of an event in a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The span begins.
    Start,
    /// Something happens between its start and its end.
    Inside,
    /// The span ends.
    End,
    /// Something is over that follows its end.
    BehindEnd,
    /// Something happens after its start, be it before its end or after.
    BehindStart,
}

// === impl Edge ===

impl Edge {
    /// Whether an event of this place comes after one of the other place in the same span.
    pub(super) fn comes_after(self, other: Self) -> bool {
        match self {
            Self::Start => false,
            Self::Inside | Self::BehindStart => other == Self::Start,
            Self::End => matches!(other, Self::Start | Self::Inside),
            Self::BehindEnd => matches!(other, Self::Start | Self::Inside | Self::End),
        }
    }
}

/// The place of an event, and in what. None where it does not name participant and session: one session may end
/// in the millisecond in which another of the same participant begins.
pub fn edge(event_type: &str, participant: Option<&str>, session: Option<&str>) -> Option<(Edge, Span)> {
    let (edge, kind) = match event_type {
        et::CONVERSATION_STARTED => (Edge::Start, et::CONVERSATION_STARTED),
        et::CONVERSATION_ENDED => (Edge::End, et::CONVERSATION_STARTED),
        et::QUEUE_ENTERED => (Edge::Start, et::QUEUE_ENTERED),
        et::QUEUE_LEFT => (Edge::End, et::QUEUE_ENTERED),
        et::PARTICIPANT_CONNECTED => (Edge::Start, et::PARTICIPANT_CONNECTED),
        et::PARTICIPANT_DISCONNECTED => (Edge::End, et::PARTICIPANT_CONNECTED),
        et::ACW_ENDED => (Edge::BehindEnd, et::PARTICIPANT_CONNECTED),
        // A code may be given while the agent speaks.
        et::WRAPUP_APPLIED => (Edge::BehindStart, et::PARTICIPANT_CONNECTED),
        et::FLOW_STARTED => (Edge::Start, et::FLOW_STARTED),
        et::FLOW_OUTCOME => (Edge::Inside, et::FLOW_STARTED),
        et::FLOW_ENDED => (Edge::End, et::FLOW_STARTED),
        et::VOICEMAIL_STARTED => (Edge::Start, et::VOICEMAIL_STARTED),
        et::VOICEMAIL_ENDED => (Edge::End, et::VOICEMAIL_STARTED),
        _ => return None,
    };
    Some((edge, Span { kind, participant: participant?.to_owned(), session: session?.to_owned() }))
}
