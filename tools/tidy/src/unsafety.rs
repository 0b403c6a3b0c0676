//! Three files have `unsafe` code: the compiler denies it, and no other file lifts that.

use crate::finding::Finding;
use crate::tree::Tree;

/// The files, which call functions of librdkafka that its safe interface does not have.
const FILES: [&str; 3] = [
    "crates/kafka/src/client/sasl_credentials.rs",
    "crates/kafka/src/leader_epoch.rs",
    "crates/kafka/src/logs/topic_ids.rs",
];

/// Finds what lifts the compiler's denial elsewhere.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let others = tree.sources.iter().filter(|source| !FILES.contains(&source.path.as_str()));
    let lifts = others.flat_map(|source| source.words("unsafe_code").map(move |at| source.place(at)));
    lifts.map(|place| Finding::at(place, "`unsafe` code is let in".to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::expect_none;
    use crate::tree::TREE;

    #[test]
    fn no_other_file_has_unsafe_code() {
        expect_none(
            &check(&TREE),
            "A safe interface can nearly always be found; else say why in tools/tidy/src/unsafety.rs.",
        );
    }

    #[test]
    fn a_file_that_lets_it_in_is_found() {
        let lets_in = "#![allow(unsafe_code)]";
        let tree =
            Tree::made_up(&[("sink/src/a.rs", lets_in), (FILES[0], lets_in), ("sink/src/b.rs", "fn a() {}")]);
        let places: Vec<_> = check(&tree).into_iter().map(|found| found.place).collect();
        assert_eq!(places, ["sink/src/a.rs:1"]);
    }
}
