//! Who had the conversation, one after the other.

use super::sessions::{How, Session, rank};
use crate::evidence::MoreFigures;

/// Counts transfers, consults and conferences among the sessions of agents who answered. `lives` are the beginnings of
/// all lives but the first. Returns all transfers, of whatever kind.
pub(super) fn count(sessions: &[Session], lives: &[i64], more: &mut MoreFigures) -> i64 {
    let life = |session: &Session| lives.iter().filter(|begins| **begins <= session.from).count();
    let mut known: Vec<Session> = sessions
        .iter()
        .filter(|session| session.is_answered() && !session.agent.is_empty())
        .cloned()
        .collect();
    known.sort_by_key(|session| (session.from, session.until, rank(&session.agent), session.how));
    let (mut transfers, mut blind, mut attended, mut consults, mut conferences) = (0, 0, 0, 0, 0);
    let mut holder: Option<Session> = None;
    for next in known {
        let Some(has) = holder.as_mut().filter(|has| life(has) == life(&next)) else {
            holder = Some(next);
            continue;
        };
        if has.agent == next.agent {
            if next.until == has.until {
                has.how = has.how.max(next.how);
            } else if next.until > has.until {
                (has.until, has.how) = (next.until, next.how);
            }
            continue;
        }
        let joined = has.how >= How::OutOfConference || next.how >= How::OutOfConference;
        if has.until <= next.from {
            transfers += 1;
            match has.how {
                How::AfterConsult => attended += 1,
                How::Untold | How::Transferred | How::OutOfConference => blind += 1,
                How::AnotherWay | How::ConferenceTransferred => {}
            }
            holder = Some(next);
            continue;
        }
        conferences += i64::from(joined);
        if next.until > has.until {
            transfers += 1;
            attended += 1;
            holder = Some(next);
        } else if next.until < has.until && !joined {
            consults += 1;
        }
    }
    more.blind_transfers = Some(blind);
    more.attended_transfers = Some(attended);
    more.consults = Some(consults);
    more.conferences = Some(conferences);
    transfers
}
