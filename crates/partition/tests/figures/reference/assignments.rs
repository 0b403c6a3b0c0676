//! A conversation that is assigned to an agent who also has a session of their own in it: they have it once.

use std::collections::BTreeSet;

use super::{Point, Session};

/// The agent's own sessions, in which they answered.
fn own<'s>(
    assignment: &'s Session,
    others: &'s [Session],
    observers: &'s BTreeSet<String>,
) -> impl Iterator<Item = &'s Session> {
    others.iter().filter(|other| {
        other.kind == "agent"
            && !other.assignee
            && assignment.assignee
            && other.agent == assignment.agent
            && !observers.contains(&other.participant)
            && other.answered() == Some(true)
    })
}

/// Whether an assignment began while the agent's own session ran, of which it is a part.
pub(super) fn begun_within(session: &Session, others: &[Session], observers: &BTreeSet<String>) -> bool {
    own(session, others, observers)
        .any(|own| own.start <= session.start && own.end().is_none_or(|end| end >= session.start))
}

/// When an assignment is one no longer: with the start of the agent's own session, or with the end of one that it began
/// within.
pub(super) fn gives_way(
    session: &Session,
    others: &[Session],
    observers: &BTreeSet<String>,
) -> Option<Point> {
    let of_own = |own: &Session| [Some(own.start), own.end()];
    let times = own(session, others, observers).flat_map(of_own).flatten();
    times.filter(|time| *time >= session.start).min()
}
