//! Every alert has a test in which it fires and one in which it does not, and the first of its kind is enough where an
//! increase is what it waits for.
//!
//! What the rules evaluate to only Prometheus' own `promtool` can say. Debian and Ubuntu have it in the package
//! `prometheus`, Homebrew in the formula of that name; `TRUNKLINE_PROMTOOL` names it where it is not on the `PATH`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::Command;

use crate::finding::Finding;
use crate::metrics::ALERTS;
use crate::tree::Tree;

/// Their tests, in promtool's form.
pub(crate) const TESTS: &str = "deploy/prometheus/alerts_test.yaml";

/// What a test says of an alert that fires, and of one that does not; and what is missing without it.
const KINDS: [(&str, &str); 2] =
    [("exp_labels", "no test lets {} fire"), ("exp_alerts: []", "no test keeps {} from firing")];

/// Finds alerts without a test in which they fire, or without one in which they do not.
pub fn untried(tree: &Tree) -> Vec<Finding> {
    let tried = |name: &str, kind: &str| {
        let mut tries = tree.text(TESTS).split("alertname: ").skip(1);
        tries.any(|test| test.lines().next() == Some(name) && test.lines().any(|line| line.contains(kind)))
    };
    let lines = tree.text(ALERTS).lines().enumerate();
    let alerts =
        lines.filter_map(|(number, line)| Some((number + 1, line.trim().strip_prefix("- alert: ")?)));
    let untried = alerts.flat_map(|(line, name)| {
        let missing = KINDS.iter().filter(move |(kind, _)| !tried(name, kind));
        missing.map(move |(_, what)| Finding::at(format!("{ALERTS}:{line}"), what.replace("{}", name)))
    });
    untried.collect()
}

/// Finds alerts on an increase whose counter is there from the beginning of each test: in the world a process
/// starts, and its counter with it.
pub fn never_born(tree: &Tree) -> Vec<Finding> {
    let born: BTreeSet<&str> =
        series(tree.text(TESTS)).filter(|(_, values)| values.starts_with('_')).map(|one| one.0).collect();
    let mut findings = Vec::new();
    for (number, line) in tree.text(ALERTS).lines().enumerate() {
        for increase in line.split("increase(").skip(1) {
            let metric = increase.split(['{', '[']).next().unwrap_or_default();
            if !born.contains(metric) {
                let what = format!("no test of an increase of {metric} begins without a sample");
                findings.push(Finding::at(format!("{ALERTS}:{}", number + 1), what));
            }
        }
    }
    findings
}

/// Metrics and values of the input series of tests.
fn series(tests: &str) -> impl Iterator<Item = (&str, &str)> {
    tests.split("- series: '").skip(1).filter_map(|series| {
        let (metric, rest) = series.split_once(['{', '\''])?;
        let values = rest.split_once("values: \"")?.1;
        Some((metric, values.split('"').next()?))
    })
}

/// Lets promtool run the tests: what it says, and whether they passed; nothing where there is no promtool.
pub fn promtool() -> Option<(String, bool)> {
    let program = std::env::var_os("TRUNKLINE_PROMTOOL").unwrap_or_else(|| OsString::from("promtool"));
    let output =
        Command::new(program).args(["test", "rules"]).arg(crate::tree::root().join(TESTS)).output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    Some((String::from_utf8_lossy(&said).into_owned(), output.status.success()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::finding::expect_none;
    use crate::tree::TREE;

    #[test]
    fn every_alert_fires_in_a_test_and_keeps_still_in_another() {
        let hint = format!("Add a case with `exp_labels`, or one with `exp_alerts: []`, to {TESTS}.");
        expect_none(&untried(&TREE), &hint);
    }

    #[test]
    fn increases_are_tried_from_the_birth_of_their_counter() {
        expect_none(&never_born(&TREE), "Let its series begin with `_x4 0x4`: no sample, then zero.");
    }

    #[test]
    fn alerts_do_what_their_tests_say() {
        match promtool() {
            Some((said, passed)) => assert!(passed, "\n{said}"),
            // Not by `eprintln!`: what a passing test prints is shown to nobody.
            None => drop(std::io::stderr().write_all(
                b"\n*** NO PROMTOOL HERE: THE ALERT RULES ARE READ AND NOT EVALUATED. \
                  The package `prometheus` has it; TRUNKLINE_PROMTOOL names it elsewhere. ***\n",
            )),
        }
    }

    fn made_up(tests: &str) -> Tree {
        let alerts =
            "      - alert: A\n        expr: sum(increase(a_total{b=\"c\"}[5m])) > 0\n      - alert: B\n";
        Tree::made_up(&[(ALERTS, alerts), (TESTS, tests)])
    }

    #[test]
    fn an_alert_that_never_fires_is_found() {
        let tree = made_up(
            "alertname: A\n exp_alerts: []\nalertname: A\n exp_labels: {}\nalertname: B\n exp_alerts: []\n",
        );
        assert_eq!(
            untried(&tree).into_iter().map(|found| found.what).collect::<Vec<_>>(),
            ["no test lets B fire"],
            "A fires in one and keeps still in another"
        );
    }

    #[test]
    fn an_alert_that_is_never_seen_to_keep_still_is_found() {
        let tree = made_up("alertname: A\n exp_labels: {}\nalertname: B\n exp_labels: {}\n exp_alerts: []\n");
        assert_eq!(
            untried(&tree).into_iter().map(|found| found.what).collect::<Vec<_>>(),
            ["no test keeps A from firing"]
        );
    }

    #[test]
    fn a_counter_that_is_always_there_is_found() {
        for (values, findings) in [("0 0 1", 1), ("_x4 0 1", 0)] {
            let tree = made_up(&format!("- series: 'a_total{{b=\"c\"}}'\n  values: \"{values}\"\n"));
            assert_eq!(never_born(&tree).len(), findings, "{values}");
        }
    }
}
