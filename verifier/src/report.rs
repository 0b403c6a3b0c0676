//! Verdicts of the judges, and the report made of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Violations of one invariant that are described in full; further ones are only counted.
pub const EXAMPLES_MAX: usize = 20;

/// What one judge found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// Id of the invariant, for instance `I2`.
    pub invariant: &'static str,
    /// What was found wrong, at most [`EXAMPLES_MAX`] of it.
    pub examples: Vec<String>,
    /// How much was found wrong in all.
    pub violations: u64,
    /// What was seen on the way.
    pub counts: BTreeMap<String, u64>,
}

/// One breach of one invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Id of the invariant, for instance `I2`.
    pub invariant: String,
    /// What is wrong, and where.
    pub message: String,
}

/// An invariant that this examination could not judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotJudged {
    /// Id of the invariant.
    pub id: String,
    /// What was missing.
    pub why: String,
}

/// The outcome of an examination.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Breaches, at most [`EXAMPLES_MAX`] of each invariant; empty when all is well.
    pub violations: Vec<Violation>,
    /// How many breaches of each violated invariant there are in all.
    pub violation_counts: BTreeMap<String, u64>,
    /// Ids of the invariants that were judged.
    pub judged: Vec<String>,
    /// Ids of those that were not, with the reason.
    pub not_judged: Vec<NotJudged>,
    /// What was seen: events, commands, results and so on.
    pub counts: BTreeMap<String, u64>,
}

// === impl Verdict ===

impl Verdict {
    /// A verdict of nothing found yet.
    pub fn new(invariant: &'static str) -> Self {
        Self { invariant, ..Self::default() }
    }

    /// Notes a breach; the text is only made while there is room for it.
    pub fn object(&mut self, message: impl FnOnce() -> String) {
        self.violations += 1;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(message());
        }
    }

    /// Adds to a count.
    pub fn count(&mut self, name: impl Into<String>, times: u64) {
        *self.counts.entry(name.into()).or_default() += times;
    }
}

// === impl Report ===

impl Report {
    /// Takes in what one judge found.
    pub fn add(&mut self, verdict: Verdict) {
        self.judged.push(verdict.invariant.to_owned());
        if verdict.violations > 0 {
            self.violation_counts.insert(verdict.invariant.to_owned(), verdict.violations);
        }
        self.violations.extend(
            verdict
                .examples
                .into_iter()
                .map(|message| Violation { invariant: verdict.invariant.to_owned(), message }),
        );
        for (name, times) in verdict.counts {
            *self.counts.entry(name).or_default() += times;
        }
    }

    /// Says that an invariant could not be judged.
    pub fn skip(&mut self, id: &str, why: &str) {
        self.not_judged.push(NotJudged { id: id.to_owned(), why: why.to_owned() });
    }

    /// True when no judge objected.
    pub fn is_clean(&self) -> bool {
        self.violation_counts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_bounded_number_of_examples_and_counts_all() {
        let mut verdict = Verdict::new("I2");
        for number in 0..100 {
            verdict.object(|| format!("breach {number}"));
        }
        let mut report = Report::default();
        report.add(verdict);
        report.skip("I4", "no state directory given");

        assert_eq!(report.violations.len(), EXAMPLES_MAX);
        assert_eq!(report.violation_counts["I2"], 100);
        assert!(!report.is_clean());
        assert_eq!(report.judged, ["I2"]);
    }

    #[test]
    fn a_clean_report_says_so() {
        let mut report = Report::default();
        report.add(Verdict::new("I1"));
        assert!(report.is_clean());
        assert_eq!(serde_json::to_value(&report).unwrap()["violations"], serde_json::json!([]));
    }
}
