//! The report of a run of cases, for people and as JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::expectation::Finding;
use trunkline_rig::supervisor::Exit;

/// What a run of cases found out.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Outcome {
    /// The cases, in the order they were played.
    pub cases: Vec<Played>,
    /// Where everything is that a person needs to look into it, when it was kept.
    pub evidence: Option<String>,
}

/// One case that was played.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Played {
    /// Its name.
    pub name: String,
    /// What happens in it.
    pub what: String,
    /// Ids of the failures that are known of it.
    pub known: Vec<String>,
    /// What does not hold.
    pub findings: Vec<Finding>,
    /// What is otherwise than expected; empty when nothing is.
    pub unexpected: Vec<String>,
    /// Invariants that were judged.
    pub judged: Vec<String>,
    /// What the verifier counted.
    pub counts: BTreeMap<String, u64>,
    /// Processes that ended by themselves, each with its last words.
    pub exits: Vec<Exit>,
    /// Whether every process stopped in order at the end.
    pub stopped_cleanly: bool,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The command that plays it again.
    pub replay: String,
    /// What its processes exported: metrics and labels, each with the program as `job`.
    #[serde(skip)]
    pub series: BTreeSet<String>,
}

// === impl Outcome ===

impl Outcome {
    /// True when each case came out as expected.
    pub fn is_as_expected(&self) -> bool {
        self.cases.iter().all(|case| case.unexpected.is_empty())
    }

    /// What the processes of all cases exported.
    pub fn series(&self) -> BTreeSet<&str> {
        self.cases.iter().flat_map(|case| &case.series).map(String::as_str).collect()
    }

    /// The same for people.
    pub fn text(&self) -> String {
        let mut lines: Vec<String> = self.cases.iter().map(Played::text).collect();
        if let Some(evidence) = &self.evidence {
            lines.push(format!("Everything needed to look into it is in {evidence}"));
        }
        let unexpected = self.cases.iter().filter(|case| !case.unexpected.is_empty()).count();
        lines.push(match unexpected {
            0 => "Every case came out as expected.".to_owned(),
            _ => format!("{unexpected} of {} cases came out otherwise than expected.", self.cases.len()),
        });
        lines.join("\n")
    }
}

// === impl Played ===

impl Played {
    /// The same for people.
    pub fn text(&self) -> String {
        let verdict = match (self.unexpected.is_empty(), self.known.is_empty()) {
            (true, true) => "holds".to_owned(),
            (true, false) => format!("fails as known ({})", self.known.join(", ")),
            (false, _) => "NOT AS EXPECTED".to_owned(),
        };
        let mut lines = vec![format!("{:<24} {verdict}, {:.0} s", self.name, self.seconds)];
        let found = self.findings.iter();
        lines.extend(found.map(|found| format!("  {} {}: {}", found.invariant, found.kind, found.seen)));
        lines.extend(self.unexpected.iter().map(|what| format!("  {what}")));
        if !self.unexpected.is_empty() {
            lines.push(format!("  again: {}", self.replay));
        }
        lines.join("\n")
    }
}
