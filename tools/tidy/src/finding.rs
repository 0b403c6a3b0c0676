//! What a rule found, and how it becomes the failure of a test.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What a ratchet counts it under, such as a file.
    pub key: String,
    /// How much it counts: 1 for an occurrence, or a size in lines.
    pub amount: usize,
    /// `file:line`.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

impl Finding {
    /// One occurrence in a file; `place` is `file:line`.
    pub fn at(place: String, what: impl Into<String>) -> Self {
        let key = place.rsplit_once(':').map_or(&*place, |(file, _)| file).to_owned();
        Self { key, amount: 1, place, what: what.into() }
    }
}

/// Fails a test if anything was found; `advice` says what to do.
///
/// # Panics
///
/// When something was found: this is how a test fails.
#[track_caller]
pub fn expect_none(findings: &[Finding], advice: &str) {
    let mut text = String::new();
    for finding in findings {
        let _ = writeln!(text, "{}: {}", finding.place, finding.what);
    }
    assert!(findings.is_empty(), "\n{text}{advice}");
}

/// What was found of each key, in sum.
pub fn sums(findings: &[Finding]) -> BTreeMap<&str, usize> {
    let mut sums = BTreeMap::new();
    for finding in findings {
        *sums.entry(&*finding.key).or_default() += finding.amount;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a.rs:3: is wrong\nDo better.")]
    fn a_failure_names_place_fault_and_remedy() {
        expect_none(&[Finding::at("a.rs:3".to_owned(), "is wrong")], "Do better.");
    }
}
