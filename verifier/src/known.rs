//! Failures of the pipeline that are known: each is described in docs/failures.md, with the command that shows it, and
//! waits there for its mending. A report tells them apart from violations, by invariant and kind, and counts them.
//!
//! The list may only shrink with a mending, and only grow with an entry in docs/failures.md; a test holds the two together.

/// A failure that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownFailure {
    /// Its id in docs/failures.md.
    pub id: &'static str,
    /// The invariant that it breaks.
    pub invariant: &'static str,
    /// The kind of breach that it shows as.
    pub kind: &'static str,
    /// What happens, in a sentence.
    pub what: &'static str,
    /// The command that shows it.
    pub command: &'static str,
}

/// All that are known, and that an ordinary run may show. Those that take a fault of their own are cases of chaos.
pub const KNOWN: &[KnownFailure] = &[
    KnownFailure {
        id: "late-after-a-stall",
        invariant: "I3",
        kind: "late-in-time",
        what: "after a stall the processor takes the time it stood still for time of the stream, releases what it holds too \
               early, and marks events late that had come within the hold",
        command: "./run chaos --case processor-frozen",
    },
    KnownFailure {
        id: "equal-times-by-hash",
        invariant: "I3",
        kind: "tie-out-of-arrival-order",
        what: "events of the same millisecond are put in the order of their ids, which are hashes, instead of the order of \
               their arrival",
        command: "./run demo",
    },
    KnownFailure {
        id: "equal-times-by-hash",
        invariant: "I3",
        kind: "late-at-equal-time",
        what: "an event of the same millisecond as one that was emitted before it is marked late when its id is the lower",
        command: "./run demo",
    },
    KnownFailure {
        id: "id-without-its-topic",
        invariant: "I2",
        kind: "id-of-two-entities",
        what: "equal bodies of different queues or agents get one event id, since the ids that the topic names are no part of it; \
               each comes out under its own key, but a consumer that goes by the id takes the second for a repeat",
        command: "./run demo",
    },
    KnownFailure {
        id: "returning-state-lost",
        invariant: "facts",
        kind: "fact-shares-an-id",
        what: "a state that an agent or a queue member returns to within the dedup window, and equal bodies of different \
               entities, get the id of an earlier fact, and are dropped as its duplicates",
        command: "./run demo",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_failure_is_in_the_documentation() {
        let page = include_str!("../../docs/failures.md");
        for known in KNOWN {
            let heading = format!("### {}", known.id);
            assert!(page.contains(&heading), "docs/failures.md has no heading '{heading}'");
            assert!(page.contains(known.command), "docs/failures.md does not name '{}'", known.command);
        }
    }
}
