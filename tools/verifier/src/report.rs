//! Verdicts of the judges, and the report made of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::known::KnownFailure;

/// Violations of one kind that are described in full; further ones are only counted.
pub const EXAMPLES_MAX: usize = 20;

/// What one judge found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// Id of the invariant, for instance `I2`.
    pub invariant: &'static str,
    /// What was found wrong, by its kind, for instance `lost`.
    pub found: BTreeMap<&'static str, Found>,
    /// What was seen on the way.
    pub counts: BTreeMap<String, u64>,
    /// What was compared, in words, for instance `3,839 events in 512 conversations`.
    pub compared: String,
}

/// Breaches of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// How many.
    pub times: u64,
    /// At most [`EXAMPLES_MAX`] of them, described.
    pub examples: Vec<String>,
}

/// One breach of one invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Id of the invariant, for instance `I2`.
    pub invariant: String,
    /// What kind of breach it is, for instance `lost`.
    pub kind: String,
    /// What is wrong, and where.
    pub message: String,
}

/// An invariant that this examination could not judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotJudged {
    /// Id of the invariant, or of the part of one: what `--allow-unjudged` takes.
    pub id: String,
    /// What was missing.
    pub why: String,
    /// True when whoever ordered the examination does without it.
    pub allowed: bool,
}

/// An invariant that was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// Id of the invariant.
    pub id: String,
    /// Breaches, known failures left out.
    pub violations: u64,
    /// The same by kind.
    pub kinds: BTreeMap<String, u64>,
    /// What was compared, in words.
    pub compared: String,
}

/// A failure of the pipeline that is known and documented (docs/failures.md), and showed itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSeen {
    /// Its id there.
    pub id: String,
    /// The invariant that it breaks.
    pub invariant: String,
    /// How often it was seen.
    pub times: u64,
    /// The first time it was seen.
    pub example: String,
}

/// How an examination ends; also the exit code of `trunkline verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Everything asked for was judged, and holds: 0.
    Holds,
    /// Something is violated: 1.
    Violated,
    /// Nothing is violated, but something could not be judged that nobody did without: 2.
    NotJudged,
}

/// The outcome of an examination.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Breaches, at most [`EXAMPLES_MAX`] of each kind; empty when all is well.
    pub violations: Vec<Violation>,
    /// How many breaches of each violated invariant there are in all.
    pub violation_counts: BTreeMap<String, u64>,
    /// Known failures that showed themselves; they are not among the violations.
    pub known_failures: Vec<KnownSeen>,
    /// Ids of the invariants that were judged.
    pub judged: Vec<String>,
    /// The same, with what was compared.
    pub verdicts: Vec<Judged>,
    /// Those that were not, with the reason.
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
    pub fn object(&mut self, kind: &'static str, message: impl FnOnce() -> String) {
        let found = self.found.entry(kind).or_default();
        found.times += 1;
        if found.examples.len() < EXAMPLES_MAX {
            found.examples.push(message());
        }
    }

    /// Adds to a count.
    pub fn count(&mut self, name: impl Into<String>, times: u64) {
        *self.counts.entry(name.into()).or_default() += times;
    }

    /// A count as it stands; 0 where nothing was counted.
    pub fn counted(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    /// Says in words what was compared.
    #[must_use]
    pub fn having_compared(mut self, what: String) -> Self {
        self.compared = what;
        self
    }

    /// Joins what was found in another part of the same evidence.
    pub fn merge(&mut self, other: Self) {
        for (kind, found) in other.found {
            let own = self.found.entry(kind).or_default();
            own.times += found.times;
            let room = EXAMPLES_MAX.saturating_sub(own.examples.len());
            own.examples.extend(found.examples.into_iter().take(room));
        }
        for (name, times) in other.counts {
            self.count(name, times);
        }
    }

    /// How much was found wrong in all.
    pub fn violations(&self) -> u64 {
        self.found.values().map(|found| found.times).sum()
    }

    /// What was found wrong, as far as it is described.
    pub fn examples(&self) -> Vec<&str> {
        self.found.values().flat_map(|found| &found.examples).map(String::as_str).collect()
    }
}

// === impl Conclusion ===

impl Conclusion {
    /// The exit code of a process that ends with it.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Holds => 0,
            Self::Violated => 1,
            Self::NotJudged => 2,
        }
    }
}

// === impl Report ===

impl Report {
    /// Takes in what one judge found; what `known` lists is told apart.
    pub fn add(&mut self, verdict: Verdict, known: &[KnownFailure]) {
        let id = verdict.invariant.to_owned();
        let mut kinds = BTreeMap::new();
        for (kind, found) in verdict.found {
            let within = |known: &&KnownFailure| {
                let of = verdict.counts.get(known.of).copied().unwrap_or(0);
                // A handful is one even of few.
                let most = (of * known.at_most_per_thousand / 1_000).max(known.at_most_per_thousand.min(5));
                known.invariant == id && known.kind == kind && found.times <= most
            };
            match known.iter().find(within) {
                Some(known) => self.add_known(known, &found),
                None => {
                    kinds.insert(kind.to_owned(), found.times);
                    let described = found.examples.into_iter().map(|message| Violation {
                        invariant: id.clone(),
                        kind: kind.to_owned(),
                        message,
                    });
                    self.violations.extend(described);
                }
            }
        }
        let violations = kinds.values().sum();
        if violations > 0 {
            self.violation_counts.insert(id.clone(), violations);
        }
        for (name, times) in verdict.counts {
            *self.counts.entry(name).or_default() += times;
        }
        self.judged.push(id.clone());
        self.verdicts.push(Judged { id, violations, kinds, compared: verdict.compared });
    }

