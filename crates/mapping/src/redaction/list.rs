//! The list of what was redacted.

use crate::json_text::{self, Step};

/// Most values listed in an event; more are counted in the last entry.
pub const LISTED: usize = 256;

/// Longest pointer listed, in bytes; names in payloads are the sender's choice.
pub const POINTER_BYTES: usize = 512;

/// What was redacted: `pointer action`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct List {
    entries: Vec<String>,
    /// How many more there are.
    more: usize,
}

// === impl List ===

impl List {
    /// Adds a value that may be listed already.
    pub fn add_again(&mut self, path: &[Step<'_>], action: &str) {
        let before = self.entries.len();
        self.add(path, action);
        if let Some((last, others)) = self.entries.split_last()
            && self.entries.len() > before
            && others.contains(last)
        {
            self.entries.pop();
        }
    }

    /// Adds a value by the way to it.
    pub fn add(&mut self, path: &[Step<'_>], action: &str) {
        if self.entries.len() >= LISTED {
            self.more += 1;
            return;
        }
        let mut pointer = json_text::pointer(path);
        pointer.truncate(pointer.floor_char_boundary(POINTER_BYTES));
        self.entries.push(format!("{pointer} {action}"));
    }

    /// All of it.
    pub fn finish(mut self) -> Vec<String> {
        if self.more > 0 {
            self.entries.push(format!("and {} more", self.more));
        }
        self.entries
    }
}
