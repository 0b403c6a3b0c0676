//! A conversation that formats 5 and 6 of state kept, each part as serde writes it, and only ever read. The fifth had
//! an optional id where the sixth has the customer, which are the same bytes.
//!
//! Only the order of the parts is frozen here. The parts are read as the types of this build, so that the order of
//! their fields and variants belongs to these formats: whoever changes it keeps what it was in a type of its own.
//! Values of both formats, and bytes of format 7, are in the tests.

use serde::Deserialize;

use super::answers::Answers;
use super::causes::Causes;
use super::customer::Customer;
use super::observer::Observers;
use super::sessions::{Folded, Sessions};
use super::span::Span;
use super::{Conversation, Kept};

/// A conversation.
#[derive(Deserialize)]
pub(crate) struct SixthConversation {
    causes: Causes,
    started_at: Option<i64>,
    customer: Customer,
    sessions: SixthSessions,
}

#[derive(Deserialize)]
struct SixthSessions {
    spans: Vec<Span>,
    after_work: Vec<(u64, i64)>,
    observers: Observers,
    answers: Answers,
    folded: Option<Box<Folded>>,
}

// === impl Conversation ===

impl From<SixthConversation> for Conversation {
    fn from(sixth: SixthConversation) -> Self {
        let SixthConversation { causes, started_at, customer, sessions } = sixth;
        let SixthSessions { spans, after_work, observers, answers, folded } = sessions;
        let sessions = Sessions { spans, after_work, observers, answers, folded };
        Self::from(Kept { causes, started_at, customer, sessions })
    }
}
