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
    /// Whether a fact says when it ended; else that is when others show it to be over.
    pub(super) end_known: bool,
    pub(super) disconnect: Disconnect,
    pub(super) durations: Option<&'s Durations>,
    pub(super) answer: Answer,
}

/// Whether a queue had the conversation all the while an agent was there, so that the agent did not get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum InQueue {
    NotThroughout,
    /// Nothing tells when the queue was left.
    PerhapsThroughout,
    Throughout,
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
            end_known: false,
            disconnect: Disconnect::Untold,
            durations: None,
            answer: Answer::Yes,
        }
    }

    fn end(&mut self, at: Point, span: &'s Span) {
        (self.end, self.end_known) = (Some(at), true);
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
    /// is that of an agent who answered, unless a snapshot saw how the agent was alerted, and none more, or the queue
    /// went on, as `in_queue` has it.
    fn answered(&self, told: Option<Told>, in_queue: impl Fn(&Self) -> InQueue) -> Answer {
        let durations = self.durations.copied().unwrap_or_default();
        if durations.handled() > 0 {
            return Answer::Yes;
        }
        if self.disconnect == Disconnect::NoAnswer || durations.missed() {
            return Answer::No;
        }
        match told {
            None | Some(Told::Answered) => Answer::Yes,
            Some(_) if durations.called() => Answer::Yes,
            Some(Told::Alerted) => Answer::No,
            Some(Told::Nothing) if self.end.is_none() => Answer::Unknown,
            Some(Told::Nothing) if durations.of_agent().is_some() => Answer::Yes,
            Some(Told::Nothing) => match in_queue(self) {
                InQueue::Throughout => Answer::No,
                InQueue::PerhapsThroughout => Answer::Unknown,
                InQueue::NotThroughout => Answer::Yes,
            },
        }
    }

    /// Whether it is an assignment of a conversation to an agent who has or had a session of their own in it.
    fn is_assignment_beside(&self, other: &Session<'_>) -> bool {
        let own = self.kind == Kind::Assignee && other.kind == Kind::Agent && other.is_answered();
        own && self.agent.is_some() && self.agent == other.agent
    }

    /// Whether it is an assignment that began while a session of the agent's own ran, who thus had the conversation.
    fn is_part_of_any(&self, others: &[Session<'_>]) -> bool {
        let within =
            |own: &Session<'_>| own.start <= self.start && own.end.is_none_or(|end| end >= self.start);
        others.iter().any(|own| self.is_assignment_beside(own) && within(own))
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

    /// Whether it is a customer's, of the medium of another session that is not.
    fn is_customer_of(&self, other: &Session<'_>) -> bool {
        let same = self.media == other.media || self.media == 0 || other.media == 0;
        self.kind == Kind::Customer && other.kind != Kind::Customer && same
    }

    /// How long it took by the clock, once it is over and as far as that is known.
    pub(super) fn length(&self) -> Option<i64> {
        let known = self.start_known || self.told_length().is_some();
        self.end.filter(|_| known).map(|end| end.time.saturating_sub(self.start.time))
    }
}

/// All sessions that count. What closes others comes before them.
pub(super) fn sessions<'s>(spans: &'s [Span], kept: &Sessions) -> Vec<Session<'s>> {
    let all = sessions_of(spans.iter().collect(), kept);
    let over = kept.folded().customer_ended;
    let counts = |session: &&Session<'s>| session.kind != Kind::Flow || !is_aftermath(session, &all, over);
    if all.iter().all(|session| counts(&session)) {
        all
    } else {
        all.iter().filter(counts).copied().collect()
    }
}

