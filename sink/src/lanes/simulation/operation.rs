//! What happens to the world, at random.

use proptest::prelude::*;

/// One thing that happens; the number chooses among what is possible.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    TimePasses(u16),
    Produced(u8),
    Read(u8),
    Answered { call: u8, how: How },
    Committed(Commit),
    Crashed,
    Revoked { partition: u8, lost: bool },
}

/// How a call ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    Done,
    /// It took effect, and its answer was lost.
    AnswerLost,
    /// It was given up, and takes effect after so many milliseconds of the rest of its life.
    Late(u16),
    /// It was given up and never takes effect.
    Lost,
    Unsent,
    RateLimited,
    BreakerOpen,
    Conflict,
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Commit {
    Done,
    /// Committed, but nobody said so.
    UnknownDone,
    /// Not committed.
    Undone,
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        6 => Just(How::Done),
        2 => Just(How::AnswerLost),
        2 => proptest::arbitrary::any::<u16>().prop_map(How::Late),
        1 => Just(How::Lost),
        1 => Just(How::Unsent),
        1 => Just(How::RateLimited),
        1 => Just(How::BreakerOpen),
        1 => Just(How::Conflict),
    ]
}

/// Anything that may happen, the usual more often than the rare.
pub(super) fn any() -> impl Strategy<Value = Operation> {
    let commit =
        prop_oneof![4 => Just(Commit::Done), 1 => Just(Commit::UnknownDone), 1 => Just(Commit::Undone)];
    prop_oneof![
        4 => proptest::arbitrary::any::<u16>().prop_map(Operation::TimePasses),
        3 => proptest::arbitrary::any::<u8>().prop_map(Operation::Produced),
        8 => proptest::arbitrary::any::<u8>().prop_map(Operation::Read),
        8 => (proptest::arbitrary::any::<u8>(), how()).prop_map(|(call, how)| Operation::Answered { call, how }),
        4 => commit.prop_map(Operation::Committed),
        1 => Just(Operation::Crashed),
        1 => (proptest::arbitrary::any::<u8>(), proptest::arbitrary::any::<bool>()).prop_map(|(partition, lost)| Operation::Revoked { partition, lost }),
    ]
}
