//! A conversation that format 4 of state kept, without what tells whether an agent answered: frozen, and only ever
//! read.

use serde::Deserialize;

use super::causes::Causes;
use super::observer::Observers;
use super::sessions::{Folded, Sessions};
use super::span::Span;
use super::{Conversation, Kept};

/// A conversation.
#[derive(Deserialize)]
pub(crate) struct FourthConversation {
    causes: Causes,
    started_at: Option<i64>,
    customer_id: Option<String>,
    sessions: FourthSessions,
}

#[derive(Deserialize)]
struct FourthSessions {
    spans: Vec<Span>,
    after_work: Vec<(u64, i64)>,
    observers: Observers,
    folded: Option<Box<Folded>>,
}

// === impl Conversation ===

impl From<FourthConversation> for Conversation {
    fn from(fourth: FourthConversation) -> Self {
        let FourthConversation { causes, started_at, customer_id, sessions } = fourth;
        let FourthSessions { spans, after_work, observers, folded } = sessions;
        let sessions = Sessions::of_earlier_format(spans, after_work, observers, folded);
        Self::from(Kept { causes, started_at, customer_id, sessions })
    }
}
