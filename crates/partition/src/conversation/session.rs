//! Sessions, worked out from the facts at hand: when each of them started and ended, or was closed by another.

use super::answers::Told;
use super::name;
use super::point::Point;
use super::reported::{Disconnect, Durations};
use super::sessions::Sessions;
use super::span::{Kind, Span};

/// One stay of the customer, a queue, a flow or an agent in a conversation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Session<'s> {
    pub(super) kind: Kind,
    pub(super) media: u16,
    pub(super) agent: Option<u64>,
    pub(super) observes: bool,
    pub(super) start: Point,
    /// Whether a fact says when it started; else that is reckoned from its end.
    pub(super) start_known: bool,
    /// Its own end, or when another session closed it.
    pub(super) end: Option<Point>,
    pub(super) disconnect: Disconnect,
    pub(super) durations: Option<&'s Durations>,
    pub(super) answer: Answer,
}

/// Whether an agent answered, who was there for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Not, or not yet.
    No,
    Unknown,
    Yes,
}

// === impl Session ===

impl<'s> Session<'s> {
    pub(super) fn started(span: &Span, start: Point, observes: bool) -> Self {
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
            answer: Answer::Yes,
        }
    }

    fn end(&mut self, at: Point, span: &'s Span) {
        self.end = Some(at);
        self.disconnect = span.disconnect;
        self.durations = span.durations.as_deref();
        if !self.start_known {
            self.start = at.before(self.told_length().unwrap_or(0));
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

    /// Whether the agent answered: as its own end tells it, else as other facts do. An end that tells of nothing
    /// is that of an agent who answered, unless a snapshot saw how the agent was alerted, and none more.
    fn answered(&self, told: Option<Told>) -> Answer {
        let durations = self.durations.copied().unwrap_or_default();
        if durations.handled() > 0 {
            return Answer::Yes;
        }
        if self.disconnect == Disconnect::NoAnswer || durations.alerted_only() {
            return Answer::No;
        }
        match told {
            None | Some(Told::Answered) => Answer::Yes,
            Some(_) if durations.called() => Answer::Yes,
            Some(Told::Alerted) => Answer::No,
            Some(Told::Nothing) if self.end.is_some() => Answer::Yes,
            Some(Told::Nothing) => Answer::Unknown,
        }
    }

    /// Of an agent who was alerted and did not answer.
    pub(super) fn is_unanswered(&self) -> bool {
        self.is_agent() && self.answer == Answer::No
    }

    /// Of an agent who has, or had, the conversation.
    pub(super) fn is_answered(&self) -> bool {
        self.is_agent() && !self.observes && self.answer == Answer::Yes
    }

    /// Of an agent who has, or had, the conversation, or was only alerted: nothing tells which.
    pub(super) fn may_be_answered(&self) -> bool {
        self.is_agent() && !self.observes && self.answer == Answer::Unknown
    }

    /// How long it took by the clock, once it is over and as far as that is known.
    pub(super) fn length(&self) -> Option<i64> {
        let known = self.start_known || self.told_length().is_some();
        self.end.filter(|_| known).map(|end| end.time.saturating_sub(self.start.time))
    }
}

/// All sessions. What closes others comes before them.
pub(super) fn sessions<'s>(spans: &'s [Span], kept: &Sessions) -> Vec<Session<'s>> {
    sessions_of(spans.iter().collect(), kept)
}

/// Those of the customer, which depend on no others.
pub(super) fn of_customers(kept: &Sessions) -> Vec<Session<'_>> {
    sessions_of(kept.spans.iter().filter(|span| span.kind == Kind::Customer).collect(), kept)
}

fn sessions_of<'s>(mut spans: Vec<&'s Span>, kept: &Sessions) -> Vec<Session<'s>> {
    spans.sort_unstable_by(|one, other| one.order(other));
    let mut sessions = Vec::with_capacity(spans.len());
    for facts in spans.chunk_by(|one, other| (one.kind, one.name) == (other.kind, other.name)) {
        work_out(facts, &spans, kept, &mut sessions);
    }
    sessions
}

/// The sessions of one name, whose facts are in the order of time.
fn work_out<'s>(facts: &[&'s Span], all: &[&Span], kept: &Sessions, sessions: &mut Vec<Session<'s>>) {
    let Some(head) = facts.first() else { return };
    let media = facts.iter().map(|span| span.media).max().unwrap_or(0);
    let agent = facts.iter().filter_map(|span| span.agent).max();
    let observes = head.kind == Kind::Agent && kept.observers.include(name::participant(head.name));
    let others = sessions.len();
    // What is told of an answer is told beside the session's own end, not beside whatever closed it.
    let over = |session: Session<'s>, others: &[Session<'_>]| {
        let told = if session.is_agent() { kept.answers.of(&session, head.name) } else { None };
        let session = Session { answer: session.answered(told), ..session };
        Session { end: session.end.or_else(|| closing(&session, all, others)), ..session }
    };
    let mut running: Option<Session<'s>> = None;
    for span in facts {
        if let Some(start) = span.start {
            let ended = running.is_none_or(|session| {
                let closed = || closing(&session, all, &sessions[..others]);
                session.end.or_else(closed).is_some_and(|end| end < start)
            });
            if ended {
                let last = running.take().map(|session| over(session, &sessions[..others]));
                sessions.extend(last);
                running = Some(Session { media, agent, ..Session::started(span, start, observes) });
            }
        }
        if let Some(end) = span.end {
            let unknown =
                || Session { media, agent, start_known: false, ..Session::started(span, end, observes) };
            running.get_or_insert_with(unknown).end(end, span);
        }
    }
    let last = running.map(|session| over(session, &sessions[..others]));
    sessions.extend(last);
}

/// When a session without an end of its own is over at the latest, as others show.
fn closing(session: &Session<'_>, all: &[&Span], others: &[Session<'_>]) -> Option<Point> {
    // Which of a queue and an agent of one millisecond came first is of no importance: the one leads to the other.
    let led_on = |other: &Session<'_>| {
        (other.start.time >= session.start.time).then_some(other.start.max(session.start))
    };
    let closes = |other: &Session<'_>| match (session.kind, other.kind) {
        (Kind::Queue, _) if other.is_answered() => led_on(other),
        (Kind::Flow, Kind::Queue) => led_on(other),
        (Kind::Flow, _) if other.is_agent() && !other.observes => led_on(other),
        _ => None,
    };
    let by_assignment = all.iter().filter_map(|span| {
        let start = span.start.filter(|_| (session.kind, span.kind) == (Kind::Assignee, Kind::Assignee))?;
        (span.agent != session.agent && (start, span.agent) > (session.start, session.agent)).then_some(start)
    });
    by_customers(session, others)
        .into_iter()
        .chain(others.iter().filter_map(closes))
        .chain(by_assignment)
        .min()
}

/// When the customer was gone: a session of theirs ended, and no other one of this medium was there.
pub(super) fn by_customers(session: &Session<'_>, others: &[Session<'_>]) -> Option<Point> {
    if session.kind == Kind::Customer {
        return None;
    }
    let same = |other: &&Session<'_>| {
        let same = other.media == session.media || other.media == 0 || session.media == 0;
        other.kind == Kind::Customer && same
    };
    let there = |other: &Session<'_>, at: Point| other.start < at && other.end.is_none_or(|end| end > at);
    let ends = others.iter().filter(same).filter_map(|customer| customer.end);
    let gone = |at: &Point| !others.iter().filter(same).any(|other| there(other, *at));
    ends.filter(|at| *at >= session.start).filter(gone).min()
}
