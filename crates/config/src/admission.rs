//! Whose requests a source takes, and how many.

use crate::network::{Networks, network};
use crate::section::Section;
use crate::values::{integer, list};

/// What a source asks of who calls, beside a proof. By default nothing.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    /// Requests come from these networks alone; `None`: from anywhere.
    pub allow_from: Option<Networks>,
    /// Requests a second that are taken once they are proven; a second's worth at once. `None`: any number.
    pub per_second: Option<u32>,
    /// Requests a second that one caller may make, proven or not. `None`: any number.
    pub per_second_per_caller: Option<u32>,
}

// === impl Admission ===

impl Admission {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let rate = |field| section.optional(field, integer(1..=1_000_000));
        Self {
            allow_from: section.optional("allow_from", list(1, network)).map(Networks::from_iter),
            per_second: rate("max_per_second"),
            per_second_per_caller: rate("max_per_second_per_caller"),
        }
    }
}
