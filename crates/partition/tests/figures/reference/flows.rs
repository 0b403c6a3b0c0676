//! Flows that come after the conversation.

use super::Session;

/// Whether a flow began when all customers there had been were gone.
pub(super) fn is_aftermath(flow: &Session, customers: &[Session]) -> bool {
    let now = flow.start.0;
    let has_left = |one: &Session| one.own_end.is_some_and(|end| end.0 <= now);
    customers.iter().any(has_left) && customers.iter().all(|one| one.start.0 > now || has_left(one))
}
