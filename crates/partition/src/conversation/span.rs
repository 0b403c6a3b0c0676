//! The facts that figures are made of, as compact as they can be kept: starts and ends of sessions, in pairs.

use std::cmp::Ordering;

use serde::Deserialize;

use super::point::Point;
use super::reported::{Disconnect, Durations};

/// Whose session it is. In the order in which sessions are worked out, since some of these close others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) enum Kind {
    Customer,
    /// An agent's, named by participant and session.
    Agent,
    /// An agent's, named by the agent alone: the platform assigns a conversation to one agent at a time.
    Assignee,
    Queue,
    Flow,
}

/// One fact: a session started or ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    pub(super) kind: Kind,
    /// Of the session, see [`super::name`].
    pub(super) name: u64,
    pub(super) media: u16,
    pub(super) agent: Option<u64>,
    pub(super) at: Point,
    pub(super) edge: Edge,
}

/// Which of the two it is, with what it tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Edge {
    Start,
    End { disconnect: Disconnect, durations: Option<Box<Durations>> },
}

/// A start and the end that follows it in the order of their times; or one of the two without the other.
///
/// Nothing is lost by keeping facts in pairs, so that what a session is can be worked out anew whenever another fact
/// comes, however late.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Span {
    pub(super) kind: Kind,
    #[serde(with = "postcard::fixint::le")]
    pub(super) name: u64,
    pub(super) media: u16,
    pub(super) agent: Option<u64>,
    pub(super) start: Option<Point>,
    pub(super) end: Option<Point>,
    pub(super) disconnect: Disconnect,
    pub(super) durations: Option<Box<Durations>>,
}

// === impl Span ===

impl Span {
    fn of(mark: Mark) -> Self {
        let Mark { kind, name, media, agent, at, edge } = mark;
        let span = Self {
            kind,
            name,
            media,
            agent,
            start: None,
            end: None,
            disconnect: Disconnect::Untold,
            durations: None,
        };
        match edge {
            Edge::Start => Self { start: Some(at), ..span },
            Edge::End { disconnect, durations } => Self { end: Some(at), disconnect, durations, ..span },
        }
    }

    /// When the first of its facts happened; a start before an end where their order is not known.
    pub(super) fn first(&self) -> (Option<Point>, bool) {
        (self.start.or(self.end), self.start.is_none())
    }

    /// By session, then by time.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        (self.kind, self.name, self.first()).cmp(&(other.kind, other.name, other.first()))
    }

    fn points(&self) -> impl Iterator<Item = Point> {
        self.start.into_iter().chain(self.end)
    }

    fn is_of(&self, mark: &Mark) -> bool {
        (self.kind, self.name) == (mark.kind, mark.name)
    }

    /// Gives a start its end, or says that this is not what it lacks.
    fn completes(&self, mark: &Mark) -> bool {
        matches!(mark.edge, Edge::End { .. })
            && self.end.is_none()
            && self.start.is_some_and(|start| start <= mark.at)
    }

    fn has(&self, mark: &Mark) -> bool {
        match mark.edge {
            Edge::Start => self.start.is_some_and(|start| start.time == mark.at.time),
            Edge::End { .. } => self.end.is_some_and(|end| end.time == mark.at.time),
        }
    }

    /// Takes in what another fact tells; of what both tell, the larger.
    fn join(&mut self, mark: Mark) {
        self.media = self.media.max(mark.media);
        self.agent = self.agent.max(mark.agent);
        let Edge::End { disconnect, durations } = mark.edge else { return };
        // What is told again stays where it was.
        self.end.get_or_insert(mark.at);
        self.disconnect = self.disconnect.max(disconnect);
        self.durations = match (self.durations.take(), durations) {
            (Some(known), Some(told)) => Some(Box::new(known.join(&told))),
            (known, told) => known.or(told),
        };
    }

    /// Its facts, each by itself.
    pub(super) fn split(self) -> impl Iterator<Item = Self> {
        let Self { kind, name, media, agent, start, end, disconnect, durations } = self;
        let bare = Self {
            kind,
            name,
            media,
            agent,
            start,
            end: None,
            disconnect: Disconnect::Untold,
            durations: None,
        };
        let ended = end.is_some().then(|| Self { start: None, end, disconnect, durations, ..bare.clone() });
        let started = start.is_some().then_some(bare);
        started.into_iter().chain(ended)
    }
}

/// Adds a fact, behind those of its millisecond that are known.
pub(super) fn add(spans: &mut Vec<Span>, mark: Mark) {
    let at = mark.at.behind(spans.iter().flat_map(Span::points));
    let mark = Mark { at, ..mark };
    let mut of_session = spans.iter_mut().filter(|span| span.is_of(&mark));
    let (first, further) = (of_session.next(), of_session.next().is_some());
    match first {
        None => push(spans, Span::of(mark)),
        Some(only) if !further && only.completes(&mark) => only.join(mark),
        Some(_) => match spans.iter_mut().find(|span| span.is_of(&mark) && span.has(&mark)) {
            Some(same) => same.join(mark),
            None => insert(spans, mark),
        },
    }
}

/// Puts a fact between others of its session, and pairs them anew.
fn insert(spans: &mut Vec<Span>, mark: Mark) {
    let mut facts = vec![Span::of(mark)];
    let mark = (facts[0].kind, facts[0].name);
    for span in spans.extract_if(.., |span| (span.kind, span.name) == mark) {
        facts.extend(span.split());
    }
    spans.extend(paired(facts));
}

/// Pairs facts, each of which is by itself, by session: a start with the end that follows it.
pub(super) fn paired(mut facts: Vec<Span>) -> Vec<Span> {
    facts.sort_by(Span::order);
    let mut pairs: Vec<Span> = Vec::with_capacity(facts.len());
    for fact in facts {
        match pairs.last_mut() {
            Some(open)
                if (open.kind, open.name) == (fact.kind, fact.name)
                    && open.end.is_none()
                    && fact.start.is_none() =>
            {
                open.media = open.media.max(fact.media);
                open.agent = open.agent.max(fact.agent);
                (open.end, open.disconnect, open.durations) = (fact.end, fact.disconnect, fact.durations);
            }
            _ => pairs.push(fact),
        }
    }
    pairs
}

fn push(spans: &mut Vec<Span>, span: Span) {
    // Most calls have four; a vector left to itself makes room for four at once, and for eight with the fifth.
    if spans.is_empty() {
        spans.reserve_exact(4);
    }
    spans.push(span);
}
