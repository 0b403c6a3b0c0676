//! What is told of an answer beside the end of a session.

use super::Session;
use super::edges::name;
use crate::fact::Fact;

/// The most that any fact tells of an agent's session, see [`Session::heard`].
pub(super) fn heard(session: &Session, facts: &[Fact]) -> u8 {
    facts.iter().map(|fact| told(session, fact)).max().unwrap_or(0)
}

fn told(session: &Session, fact: &Fact) -> u8 {
    let has_a_name = session.assignee || !(session.participant.is_empty() && session.id.is_empty());
    let agent = if session.assignee { session.agent.as_str() } else { "" };
    let same = name(fact, "agent") == [session.participant.as_str(), session.id.as_str(), agent];
    let fits = fact.media.is_empty() || session.media.is_empty() || fact.media == session.media;
    match fact.kind {
        "participant.connected" if same && has_a_name => match (fact.rings, fact.agent_session) {
            (true, _) => 1,
            (false, active) => 3 * u8::from(active),
        },
        "participant.disconnected" if same && has_a_name => 2 * u8::from(fact.agent_session),
        "queue.left" => {
            let named = fact.told.get("answeredUserId").is_some_and(|agent| *agent == session.agent);
            let there = session.start.0 <= fact.at && session.own_end.is_none_or(|end| fact.at <= end.0);
            if named && there && fits { 3 } else { 0 }
        }
        "conversation.updated" => {
            let lists = |name: &str| {
                let names = fact.told.get(name).map(String::as_str).unwrap_or_default();
                names.split(',').any(|name| {
                    let of_session = name == format!("{}/{}", session.participant, session.id);
                    of_session || !name.is_empty() && name == session.participant && fits
                })
            };
            if lists("connectedSessions") {
                3
            } else if lists("alertingSessions") {
                2
            } else {
                0
            }
        }
        _ => 0,
    }
}

/// Whether a queue had the conversation from before an agent's session until after it: 2 where it did, 1 where nobody
/// knows when the queue was left.
pub(super) fn waited(session: &Session, queues: &[Session]) -> u8 {
    let Some(end) = session.own_end else { return 0 };
    let of_queue = |queue: &Session| {
        let fits = queue.media.is_empty() || session.media.is_empty() || queue.media == session.media;
        let was_there = queue.start.0 <= session.start.0 && queue.until() >= session.start.0;
        match queue.own_end {
            _ if !(fits && was_there) => 0,
            Some(left) => 2 * u8::from(left.0 > end.0),
            None => 1,
        }
    };
    queues.iter().map(of_queue).max().unwrap_or(0)
}
