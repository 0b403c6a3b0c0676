//! The reference model: the definition of docs/event-types.md, in the most naive way. Everything is worked out anew
//! from the whole list of facts, with the platform's own ids, by searching through lists.

mod answers;
mod assignments;
mod durations;
mod edges;
mod flows;
mod handovers;

use std::collections::{BTreeMap, BTreeSet};

use trunkline_schemas::ConversationSummary;

use self::answers::{heard, waited};
use self::assignments::{begun_within, gives_way};
use self::durations::{milliseconds, strength};
use self::edges::{Edge, edges, name_ends};
use self::flows::is_aftermath;
use self::handovers::count_transfers;
use crate::fact::Fact;

const OF_AGENTS: [&str; 6] = [
    "interactingDurationMs",
    "heldDurationMs",
    "alertingDurationMs",
    "contactingDurationMs",
    "dialingDurationMs",
    "callbackDurationMs",
];

/// When something happened: the millisecond, and how many starts and ends of it came before.
type Point = (i64, usize);

#[derive(Debug, Clone, Default)]
struct Session {
    kind: &'static str,
    participant: String,
    id: String,
    assignee: bool,
    agent: String,
    media: String,
    start: Point,
    start_known: bool,
    own_end: Option<Point>,
    closed: Option<Point>,
    told: BTreeMap<String, i64>,
    /// Strength of its disconnect type: 0 untold, 1 other, 2 transfer, 3 consult, 4 and 5 conferences, 6 no answer.
    how: u8,
    /// What other facts than its end tell of an answer: 0 that its start was one, 1 nothing, 2 that the agent was
    /// alerted, 3 that it was answered.
    heard: u8,
    /// Whether a queue had the conversation meanwhile: 0 not all the while, 1 nobody knows, 2 all the while.
    waited: u8,
}

impl Session {
    fn end(&self) -> Option<Point> {
        self.own_end.or(self.closed)
    }

    /// The millisecond of its end, or the end of time.
    fn until(&self) -> i64 {
        self.end().map_or(i64::MAX, |end| end.0)
    }

    fn told_of_agent(&self) -> Option<i64> {
        let all: Vec<i64> = OF_AGENTS.iter().filter_map(|name| self.told.get(*name).copied()).collect();
        (!all.is_empty()).then(|| all.iter().sum())
    }

    fn told_length(&self) -> Option<i64> {
        match self.kind {
            "agent" => self.told_of_agent(),
            "queue" => self.told.get("connectedDurationMs").copied(),
            _ => None,
        }
    }

    fn told_or_0(&self, name: &str) -> i64 {
        self.told.get(name).copied().unwrap_or(0)
    }

    /// Whether the agent answered; none where it cannot be known.
    fn answered(&self) -> Option<bool> {
        let spoken = self.told_or_0("interactingDurationMs") + self.told_or_0("heldDurationMs") > 0;
        let called = self.told_or_0("dialingDurationMs") + self.told_or_0("callbackDurationMs") > 0;
        match self.heard {
            _ if self.missed() => Some(false),
            2 => Some(spoken || called && self.own_end.is_some()),
            1 if self.own_end.is_none() => None,
            1 if self.told_of_agent().is_none() => [Some(true), None, Some(false)][usize::from(self.waited)],
            _ => Some(true),
        }
    }

    fn missed(&self) -> bool {
        let more_than_none = |names: &[&str]| names.iter().any(|name| self.told_or_0(name) > 0);
        if more_than_none(&["interactingDurationMs", "heldDurationMs"]) {
            return false;
        }
        let called = more_than_none(&["dialingDurationMs", "callbackDurationMs"]);
        let rang = more_than_none(&["alertingDurationMs", "contactingDurationMs"]);
        let says_none =
            self.told.contains_key("interactingDurationMs") || self.told.contains_key("heldDurationMs");
        self.how == 6 || (rang || says_none) && !called
    }

    fn clock(&self) -> Option<i64> {
        let end = self.end()?;
        (self.start_known || self.told_length().is_some()).then(|| end.0 - self.start.0)
    }
}

