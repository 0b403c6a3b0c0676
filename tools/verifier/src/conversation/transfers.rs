//! Who had the conversation, one after the other.

use super::durations::How;
use super::edges::When;
use super::sessions::{Session, rank, until_left};
use crate::evidence::MoreFigures;

/// Counts transfers, consults and conferences among the sessions of agents who answered. `lives` are the beginnings of
/// all lives but the first. Returns all transfers, of whatever kind.
pub(super) fn count(sessions: &[Session], lives: &[When], more: &mut MoreFigures) -> i64 {
    let life = |session: &Session| lives.iter().filter(|begins| **begins <= session.from).count();
    let mut known: Vec<Session> = sessions
        .iter()
        .filter(|session| session.is_answered() && !session.agent.is_empty())
        .map(|session| until_left(session, sessions))
        .collect();
    known.sort_by_key(|next| (life(next), next.from.0, next.until.0, rank(&next.agent), next.how));
    let (mut transfers, mut blind, mut attended, mut consults, mut conferences) = (0, 0, 0, 0, 0);
    let mut holder: Option<Session> = None;
    for next in known {
        let Some(has) = holder.as_mut().filter(|has| life(has) == life(&next)) else {
            holder = Some(next);
            continue;
        };
        if has.agent == next.agent {
            if next.until.0 == has.until.0 {
                has.how = has.how.max(next.how);
            } else if next.until.0 > has.until.0 {
                (has.until, has.how) = (next.until, next.how);
            }
            continue;
        }
        let joined = has.how.is_conference() || next.how.is_conference();
        if has.until.0 <= next.from.0 {
            transfers += 1;
            match has.how {
                How::AfterConsult => attended += 1,
                How::Untold | How::Transferred | How::OutOfConference | How::Unanswered => blind += 1,
                How::AnotherWay | How::ConferenceTransferred => {}
            }
            holder = Some(next);
            continue;
        }
        conferences += i64::from(joined);
        if next.until.0 > has.until.0 {
            transfers += 1;
            attended += 1;
            holder = Some(next);
        } else if next.until.0 < has.until.0 && !joined {
            consults += 1;
        }
    }
    more.blind_transfers = Some(blind);
    more.attended_transfers = Some(attended);
    more.consults = Some(consults);
    more.conferences = Some(conferences);
    transfers
}
