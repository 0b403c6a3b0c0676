//! What a write promises: to whoever does not know whether it took effect, and to other writers.

/// What an operation promises when it is not known whether a request of it took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guarantee {
    /// A version check fences a second writer.
    Conditional,
    /// The system takes the effect once, however often it is asked.
    IdempotencyKey,
    /// Setting a value again converges.
    Absolute,
    /// Nothing: a person decides.
    Unsafe,
}

/// What keeps two writers of one resource apart. Within Trunkline it is the sink's lane; this is about
/// everyone else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Concurrency {
    /// Nothing: the last writer wins. A request that is only late could undo what came after it, so it is not
    /// sent again while the first may still be under way.
    LastWriterWins,
}

// === impl Guarantee ===

impl Guarantee {
    /// `conditional`, `idempotency_key`, `absolute` or `unsafe`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conditional => "conditional",
            Self::IdempotencyKey => "idempotency_key",
            Self::Absolute => "absolute",
            Self::Unsafe => "unsafe",
        }
    }
}
