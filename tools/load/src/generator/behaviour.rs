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
}
