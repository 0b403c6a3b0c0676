//! The report of a demo, for people and as JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use trunkline_rig::progress::Summary;
use trunkline_verifier::{Judged, KnownSeen, NotJudged, Report, Violation, verb};

use super::build;

/// What a demo found out.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Breaches of invariants; empty when all is well.
    pub violations: Vec<Violation>,
    /// How many of each there are.
    pub violation_counts: BTreeMap<String, u64>,
    /// Failures of docs/failures.md that showed themselves; they are not among the violations.
    pub known_failures: Vec<KnownSeen>,
    /// What was seen.
    pub counts: Value,
    /// Latencies in milliseconds.
    pub latency_ms: BTreeMap<&'static str, Summary>,
    /// Invariants that were judged.
    pub judged: Vec<String>,
    /// The same, each with what was compared.
    pub verdicts: Vec<Judged>,
    /// Invariants that were not, with why.
    pub not_judged: Vec<NotJudged>,
    /// Under which conditions this was measured.
    pub conditions: Value,
}

/// Counts that are told first, in this order; the verifier's others follow under `seen`.
const HEADLINES: &[&str] = &[
    "posted",
    "accepted",
    "quarantined",
    "rejected",
    "pushed_back",
    "unanswered",
    "normalized",
    "enriched",
    "duplicates_suppressed",
    "put_in_order",
    "held",
    "late",
    "gaps",
    "decisions",
    "commands",
    "effects",
    "dead_letters",
    "aborted_records",
];
const WRITE_BACK: &str = "writebacks.";

// === impl Outcome ===

impl Outcome {
    /// Joins what the verifier judged with what was measured.
    pub fn new(
        report: &Report,
        latency_ms: BTreeMap<&'static str, Summary>,
        restarts: &BTreeMap<String, u32>,
        conditions: Value,
    ) -> Self {
        let mut counts = serde_json::Map::new();
        for name in HEADLINES {
            counts.insert((*name).to_owned(), report.counts.get(*name).copied().unwrap_or(0).into());
        }
        let (write_backs, others): (BTreeMap<_, _>, BTreeMap<_, _>) = report
            .counts
            .iter()
            .filter(|(name, _)| !HEADLINES.contains(&name.as_str()))
            .map(|(name, times)| (name.as_str(), *times))
            .partition(|(name, _)| name.starts_with(WRITE_BACK));
        let write_backs: BTreeMap<_, _> = write_backs
            .into_iter()
            .map(|(name, times)| (name.trim_start_matches(WRITE_BACK), times))
            .collect();
        counts.insert("writebacks".to_owned(), json!(write_backs));
        counts.insert("restarts".to_owned(), json!(restarts));
        counts.insert("seen".to_owned(), json!(others));
        Self {
            violations: report.violations.clone(),
            violation_counts: report.violation_counts.clone(),
            known_failures: report.known_failures.clone(),
            counts: Value::Object(counts),
            latency_ms,
            judged: report.judged.clone(),
            verdicts: report.verdicts.clone(),
            not_judged: report.not_judged.clone(),
            conditions,
        }
    }

    /// Who was found, of those whose conversations were played.
    fn found(&self) -> String {
        let count = |name: &str| self.seen(&format!("customers.{name}"));
        let (resolvable, complete) = (count("resolvable"), count("complete"));
        // None of none is no share.
        let share = match resolvable {
            0 => String::new(),
            _ => format!(" ({:.1} %)", 100.0 * complete as f64 / resolvable as f64),
        };
        format!(
            "  customers who can be found {resolvable}: complete in the end {complete}{share}; \
             ambiguous {}, of whom reported {}",
            count("ambiguous"),
            count("ambiguous_reported")
        )
    }

