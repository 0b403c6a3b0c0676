//! What the world does that a pipeline may not expect of it.

use serde::{Deserialize, Serialize};

/// A behaviour of the platforms and of the people on them that is easily taken for a fault of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behaviour {
    /// A state is left and returned to: other facts, with the same words.
    StateReturns,
    /// The same words about another agent or queue: only the topic tells them apart.
    EqualBodies,
    /// A cause and its effect in one millisecond; the cause is reported first.
    EqualMilliseconds,
    /// A fact that was reported before, published anew under another id.
    HonestRepeat,
    /// A delivery that an archive of EventBridge plays again: the same id and body, with the replay's name.
    ArchiveReplay,
    /// An agent is alerted and does not answer.
    Unanswered,
    /// An agent asks another one while the customer is on hold.
    Consult,
    /// Two agents talk to the customer.
    Conference,
    /// A supervisor coaches, monitors or barges in.
    Observed,
    /// The next agent is there before the first one leaves.
    AttendedTransfer,
    /// The first agent leaves the customer to a queue.
    BlindTransfer,
    /// The first call ends, and the conversation goes on until the customer was called back.
    Callback,
    /// A conversation goes on after it had ended.
    Reopened,
}
