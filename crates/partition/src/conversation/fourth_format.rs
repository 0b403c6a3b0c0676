//! A conversation that format 4 of state kept, without what tells whether an agent answered: frozen, and only ever
//! read.

use serde::Deserialize;

use super::causes::Causes;
use super::earlier_sessions::EarlierSessions;
use super::span::Span;
use super::{Conversation, Kept};

/// A conversation.
#[derive(Deserialize)]
pub(crate) struct FourthConversation {
    causes: Causes,
    started_at: Option<i64>,
    customer_id: Option<String>,
    sessions: EarlierSessions<Span>,
}

// === impl Conversation ===

impl From<FourthConversation> for Conversation {
    fn from(fourth: FourthConversation) -> Self {
        let FourthConversation { causes, started_at, customer_id, sessions } = fourth;
        Self::from(Kept { causes, started_at, customer: customer_id.into(), sessions: sessions.into() })
    }
}