    /// What the outside systems were asked about customers, beside what finding them needs.
    fn asked(&self) -> String {
        let of_system = |system: &str| {
            let count = |what: &str| self.seen(&format!("lookups.{system}.{what}"));
            let failed = match count("failed") {
                0 => String::new(),
                failed => format!(" and {failed} failed"),
            };
            format!("{system} {} of {}{failed}", count("answered"), count("needed"))
        };
        let systems = ["genesys", "salesforce", "sap", "servicenow"].map(of_system).join(", ");
        format!("  lookups answered, of those that finding the customers needs: {systems}")
    }

    /// A count of the verifier's that is no headline; 0 where it counted none.
    fn seen(&self, name: &str) -> u64 {
        self.counts["seen"][name].as_u64().unwrap_or(0)
    }

    /// The same for people.
    pub fn text(&self, report: &Report) -> String {
        let count = |name: &str| self.counts[name].to_string();
        let named = |name: &str| match &self.counts[name] {
            Value::Object(entries) if !entries.is_empty() => {
                let parts: Vec<String> =
                    entries.iter().map(|(name, times)| format!("{name} {times}")).collect();
                parts.join(", ")
            }
            _ => "none".to_owned(),
        };
        let mut lines = vec![
            "What happened".to_owned(),
            format!(
                "  posted {}: accepted {}, quarantined {}, rejected {}, pushed back {}, unanswered {}",
                count("posted"),
                count("accepted"),
                count("quarantined"),
                count("rejected"),
                count("pushed_back"),
                count("unanswered")
            ),
            format!(
                "  normalized {}, enriched {}: duplicates suppressed {}, put in order {}, late {}, gaps {}",
                count("normalized"),
                count("enriched"),
                count("duplicates_suppressed"),
                count("put_in_order"),
                count("late"),
                count("gaps")
            ),
            format!("  decisions {}, write-backs by result: {}", count("decisions"), named("writebacks")),
            format!(
                "  dead letters {}, records of aborted transactions {}, restarts: {}",
                count("dead_letters"),
                count("aborted_records"),
                named("restarts")
            ),
            self.found(),
            self.asked(),
            "How fast (from when the webhook was due, to a read_committed reader of events.enriched)"
                .to_owned(),
        ];
        for (name, summary) in &self.latency_ms {
            let Summary { p50, p99, max, count } = summary;
            lines.push(format!("  {name:<26} p50 {p50} ms   p99 {p99} ms   max {max} ms   ({count} events)"));
        }
        lines.push(
            "What holds (the invariants of ARCHITECTURE.md), judged from topics, ledger, audit logs, logs and state, and what \
             was compared"
                .to_owned(),
        );
        lines.extend(verb::lines(report));
        lines.push(build::in_words().to_owned());
        lines.push(verb::closing(report));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_counts_and_latencies() {
        let counts = [("posted", 5), ("writebacks.APPLIED", 2), ("records.quarantine", 1)];
        let counts = counts.map(|(name, times)| (name.to_owned(), times)).into();
        let report = Report { counts, ..Report::default() };
        let latency = Summary { p50: 10.0, p99: 10.0, max: 10.0, count: 1 };
        let latency = BTreeMap::from([("webhook_to_enriched", latency)]);
        let restarts = BTreeMap::from([("processor-0".to_owned(), 1)]);
        let outcome = Outcome::new(&report, latency, &restarts, json!({"rate": 5}));
        let json = serde_json::to_value(&outcome).unwrap();
        assert_eq!(json["counts"]["posted"], 5);
        assert_eq!(json["counts"]["late"], 0);
        assert_eq!(json["counts"]["writebacks"]["APPLIED"], 2);
        assert_eq!(json["counts"]["restarts"]["processor-0"], 1);
        assert_eq!(json["counts"]["seen"]["records.quarantine"], 1);
        assert_eq!(json["latency_ms"]["webhook_to_enriched"]["count"], 1);
        assert_eq!(json["violations"], json!([]));
        let text = outcome.text(&report);
        assert!(
            text.contains("APPLIED 2")
                && text.contains("processor-0 1")
                && text.ends_with("Zero violations."),
            "{text}"
        );
    }
}
