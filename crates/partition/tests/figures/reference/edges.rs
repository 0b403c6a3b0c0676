//! Starts and ends of sessions.

use std::collections::BTreeSet;

use super::{Point, Session, gone};
use crate::fact::Fact;

/// A start or an end.
#[derive(Debug, Clone)]
pub(super) struct Edge<'f> {
    pub(super) fact: &'f Fact,
    pub(super) kind: &'static str,
    pub(super) starts: bool,
    pub(super) at: Point,
    /// Participant, session, and the agent where both lack.
    pub(super) name: [&'f str; 3],
    pub(super) agent: &'f str,
    pub(super) media: &'f str,
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
        let status = fact.told.get("caseStatus").map(|status| status.to_lowercase()).unwrap_or_default();
        let is_there = ["new", "open", "pending", "escalated", "resolved"].contains(&status.as_str());
        return is_there.then_some(true);
    }
    (fact.kind == start).then_some(true).or((fact.kind == end).then_some(false))
}

/// Participant and session, which of an agent may be a part of a contact instead; the agent where there is neither.
pub(super) fn name<'f>(fact: &'f Fact, kind: &str) -> [&'f str; 3] {
    let part = fact.told.get("agentContactId").filter(|_| kind == "agent").map_or("", String::as_str);
    let session = if fact.session.is_empty() { part } else { fact.session };
    let alone = kind == "agent" && fact.participant.is_empty() && session.is_empty();
    [fact.participant, session, if alone { fact.agent } else { "" }]
}

/// All starts and ends. What is told of one name and millisecond twice is one.
pub(super) fn edges(facts: &[Fact]) -> Vec<Edge<'_>> {
    let mut edges: Vec<Edge<'_>> = Vec::new();
    for fact in facts {
        for kind in ["customer", "agent", "queue", "flow"] {
            let Some(starts) = edge(fact, kind) else { continue };
            let name = name(fact, kind);
            let of_time: Vec<&Edge<'_>> = edges.iter().filter(|edge| edge.at.0 == fact.at).collect();
            let same = |edge: &&&Edge<'_>| (edge.kind, edge.starts, edge.name) == (kind, starts, name);
            let places: BTreeSet<usize> = of_time.iter().map(|edge| edge.at.1).collect();
            let place = of_time.iter().find(same).map_or(places.len(), |edge| edge.at.1);
            let (agent, media) = (fact.agent, fact.media);
            edges.push(Edge { fact, kind, starts, at: (fact.at, place), name, agent, media });
        }
    }
    edges
}

/// An end of an agent's session that names nobody is that of whom it can mean.
pub(super) fn name_ends(edges: &mut [Edge<'_>], customers: &[Session], observers: &BTreeSet<String>) {
    let nobody = ["", "", ""];
    let mut ends: Vec<Point> = edges
        .iter()
        .filter(|edge| edge.kind == "agent" && !edge.starts && edge.name == nobody)
        .map(|edge| edge.at)
        .collect();
    ends.sort_unstable();
    ends.dedup();
    for end in ends {
        let agents: Vec<Edge<'_>> = edges.iter().filter(|edge| edge.kind == "agent").cloned().collect();
        let runs = |name: &[&str; 3]| {
            let before = agents.iter().filter(|edge| edge.name == *name && edge.at < end);
            let Some(last) = before.max_by_key(|edge| edge.at).filter(|edge| edge.starts) else {
                return false;
            };
            let media = agents.iter().filter(|edge| edge.name == *name).map(|edge| edge.media).max();
            let gone = gone(customers, media.unwrap_or_default());
            let assigned_on = |edge: &Edge<'_>| {
                edge.starts
                    && !edge.name[2].is_empty()
                    && edge.name != *name
                    && last.at < edge.at
                    && edge.at < end
            };
            let left = gone.iter().any(|gone| *gone >= last.at && *gone < end);
            let replaced = !name[2].is_empty() && agents.iter().any(assigned_on);
            !(left || replaced || observers.contains(name[0]))
        };
        let names: BTreeSet<[&str; 3]> = agents.iter().map(|edge| edge.name).collect();
        let running: Vec<[&str; 3]> = names.into_iter().filter(runs).collect();
        let assignee = running.iter().find(|name| !name[2].is_empty());
        let whose = match running.as_slice() {
            running if running.contains(&nobody) => None,
            _ if assignee.is_some() => assignee.copied(),
            [only] => Some(*only),
            _ => None,
        };
        let Some(whose) = whose else { continue };
        for edge in edges.iter_mut().filter(|edge| edge.kind == "agent" && edge.at == end) {
            (edge.name, edge.agent, edge.media) = (whose, "", "");
        }
    }
}
