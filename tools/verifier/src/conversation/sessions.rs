//! Sessions of a conversation: who was in it from when to when.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::{Fact, Told};

/// A time that has not come.
pub(super) const OPEN: i64 = i64::MAX;

/// A fact about a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) event_type: String,
    pub(super) at: i64,
    participant: String,
    agent: String,
    pub(super) told: Told,
}

/// Somebody's stay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Session {
    /// `customer`, `agent`, `queue` or `flow`.
    pub(super) of: &'static str,
    name: Name,
    pub(super) agent: String,
    media: String,
    pub(super) from: i64,
    /// A fact tells when it began.
    pub(super) from_is_told: bool,
    /// When it ended, or was closed by others; else [`OPEN`].
    pub(super) until: i64,
    ended: bool,
    pub(super) milliseconds: BTreeMap<String, i64>,
    pub(super) how: How,
    /// Of a participant who listens, coaches or barges in.
    pub(super) aside: bool,
}

/// Participant, session, and the agent where both lack.
type Name = (String, String, String);

/// How a session ended; the later, the more it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum How {
    #[default]
    Untold,
    AnotherWay,
    Transferred,
    AfterConsult,
    OutOfConference,
    ConferenceTransferred,
}

/// All starts (`false`) and ends (`true`) of one name, with what they tell.
type Edges = BTreeMap<(i64, bool), (BTreeMap<String, i64>, How)>;

// === impl Seen ===

impl Seen {
    /// What figures depend on; nothing else is kept.
    pub(super) fn of(fact: &Fact) -> Option<Self> {
        let told = fact.told.as_deref()?.clone();
        Some(Self {
            event_type: fact.event_type.clone(),
            at: fact.event_time,
            participant: fact.participant_id.clone().unwrap_or_default(),
            agent: fact.agent_id.clone().unwrap_or_default(),
            told,
        })
    }

    /// Whose session it is about, and whether it ends it.
    pub(super) fn edge(&self) -> Option<(&'static str, bool)> {
        Some(match self.event_type.as_str() {
            "conversation.started" => ("customer", false),
            "conversation.ended" => ("customer", true),
            "conversation.status_changed" => {
                let status = self.told.attributes.get("caseStatus")?;
                return (!status.eq_ignore_ascii_case("closed")).then_some(("customer", false));
            }
            "participant.connected" => ("agent", false),
            "participant.disconnected" => ("agent", true),
            "queue.entered" => ("queue", false),
            "queue.left" => ("queue", true),
            "flow.started" => ("flow", false),
            "flow.ended" => ("flow", true),
            _ => return None,
        })
    }

    pub(super) fn name(&self, of_agent: bool) -> Name {
        let participant = self.participant.clone();
        let session = self.told.attributes.get("sessionId").cloned().unwrap_or_default();
        let alone = of_agent && participant.is_empty() && session.is_empty();
        (participant, session, if alone { self.agent.clone() } else { String::new() })
    }

    fn milliseconds(&self) -> BTreeMap<String, i64> {
        let numbers = self.told.attributes.iter().filter_map(|(name, text)| {
            let number = text.parse::<i64>().ok().filter(|number| *number >= 0)?;
            name.ends_with("DurationMs").then(|| (name.clone(), number))
        });
        numbers.collect()
    }
}

// === impl How ===

impl How {
    fn read(told: &Told) -> Self {
        let Some(text) = told.attributes.get("disconnectType") else { return Self::Untold };
        let text = text.to_lowercase().replace('_', ".");
        match text.split_once('.') {
            None if text == "transfer" => Self::Transferred,
            // Detail events name the kind of transfer first, snapshots last.
            Some(("transfer", "consult") | ("consult", "transfer")) => Self::AfterConsult,
            Some(("transfer", "conference")) => Self::OutOfConference,
            Some(("conference", "transfer")) => Self::ConferenceTransferred,
            Some((first, rest)) if first == "transfer" || rest.ends_with("transfer") => Self::Transferred,
            _ => Self::AnotherWay,
        }
    }
}

// === impl Session ===

impl Session {
    pub(super) fn is_over(&self) -> bool {
        self.until != OPEN
    }

    pub(super) fn told(&self, name: &str) -> Option<i64> {
        self.milliseconds.get(&format!("{name}DurationMs")).copied()
    }

    /// All that was told of an agent's time.
    pub(super) fn told_of_agent(&self) -> Option<i64> {
        ["interacting", "held", "alerting", "contacting", "dialing", "callback"]
            .into_iter()
            .filter_map(|name| self.told(name))
            .reduce(|one, other| one + other)
    }

    pub(super) fn told_length(&self) -> Option<i64> {
        match self.of {
            "agent" => self.told_of_agent(),
            "queue" => self.told("connected"),
            _ => None,
        }
    }

    /// An agent was alerted, and that was all.
    pub(super) fn is_unanswered(&self) -> bool {
        let alerted = self.told("alerting").unwrap_or(0);
        self.of == "agent" && alerted > 0 && self.told_of_agent() == Some(alerted)
    }

    /// An agent has or had the conversation.
    pub(super) fn is_answered(&self) -> bool {
        self.of == "agent" && !self.aside && !self.is_unanswered()
    }
}