/// What all facts of one name, edge and time tell together.
#[derive(Default)]
struct Moment {
    told: BTreeMap<String, i64>,
    how: u8,
}

/// Its figures.
pub fn figures(facts: &[Fact]) -> ConversationSummary {
    let observers =
        named(facts, &["coachingParticipantIds", "monitoringParticipantIds", "bargingParticipantIds"]);
    let mut edges = edges(facts);
    let customers = of_kind(&edges, "customer", &[], &observers);
    name_ends(&mut edges, &customers, &observers);
    let queues = of_kind(&edges, "queue", &customers, &observers);
    let judged = |mut session: Session| {
        session.heard = heard(&session, facts);
        session.waited = waited(&session, &queues);
        session
    };
    let agents = of_kind(&edges, "agent", &customers, &observers).into_iter().map(judged);
    let mut known = [customers.clone(), agents.collect()].concat();
    let assigned = of_kind(&edges, "assignee", &known, &observers).into_iter().map(judged);
    let assigned =
        assigned.filter(|session| !begun_within(session, &known, &observers)).map(|mut session| {
            if let Some(end) = gives_way(&session, &known, &observers) {
                session.own_end = session.own_end.map(|own_end| own_end.min(end));
            }
            session
        });
    known = [known.clone(), assigned.collect()].concat();
    known.extend(of_kind(&edges, "queue", &known, &observers));
    known.extend(of_kind(&edges, "flow", &known, &observers));
    known.retain(|session| session.kind != "flow" || !is_aftermath(session, &customers));
    let taking_part = |s: &&Session| s.kind == "agent" && !observers.contains(&s.participant);
    let agents: Vec<&Session> = known.iter().filter(taking_part).collect();
    let having = |answered| agents.iter().copied().filter(move |s| s.answered() == answered);
    let answered: Vec<&Session> = having(Some(true)).collect();
    let unsure: Vec<&Session> = having(None).collect();
    let open = |all: &[&'_ Session]| -> Vec<Session> {
        all.iter().filter(|s| s.end().is_none()).map(|s| (*s).clone()).collect()
    };
    let (open_answered, open_unsure) = (open(&answered), open(&unsure));
    let openings = openings(&known);
    let mut summary = ConversationSummary {
        state: state(&known, &answered, !open_unsure.is_empty(), &openings),
        started_at: facts.iter().filter(|f| f.kind == "conversation.started").map(|f| f.at).min(),
        reopened: Some(openings.len() as i32),
        agents: distinct(&answered, &unsure),
        connected_agents: distinct(
            &open_answered.iter().collect::<Vec<_>>(),
            &open_unsure.iter().collect::<Vec<_>>(),
        ),
        unanswered: Some(having(Some(false)).filter(|s| s.end().is_some()).count() as i32),
        acw_ms: after_work(facts),
        ..ConversationSummary::default()
    };
    for session in agents.iter().filter(|s| s.end().is_some()) {
        let handled = match session.told_of_agent() {
            _ if session.answered() == Some(false) => Some(0),
            Some(_) => Some(session.told_or_0("interactingDurationMs") + session.told_or_0("heldDurationMs")),
            None => session.answered().and_then(|_| session.clock()),
        };
        add(&mut summary.handled_ms, handled);
        add(&mut summary.held_ms, session.told.get("heldDurationMs").copied());
        add(&mut summary.alerted_ms, session.told.get("alertingDurationMs").copied());
    }
    for queue in known.iter().filter(|s| s.kind == "queue" && s.end().is_some()) {
        add(&mut summary.queued_ms, queue.told.get("connectedDurationMs").copied().or(queue.clock()));
    }
    count_transfers(&answered, &customers, &openings, &mut summary);
    let barging = named(facts, &["bargingParticipantIds"]).len() as i32;
    summary.conferences = summary.conferences.map(|count| count + barging);
    summary
}

fn add(sum: &mut Option<i64>, number: Option<i64>) {
    if let Some(number) = number {
        *sum = Some(sum.unwrap_or(0) + number);
    }
}

