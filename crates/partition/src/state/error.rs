//! What can go wrong with state.

use trunkline_schemas::error_codes;

use super::FORMAT_VERSION;

/// What went wrong with state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The store failed.
    #[error("{message}")]
    Store {
        /// What the store was asked to do, what it said, and what to look at.
        message: String,
        /// Whether the files of the store themselves are broken, rather than the disk, the rights or another process.
        damaged: bool,
    },
    /// A value was written by a newer build.
    #[error(
        "state was written in format {found}, this build knows up to {FORMAT_VERSION}: run the newer build, or move the state folder away"
    )]
    Newer {
        /// Version found.
        found: u8,
    },
    /// A value does not decode.
    #[error("state value does not decode: {0}")]
    Codec(postcard::Error),
    /// A value is empty.
    #[error("state value is empty")]
    Empty,
    /// The partition has no state here.
    #[error("partition {0} has no state on this instance")]
    UnknownPartition(i32),
}

// === impl StateError ===

impl StateError {
    /// The stable code of what went wrong.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store { .. } | Self::UnknownPartition(_) => error_codes::STATE_NOT_WRITABLE.as_str(),
            Self::Newer { .. } | Self::Codec(_) | Self::Empty => error_codes::STATE_RESTORED_IN_FULL.as_str(),
        }
    }

    /// Whether the files of the store themselves are broken.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Store { damaged: true, .. })
    }
}