/// Whether a flow began after the customer had gone, as one that asks how it was: the conversation is over all the
/// same. `over` is whether a customer's session that is kept no longer had ended.
fn is_aftermath(flow: &Session<'_>, all: &[Session<'_>], over: bool) -> bool {
    let mut customers = all.iter().filter(|session| session.kind == Kind::Customer);
    let mut gone = over;
    let there = customers.any(|customer| {
        // Which of two of one millisecond came first is of no importance: the customer leads to the flow.
        gone |= customer.end.is_some_and(|end| end.time <= flow.start.time);
        customer.start.time <= flow.start.time && customer.end.is_none_or(|end| end.time > flow.start.time)
    });
    gone && !there
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
        let in_queue = |session: &Session<'_>| in_queue(session, all, kept, others);
        let session = Session { answer: session.answered(told, in_queue), ..session };
        Session { end: ended(&session, all, others), ..session }
    };
    let mut running: Option<Session<'s>> = None;
    for span in facts {
        if let Some(start) = span.start {
            let is_over = running.is_none_or(|session| {
                ended(&session, all, &sessions[..others]).is_some_and(|end| end < start)
            });
            if is_over {
                let last = running.take().map(|session| over(session, &sessions[..others]));
                sessions.extend(last.filter(|last| !last.is_part_of_any(&sessions[..others])));
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
    sessions.extend(last.filter(|last| !last.is_part_of_any(&sessions[..others])));
}

/// Whether a queue of the medium had the conversation before an agent came and after they left, by what tells of queues
/// themselves: which agents answered is what is asked.
fn in_queue(agent: &Session<'_>, all: &[&Span], kept: &Sessions, others: &[Session<'_>]) -> InQueue {
    let customers = others.iter().filter(|other| other.kind == Kind::Customer).copied();
    let mut queues: Vec<Session<'_>> = customers.collect();
    let customers = queues.len();
    let spans: Vec<&Span> = all.iter().copied().filter(|span| span.kind == Kind::Queue).collect();
    for facts in spans.chunk_by(|one, other| one.name == other.name) {
        let mut of_name = queues[..customers].to_vec();
        work_out(facts, all, kept, &mut of_name);
        queues.extend_from_slice(&of_name[customers..]);
    }
    let stays = queues[customers..].iter().filter(|queue| {
        let same = queue.media == agent.media || queue.media == 0 || agent.media == 0;
        let there = queue.start.time <= agent.start.time;
        same && there && queue.end.is_none_or(|end| end.time >= agent.start.time)
    });
    let throughout = stays.map(|queue| match (queue.end.filter(|_| queue.end_known), agent.end) {
        (None, _) => InQueue::PerhapsThroughout,
        (Some(left), Some(end)) if left.time > end.time => InQueue::Throughout,
        _ => InQueue::NotThroughout,
    });
    throughout.max().unwrap_or(InQueue::NotThroughout)
}

/// When a session ended: by its own end, else as others show. An assignment gives way to a session of the agent's own:
/// it ends where that begins, and lasts no longer where it began within.
fn ended(session: &Session<'_>, all: &[&Span], others: &[Session<'_>]) -> Option<Point> {
    let end = session.end.or_else(|| closing(session, all, others));
    let own = others.iter().filter(|own| session.is_assignment_beside(own));
    let gives_way = own.filter_map(|own| if own.start >= session.start { Some(own.start) } else { own.end });
    let gives_way = gives_way.filter(|at| *at >= session.start).min();
    end.into_iter().chain(gives_way).min()
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
    departures(session, others).min()
}

/// When a session ended beside others: where the customer was gone by then and did not come back, with the customer.
/// Who hangs up first is of no importance after that.
pub(super) fn end_beside(session: &Session<'_>, others: &[Session<'_>]) -> Option<Point> {
    let end = session.end?;
    let came_back = |gone: Point| {
        others.iter().any(|customer| {
            customer.is_customer_of(session) && customer.start > gone && customer.start <= end
        })
    };
    departures(session, others).filter(|gone| *gone <= end && !came_back(*gone)).min().or(Some(end))
}

/// All times at which the customer was gone.
fn departures(session: &Session<'_>, others: &[Session<'_>]) -> impl Iterator<Item = Point> {
    let customers = || others.iter().filter(|other| other.is_customer_of(session));
    let there = |other: &Session<'_>, at: Point| other.start < at && other.end.is_none_or(|end| end > at);
    let gone = move |at: &Point| !customers().any(|other| there(other, *at));
    let ends = customers().filter_map(|customer| customer.end);
    ends.filter(|at| *at >= session.start).filter(gone)
}
