//! What a reader does when a log is not what it was: the same two choices for `[processor]` and `[sink]`.

use crate::section::Section;
use crate::values::one_of;

/// `on_log_change`: a topic was made anew, or lost its end; its offsets mean other records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnLogChange {
    /// The partition stands still until somebody decides (default).
    #[default]
    Stop,
    /// The new log is read from its beginning.
    FromBeginning,
}

/// `on_loss`: records were removed before they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnLoss {
    /// The partition stands still until somebody decides (default).
    #[default]
    Stop,
    /// It goes on with the first record that is still there.
    Continue,
}

// === impl OnLogChange ===

impl OnLogChange {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let choices = [("stop", Self::Stop), ("from_beginning", Self::FromBeginning)];
        section.or("on_log_change", one_of(choices), Self::Stop)
    }
}

// === impl OnLoss ===

impl OnLoss {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        section.or("on_loss", one_of([("stop", Self::Stop), ("continue", Self::Continue)]), Self::Stop)
    }
}