fn named(facts: &[Fact], attributes: &[&str]) -> BTreeSet<String> {
    let snapshots = facts.iter().filter(|fact| fact.kind == "conversation.updated");
    let lists = snapshots.flat_map(|fact| attributes.iter().filter_map(|name| fact.told.get(name)));
    lists
        .flat_map(|list| list.split(','))
        .map(|id| id.trim().to_owned())
        .filter(|id| !id.is_empty())
        .collect()
}

/// How many agents these are; none where there may be another among those of whom nobody knows.
fn distinct(sessions: &[&Session], unsure: &[&Session]) -> Option<i32> {
    let agents = |of: &[&Session]| -> BTreeSet<String> {
        of.iter().map(|s| s.agent.clone()).filter(|id| !id.is_empty()).collect()
    };
    let known = agents(sessions);
    agents(unsure).is_subset(&known).then_some(known.len() as i32)
}

fn after_work(facts: &[Fact]) -> Option<i64> {
    let mut longest: BTreeMap<(&str, &str, &str), i64> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| fact.kind == "acw.ended") {
        let Some(told) = fact.told.get("wrapupDurationMs").and_then(|told| milliseconds(told)) else {
            continue;
        };
        let nameless = fact.participant.is_empty() && fact.session.is_empty();
        let agent = if nameless { fact.agent } else { "" };
        let known = longest.entry((fact.participant, fact.session, agent)).or_insert(told);
        *known = told.max(*known);
    }
    (!longest.is_empty()).then(|| longest.values().sum())
}

/// When customers ended while no other one of a medium was there.
fn gone(customers: &[Session], media: &str) -> Vec<Point> {
    let of_medium: Vec<&Session> = customers
        .iter()
        .filter(|one| one.media.is_empty() || media.is_empty() || one.media == media)
        .collect();
    let stays = |end: Point| {
        of_medium.iter().any(|one| one.start < end && one.own_end.is_none_or(|own_end| own_end > end))
    };
    of_medium.iter().filter_map(|one| one.own_end).filter(|end| !stays(*end)).collect()
}

