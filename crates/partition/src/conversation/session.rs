//! Sessions, worked out from the facts at hand: when each of them started and ended, or was closed by another.

use super::name;
use super::observer::Observers;
use super::reported::{Disconnect, Durations};
use super::span::{Kind, Span};

/// One stay of the customer, a queue, a flow or an agent in a conversation. Times are UTC milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Session<'s> {
    pub(super) kind: Kind,
    pub(super) media: u16,
    pub(super) agent: Option<u64>,
    pub(super) observes: bool,
    pub(super) start: i64,
    /// Whether a fact says when it started; else that is reckoned from its end.
    pub(super) start_known: bool,
    /// Its own end, or when another session closed it.
    pub(super) end: Option<i64>,
    pub(super) disconnect: Disconnect,
    pub(super) durations: Option<&'s Durations>,
}

// === impl Session ===

impl<'s> Session<'s> {
    fn started(span: &Span, start: i64, observes: bool) -> Self {
        Self {
            kind: span.kind,
            media: span.media,
            agent: span.agent,
            observes,
            start,
            start_known: true,
            end: None,
            disconnect: Disconnect::Untold,
            durations: None,
        }
    }

    fn end(&mut self, at: i64, span: &'s Span) {
        self.end = Some(at);
        self.disconnect = span.disconnect;
        self.durations = span.durations.as_deref();
        if !self.start_known {
            self.start = at.saturating_sub(self.told_length().unwrap_or(0));
        }
    }

    fn told_length(&self) -> Option<i64> {
        match self.kind {
            Kind::Agent | Kind::Assignee => self.durations?.of_agent(),
            Kind::Queue => self.durations?.connected,
            Kind::Customer | Kind::Flow => None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.end.is_none()
    }

    pub(super) fn is_agent(&self) -> bool {
        matches!(self.kind, Kind::Agent | Kind::Assignee)
    }

    /// Of an agent who was alerted and did not answer.
    pub(super) fn is_unanswered(&self) -> bool {
        self.is_agent() && self.durations.is_some_and(Durations::alerted_only)
    }

    /// Of an agent who has, or had, the conversation.
    pub(super) fn is_answered(&self) -> bool {
        self.is_agent() && !self.observes && !self.is_unanswered()
    }

    /// How long it took by the clock, once it is over and as far as that is known.
    pub(super) fn length(&self) -> Option<i64> {
        let known = self.start_known || self.told_length().is_some();
        self.end.filter(|_| known).map(|end| end.saturating_sub(self.start))
    }
}

/// All sessions. What closes others comes before them.
pub(super) fn sessions<'s>(spans: &'s [Span], observers: &Observers) -> Vec<Session<'s>> {
    let mut spans: Vec<&Span> = spans.iter().collect();
    spans.sort_unstable_by(|one, other| one.order(other));
    let mut sessions = Vec::with_capacity(spans.len());
    for facts in spans.chunk_by(|one, other| (one.kind, one.name) == (other.kind, other.name)) {
        work_out(facts, &spans, observers, &mut sessions);
    }
    sessions
}

/// The sessions of one name, whose facts are in the order of time.
fn work_out<'s>(facts: &[&'s Span], all: &[&Span], observers: &Observers, sessions: &mut Vec<Session<'s>>) {
    let Some(head) = facts.first() else { return };
    let media = facts.iter().map(|span| span.media).max().unwrap_or(0);
    let agent = facts.iter().filter_map(|span| span.agent).max();
    let observes = head.kind == Kind::Agent && observers.include(name::participant(head.name));
    let others = sessions.len();
    let mut running: Option<Session<'s>> = None;
    for span in facts {
        if let Some(start) = span.start {
            let over = running.is_none_or(|session| {
                let closed = || closing(&session, all, &sessions[..others]);
                session.end.or_else(closed).is_some_and(|end| end < start)
            });
            if over {
                sessions.extend(running.take().map(|session| closed(session, all, &sessions[..others])));
                running = Some(Session { media, agent, ..Session::started(span, start, observes) });
            }
        }
        if let Some(end) = span.end {
            let unknown =
                || Session { media, agent, start_known: false, ..Session::started(span, end, observes) };
            running.get_or_insert_with(unknown).end(end, span);
        }
    }
    sessions.extend(running.map(|session| closed(session, all, &sessions[..others])));
}

fn closed<'s>(session: Session<'s>, all: &[&Span], others: &[Session<'_>]) -> Session<'s> {
    Session { end: session.end.or_else(|| closing(&session, all, others)), ..session }
}

/// When a session without an end of its own is over at the latest, as others show.
fn closing(session: &Session<'_>, all: &[&Span], others: &[Session<'_>]) -> Option<i64> {
    let closes = |other: &Session<'_>| match (session.kind, other.kind) {
        (Kind::Customer, _) => None,
        (_, Kind::Customer) => {
            let same = other.media == session.media || other.media == 0 || session.media == 0;
            other.end.filter(|_| same)
        }
        (Kind::Queue, _) if other.is_answered() => Some(other.start),
        (Kind::Flow, Kind::Queue) => Some(other.start),
        (Kind::Flow, _) if other.is_agent() && !other.observes => Some(other.start),
        _ => None,
    };
    let by_sessions = others.iter().filter_map(closes).filter(|at| *at >= session.start);
    let by_assignment = all.iter().filter_map(|span| {
        let start = span.start.filter(|_| (session.kind, span.kind) == (Kind::Assignee, Kind::Assignee))?;
        (span.agent != session.agent && (start, span.agent) > (session.start, session.agent)).then_some(start)
    });
    by_sessions.chain(by_assignment).min()
}
