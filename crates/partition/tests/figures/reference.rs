//! The reference model: the definition of docs/event-types.md, in the most naive way. Everything is worked out anew
//! from the whole list of facts, with the platform's own ids, by searching through lists.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_schemas::ConversationSummary;

use crate::fact::Fact;

const OF_AGENTS: [&str; 6] = [
    "interactingDurationMs",
    "heldDurationMs",
    "alertingDurationMs",
    "contactingDurationMs",
    "dialingDurationMs",
    "callbackDurationMs",
];

#[derive(Debug, Clone, Default)]
struct Session {
    kind: &'static str,
    participant: String,
    assignee: bool,
    agent: String,
    media: String,
    start: i64,
    start_known: bool,
    own_end: Option<i64>,
    closed: Option<i64>,
    told: BTreeMap<String, i64>,
    /// Strength of its disconnect type: 0 untold, 1 other, 2 transfer, 3 consult, 4 and 5 conferences.
    how: u8,
}

impl Session {
    fn end(&self) -> Option<i64> {
        self.own_end.or(self.closed)
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

    fn unanswered(&self) -> bool {
        let others = OF_AGENTS.iter().filter(|name| **name != "alertingDurationMs");
        self.kind == "agent"
            && self.told_or_0("alertingDurationMs") > 0
            && others.map(|name| self.told_or_0(name)).sum::<i64>() == 0
    }

    fn clock(&self) -> Option<i64> {
        let end = self.end()?;
        (self.start_known || self.told_length().is_some()).then(|| end - self.start)
    }
}

/// What all facts of one name, edge and time tell together.
#[derive(Default)]
struct Moment {
    told: BTreeMap<String, i64>,
    how: u8,
}

/// An arbitrary order of agents that is the same everywhere: FNV-1a.
fn order(agent: &str) -> u64 {
    let mut hash: u64 = 14_695_981_039_346_656_037;
    for byte in agent.as_bytes() {
        hash ^= u64::from(*byte);
        hash = hash.wrapping_mul(1_099_511_628_211);
    }
    hash
}

fn strength(how: &str) -> u8 {
    match how.to_lowercase().replace('_', ".").as_str() {
        "conference.transfer" => 5,
        "transfer.conference" => 4,
        "transfer.consult" | "consult.transfer" => 3,
        "transfer" => 2,
        how if how.starts_with("transfer.") || how.ends_with(".transfer") => 2,
        _ => 1,
    }
}

/// Its figures.
pub fn figures(facts: &[Fact]) -> ConversationSummary {
    let observers =
        named(facts, &["coachingParticipantIds", "monitoringParticipantIds", "bargingParticipantIds"]);
    let customers = of_kind(facts, "customer", &[], &observers);
    let agents = of_kind(facts, "agent", &customers, &observers);
    let mut known = [customers, agents].concat();
    known.extend(of_kind(facts, "queue", &known, &observers));
    known.extend(of_kind(facts, "flow", &known, &observers));
    let taking_part = |s: &&Session| s.kind == "agent" && !observers.contains(&s.participant);
    let agents: Vec<&Session> = known.iter().filter(taking_part).collect();
    let answered: Vec<&Session> = agents.iter().copied().filter(|s| !s.unanswered()).collect();
    let openings = openings(&known);
    let mut summary = ConversationSummary {
        state: state(&known, &answered, &openings),
        started_at: facts.iter().filter(|f| f.kind == "conversation.started").map(|f| f.at).min(),
        reopened: Some(openings.len() as i32),
        agents: Some(distinct(&answered)),
        connected_agents: Some(distinct(
            &answered.iter().copied().filter(|s| s.end().is_none()).collect::<Vec<_>>(),
        )),
        unanswered: Some(agents.iter().filter(|s| s.unanswered()).count() as i32),
        acw_ms: after_work(facts),
        ..ConversationSummary::default()
    };
    for session in agents.iter().filter(|s| s.end().is_some()) {
        let handled = match session.told_of_agent() {
            Some(_) => Some(session.told_or_0("interactingDurationMs") + session.told_or_0("heldDurationMs")),
            None => session.clock(),
        };
        add(&mut summary.handled_ms, handled);
        add(&mut summary.held_ms, session.told.get("heldDurationMs").copied());
        add(&mut summary.alerted_ms, session.told.get("alertingDurationMs").copied());
    }
    for queue in known.iter().filter(|s| s.kind == "queue" && s.end().is_some()) {
        add(&mut summary.queued_ms, queue.told.get("connectedDurationMs").copied().or(queue.clock()));
    }
    count_transfers(&answered, &openings, &mut summary);
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

fn distinct(sessions: &[&Session]) -> i32 {
    let agents: BTreeSet<&str> =
        sessions.iter().map(|s| s.agent.as_str()).filter(|id| !id.is_empty()).collect();
    agents.len() as i32
}

fn after_work(facts: &[Fact]) -> Option<i64> {
    let mut longest: BTreeMap<(&str, &str, &str), i64> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| fact.kind == "acw.ended") {
        let Some(told) = fact.told.get("wrapupDurationMs").and_then(|told| told.parse::<i64>().ok()) else {
            continue;
        };
        let nameless = fact.participant.is_empty() && fact.session.is_empty();
        let agent = if nameless { fact.agent } else { "" };
        let known = longest.entry((fact.participant, fact.session, agent)).or_insert(told);
        *known = told.max(*known);
    }
    (!longest.is_empty()).then(|| longest.values().sum())
}

/// Whether a fact is a start (or else an end) of a session of this kind.
fn edge(fact: &Fact, kind: &str) -> Option<bool> {
    let (start, end) = match kind {
        "customer" => ("conversation.started", "conversation.ended"),
        "queue" => ("queue.entered", "queue.left"),
        "flow" => ("flow.started", "flow.ended"),
        _ => ("participant.connected", "participant.disconnected"),
    };
    if fact.kind == "conversation.status_changed" && kind == "customer" {
        let reopened = fact.told.get("caseStatus").is_some_and(|status| status.to_lowercase() != "closed");
        return reopened.then_some(true);
    }
    (fact.kind == start).then_some(true).or((fact.kind == end).then_some(false))
}

/// All sessions of a kind; `others` are those that may close them.
fn of_kind(
    facts: &[Fact],
    kind: &'static str,
    others: &[Session],
    observers: &BTreeSet<String>,
) -> Vec<Session> {
    let facts: Vec<(&Fact, bool)> = facts.iter().filter_map(|fact| Some((fact, edge(fact, kind)?))).collect();
    let is_assignee =
        |f: &Fact| kind == "agent" && f.participant.is_empty() && f.session.is_empty() && !f.agent.is_empty();
    let name = |f: &Fact| {
        let agent = if is_assignee(f) { f.agent } else { "" };
        (f.participant.to_owned(), f.session.to_owned(), agent.to_owned())
    };
    let names: BTreeSet<_> = facts.iter().map(|(fact, _)| name(fact)).collect();
    let assigned: Vec<(i64, u64, &str)> = facts
        .iter()
        .filter(|(fact, starts)| *starts && is_assignee(fact))
        .map(|(fact, _)| (fact.at, order(fact.agent), fact.agent))
        .collect();
    let mut sessions = Vec::new();
    for this in names {
        let of_name: Vec<&(&Fact, bool)> = facts.iter().filter(|(fact, _)| name(fact) == this).collect();
        let told_by_any = |what: fn(&Fact) -> &str| {
            of_name.iter().map(|(fact, _)| what(fact)).max().unwrap_or_default().to_owned()
        };
        let template = Session {
            kind,
            participant: this.0.clone(),
            assignee: !this.2.is_empty(),
            agent: if kind == "agent" { told_by_any(|fact| fact.agent) } else { String::new() },
            media: told_by_any(|fact| fact.media),
            ..Session::default()
        };
        let closing = |session: &Session| closing(session, others, &assigned, observers);
        sessions.extend(of_one_name(&moments(&of_name), &template, closing));
    }
    sessions
}

/// Starts (false) and ends (true) by their time.
fn moments(facts: &[&(&Fact, bool)]) -> BTreeMap<(i64, bool), Moment> {
    let mut moments: BTreeMap<(i64, bool), Moment> = BTreeMap::new();
    for (fact, starts) in facts {
        let moment = moments.entry((fact.at, !starts)).or_default();
        for (name, told) in &fact.told {
            if *name == "disconnectType" {
                moment.how = moment.how.max(strength(told));
            } else if let Some(told) = told.parse::<i64>().ok().filter(|told| *told >= 0) {
                let known = moment.told.entry((*name).to_owned()).or_insert(told);
                *known = told.max(*known);
            }
        }
    }
    moments
}

fn of_one_name(
    moments: &BTreeMap<(i64, bool), Moment>,
    template: &Session,
    closing: impl Fn(&Session) -> Option<i64>,
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
                last.start = at - last.told_length().unwrap_or(0);
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
    assigned: &[(i64, u64, &str)],
    observers: &BTreeSet<String>,
) -> Option<i64> {
    let mut times = Vec::new();
    for other in others {
        let by_agent = other.kind == "agent" && !observers.contains(&other.participant);
        match (other.kind, session.kind) {
            ("customer", "agent" | "queue" | "flow")
                if other.media.is_empty() || session.media.is_empty() || other.media == session.media =>
            {
                times.extend(other.end());
            }
            ("agent", "queue") if by_agent && !other.unanswered() => times.push(other.start),
            ("agent", "flow") if by_agent => times.push(other.start),
            ("queue", "flow") => times.push(other.start),
            _ => {}
        }
    }
    times.retain(|time| *time >= session.start);
    if session.assignee {
        let here = (session.start, order(&session.agent));
        let next =
            assigned.iter().filter(|(at, order, agent)| *agent != session.agent && (*at, *order) > here);
        times.extend(next.map(|(at, ..)| *at));
    }
    times.into_iter().min()
}

fn openings(sessions: &[Session]) -> Vec<i64> {
    let times: BTreeSet<i64> = sessions.iter().filter(|s| s.start_known).map(|s| s.start).collect();
    let opens = |time: &i64| {
        let before: Vec<&Session> = sessions.iter().filter(|s| s.start < *time).collect();
        before.iter().all(|s| s.end().is_some_and(|end| end < *time))
            && before.iter().any(|s| s.kind == "customer")
    };
    times.into_iter().filter(opens).collect()
}

fn state(all: &[Session], answered: &[&Session], openings: &[i64]) -> String {
    let open = |kind: &str| all.iter().any(|s| s.kind == kind && s.end().is_none());
    let over = all.iter().all(|s| s.end().is_some());
    let present = openings.last().copied().unwrap_or(i64::MIN);
    let state = if over && all.iter().any(|s| s.kind == "customer") {
        "ended"
    } else if answered.iter().any(|s| s.end().is_none()) {
        "connected"
    } else if open("queue") {
        "queued"
    } else if open("flow") {
        "ivr"
    } else if answered.iter().any(|s| s.end().is_some() && s.start >= present) {
        "wrapup"
    } else {
        "started"
    };
    state.to_owned()
}

fn count_transfers(answered: &[&Session], openings: &[i64], summary: &mut ConversationSummary) {
    let life = |time: i64| openings.iter().filter(|opening| **opening <= time).count();
    let infinite = |end: Option<i64>| end.unwrap_or(i64::MAX);
    let mut sessions: Vec<Session> =
        answered.iter().filter(|s| !s.agent.is_empty()).map(|s| (*s).clone()).collect();
    sessions.sort_by_key(|s| (s.start, infinite(s.end()), order(&s.agent), s.how));
    let (mut blind, mut attended, mut other, mut consults, mut conferences) = (0, 0, 0, 0, 0);
    let mut holder: Option<Session> = None;
    for session in sessions {
        let Some(held) = &mut holder else {
            holder = Some(session);
            continue;
        };
        let (until, mine) = (infinite(held.end()), infinite(session.end()));
        let conference = held.how >= 4 || session.how >= 4;
        if life(held.start) != life(session.start) {
            holder = Some(session);
        } else if held.agent == session.agent {
            if mine > until {
                (held.own_end, held.closed, held.how) = (session.own_end, session.closed, session.how);
            } else if mine == until {
                held.how = held.how.max(session.how);
            }
        } else if until <= session.start {
            match held.how {
                3 => attended += 1,
                0 | 2 | 4 => blind += 1,
                _ => other += 1,
            }
            holder = Some(session);
        } else if mine > until {
            attended += 1;
            conferences += i32::from(conference);
            holder = Some(session);
        } else if conference {
            conferences += 1;
        } else if mine < until {
            consults += 1;
        }
    }
    summary.transfers = blind + attended + other;
    summary.blind_transfers = Some(blind);
    summary.attended_transfers = Some(attended);
    summary.consults = Some(consults);
    summary.conferences = Some(conferences);
}
