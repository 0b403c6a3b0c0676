//! Alerts and pages speak of metrics, labels and values that the programs export.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Finding;
use crate::mask::is_word;
use crate::source::{Source, closing};
use crate::tree::Tree;

/// The rules that an operator is woken by.
pub(crate) const ALERTS: &str = "deploy/prometheus/alerts.yaml";
/// Labels that Prometheus adds by itself.
pub(crate) const ADDED: [&str; 3] = ["instance", "job", "le"];
/// Whose metrics are for operators; the tools only read them.
const EXPORTERS: [&str; 4] = ["crates/", "ingest/", "processor/", "sink/"];

/// Its strings can be values of labels of every exporter.
const SHARED: &str = "crates/kafka/src/";

/// A metric as the code exports it.
#[derive(Debug, Default)]
pub struct Metric {
    labels: BTreeSet<String>,
    /// Strings of the crate that exports it: values of its labels are among them.
    strings: BTreeSet<String>,
}

/// What the programs export, by name.
pub fn exported(tree: &Tree) -> BTreeMap<String, Metric> {
    let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
    let mut crates: BTreeMap<&str, Vec<&Source>> = BTreeMap::new();
    for source in &tree.sources {
        if let Some((folder, _)) = source.path.split_once("/src/")
            && EXPORTERS.iter().any(|exporter| source.path.starts_with(exporter))
        {
            crates.entry(folder).or_default().push(source);
        }
    }
    // What both stream loops have from there: how a transaction ended, for example.
    let shared = tree.sources.iter().filter(|source| source.path.starts_with(SHARED));
    let shared: BTreeSet<String> =
        shared.flat_map(|source| strings(source)).map(|(_, text)| text.to_owned()).collect();
    for sources in crates.values() {
        let constants: BTreeMap<&str, &str> = sources.iter().flat_map(|source| constants(source)).collect();
        let strings: BTreeSet<String> =
            sources.iter().flat_map(|source| strings(source)).map(|(_, text)| text.to_owned()).collect();
        for source in sources {
            for macro_name in ["counter!(", "gauge!(", "histogram!("] {
                for (start, _) in source.code.match_indices(macro_name) {
                    if source.in_test(start) || source.code[..start].ends_with("describe_") {
                        continue;
                    }
                    let open = start + macro_name.len() - 1;
                    let call = (open, closing(&source.code, open));
                    if let Some(name) = name(source, call, &constants) {
                        let metric = metrics.entry(name).or_default();
                        metric.labels.extend(labels(source, call));
                        metric.strings.extend(strings.iter().chain(&shared).cloned());
                    }
                }
            }
        }
    }
    metrics
}

/// Finds metrics in alerts and pages that no program exports.
pub fn unknown(tree: &Tree) -> Vec<Finding> {
    let exported = exported(tree);
    let mut findings = Vec::new();
    let pages = tree.texts.iter().filter(|(path, _)| path.ends_with(".md") || path.starts_with("deploy/"));
    for (path, text) in pages {
        for (number, line) in text.lines().enumerate() {
            for name in names(line) {
                let family = name.ends_with('_') && exported.keys().any(|metric| metric.starts_with(name));
                let crate_name = !name["trunkline_".len()..].contains('_'); // such as `use trunkline_schemas::Event`
                if !family && !crate_name && !exported.contains_key(base(name)) {
                    let place = format!("{path}:{}", number + 1);
                    findings.push(Finding::at(place, format!("no program exports a metric '{name}'")));
                }
            }
        }
    }
    findings
}

