//! The lives of a conversation: one that starts again after its end lives again.

use super::point::Point;
use super::session::Session;
use super::span::Kind;

/// When the lives after the first one began, ascending; at most one in a millisecond.
pub(super) struct Lives(Vec<Point>);

// === impl Lives ===

impl Lives {
    /// Works them out. `over` is whether a customer's session that is kept no longer had ended.
    pub(super) fn of(sessions: &[Session<'_>], over: bool) -> Self {
        let left = |session: &Session<'_>| session.kind == Kind::Customer && !session.is_open();
        if !over && !sessions.iter().any(left) {
            return Self(Vec::new());
        }
        let opens = |at: Point| {
            let mut before = sessions.iter().filter(|session| session.start < at).peekable();
            let any = before.peek().is_some();
            let mut customer = over && any;
            let ended = before.all(|session| {
                customer |= session.kind == Kind::Customer;
                session.end.is_some_and(|end| end < at)
            });
            ended && customer
        };
        let starts = sessions.iter().filter(|session| session.start_known).map(|session| session.start);
        let mut openings: Vec<Point> = starts.filter(|start| opens(*start)).collect();
        openings.sort_unstable();
        openings.dedup_by_key(|opening| opening.time);
        Self(openings)
    }

    /// Times that it was reopened.
    pub(super) fn reopened(&self) -> usize {
        self.0.len()
    }

    /// The number of the life that this moment belongs to, from 0 on.
    pub(super) fn at(&self, point: Point) -> usize {
        self.0.iter().filter(|opening| **opening <= point).count()
    }
}
