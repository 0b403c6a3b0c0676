//! Sessions of a conversation: who was in it from when to when.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::{Answers, Known};
use super::durations::{How, duration};
use super::edges::{Edge, OPEN, When, attribute, edges};
use crate::evidence::{Fact, Told};

/// A fact about a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) event_type: String,
    pub(super) source_type: String,
    pub(super) channel: String,
    pub(super) at: i64,
    participant: String,
    pub(super) agent: String,
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
    pub(super) from: When,
    /// A fact tells when it began.
    pub(super) from_is_told: bool,
    /// When it ended, or was closed by others; else [`OPEN`].
    pub(super) until: When,
    ended: bool,
    pub(super) milliseconds: BTreeMap<String, i64>,
    pub(super) how: How,
    /// Of a participant who listens, coaches or barges in.
    pub(super) aside: bool,
    /// Whether the agent answered; none where nothing tells.
    answered: Option<bool>,
}

/// Participant, session, and the agent where both lack.
pub(super) type Name = (String, String, String);

// === impl Seen ===

impl Seen {
    /// What figures depend on; nothing else is kept.
    pub(super) fn of(fact: &Fact) -> Option<Self> {
        let told = fact.told.as_deref()?.clone();
        Some(Self {
            event_type: fact.event_type.clone(),
            source_type: fact.source_type.clone(),
            channel: fact.channel.clone(),
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
                let status = self.told.attributes.get("caseStatus")?.to_ascii_lowercase();
                // Closed and trashed cases are over; of any other status nothing is known.
                return matches!(&*status, "new" | "open" | "pending" | "escalated" | "resolved")
                    .then_some(("customer", false));
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
        // An agent's part of a contact is a session in all but its name.
        let names: &[&str] = if of_agent { &["sessionId", "agentContactId"] } else { &["sessionId"] };
        let session = names.iter().find_map(|name| self.told.attributes.get(*name));
        let session = session.cloned().unwrap_or_default();
        let alone = of_agent && participant.is_empty() && session.is_empty();
        // Who is offered a contact, and does not take it, has one of that number beside the next agent's.
        let is_contact = of_agent && self.channel == "agent-session" && !session.is_empty();
        let participant = if is_contact && participant.is_empty() { self.agent.clone() } else { participant };
        (participant, session, if alone { self.agent.clone() } else { String::new() })
    }

    pub(super) fn milliseconds(&self) -> BTreeMap<String, i64> {
        let durations = self.told.attributes.iter().filter(|(name, _)| name.ends_with("DurationMs"));
        durations.filter_map(|(name, text)| Some((name.clone(), duration(text)?))).collect()
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

    /// Whether the agent answered, by what the end of the session tells, and else by what others do.
    fn judge(&mut self, known: Known, queue: Queue) {
        let spoke = self.told("interacting").max(self.told("held")).unwrap_or(0) > 0;
        let rang = ["alerting", "contacting"].iter().any(|name| self.told(name).unwrap_or(0) > 0);
        let told_none = self.told("interacting").or(self.told("held")) == Some(0);
        let called_out = ["dialing", "callback"].iter().any(|name| self.told(name).unwrap_or(0) > 0);
        self.answered = if spoke {
            Some(true)
        } else if self.how == How::Unanswered || (rang || told_none) && !called_out {
            Some(false)
        } else if called_out {
            Some(true)
        } else {
            match known {
                Known::Plain | Known::Connected => Some(true),
                Known::There if !self.ended => None,
                Known::There if self.told_of_agent().is_some() => Some(true),
                // Where the queue had the conversation before and after, the agent never did.
                Known::There => match queue {
                    Queue::Elsewhere => Some(true),
                    Queue::MayHaveIt => None,
                    Queue::HasIt => Some(false),
                },
                Known::Ringing => Some(false),
            }
        };
    }

    /// An agent was there and did not answer, or not yet.
    pub(super) fn is_unanswered(&self) -> bool {
        self.of == "agent" && self.answered == Some(false)
    }

    /// An agent has or had the conversation.
    pub(super) fn is_answered(&self) -> bool {
        self.of == "agent" && !self.aside && self.answered == Some(true)
    }

    /// An agent is or was there, and nothing tells whether they answered.
    pub(super) fn may_be_answered(&self) -> bool {
        self.of == "agent" && !self.aside && self.answered.is_none()
    }
}

/// What a queue has to do with an agent's stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Queue {
    /// None was there, or it was left by the end of the stay.
    Elsewhere,
    /// Nothing tells when it was left.
    MayHaveIt,
    /// It was there from before the stay until after it.
    HasIt,
}

// === impl Queue ===

impl Queue {
    fn beside(stay: &Session, queues: &[Session]) -> Self {
        let beside = queues.iter().filter(|queue| {
            let fits = queue.media.is_empty() || stay.media.is_empty() || queue.media == stay.media;
            fits && (queue.from.0..=queue.until.0).contains(&stay.from.0)
        });
        let has = beside.map(|queue| match queue.ended {
            false => Self::MayHaveIt,
            true if queue.until.0 > stay.until.0 => Self::HasIt,
            true => Self::Elsewhere,
        });
        has.max().unwrap_or(Self::Elsewhere)
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
    let answers = Answers::of(seen);
    let mut edges = edges(seen);
    let customers = stays_of("customer", &edges, &aside, &[]);
    attribute(&mut edges, &customers, &aside);
    let queues = stays_of("queue", &edges, &aside, &customers);
    let judged = |mut stay: Session| {
        let there = (stay.from, if stay.ended { stay.until } else { OPEN });
        let known = answers.known(&stay.name, &stay.agent, &stay.media, there);
        stay.judge(known, Queue::beside(&stay, &queues));
        stay
    };
    let mut sessions = customers;
    // In this order, because the former close the latter.
    for of in ["agent", ASSIGNED, "queue", "flow"] {
        let mut of_kind = stays_of(of, &edges, &aside, &sessions);
        if of == "agent" || of == ASSIGNED {
            of_kind = of_kind.into_iter().map(judged).collect();
            of_kind.retain(|stay| {
                !own_stays(stay, &sessions).any(|own| own.from <= stay.from && stay.from <= own.until)
            });
            for stay in &mut of_kind {
                stay.until = stay.until.min(gives_way(stay, &sessions));
            }
        }
        sessions.extend(of_kind);
    }
    let over = |flow: &Session| {
        let mut customers =
            sessions.iter().filter(|stay| stay.of == "customer" && stay.from.0 <= flow.from.0);
        let been = sessions.iter().any(|stay| stay.of == "customer" && stay.until.0 <= flow.from.0);
        been && customers.all(|customer| customer.until.0 <= flow.from.0)
    };
    // A flow behind the customer's back is a matter of its own.
    sessions.iter().filter(|stay| stay.of != "flow" || !over(stay)).cloned().collect()
}

/// Stays of agents who have a name alone: somebody is assigned.
const ASSIGNED: &str = "assigned";

/// All stays of a kind beside those that may close them.
fn stays_of(kind: &str, edges: &[Edge], aside: &BTreeSet<String>, sessions: &[Session]) -> Vec<Session> {
    let of = if kind == ASSIGNED { "agent" } else { kind };
    let mut by_name: BTreeMap<&Name, Vec<&Edge>> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| edge.of == of) {
        if of != "agent" || edge.name.2.is_empty() != (kind == ASSIGNED) {
            by_name.entry(&edge.name).or_default().push(edge);
        }
    }
    let assigned: Vec<(When, &str)> = by_name
        .iter()
        .filter(|((.., agent), _)| !agent.is_empty())
        .flat_map(|((.., agent), edges)| edges.iter().map(move |edge| (edge, agent)))
        .filter(|(edge, _)| !edge.ends)
        .map(|(edge, agent)| (edge.when, agent.as_str()))
        .collect();
    let mut all = Vec::new();
    for (name, mut edges) in by_name {
        edges.sort_by_key(|edge| edge.when);
        let Some(first) = edges.first() else { continue };
        let blank = Session {
            of: first.of,
            name: name.clone(),
            agent: edges.iter().map(|edge| edge.agent.clone()).max().unwrap_or_default(),
            media: edges.iter().map(|edge| edge.media.clone()).max().unwrap_or_default(),
            until: OPEN,
            aside: of == "agent" && aside.contains(&name.0),
            ..Session::default()
        };
        all.extend(stays(&edges, &blank, &|stay| closing(stay, sessions, &assigned)));
    }
    all
}

/// Stays under a name of their own of the agent who is assigned in this one.
fn own_stays<'s>(stay: &'s Session, sessions: &'s [Session]) -> impl Iterator<Item = &'s Session> {
    let assigned = !stay.name.2.is_empty();
    sessions
        .iter()
        .filter(move |own| assigned && own.is_answered() && own.name.2.is_empty() && own.agent == stay.agent)
}

/// When an agent who is assigned is there in an own stay, or was until its end; [`OPEN`] when never.
fn gives_way(stay: &Session, sessions: &[Session]) -> When {
    let edges = own_stays(stay, sessions).flat_map(|own| [own.from, own.until]);
    edges.filter(|at| *at >= stay.from).min().unwrap_or(OPEN)
}

fn stays(edges: &[&Edge], blank: &Session, closing: &dyn Fn(&Session) -> When) -> Vec<Session> {
    let mut done = Vec::new();
    let mut now: Option<Session> = None;
    for edge in edges {
        if edge.ends {
            let stay = now.get_or_insert_with(|| blank.clone());
            (stay.until, stay.ended, stay.how) = (edge.when, true, edge.how);
            stay.milliseconds.clone_from(&edge.milliseconds);
            if !stay.from_is_told {
                stay.from = (edge.when.0 - stay.told_length().unwrap_or(0), edge.when.1);
            }
            continue;
        }
        let goes_on = now.as_ref().is_some_and(|stay| !stay.ended && closing(stay) >= edge.when);
        if !goes_on {
            done.extend(now.replace(Session { from: edge.when, from_is_told: true, ..blank.clone() }));
        }
    }
    done.extend(now);
    for stay in done.iter_mut().filter(|stay| !stay.ended) {
        stay.until = closing(stay);
    }
    done
}

/// When others show that a stay is over; [`OPEN`] when none does.
fn closing(stay: &Session, others: &[Session], assigned: &[(When, &str)]) -> When {
    if stay.of == "customer" {
        return OPEN;
    }
    let by_customers = gone(others, &stay.media).into_iter().filter(|at| *at >= stay.from);
    let by_others = others.iter().filter(|other| match (stay.of, other.of) {
        ("queue", "agent") => other.is_answered(),
        ("flow", "agent") => !other.aside,
        ("flow", "queue") => true,
        _ => false,
    });
    // Of one millisecond, whichever is told first: the one led to the other.
    let by_others =
        by_others.filter(|other| other.from.0 >= stay.from.0).map(|other| other.from.max(stay.from));
    let by_assignment = assigned.iter().filter_map(|(at, agent)| {
        (!stay.name.2.is_empty() && stay.agent != *agent && *at > stay.from).then_some(*at)
    });
    let all = by_customers.chain(by_others).chain(by_assignment).chain([gives_way(stay, others)]);
    all.min().unwrap_or(OPEN)
}

/// The same with the millisecond in which an agent left: with the customer, unless the customer came back
/// before the agent was gone.
pub(super) fn until_left(stay: &Session, sessions: &[Session]) -> Session {
    if !stay.is_over() {
        return stay.clone();
    }
    let fits = |other: &Session| other.media.is_empty() || stay.media.is_empty() || other.media == stay.media;
    let customers = || sessions.iter().filter(|other| other.of == "customer" && fits(other));
    let last_seen = gone(sessions, &stay.media).into_iter().filter(|at| {
        (stay.from..=stay.until).contains(at)
            && !customers().any(|one| one.from > *at && one.from <= stay.until)
    });
    Session { until: last_seen.min().unwrap_or(stay.until), ..stay.clone() }
}

/// Ends of customers' sessions behind which no customer of a medium was left.
pub(super) fn gone(sessions: &[Session], media: &str) -> Vec<When> {
    let fits = |customer: &str| customer.is_empty() || media.is_empty() || customer == media;
    let customers: Vec<&Session> =
        sessions.iter().filter(|stay| stay.of == "customer" && fits(&stay.media)).collect();
    let last = |at: &When| customers.iter().all(|other| other.from >= *at || other.until <= *at);
    customers.iter().map(|customer| customer.until).filter(|at| *at != OPEN).filter(last).collect()
}

/// An order of agents for ties, arbitrary but fixed: the 64-bit FNV-1a hash of the id.
pub(super) fn rank(agent: &str) -> u64 {
    agent
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
