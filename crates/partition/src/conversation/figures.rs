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
    /// `None` where nothing tells whether another agent answered; so with those who ever were.
    pub(super) connected_agents: Option<i32>,
    pub(super) agents: Option<i32>,
    pub(super) totals: Totals,
    /// Of a conversation of which an older format kept no more than the first figures.
    pub(super) older_format: bool,
}

// === impl Figures ===

impl Figures {
    /// Works them out.
    pub(super) fn of(kept: &Sessions) -> Self {
        let spans = unnamed::told_whose(kept);
        let sessions = session::sessions(&spans, kept);
        let lives = Lives::of(&sessions, kept.folded().customer_ended);
        let totals = Totals::of(&sessions, &lives).plus(kept.unsessioned()).plus(kept.folded().totals);
        let open = sessions.iter().filter(|session| session.is_open());
        Self {
            state: state(&sessions, &lives, kept),
            connected_agents: totals::are_known(open.clone()).then(|| totals::agents(open)),
            agents: totals::are_known(sessions.iter()).then_some(totals.agents),
            totals,
            older_format: kept.folded().older_format,
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
        _ if session.is_answered() => 4,
        Kind::Queue => 3,
        _ if session.may_be_answered() => 2,
        Kind::Flow => 1,
        Kind::Agent | Kind::Assignee | Kind::Customer => 0,
    };
    let present = lives.reopened();
    let left = |session: &Session<'_>| {
        session.is_answered() && !session.is_open() && lives.at(session.start) == present
    };
    match open.map(stands).max() {
        Some(4 | 2) => Phase::Connected,
        Some(3) => Phase::Queued,
        Some(1) => Phase::Flow,
        _ if sessions.iter().any(left) || (kept.folded().agent_left && present == 0) => Phase::Wrapup,
        _ => Phase::Started,
    }
}
