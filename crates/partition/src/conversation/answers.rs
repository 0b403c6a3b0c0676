//! Whether agents answered, as far as other facts than the ends of their sessions tell it.
//!
//! Genesys begins an agent's session with the same event whether the agent is alerted or speaks. Who answered is
//! told by snapshots of the conversation, which have a state for each of its sessions, and by the end of a queue,
//! which names the agent who answered. Agent sessions of CXone tell of a contact when it is active, and of its end
//! whether it ever was or not.

use serde::Deserialize;
use trunkline_schemas::EncodedEvent;

use super::causes::is_of_agent_session;
use super::name;
use super::session::Session;

/// The start of an agent's session that does not tell whether the agent answered.
const TELLS_NOTHING: &str = "v2.detail.events.conversation.{id}.user.start";

/// Most that are kept of one conversation; beyond, the oldest are forgotten. A session has one that is its own, and may
/// have one by its participant or by its agent.
const MOST: usize = 128;

/// What is told of whether an agent answered; what says more is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) enum Told {
    /// The session started, be it with an answer or without.
    Nothing,
    /// The agent was alerted, or called.
    Alerted,
    Answered,
}

/// Whose session something is told of, in short names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Whose {
    Session(#[serde(with = "postcard::fixint::le")] u64),
    /// A participant's session of a medium.
    Participant {
        participant: u32,
        media: u16,
    },
    /// The session of a medium that an agent had at that time, UTC milliseconds.
    Agent {
        #[serde(with = "postcard::fixint::le")]
        agent: u64,
        media: u16,
        at: i64,
    },
}

/// What was told of answers, whatever order it came in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(super) struct Answers(pub(super) Vec<(Whose, Told)>);

// === impl Answers ===

impl Answers {
    /// Takes the start or the end of an agent's session.
    pub(super) fn take_agent(&mut self, event: &EncodedEvent, session: u64, starts: bool) {
        let told = match starts {
            true if event.source_type() == TELLS_NOTHING => Told::Nothing,
            true if is_of_agent_session(event) => Told::Answered,
            false if is_of_agent_session(event) => Told::Alerted,
            _ => return,
        };
        if session != 0 {
            self.note(Whose::Session(session), told);
        }
    }

    /// Takes the end of a queue.
    pub(super) fn take_queue(&mut self, event: &EncodedEvent) {
        if let Some(agent) = event.attribute("answeredUserId").filter(|agent| !agent.is_empty()) {
            let (agent, at) = (name::hash(agent), event.event_time());
            self.note(Whose::Agent { agent, media: media(event), at }, Told::Answered);
        }
    }

    /// Takes a snapshot. Whether it told something new.
    pub(super) fn take_snapshot(&mut self, event: &EncodedEvent) -> bool {
        let mut news = false;
        for attribute in event.attributes() {
            let told = match attribute.name {
                b"connectedSessions" => Told::Answered,
                b"alertingSessions" => Told::Alerted,
                _ => continue,
            };
            for session in attribute.value().split(',').filter(|session| !session.is_empty()) {
                let whose = match session.split_once('/') {
                    Some((participant, session)) => Whose::Session(name::session(participant, session)),
                    None => Whose::Participant { participant: name::short(session), media: media(event) },
                };
                news |= self.note(whose, told);
            }
        }
        news
    }

    fn note(&mut self, whose: Whose, told: Told) -> bool {
        match self.0.iter_mut().find(|(known, _)| *known == whose) {
            Some((_, known)) if *known >= told => return false,
            Some((_, known)) => *known = told,
            None => self.0.push((whose, told)),
        }
        if self.0.len() > MOST {
            self.0.remove(0);
        }
        true
    }

    /// The most that is told of a session of this name; `None` where its start counts as an answer.
    pub(super) fn of(&self, session: &Session<'_>, name: u64) -> Option<Told> {
        let fits = |media: u16| media == session.media || media == 0 || session.media == 0;
        let of_it = |whose: Whose| match whose {
            Whose::Session(session) => session == name,
            Whose::Participant { participant, media } => {
                name::participant(name) == participant && fits(media)
            }
            Whose::Agent { agent, media, at } => {
                let there = session.start.time <= at && session.end.is_none_or(|end| end.time >= at);
                session.agent == Some(agent) && fits(media) && there
            }
        };
        self.0.iter().filter(|(whose, _)| of_it(*whose)).map(|(_, told)| *told).max()
    }
}

fn media(event: &EncodedEvent) -> u16 {
    event.media_type().map_or(0, name::medium)
}