/// Participants whom a snapshot names under these names.
pub(super) fn named(seen: &[Seen], roles: &[&str]) -> BTreeSet<String> {
    let snapshots = seen.iter().filter(|seen| seen.event_type == "conversation.updated");
    let lists = snapshots.flat_map(|seen| {
        roles.iter().filter_map(|role| seen.told.attributes.get(&format!("{role}ParticipantIds")))
    });
    lists
        .flat_map(|list| list.split(','))
        .map(|id| id.trim().to_owned())
        .filter(|id| !id.is_empty())
        .collect()
}

/// All sessions that the facts tell of.
pub(super) fn sessions(seen: &[Seen]) -> Vec<Session> {
    let aside = named(seen, &["coaching", "monitoring", "barging"]);
    let mut sessions: Vec<Session> = Vec::new();
    // In this order, because the former close the latter.
    for of in ["customer", "agent", "queue", "flow"] {
        let mut by_name: BTreeMap<Name, Vec<&Seen>> = BTreeMap::new();
        for fact in seen.iter().filter(|seen| seen.edge().is_some_and(|(kind, _)| kind == of)) {
            by_name.entry(fact.name(of == "agent")).or_default().push(fact);
        }
        let assigned: Vec<(i64, u64, &str)> = by_name
            .iter()
            .filter(|((.., agent), _)| !agent.is_empty())
            .flat_map(|((.., agent), facts)| facts.iter().map(move |fact| (fact, agent)))
            .filter(|(fact, _)| fact.edge() == Some((of, false)))
            .map(|(fact, agent)| (fact.at, rank(agent), agent.as_str()))
            .collect();
        let mut of_kind = Vec::new();
        for (name, facts) in &by_name {
            let agent = facts.iter().map(|fact| fact.agent.as_str()).max().filter(|_| of == "agent");
            let media = facts.iter().filter_map(|fact| fact.told.media_type.as_deref()).max();
            let blank = Session {
                of,
                name: name.clone(),
                agent: agent.unwrap_or_default().to_owned(),
                media: media.unwrap_or_default().to_owned(),
                until: OPEN,
                aside: of == "agent" && aside.contains(&name.0),
                ..Session::default()
            };
            of_kind.extend(stays(&edges(facts), &blank, &|stay| closing(stay, &sessions, &assigned)));
        }
        sessions.extend(of_kind);
    }
    sessions
}

/// What is told twice of one moment is told once: the larger.
fn edges(facts: &[&Seen]) -> Edges {
    let mut edges = Edges::new();
    for fact in facts {
        let ends = fact.edge().is_some_and(|(_, ends)| ends);
        let (milliseconds, how) = edges.entry((fact.at, ends)).or_default();
        *how = (*how).max(How::read(&fact.told));
        for (name, number) in fact.milliseconds() {
            let known = milliseconds.entry(name).or_insert(number);
            *known = number.max(*known);
        }
    }
    edges
}

fn stays(edges: &Edges, blank: &Session, closing: &dyn Fn(&Session) -> i64) -> Vec<Session> {
    let mut done = Vec::new();
    let mut now: Option<Session> = None;
    for ((at, ends), (milliseconds, how)) in edges {
        if *ends {
            let stay = now.get_or_insert_with(|| blank.clone());
            (stay.until, stay.ended, stay.how) = (*at, true, *how);
            stay.milliseconds.clone_from(milliseconds);
            if !stay.from_is_told {
                stay.from = at - stay.told_length().unwrap_or(0);
            }
            continue;
        }
        let goes_on = now.as_ref().is_some_and(|stay| !stay.ended && closing(stay) >= *at);
        if !goes_on {
            done.extend(now.replace(Session { from: *at, from_is_told: true, ..blank.clone() }));
        }
    }
    done.extend(now);
    for stay in done.iter_mut().filter(|stay| !stay.ended) {
        stay.until = closing(stay);
    }
    done
}

/// When others show that a stay is over; [`OPEN`] when none does.
fn closing(stay: &Session, others: &[Session], assigned: &[(i64, u64, &str)]) -> i64 {
    let by_others = others.iter().filter_map(|other| match (stay.of, other.of) {
        ("customer", _) => None,
        (_, "customer") => {
            let same = stay.media.is_empty() || other.media.is_empty() || stay.media == other.media;
            Some(other.until).filter(|_| same)
        }
        ("queue", "agent") => Some(other.from).filter(|_| other.is_answered()),
        ("flow", "agent") => Some(other.from).filter(|_| !other.aside),
        ("flow", "queue") => Some(other.from),
        _ => None,
    });
    let by_assignment = assigned.iter().filter_map(|(at, rank_of_other, agent)| {
        let behind = (*at, *rank_of_other) > (stay.from, rank(&stay.agent));
        (!stay.name.2.is_empty() && stay.agent != *agent && behind).then_some(*at)
    });
    by_others.filter(|at| *at >= stay.from).chain(by_assignment).min().unwrap_or(OPEN)
}

/// An order of agents for ties, arbitrary but fixed: the 64-bit FNV-1a hash of the id.
pub(super) fn rank(agent: &str) -> u64 {
    agent
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
