//! Failures of the pipeline that are known: each is described in docs/failures.md, with the command that shows it, and
//! waits there for its mending. A report tells them apart from violations, by invariant and kind, and counts them.
//!
//! The list may only shrink with a mending, and only grow with an entry in docs/failures.md; a test holds the
//! two together.

/// A failure that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownFailure {
    /// Its id in docs/failures.md.
    pub id: &'static str,
    /// The invariant that it breaks.
    pub invariant: &'static str,
    /// The kind of breach that it shows as.
    pub kind: &'static str,
    /// Which count of the verdict it is a part of.
    pub of: &'static str,
    /// At most so many of a thousand; what is beyond is no longer the failure that is known, and all of it a violation.
    pub at_most_per_thousand: u64,
    /// What happens, in a sentence.
    pub what: &'static str,
    /// The command that shows it.
    pub command: &'static str,
}

/// All that are known, and that an ordinary run may show. Those that take a fault of their own are cases of chaos.
pub const KNOWN: &[KnownFailure] = &[];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_failure_is_in_the_documentation() {
        let page = include_str!("../../../docs/failures.md");
        for known in KNOWN {
            let heading = format!("### {}", known.id);
            assert!(page.contains(&heading), "docs/failures.md has no heading '{heading}'");
            assert!(page.contains(known.command), "docs/failures.md does not name '{}'", known.command);
        }
    }
}
