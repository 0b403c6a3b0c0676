//! Exceptions that a rule still grants, each with its present size: a size may only shrink.
//!
//! A ratchet is a file in `ratchets/` with lines of a number and a key, such as `589 processor/src/task.rs`. More than
//! is listed fails; less than is listed fails too, until the number is lowered. `TRUNKLINE_TIDY_WRITE=1 cargo test -p
//! trunkline-tidy` writes the files anew, for moves and renames: their difference is then what a reviewer looks at.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::finding::{self, Finding};

/// Fails a test if more, or less, was found than the ratchet of this name lists.
///
/// # Panics
///
/// When what was found is not what is listed: this is how a test fails.
#[track_caller]
pub fn hold(name: &str, findings: &[Finding], advice: &str) {
    let (path, shown) = (path(name), format!("tools/tidy/ratchets/{name}.txt"));
    if std::env::var_os("TRUNKLINE_TIDY_WRITE").is_some() {
        let written = std::fs::write(&path, render(findings));
        assert!(written.is_ok(), "{shown} cannot be written: {written:?}");
    }
    let listed = std::fs::read_to_string(&path).unwrap_or_default();
    let faults = compare(&shown, findings, &listed, advice);
    assert!(faults.is_empty(), "\n{faults}");
}

fn path(name: &str) -> PathBuf {
    crate::tree::root().join("tools/tidy/ratchets").join(format!("{name}.txt"))
}

fn render(findings: &[Finding]) -> String {
    finding::sums(findings).into_iter().fold(String::new(), |mut text, (key, amount)| {
        let _ = writeln!(text, "{amount} {key}");
        text
    })
}

/// The faults as text, nothing if there are none.
fn compare(shown: &str, findings: &[Finding], listed: &str, advice: &str) -> String {
    let found = finding::sums(findings);
    let mut faults = String::new();
    let mut known = BTreeMap::new();
    for (number, line) in listed.lines().enumerate() {
        let place = format!("{shown}:{}", number + 1);
        let Some((amount, key)) =
            line.split_once(' ').and_then(|(amount, key)| Some((amount.parse::<usize>().ok()?, key)))
        else {
            let _ = writeln!(faults, "{place}: '{line}' is not a number and what it counts: mend the line");
            continue;
        };
        known.insert(key, amount);
        match found.get(key) {
            None => drop(writeln!(faults, "{place}: '{key}' keeps the rule now: remove the line")),
            Some(found) if *found < amount => {
                let _ = writeln!(faults, "{place}: '{key}' is down to {found}: lower the number {amount}");
            }
            Some(_) => {}
        }
    }
    let granted = |key: &str| known.get(key).copied().unwrap_or_default();
    let more: Vec<&Finding> =
        findings.iter().filter(|finding| found[&*finding.key] > granted(&finding.key)).collect();
    for Finding { key, place, what, .. } in &more {
        let _ = writeln!(faults, "{place}: {what} ({} in all, {} granted)", found[&**key], granted(key));
    }
    if !more.is_empty() {
        let _ = writeln!(faults, "{advice}");
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(keys: &[&str]) -> Vec<Finding> {
        keys.iter().map(|key| Finding::at(format!("{key}:7"), "is wrong")).collect()
    }

    #[test]
    fn what_is_listed_passes_and_more_or_less_does_not() {
        for (keys, listed, faults) in [
            (&["a.rs", "a.rs"][..], "2 a.rs\n", ""),
            (&["a.rs"], "2 a.rs\n", "x:1: 'a.rs' is down to 1: lower the number 2\n"),
            (&[], "2 a.rs\n", "x:1: 'a.rs' keeps the rule now: remove the line\n"),
            (&["b.rs"], "", "b.rs:7: is wrong (1 in all, 0 granted)\nMend it.\n"),
            (&[], "a.rs\n", "x:1: 'a.rs' is not a number and what it counts: mend the line\n"),
        ] {
            assert_eq!(compare("x", &found(keys), listed, "Mend it."), faults);
        }
    }

    #[test]
    fn what_is_written_is_what_was_found() {
        let findings = found(&["b.rs", "a.rs", "b.rs"]);
        assert_eq!(render(&findings), "1 a.rs\n2 b.rs\n");
        assert_eq!(compare("x", &findings, &render(&findings), ""), "");
    }
}