    fn add_known(&mut self, known: &KnownFailure, found: &Found) {
        self.known_failures.push(KnownSeen {
            id: known.id.to_owned(),
            invariant: known.invariant.to_owned(),
            times: found.times,
            example: found.examples.first().cloned().unwrap_or_default(),
        });
    }

    /// Says that an invariant could not be judged.
    pub fn skip(&mut self, id: &str, why: impl Into<String>) {
        self.not_judged.push(NotJudged { id: id.to_owned(), why: why.into(), allowed: false });
    }

    /// Does without what could not be judged, where it is named here.
    pub fn allow_unjudged(&mut self, names: &BTreeSet<String>) {
        for skipped in &mut self.not_judged {
            skipped.allowed = names.contains(&skipped.id);
        }
    }

    /// True when no judge objected, known failures left out.
    pub fn is_clean(&self) -> bool {
        self.violation_counts.is_empty()
    }

    /// How the examination ends.
    pub fn conclusion(&self) -> Conclusion {
        if !self.is_clean() {
            Conclusion::Violated
        } else if self.not_judged.iter().any(|skipped| !skipped.allowed) || self.judged.is_empty() {
            Conclusion::NotJudged
        } else {
            Conclusion::Holds
        }
    }
}

/// A count as people read it: `3,839`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 event`, `3,839 events`.
pub fn counted(count: u64, noun: &str) -> String {
    let plural = match (count, noun.strip_suffix('y')) {
        (1, _) => noun.to_owned(),
        (_, Some(stem)) if !noun.ends_with("ey") => format!("{stem}ies"),
        _ => format!("{noun}s"),
    };
    format!("{} {plural}", grouped(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: KnownFailure = KnownFailure {
        id: "late-after-a-stall",
        invariant: "I3",
        kind: "late-in-time",
        of: "events_in_order",
        at_most_per_thousand: 10,
        what: "",
        command: "",
    };

    #[test]
    fn keeps_a_bounded_number_of_examples_and_counts_all() {
        let mut verdict = Verdict::new("I2");
        for number in 0..100 {
            verdict.object("lost", || format!("breach {number}"));
        }
        let mut report = Report::default();
        report.add(verdict, &[]);
        assert_eq!(report.violations.len(), EXAMPLES_MAX);
        assert_eq!(report.violation_counts["I2"], 100);
        assert_eq!(report.judged, ["I2"]);
        assert_eq!(report.conclusion().exit_code(), 1);
    }

    #[test]
    fn what_was_not_judged_is_no_success_unless_it_is_allowed() {
        let mut report = Report::default();
        assert_eq!(report.conclusion(), Conclusion::NotJudged, "nothing was judged");
        report.add(Verdict::new("I1"), &[]);
        assert_eq!(report.conclusion(), Conclusion::Holds);
        report.skip("I4", "no state folder was given");
        report.allow_unjudged(&BTreeSet::from(["I5".to_owned()]));
        assert_eq!(report.conclusion().exit_code(), 2);
        report.allow_unjudged(&BTreeSet::from(["I4".to_owned()]));
        assert_eq!(report.conclusion(), Conclusion::Holds);
    }

    #[test]
    fn a_known_failure_is_told_apart_by_its_kind() {
        let mut verdict = Verdict::new("I3");
        verdict.object("late-in-time", || "e1".into());
        let mut report = Report::default();
        report.add(verdict.clone(), &[LATE]);
        assert!(report.is_clean());
        assert_eq!((report.known_failures[0].times, report.known_failures[0].example.as_str()), (1, "e1"));
        for _ in 0..100 {
            verdict.object("late-in-time", || "e1".into());
        }
        let mut many = Report::default();
        many.add(verdict.clone(), &[LATE]);
        assert_eq!(many.violation_counts["I3"], 101, "that many are no longer the failure that is known");
        verdict.count("events_in_order", 20_000);
        verdict.object("hole", || "e2".into());
        let mut report = Report::default();
        report.add(verdict, &[LATE]);
        assert_eq!((report.violation_counts["I3"], report.known_failures.len()), (1, 1));
    }

    #[test]
    fn counts_are_written_for_people() {
        assert_eq!((grouped(0).as_str(), grouped(999).as_str()), ("0", "999"));
        assert_eq!((grouped(3_839).as_str(), grouped(1_234_567).as_str()), ("3,839", "1,234,567"));
        assert_eq!(counted(1, "event"), "1 event");
        assert_eq!(counted(2, "reply"), "2 replies");
        assert_eq!(counted(2, "key"), "2 keys");
    }
}
