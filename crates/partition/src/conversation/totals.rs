//! Sums and counts over the sessions of a conversation.

use serde::{Deserialize, Serialize};

use super::lives::Lives;
use super::session::Session;
use super::span::Kind;
use super::transfers::Transfers;

/// What adds up. Times are milliseconds; one that nothing is known of is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Totals {
    pub(super) queued: Option<i64>,
    pub(super) handled: Option<i64>,
    pub(super) held: Option<i64>,
    pub(super) alerted: Option<i64>,
    pub(super) after_work: Option<i64>,
    pub(super) agents: i32,
    pub(super) unanswered: i32,
    pub(super) reopened: i32,
    pub(super) transfers: i32,
    pub(super) blind: i32,
    pub(super) attended: i32,
    pub(super) consults: i32,
    pub(super) conferences: i32,
}

// === impl Totals ===

impl Totals {
    /// Adds up.
    pub(super) fn of(sessions: &[Session<'_>], lives: &Lives) -> Self {
        let Transfers { all, blind, attended, consults, conferences } = Transfers::of(sessions, lives);
        let mut totals = Self {
            agents: agents(sessions.iter()),
            reopened: i32::try_from(lives.reopened()).unwrap_or(i32::MAX),
            transfers: all,
            blind,
            attended,
            consults,
            conferences,
            ..Self::default()
        };
        for session in sessions.iter().filter(|session| !session.is_open() && !session.observes) {
            totals.take(session);
        }
        totals
    }

    fn take(&mut self, session: &Session<'_>) {
        let durations = session.durations.copied().unwrap_or_default();
        if session.is_agent() {
            self.unanswered += i32::from(session.is_unanswered());
            let told = durations.of_agent().map(|_| durations.handled());
            let told = if session.is_unanswered() { Some(0) } else { told };
            let by_the_clock = || session.length().filter(|_| session.is_answered());
            self.handled = sum(self.handled, told.or_else(by_the_clock));
            self.held = sum(self.held, durations.held);
            self.alerted = sum(self.alerted, durations.alerting);
        } else if session.kind == Kind::Queue {
            self.queued = sum(self.queued, durations.connected.or_else(|| session.length()));
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        self.with(other, sum, i32::saturating_add)
    }

    /// What another one lacks to be this.
    pub(super) fn minus(self, other: Self) -> Self {
        let rest = |all: Option<i64>, part: Option<i64>| all.map(|all| all.saturating_sub(part.unwrap_or(0)));
        self.with(other, rest, i32::saturating_sub)
    }

    fn with(
        self,
        other: Self,
        times: impl Fn(Option<i64>, Option<i64>) -> Option<i64>,
        counts: impl Fn(i32, i32) -> i32,
    ) -> Self {
        Self {
            queued: times(self.queued, other.queued),
            handled: times(self.handled, other.handled),
            held: times(self.held, other.held),
            alerted: times(self.alerted, other.alerted),
            after_work: times(self.after_work, other.after_work),
            agents: counts(self.agents, other.agents),
            unanswered: counts(self.unanswered, other.unanswered),
            reopened: counts(self.reopened, other.reopened),
            transfers: counts(self.transfers, other.transfers),
            blind: counts(self.blind, other.blind),
            attended: counts(self.attended, other.attended),
            consults: counts(self.consults, other.consults),
            conferences: counts(self.conferences, other.conferences),
        }
    }
}

/// Different agents who answered, as far as the sessions name them.
pub(super) fn agents<'s>(sessions: impl Iterator<Item = &'s Session<'s>> + Clone) -> i32 {
    let answering = sessions.filter(|session| session.is_answered() && session.agent.is_some());
    let seen_before =
        |at: usize, agent: Option<u64>| answering.clone().take(at).any(|session| session.agent == agent);
    let different = answering.clone().enumerate().filter(|(at, session)| !seen_before(*at, session.agent));
    i32::try_from(different.count()).unwrap_or(i32::MAX)
}

/// Whether it is known of each of the agents whether they answered.
pub(super) fn are_known<'s>(sessions: impl Iterator<Item = &'s Session<'s>> + Clone) -> bool {
    let counted =
        |agent: u64| sessions.clone().any(|session| session.is_answered() && session.agent == Some(agent));
    let unsure = sessions.clone().filter(|session| session.may_be_answered());
    unsure.filter_map(|session| session.agent).all(counted)
}

/// A sum of what is known.
pub(super) fn sum(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    }
}
