//! The report of a run, for people and as JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use trunkline_verifier::{Judged, KnownSeen, NotJudged, Report, Violation, verb};

use crate::journal;
use crate::takeover::{Takeover, Times};
use trunkline_rig::supervisor::Exit;

/// What a run found out.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Breaches of invariants; empty when all is well.
    pub violations: Vec<Violation>,
    /// How many of each there are.
    pub violation_counts: BTreeMap<String, u64>,
    /// Failures of docs/failures.md that showed themselves; they are not among the violations.
    pub known_failures: Vec<KnownSeen>,
    /// What really went wrong, and how often.
    pub faults: BTreeMap<&'static str, u64>,
    /// What did not go wrong often enough for the run to prove anything; empty when all is well.
    pub short: Vec<String>,
    /// What could not go wrong on this machine, and why.
    pub not_possible: Vec<String>,
    /// What brokers answered to EndTxn requests that came after their client had given them up.
    pub late_end_txn_answers: BTreeMap<String, u64>,
    /// What was seen.
    pub counts: BTreeMap<String, u64>,
    /// How partitions went to others.
    pub takeover: Takeover,
    /// Processes that ended by themselves, each with its last words.
    pub exits: Vec<Exit>,
    /// Whether every accepted event had come out in time after the faults had ended.
    pub drained: bool,
    /// Whether every process stopped in order at the end.
    pub stopped_cleanly: bool,
    /// Invariants that were judged.
    pub judged: Vec<String>,
    /// The same, each with what was compared.
    pub verdicts: Vec<Judged>,
    /// Invariants that were not, with why.
    pub not_judged: Vec<NotJudged>,
    /// Under which conditions this was found out.
    pub conditions: Value,
    /// The command that plays the same again.
    pub replay: String,
    /// Where everything is that a person needs to look into it, when it was kept.
    pub evidence: Option<String>,
}

/// What ten minutes must have seen at least; a shorter run its share, rounded down.
const AT_LEAST: [(&str, u64); 6] = [
    (journal::PROCESSOR_KILLS, 40),
    (journal::BROKER_KILLS, 5),
    (journal::ZOMBIES, 5),
    (journal::DELAYED_END_TXN, 5),
    (journal::SINK_KILLS, 5),
    (journal::INGEST_KILLS, 5),
];
const TEN_MINUTES: u64 = 600;

/// What fell short of what a run of this length must have seen.
pub fn shortfall(faults: &BTreeMap<&'static str, u64>, seconds: u64) -> Vec<String> {
    let short = AT_LEAST.iter().filter_map(|&(kind, in_ten_minutes)| {
        let least = in_ten_minutes * seconds / TEN_MINUTES;
        let seen = faults.get(kind).copied().unwrap_or(0);
        (seen < least).then(|| format!("{kind}: {seen} instead of at least {least}"))
    });
    short.collect()
}

// === impl Outcome ===

impl Outcome {
    /// True when everything was judged and held, and enough was tried.
    pub fn is_clean(&self) -> bool {
        let unjudged = self.not_judged.iter().any(|skipped| !skipped.allowed);
        self.violation_counts.is_empty() && self.short.is_empty() && !unjudged
    }

    /// The same for people.
    pub fn text(&self, report: &Report) -> String {
        let list = |entries: Vec<String>| {
            if entries.is_empty() { "none".to_owned() } else { entries.join(", ") }
        };
        let count = |name: &str| self.counts.get(name).copied().unwrap_or(0);
        let named = |(name, times): (&str, &u64)| format!("{} {times}", name.replace('_', " "));
        let faults = self.faults.iter().map(|(name, times)| named((name, times))).collect();
        let answers =
            self.late_end_txn_answers.iter().map(|(name, times)| format!("{name} {times}")).collect();
        let Takeover { absences, taken_over, detection_ms, settlement_ms, total_ms, .. } = &self.takeover;
        let times = |name: &str, times: &Times| format!("{name} {} / {} ms", times.p50, times.max);
        let takeover = [
            times("takeover p50 / max", total_ms),
            times("detection", detection_ms),
            times("settlement", settlement_ms),
            times("restore from a copy", &self.takeover.restore_from_copy_ms),
            times("in full", &self.takeover.restore_in_full_ms),
        ];
        let mut lines = vec![
            "What went wrong".to_owned(),
            format!("  {}", list(faults)),
            format!("  answers to EndTxn requests that came too late: {}", list(answers)),
            "What happened".to_owned(),
            format!(
                "  posted {}, accepted {}, enriched {}: duplicates suppressed {}; records of aborted transactions {}",
                count("posted"),
                count("accepted"),
                count("enriched"),
                count("duplicates_suppressed"),
                count("aborted_records")
            ),
            format!("  processes that ended by themselves and were started again: {}", self.exits.len()),
            format!("  of {absences} long absences {taken_over} were taken over"),
            format!("  {}", takeover.join(", ")),
            "What holds (the invariants of ARCHITECTURE.md)".to_owned(),
        ];
        lines.extend(verb::lines(report));
        lines.extend(self.not_possible.iter().map(|what| format!("Not possible here: {what}")));
        lines.extend(self.short.iter().map(|what| format!("Too little went wrong: {what}")));
        if !self.drained {
            lines.push("Not everything came out in time after the faults had ended.".to_owned());
        }
        if let Some(evidence) = &self.evidence {
            lines.push(format!("Everything needed to look into it is in {evidence}"));
        }
        lines.push(verb::closing(report));
        if !self.violation_counts.is_empty() {
            lines.push(format!("The same faults again: {}", self.replay));
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_broke_too_little_says_so() {
        let faults = BTreeMap::from([
            (journal::PROCESSOR_KILLS, 40),
            (journal::BROKER_KILLS, 4),
            (journal::ZOMBIES, 5),
            (journal::DELAYED_END_TXN, 5),
            (journal::SINK_KILLS, 5),
            (journal::INGEST_KILLS, 5),
        ]);
        assert_eq!(shortfall(&faults, 600), ["broker_kills: 4 instead of at least 5"]);
        assert_eq!(shortfall(&faults, 480), [""; 0]);
        assert_eq!(shortfall(&BTreeMap::new(), 10), [""; 0]);
    }
}
