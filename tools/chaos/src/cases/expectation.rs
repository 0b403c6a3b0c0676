//! What a case found, and whether that is what is expected of today's pipeline.

use serde::Serialize;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Id of the invariant, for instance `I2`.
    pub invariant: String,
    /// In which way it does not hold: the verifier's kind of breach, or a word of the case's own.
    pub kind: String,
    /// How often.
    pub count: u64,
    /// What was seen, for people.
    pub seen: String,
}

/// What is expected of today's pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// Everything holds.
    Holds,
    /// This does not, and nothing else.
    KnownFailure(&'static [Known]),
}

/// Something that is known not to hold, described in `docs/failures.md` under its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Its id there.
    pub id: &'static str,
    /// The invariant that it breaks.
    pub invariant: &'static str,
    /// In which way.
    pub kind: &'static str,
    /// Whether each run shows it; else it may, as the moment has it.
    pub always: bool,
}

// === impl Finding ===

impl Finding {
    /// A finding of a case's own.
    pub fn new(invariant: &str, kind: &str, count: usize, seen: impl Into<String>) -> Self {
        Self {
            invariant: invariant.to_owned(),
            kind: kind.to_owned(),
            count: count as u64,
            seen: seen.into(),
        }
    }
}

// === impl Expectation ===

impl Expectation {
    /// What is known not to hold.
    pub fn known(&self) -> &'static [Known] {
        match self {
            Self::Holds => &[],
            Self::KnownFailure(known) => known,
        }
    }

    /// Whether such a breach is what the case shows.
    pub fn is_about(&self, invariant: &str, kind: &str) -> bool {
        self.known().iter().any(|known| known.invariant == invariant && known.kind == kind)
    }

    /// What is otherwise than expected, for people; empty when all is.
    pub fn compare(&self, findings: &[Finding]) -> Vec<String> {
        let known = self.known();
        let is = |known: &Known, finding: &Finding| {
            known.invariant == finding.invariant && known.kind == finding.kind
        };
        let unknown = findings.iter().filter(|finding| !known.iter().any(|known| is(known, finding)));
        let unknown = unknown.map(|finding| {
            format!(
                "{} {} is no known failure of this case: {}",
                finding.invariant, finding.kind, finding.seen
            )
        });
        let gone =
            known.iter().filter(|known| known.always && !findings.iter().any(|found| is(known, found)));
        let gone = gone.map(|Known { id, invariant, kind, .. }| {
            format!(
                "the known failure '{id}' ({invariant} {kind}) does not show any more: take it out of this case's \
                 expectation (Holds when it is the last) and out of docs/failures.md"
            )
        });
        unknown.chain(gone).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SKIPPED: Known = Known { id: "skipped", invariant: "I11", kind: "skipped", always: true };
    const LATE: Known = Known { id: "late", invariant: "I3", kind: "late-in-time", always: false };

    fn found(invariant: &str, kind: &str) -> Finding {
        Finding::new(invariant, kind, 1, "seen")
    }

    #[test]
    fn what_is_known_is_expected_and_nothing_else() {
        let expected = Expectation::KnownFailure(&[SKIPPED, LATE]);
        assert!(expected.compare(&[found("I11", "skipped")]).is_empty());
        assert!(expected.compare(&[found("I11", "skipped"), found("I3", "late-in-time")]).is_empty());
        let other = expected.compare(&[found("I11", "skipped"), found("I2", "lost")]);
        assert!(matches!(&other[..], [one] if one.contains("I2 lost")), "{other:?}");
        assert_eq!(Expectation::Holds.compare(&[found("I2", "lost")]).len(), 1);
        assert!(Expectation::Holds.compare(&[]).is_empty());
    }

    #[test]
    fn a_known_failure_that_is_gone_has_to_be_taken_out() {
        let gone = Expectation::KnownFailure(&[SKIPPED, LATE]).compare(&[]);
        assert!(matches!(&gone[..], [one] if one.contains("'skipped'") && one.contains("docs/failures.md")));
    }
}
