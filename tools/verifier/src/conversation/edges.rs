//! Starts and ends of sessions, in the order in which they happened: by time, then as they were published.

use std::collections::{BTreeMap, BTreeSet};

use super::durations::How;
use super::sessions::{Name, Seen, Session, gone};

/// The millisecond, and how many other starts and ends of it had been published before.
pub(super) type When = (i64, usize);

/// A time that has not come.
pub(super) const OPEN: When = (i64::MAX, 0);

/// A start or an end, with all that was told of it.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    /// Whose session: `customer`, `agent`, `queue` or `flow`.
    pub(super) of: &'static str,
    pub(super) ends: bool,
    pub(super) when: When,
    pub(super) name: Name,
    pub(super) agent: String,
    pub(super) media: String,
    pub(super) milliseconds: BTreeMap<String, i64>,
    pub(super) how: How,
}

/// What is told twice of one name and moment is told once: the larger.
pub(super) fn edges(seen: &[Seen]) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    for fact in seen {
        let Some((of, ends)) = fact.edge() else { continue };
        let name = fact.name(of == "agent");
        let place = edges.iter().filter(|edge| edge.when.0 == fact.at).count();
        let known = edges
            .iter()
            .position(|edge| (edge.of, edge.ends, edge.when.0) == (of, ends, fact.at) && edge.name == name);
        let index = known.unwrap_or_else(|| {
            let (agent, media) = (String::new(), String::new());
            let (when, milliseconds, how) = ((fact.at, place), BTreeMap::new(), How::default());
            edges.push(Edge { of, ends, when, name, agent, media, milliseconds, how });
            edges.len() - 1
        });
        edges[index].tell(fact);
    }
    edges
}

// === impl Edge ===

impl Edge {
    fn tell(&mut self, fact: &Seen) {
        let media = fact.told.media_type.clone().unwrap_or_default();
        self.media = std::mem::take(&mut self.media).max(media);
        if self.of == "agent" {
            self.agent = std::mem::take(&mut self.agent).max(fact.agent.clone());
        }
        self.how = self.how.max(How::read(&fact.told));
        for (name, number) in fact.milliseconds() {
            let known = self.milliseconds.entry(name).or_insert(number);
            *known = number.max(*known);
        }
    }

    fn is_of_nobody(&self) -> bool {
        self.of == "agent" && self.name == Name::default()
    }
}

/// Gives ends of agents' sessions that name nobody to the session that they can mean: of the one who is assigned, else
/// of the only agent who is there.
pub(super) fn attribute(edges: &mut [Edge], customers: &[Session], aside: &BTreeSet<String>) {
    let mut order: Vec<usize> = (0..edges.len()).filter(|index| edges[*index].of == "agent").collect();
    order.sort_by_key(|index| edges[*index].when);
    // Who is there, since when.
    let mut there: BTreeMap<Name, When> = BTreeMap::new();
    for index in order {
        let when = edges[index].when;
        let left = |name: &Name, since: When| {
            let media =
                edges.iter().filter(|edge| edge.of == "agent" && edge.name == *name).map(|edge| &edge.media);
            let media = media.max().map_or("", String::as_str);
            gone(customers, media).into_iter().any(|gone| since <= gone && gone < when)
        };
        there.retain(|name, since| !left(name, *since));
        let name = edges[index].name.clone();
        if !edges[index].ends {
            if !name.2.is_empty() {
                there.retain(|other, _| other.2.is_empty() || *other == name);
            }
            if !aside.contains(&name.0) {
                there.entry(name).or_insert(when);
            }
            continue;
        }
        let named = if edges[index].is_of_nobody() { meant(&there).unwrap_or_default() } else { name };
        there.remove(&named);
        let edge = &mut edges[index];
        if edge.name != named {
            edge.name = named;
            edge.agent.clear();
            edge.media.clear();
        }
    }
}

fn meant(there: &BTreeMap<Name, When>) -> Option<Name> {
    let assignee = there.keys().find(|name| !name.2.is_empty());
    let only = there.keys().next().filter(|_| there.len() == 1);
    let nobody = there.keys().find(|name| **name == Name::default());
    nobody.or(assignee).or(only).cloned()
}
