//! What the processor knows of one conversation: where it stands for the order of its events, and its figures.
//!
//! Figures are a function of the set of facts about sessions, whatever order these came in.
//!
//! # Layout
//!
//! - [`Causes`]: what must come before what
//! - `phase`: where a conversation stands
//! - `fact`: what an event says about sessions
//! - `sessions`: the facts as they are kept, of `span`s between `point`s, `reported` durations and `observer`s under
//!   short `name`s
//! - `answers`: who answered, as other facts than the ends of sessions tell it
//! - `session`: from facts to sessions with a start and an end; `unnamed`: ends that do not say whose
//! - `packed`: how state keeps it; `older`, `third_format`, `fourth_format`, `sixth_format`: what older formats kept;
//!   `earlier_sessions`: what two of them kept alike
//! - `customer`: who the customer is; [`Callers`]: by which address, where no event says so
//! - `figures`: from sessions to what is published, with `lives`, `transfers` and `totals`

mod answers;
mod caller;
mod causes;
mod customer;
mod earlier_sessions;
mod fact;
mod figures;
mod fourth_format;
mod lives;
mod name;
mod observer;
mod older;
mod packed;
mod phase;
mod point;
mod reported;
mod session;
mod sessions;
mod sixth_format;
mod span;
mod third_format;
mod totals;
mod transfers;
mod unnamed;

pub use caller::Callers;
pub use causes::{Causes, Need};
pub(crate) use fourth_format::FourthConversation;
pub(crate) use older::LegacyConversation;
#[cfg(test)]
pub(crate) use older::LegacyPhase;
pub(crate) use sixth_format::SixthConversation;
pub(crate) use third_format::ThirdConversation;

use trunkline_schemas::event_type as et;
use trunkline_schemas::{ConversationSummary, EncodedEvent};

use self::customer::Customer;
use self::figures::Figures;
use self::phase::Phase;
use self::sessions::Sessions;

/// One conversation, as kept in state. All times are UTC milliseconds of the platform's clock.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conversation {
    kept: Kept,
    /// Of `kept`, worked out when it changes.
    figures: Figures,
}

/// What state has of it.
#[derive(Debug, Clone, PartialEq, Default)]
struct Kept {
    causes: Causes,
    started_at: Option<i64>,
    customer: Customer,
    sessions: Sessions,
}

// === impl Conversation ===

impl Conversation {
    /// Takes an event in. One that belongs to no conversation changes nothing.
    pub fn apply(&mut self, event: &EncodedEvent, callers: &Callers) {
        if !event.is_conversational() {
            return;
        }
        let kept = &mut self.kept;
        kept.customer.take(event, callers);
        let event_type = event.event_type();
        if event_type == et::CONVERSATION_STARTED {
            let at = event.event_time();
            kept.started_at = Some(kept.started_at.map_or(at, |known| known.min(at)));
        }
        // Most events are about no session, and leave the figures as they are; but the first of all begins them.
        if kept.sessions.take(event) || kept.causes.are_none() {
            self.figures = Figures::of(&kept.sessions);
        }
        kept.causes.take(event);
    }

    /// What was seen of it, for the order of its events.
    pub fn causes(&self) -> &Causes {
        &self.kept.causes
    }

    /// Whether it is over, as far as is known.
    pub fn has_ended(&self) -> bool {
        self.figures.state == Phase::Ended
    }

    /// The customer, once an event named one.
    pub fn customer_id(&self) -> Option<&str> {
        self.kept.customer.id()
    }

    /// Whose event of it this is, by id: of the customer whom it names, unless that is known by stronger evidence.
    pub fn customer_of<'a>(&'a self, event: &'a EncodedEvent) -> Option<&'a str> {
        self.kept.customer.of_event(event)
    }

    /// Whether an event names another customer than earlier ones, by stronger evidence.
    pub fn is_renamed_by(&self, event: &EncodedEvent) -> bool {
        event.is_conversational() && self.kept.customer.is_replaced_by(event)
    }

    /// Under which id or address the customer's profile is known, once an event told of any.
    pub fn profile_key(&self) -> Option<&str> {
        self.kept.customer.id_or_address()
    }

    /// What is published of it, after `events` events.
    pub fn summary(&self, events: i64) -> ConversationSummary {
        let Figures { state, connected_agents, agents, totals, older_format } = self.figures;
        let of_this_format = |count: i32| (!older_format).then_some(count);
        ConversationSummary {
            state: state.as_str().to_owned(),
            started_at: self.kept.started_at,
            queued_ms: totals.queued,
            handled_ms: totals.handled,
            transfers: totals.transfers,
            events,
            reopened: of_this_format(totals.reopened),
            agents: agents.and_then(of_this_format),
            connected_agents: connected_agents.and_then(of_this_format),
            alerted_ms: totals.alerted.filter(|_| !older_format),
            held_ms: totals.held.filter(|_| !older_format),
            acw_ms: totals.after_work.filter(|_| !older_format),
            consults: of_this_format(totals.consults),
            conferences: of_this_format(totals.conferences),
            attended_transfers: of_this_format(totals.attended),
            blind_transfers: of_this_format(totals.blind),
            unanswered: of_this_format(totals.unanswered),
        }
    }
}

impl From<Kept> for Conversation {
    fn from(kept: Kept) -> Self {
        let figures = if kept.causes.are_none() { Figures::default() } else { Figures::of(&kept.sessions) };
        Self { kept, figures }
    }
}

/// What is published for entities that are no conversation.
pub fn no_conversation(events: i64) -> ConversationSummary {
    ConversationSummary { state: "none".to_owned(), events, ..ConversationSummary::default() }
}

#[cfg(test)]
mod tests;
