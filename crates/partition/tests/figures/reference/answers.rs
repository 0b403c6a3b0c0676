//! What is told of an answer beside the end of a session.

use super::Session;
use crate::fact::Fact;

/// The most that any fact tells of an agent's session, see [`Session::heard`].
pub(super) fn heard(session: &Session, facts: &[Fact]) -> u8 {
    facts.iter().map(|fact| told(session, fact)).max().unwrap_or(0)
}

fn told(session: &Session, fact: &Fact) -> u8 {
    let agent = if session.assignee { session.agent.as_str() } else { fact.agent };
    let has_a_name = session.assignee || !(session.participant.is_empty() && session.id.is_empty());
    let same = (fact.participant, fact.session, fact.agent)
        == (session.participant.as_str(), session.id.as_str(), agent);
    let fits = fact.media.is_empty() || session.media.is_empty() || fact.media == session.media;
    match fact.kind {
        "participant.connected" => u8::from(fact.rings && same && has_a_name),
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