/// All sessions of a kind; `others` are those that may close them.
fn of_kind(
    edges: &[Edge<'_>],
    kind: &'static str,
    others: &[Session],
    observers: &BTreeSet<String>,
) -> Vec<Session> {
    let assignees = kind == "assignee";
    let kind = if assignees { "agent" } else { kind };
    let edges: Vec<&Edge<'_>> = edges
        .iter()
        .filter(|edge| edge.kind == kind && (kind != "agent" || edge.name[2].is_empty() != assignees))
        .collect();
    let names: BTreeSet<[&str; 3]> = edges.iter().map(|edge| edge.name).collect();
    let assigned: Vec<(Point, &str)> = edges
        .iter()
        .filter(|edge| edge.starts && !edge.name[2].is_empty())
        .map(|edge| (edge.at, edge.name[2]))
        .collect();
    let mut sessions = Vec::new();
    for name in names {
        let of_name: Vec<&Edge<'_>> = edges.iter().filter(|edge| edge.name == name).copied().collect();
        let agent = of_name.iter().map(|edge| edge.agent).max().filter(|_| kind == "agent");
        let template = Session {
            kind,
            participant: name[0].to_owned(),
            id: name[1].to_owned(),
            assignee: !name[2].is_empty(),
            agent: agent.unwrap_or_default().to_owned(),
            media: of_name.iter().map(|edge| edge.media).max().unwrap_or_default().to_owned(),
            ..Session::default()
        };
        let closing = |session: &Session| closing(session, others, &assigned, observers);
        sessions.extend(of_one_name(&moments(&of_name), &template, closing));
    }
    sessions
}

/// Starts (false) and ends (true), by when they happened.
fn moments(edges: &[&Edge<'_>]) -> BTreeMap<(Point, bool), Moment> {
    let mut moments: BTreeMap<(Point, bool), Moment> = BTreeMap::new();
    for edge in edges {
        let moment = moments.entry((edge.at, !edge.starts)).or_default();
        for (name, told) in &edge.fact.told {
            if *name == "disconnectType" {
                moment.how = moment.how.max(strength(told));
            } else if let Some(told) = milliseconds(told) {
                let known = moment.told.entry((*name).to_owned()).or_insert(told);
                *known = told.max(*known);
            }
        }
    }
    moments
}

fn of_one_name(
    moments: &BTreeMap<(Point, bool), Moment>,
    template: &Session,
    closing: impl Fn(&Session) -> Option<Point>,
) -> Vec<Session> {
    let mut sessions: Vec<Session> = Vec::new();
    for ((at, ends), moment) in moments {
        if *ends {
            if sessions.is_empty() {
                sessions.push(template.clone());
            }
            let last = sessions.last_mut().unwrap();
            last.own_end = Some(*at);
            last.told.clone_from(&moment.told);
            last.how = moment.how;
            if !last.start_known {
                last.start = (at.0 - last.told_length().unwrap_or(0), at.1);
            }
        } else {
            let running = sessions.last().is_some_and(|last| {
                last.own_end.is_none() && closing(last).is_none_or(|closed| closed >= *at)
            });
            if !running {
                sessions.push(Session { start: *at, start_known: true, ..template.clone() });
            }
        }
    }
    for session in &mut sessions {
        session.closed = closing(session);
    }
    sessions
}

fn closing(
    session: &Session,
    others: &[Session],
    assigned: &[(Point, &str)],
    observers: &BTreeSet<String>,
) -> Option<Point> {
    if session.kind == "customer" {
        return None;
    }
    let customers: Vec<Session> = others.iter().filter(|other| other.kind == "customer").cloned().collect();
    let mut times = gone(&customers, &session.media);
    times.retain(|time| *time >= session.start);
    for other in others {
        let by_agent = other.kind == "agent" && !observers.contains(&other.participant);
        let leads_on = match (other.kind, session.kind) {
            ("agent", "queue") => by_agent && other.answered() == Some(true),
            ("agent", "flow") => by_agent,
            ("queue", "flow") => true,
            _ => false,
        };
        if leads_on && other.start.0 >= session.start.0 {
            times.push(other.start.max(session.start));
        }
    }
    if session.assignee {
        let next = assigned.iter().filter(|(at, agent)| *agent != session.agent && *at > session.start);
        times.extend(next.map(|(at, _)| *at));
        times.extend(gives_way(session, others, observers));
    }
    times.into_iter().min()
}

fn openings(sessions: &[Session]) -> Vec<Point> {
    let times: BTreeSet<Point> = sessions.iter().filter(|s| s.start_known).map(|s| s.start).collect();
    let opens = |time: &Point| {
        let before: Vec<&Session> = sessions.iter().filter(|s| s.start < *time).collect();
        before.iter().all(|s| s.end().is_some_and(|end| end < *time))
            && before.iter().any(|s| s.kind == "customer")
    };
    let opening: Vec<Point> = times.into_iter().filter(opens).collect();
    let first = |time: &Point| !opening.iter().any(|other| other.0 == time.0 && other.1 < time.1);
    opening.iter().filter(|time| first(time)).copied().collect()
}

fn state(all: &[Session], answered: &[&Session], unsure: bool, openings: &[Point]) -> String {
    let open = |kind: &str| all.iter().any(|s| s.kind == kind && s.end().is_none());
    let over = all.iter().all(|s| s.end().is_some());
    let present = openings.last().copied().unwrap_or((i64::MIN, 0));
    let state = if over && all.iter().any(|s| s.kind == "customer") {
        "ended"
    } else if answered.iter().any(|s| s.end().is_none()) {
        "connected"
    } else if open("queue") {
        "queued"
    } else if unsure {
        "connected"
    } else if open("flow") {
        "ivr"
    } else if answered.iter().any(|s| s.end().is_some() && s.start >= present) {
        "wrapup"
    } else {
        "started"
    };
    state.to_owned()
}