/// Finds labels, and values of labels, in the alerts that their metric does not have.
pub fn unknown_labels(tree: &Tree) -> Vec<Finding> {
    let exported = exported(tree);
    let mut findings = Vec::new();
    for (number, line) in tree.text(ALERTS).lines().enumerate() {
        let Some((_, expression)) = line.split_once("expr: ") else { continue };
        let mut finding = |what: String| findings.push(Finding::at(format!("{ALERTS}:{}", number + 1), what));
        let metrics: Vec<(&str, &Metric)> = names(expression)
            .into_iter()
            .filter_map(|name| Some((name, exported.get(base(name))?)))
            .collect();
        for label in grouped_by(expression) {
            if !ADDED.contains(&label) && !metrics.iter().all(|(_, metric)| metric.labels.contains(label)) {
                finding(format!("not every metric of the expression has the label '{label}'"));
            }
        }
        for (name, label, value) in matchers(expression) {
            let Some(metric) = exported.get(base(name)) else { continue };
            if !ADDED.contains(&label) && !metric.labels.contains(label) {
                finding(format!("'{name}' has no label '{label}'"));
            }
            let number = |one: &str| !one.is_empty() && one.bytes().all(|byte| byte.is_ascii_digit());
            for one in value.split('|').filter(|one| !number(one) && !metric.strings.contains(*one)) {
                finding(format!("'{name}' never has the value '{one}' for '{label}'"));
            }
        }
    }
    findings
}

/// Finds metrics that are missing in a page's table of metrics, which has all of those that begin as its own do.
pub fn undocumented(tree: &Tree) -> Vec<Finding> {
    let exported = exported(tree);
    let mut findings = Vec::new();
    for (path, text) in tree.texts.iter().filter(|(path, _)| path.ends_with(".md")) {
        let lines = text.lines().enumerate().skip_while(|(_, line)| !line.starts_with("| metric |"));
        let table: Vec<(usize, &str)> = lines.take_while(|(_, line)| line.starts_with('|')).collect();
        let listed: BTreeSet<&str> =
            table.iter().flat_map(|(_, line)| names(line).into_iter().take(1)).collect();
        let (Some(first), Some((number, _))) = (listed.first(), table.first()) else { continue };
        let mut common = first.len();
        for name in &listed {
            common =
                first.bytes().zip(name.bytes()).take(common).take_while(|(one, other)| one == other).count();
        }
        let family = &first[..first[..common].rfind('_').map_or(0, |at| at + 1)];
        for name in exported.keys().filter(|name| name.starts_with(family) && !listed.contains(&***name)) {
            findings
                .push(Finding::at(format!("{path}:{}", number + 1), format!("'{name}' is not in the table")));
        }
    }
    findings
}

fn constants(source: &Source) -> Vec<(&str, &str)> {
    let declared = |at: usize| source.code[..at].trim_end_matches(['"', ' ', '=']).trim_end_matches(": &str");
    let strings = strings(source).into_iter().filter(|(_, text)| text.starts_with("trunkline_"));
    strings
        .map(|(at, text)| (declared(at).rsplit(|letter| !is_word(letter)).next().unwrap_or_default(), text))
        .collect()
}

/// Strings that are not of tests, with their places.
fn strings(source: &Source) -> Vec<(usize, &str)> {
    let strings = source.strings.iter().filter(|string| !source.in_test(string.at));
    strings.map(|string| (string.at, &*string.text)).collect()
}

fn within(source: &Source, (from, to): (usize, usize)) -> Vec<(usize, &str)> {
    strings(source).into_iter().filter(|(at, _)| (from..to).contains(at)).collect()
}

fn name(source: &Source, call: (usize, usize), constants: &BTreeMap<&str, &str>) -> Option<String> {
    let argument = source.code[call.0 + 1..call.1].split(',').next()?.trim();
    if argument.starts_with('"') {
        return within(source, call).first().map(|(_, text)| (*text).to_owned());
    }
    let constant = argument.rsplit("::").next()?.trim();
    constants.get(constant).map(|name| (*name).to_owned())
}

/// The labels of a call; where it takes them from elsewhere, all short strings of its file may be.
fn labels(source: &Source, call: (usize, usize)) -> Vec<String> {
    let code = &source.code[call.0..call.1];
    if code.contains(", &") && !code.contains("=>") {
        return strings(source).into_iter().map(|(_, text)| text.to_owned()).collect();
    }
    let behind =
        |(at, text): &(usize, &str)| source.code[at + text.len() + 1..].trim_start().starts_with("=>");
    within(source, call).into_iter().filter(behind).map(|(_, text)| text.to_owned()).collect()
}

