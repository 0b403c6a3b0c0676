//! What is published of a conversation's sessions.

use super::Phase;
use super::lives::Lives;
use super::session::{self, Session};
use super::sessions::Sessions;
use super::span::Kind;
use super::totals::{self, Totals};
use super::unnamed;

/// Figures of a conversation after the facts so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Figures {
    pub(super) state: Phase,
    /// `None` where an older format did not keep it.
    pub(super) connected_agents: Option<i32>,
    pub(super) totals: Totals,
}

// === impl Figures ===

impl Figures {
    /// Works them out.
    pub(super) fn of(kept: &Sessions) -> Self {
        let spans = unnamed::told_whose(&kept.spans, &kept.observers);
        let sessions = session::sessions(&spans, &kept.observers);
        let lives = Lives::of(&sessions, kept.folded().customer_ended);
        let totals = Totals::of(&sessions, &lives).plus(kept.unsessioned()).plus(kept.folded().totals);
        let connected = sessions.iter().filter(|session| session.is_answered() && session.is_open());
        Self {
            state: state(&sessions, &lives, kept),
            connected_agents: (!kept.folded().older_format).then(|| totals::agents(connected)),
            totals,
        }
    }
}

fn state(sessions: &[Session<'_>], lives: &Lives, kept: &Sessions) -> Phase {
    let mut open = sessions.iter().filter(|session| session.is_open()).peekable();
    let customer = |session: &Session<'_>| session.kind == Kind::Customer && !session.is_open();
    if open.peek().is_none() && (kept.folded().customer_ended || sessions.iter().any(customer)) {
        return Phase::Ended;
    }
    let stands = |session: &Session<'_>| match session.kind {
        Kind::Agent | Kind::Assignee if session.observes => 0,
        Kind::Agent | Kind::Assignee => 3,
        Kind::Queue => 2,
        Kind::Flow => 1,
        Kind::Customer => 0,
    };
    let present = lives.reopened();
    let left = |session: &Session<'_>| {
        session.is_answered() && !session.is_open() && lives.at(session.start) == present
    };
    match open.map(stands).max() {
        Some(3) => Phase::Connected,
        Some(2) => Phase::Queued,
        Some(1) => Phase::Flow,
        _ if sessions.iter().any(left) || (kept.folded().agent_left && present == 0) => Phase::Wrapup,
        _ => Phase::Started,
    }
}
