//! Files are named in the field's own words: a stranger finds the breaker under `breaker`.

use crate::finding::Finding;
use crate::tree::Tree;

/// Words that say it in a private way, and what the field calls it.
const PRIVATE: [(&str, &str); 21] = [
    ("told", "reporting"),
    ("desk", "in_flight"),
    ("switch", "breaker"),
    ("words", "messages"),
    ("feels", "health"),
    ("residents", "entity_cache"),
    ("upkeep", "expiry or migration"),
    ("wake", "timer"),
    ("arm", "timer"),
    ("trouble", "recovery"),
    ("truth", "committed_state"),
    ("course", "retry"),
    ("gate", "throttle"),
    ("moment", "timestamp"),
    ("deed", "injection"),
    ("happening", "operation"),
    ("story", "timeline"),
    ("stage", "test_bed"),
    ("fleet", "rig"),
    ("doubt", "indeterminate"),
    ("doubtful", "indeterminate"),
];

/// Finds files and folders with a private word in their name.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in tree.paths() {
        for part in path.split(['/', '_', '-', '.']) {
            if let Some((word, term)) = PRIVATE.iter().find(|(word, _)| *word == part) {
                findings.push(Finding::at(format!("{path}:1"), format!("'{word}' is called '{term}'")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratchet;
    use crate::tree::TREE;

    #[test]
    fn files_are_named_in_the_words_of_the_field() {
        ratchet::hold("names", &check(&TREE), "docs/glossary.md has the terms.");
    }

    #[test]
    fn a_private_word_is_found_in_files_and_folders() {
        let tree =
            Tree::made_up(&[("a/src/gate.rs", ""), ("a/src/sink_fleet/b.rs", ""), ("a/gateway.md", "")]);
        let places: Vec<String> = check(&tree).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["a/src/gate.rs:1", "a/src/sink_fleet/b.rs:1"]);
    }
}