/// Words that begin with `trunkline_`.
pub(crate) fn names(text: &str) -> Vec<&str> {
    let words = text.split(|letter: char| !is_word(letter));
    words.filter(|word| word.starts_with("trunkline_")).collect()
}

/// What Prometheus makes of a histogram has the histogram's name in front.
fn base(name: &str) -> &str {
    ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

/// Labels within `by (…)`.
pub(crate) fn grouped_by(expression: &str) -> Vec<&str> {
    let groups = expression.match_indices(" by (").filter_map(|(at, start)| {
        let rest = &expression[at + start.len()..];
        Some(&rest[..rest.find(')')?])
    });
    groups.flat_map(|group| group.split(',').map(str::trim)).collect()
}

/// Metric, label and value of each `metric{label="value"}`.
pub(crate) fn matchers(expression: &str) -> Vec<(&str, &str, &str)> {
    let mut found = Vec::new();
    for (open, _) in expression.match_indices('{') {
        let name = expression[..open].rsplit(|letter| !is_word(letter)).next().unwrap_or_default();
        let inner = &expression[open + 1..];
        let inner = &inner[..inner.find('}').unwrap_or(inner.len())];
        for matcher in inner.split(',') {
            let Some((label, value)) = matcher.split_once('=') else { continue };
            let label = label.trim().trim_end_matches('!');
            found.push((name, label, value.trim_start_matches('~').trim_matches('"')));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::expect_none;
    use crate::tree::TREE;

    #[test]
    fn metrics_in_alerts_and_pages_are_exported() {
        assert!(exported(&TREE).len() > 30, "only {} metrics found", exported(&TREE).len());
        expect_none(&unknown(&TREE), "Name a metric that a program exports.");
    }

    #[test]
    fn labels_in_alerts_are_those_of_their_metrics() {
        expect_none(&unknown_labels(&TREE), "Name labels and values as the code does.");
    }

    #[test]
    fn tables_of_metrics_are_complete() {
        expect_none(&undocumented(&TREE), "Describe the metric in the table.");
    }

    const CODE: &str = "const A: &str = \"trunkline_a_total\";\nconst B: &str = \"trunkline_a_b\";\nfn f() {
        counter!(A, \"outcome\" => outcome(\"done\"), \"job_name\" => x).increment(1);
        gauge!(names::B).set(1.0); histogram!(\"trunkline_a_seconds\", &labels).record(1);
        let labels = [(\"topic\", x)]; }";

    fn made_up(path: &str, text: &str) -> Tree {
        Tree::made_up(&[("sink/src/metrics.rs", CODE), (path, text)])
    }

    #[test]
    fn what_the_code_exports_is_found_with_its_labels() {
        let metrics = exported(&made_up("a.md", ""));
        let labels: Vec<_> =
            metrics.iter().map(|(name, metric)| (&**name, metric.labels.contains("topic"))).collect();
        assert_eq!(
            labels,
            [("trunkline_a_b", false), ("trunkline_a_seconds", true), ("trunkline_a_total", false)]
        );
    }

    #[test]
    fn a_metric_or_a_label_that_nothing_exports_is_found() {
        for (expression, findings) in [
            ("sum by (outcome) (trunkline_a_total{outcome=\"done\"})", 0),
            ("rate(trunkline_a_seconds_bucket{topic=~\"done|5\", le=\"7\"}[5m])", 0),
            ("trunkline_a_toll > 0", 1),
            ("trunkline_a_total{outcome!=\"dun\"}", 1),
            ("trunkline_a_total{outcomes=\"done\"}", 1),
            ("sum by (instance, target) (trunkline_a_total)", 1),
        ] {
            let tree = made_up(ALERTS, &format!("        expr: {expression}\n"));
            assert_eq!(unknown(&tree).len() + unknown_labels(&tree).len(), findings, "{expression}");
        }
    }

    #[test]
    fn a_metric_that_its_table_leaves_out_is_found() {
        let tree = made_up(
            "a.md",
            "| metric | |\n|---|---|\n| `trunkline_a_total` | x |\n| `trunkline_a_seconds` | |\n\n",
        );
        assert_eq!(undocumented(&tree)[0].what, "'trunkline_a_b' is not in the table");
    }
}
