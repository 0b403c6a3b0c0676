//! What formats 3 and 4 of state kept of a conversation's sessions, with `S` for a start and an end: frozen, and only
//! ever read.

use serde::Deserialize;

use super::observer::Observers;
use super::sessions::Folded;

/// The sessions.
#[derive(Deserialize)]
pub(super) struct EarlierSessions<S> {
    pub(super) spans: Vec<S>,
    pub(super) after_work: Vec<(u64, i64)>,
    pub(super) observers: Observers,
    pub(super) folded: Option<Box<Folded>>,
}
