//! Alerts, and the series that their tests are made of, against what running programs exported.
//!
//! [`crate::metrics`] reads the source: that a metric has a label, and a crate a string, does not say that the two ever
//! meet, nor which program exports them. This compares with a recording of programs that run, through the faults that
//! alerts are for. A test that runs them calls it.

use std::collections::{BTreeMap, BTreeSet};

use crate::alerts::TESTS;
use crate::finding::Finding;
use crate::metrics::{ADDED, ALERTS, grouped_by, matchers, names};
use crate::tree::Tree;

/// Labels whose values are of a deployment: its instances, topics, partitions, sources, targets and secrets.
const OF_A_DEPLOYMENT: [&str; 6] = ["instance", "partition", "secret", "source", "target", "topic"];

/// A recording, by metric: the labels of each series, with the program as `job`.
type Exported<'a> = BTreeMap<&'a str, Vec<BTreeMap<&'a str, &'a str>>>;

/// Finds what alerts and their tests name and no line of `recording` has. A line is
/// `metric{job="program",label="value"}`.
pub fn never_seen(tree: &Tree, recording: &BTreeSet<&str>) -> Vec<Finding> {
    let mut exported = Exported::new();
    for (metric, labels) in recording.iter().filter_map(|line| series(line)) {
        exported.entry(metric).or_default().push(labels);
    }
    let lines = |path: &'static str| tree.text(path).lines().enumerate().map(move |line| (path, line));
    let mut findings = Vec::new();
    for (path, (number, line)) in lines(ALERTS).chain(lines(TESTS)) {
        let mut find = |what: String| findings.push(Finding::at(format!("{path}:{}", number + 1), what));
        if let Some((_, expression)) = line.split_once("expr: ") {
            expression_never_seen(expression, &exported, &mut find);
        }
        if let Some((_, rest)) = line.split_once("- series: '")
            && let Some((metric, labels)) = rest.split('\'').next().and_then(series)
        {
            series_never_seen(metric, &labels, &exported, &mut find);
        }
    }
    findings
}

/// What an alert looks at.
fn expression_never_seen(expression: &str, exported: &Exported<'_>, find: &mut impl FnMut(String)) {
    for metric in names(expression) {
        let Some(seen) = exported.get(metric) else {
            find(format!("no program exported '{metric}'"));
            continue;
        };
        let grouped = grouped_by(expression).into_iter().filter(|label| !ADDED.contains(label));
        for label in grouped.filter(|label| !seen.iter().any(|labels| labels.contains_key(label))) {
            find(format!("'{metric}' had no label '{label}'"));
        }
    }
    for (metric, label, values) in matchers(expression) {
        for value in values.split('|').filter(|_| !OF_A_DEPLOYMENT.contains(&label)) {
            let mut seen = exported.get(metric).into_iter().flatten();
            if !seen.any(|labels| labels.get(label) == Some(&value)) {
                find(format!("'{metric}' never had the value '{value}' for '{label}'"));
            }
        }
    }
}

/// What a test lets an alert look at: it has the labels of the real one, and values that belong together.
fn series_never_seen(
    metric: &str,
    labels: &BTreeMap<&str, &str>,
    exported: &Exported<'_>,
    find: &mut impl FnMut(String),
) {
    let own = |labels: &BTreeMap<&str, &str>| -> BTreeSet<String> {
        labels
            .keys()
            .filter(|label| **label == "le" || !ADDED.contains(label))
            .map(|&l| l.to_owned())
            .collect()
    };
    let means_it = |seen: &&BTreeMap<&str, &str>| {
        let closed = labels.iter().filter(|(label, _)| !OF_A_DEPLOYMENT.contains(label));
        own(seen) == own(labels) && closed.into_iter().all(|(label, value)| seen.get(label) == Some(value))
    };
    match exported.get(metric) {
        None => find(format!("no program exported '{metric}'")),
        Some(seen) if !seen.iter().any(|seen| means_it(&seen)) => {
            find(format!("no program exported '{metric}' with the labels {labels:?}"));
        }
        Some(_) => {}
    }
}

/// Metric and labels of a series, as Prometheus writes it.
fn series(text: &str) -> Option<(&str, BTreeMap<&str, &str>)> {
    let Some((metric, labels)) = text.split_once('{') else { return Some((text, BTreeMap::new())) };
    let labels = labels.strip_suffix('}')?.split("\",").filter(|label| !label.trim().is_empty());
    let labels = labels.map(|label| {
        let (name, value) = label.split_once("=\"")?;
        Some((name.trim(), value.trim_end_matches('"')))
    });
    Some((metric, labels.collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::TREE;

    const RECORDING: [&str; 5] = [
        "trunkline_a_total{job=\"sink\",outcome=\"done\",target=\"crm\"}",
        "trunkline_a_total{job=\"sink\",outcome=\"dead\",target=\"crm\"}",
        "trunkline_a_total{job=\"processor\",outcome=\"late\",target=\"crm\"}",
        "trunkline_b{job=\"ingest\"}",
        "trunkline_c_bucket{job=\"sink\",le=\"10\"}",
    ];

    fn found(path: &str, text: &str) -> usize {
        let tree = Tree::made_up(&[(path, text)]);
        never_seen(&tree, &BTreeSet::from(RECORDING)).len()
    }

    #[test]
    fn what_an_alert_looks_at_and_nothing_exported_is_found() {
        for (expression, findings) in [
            ("sum by (job, target) (rate(trunkline_a_total{outcome=~\"done|dead\"}[5m])) > 0", 0),
            ("absent(trunkline_b) or max by (instance, le) (trunkline_c_bucket) > 1", 0),
            ("trunkline_c_bucket{target=\"any\"}", 0),
            ("trunkline_d > 0", 1),
            ("trunkline_a_total{outcome=~\"done|gone\"}", 1),
            ("sum by (class) (trunkline_a_total)", 1),
            ("trunkline_c_sum / trunkline_c_count", 2),
        ] {
            let text = format!("        expr: {expression}\n");
            assert_eq!(found(ALERTS, &text), findings, "{expression}");
        }
    }

    #[test]
    fn a_series_of_a_test_that_no_program_has_is_found() {
        for (series, findings) in [
            ("trunkline_a_total{job=\"sink\", target=\"erp\", outcome=\"dead\", instance=\"sink-0\"}", 0),
            ("trunkline_a_total{target=\"erp\", outcome=\"late\"}", 0),
            ("trunkline_b", 0),
            ("trunkline_b{instance=\"one\"}", 0),
            ("trunkline_c_bucket{le=\"10\"}", 0),
            // Another program exports it, or nobody does.
            ("trunkline_a_total{job=\"sink\", target=\"erp\", outcome=\"late\"}", 1),
            ("trunkline_b{job=\"sink\"}", 1),
            ("trunkline_c_bucket{le=\"30\"}", 1),
            ("trunkline_c{le=\"10\"}", 1),
            // A label too few, or too many.
            ("trunkline_a_total{outcome=\"late\"}", 1),
            ("trunkline_b{part=\"kafka\"}", 1),
        ] {
            assert_eq!(found(TESTS, &format!("      - series: '{series}'\n")), findings, "{series}");
        }
    }

    #[test]
    fn nothing_of_the_alerts_is_found_in_an_empty_recording() {
        let named = TREE.text(ALERTS).matches("- alert: ").count();
        let findings = never_seen(&TREE, &BTreeSet::new());
        let of_alerts = findings.iter().filter(|found| found.place.starts_with(ALERTS)).count();
        assert!(of_alerts >= named, "{of_alerts} findings for {named} alerts");
    }
}
