//! Who answered, as snapshots, queues and the starts of agents' sessions tell it.

use std::collections::BTreeSet;

use super::edges::When;
use super::sessions::{Name, Seen};

/// A start of an agent's session that may be no more than a ringing telephone.
const MAY_RING: &str = "v2.detail.events.conversation.{id}.user.start";

/// How much is known of an answer, besides what the end of the session tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Known {
    /// There is nothing that leaves it open.
    #[default]
    Plain,
    /// The agent is there, and may be alerted or speak.
    There,
    /// The agent was seen while it was alerted.
    Ringing,
    /// The agent was seen connected, or named as the one who answered.
    Connected,
}

/// All that was told of answers.
#[derive(Debug, Default)]
pub(super) struct Answers {
    there: BTreeSet<Name>,
    /// Sessions that the platform tells of when they connect, and of their end in any case.
    contacts: Vec<(Name, Known)>,
    /// Participant, the session where the snapshot names it, and the medium of the snapshot.
    seen: Vec<(String, Option<String>, String, Known)>,
    /// Agent, medium and time.
    answered: Vec<(String, String, i64)>,
}

// === impl Answers ===

impl Answers {
    pub(super) fn of(seen: &[Seen]) -> Self {
        let mut answers = Self::default();
        for fact in seen {
            answers.take(fact);
        }
        answers
    }

    fn take(&mut self, fact: &Seen) {
        let medium = fact.told.media_type.clone().unwrap_or_default();
        let text = |name: &str| fact.told.attributes.get(name).map_or("", String::as_str);
        match fact.event_type.as_str() {
            "participant.connected" if fact.source_type == MAY_RING => {
                let name = fact.name(true);
                if name != Name::default() {
                    self.there.insert(name);
                }
            }
            "participant.connected" | "participant.disconnected" if fact.channel == "agent-session" => {
                let is_active = fact.event_type == "participant.connected";
                let known = if is_active { Known::Connected } else { Known::Ringing };
                self.contacts.push((fact.name(true), known));
            }
            "queue.left" if !text("answeredUserId").is_empty() => {
                self.answered.push((text("answeredUserId").to_owned(), medium, fact.at));
            }
            "conversation.updated" => {
                let lists = [("connectedSessions", Known::Connected), ("alertingSessions", Known::Ringing)];
                for (list, known) in lists {
                    for named in text(list).split(',').filter(|named| !named.is_empty()) {
                        let (participant, session) = match named.split_once('/') {
                            Some((participant, session)) => (participant, Some(session.to_owned())),
                            None => (named, None),
                        };
                        self.seen.push((participant.to_owned(), session, medium.clone(), known));
                    }
                }
            }
            _ => {}
        }
    }

    /// What is known of the session of this name, of an agent and a medium, from then until then.
    pub(super) fn known(&self, name: &Name, agent: &str, media: &str, (from, until): (When, When)) -> Known {
        let fits = |other: &str| other.is_empty() || media.is_empty() || other == media;
        let of_nobody = !name.2.is_empty();
        let snapshots = self.seen.iter().filter(|(participant, session, medium, _)| match session {
            _ if of_nobody => false,
            Some(session) => (participant, session) == (&name.0, &name.1),
            None => *participant == name.0 && fits(medium),
        });
        let named = self.answered.iter().any(|(who, medium, at)| {
            !agent.is_empty() && who == agent && fits(medium) && from.0 <= *at && *at <= until.0
        });
        let there = if self.there.contains(name) { Known::There } else { Known::Plain };
        let told = snapshots.map(|(.., known)| *known).max().unwrap_or_default();
        let contacts = self.contacts.iter().filter(|(other, _)| other == name && *name != Name::default());
        let told = contacts.map(|(_, known)| *known).fold(told, Known::max);
        told.max(there).max(if named { Known::Connected } else { Known::Plain })
    }
}
