//! Error codes are named by their constants, and every code in a page or an alert exists.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::source::Source;
use crate::tree::Tree;

/// The table of codes.
const TABLE: &str = "schemas/src/error_codes.rs";

/// The verifier shares nothing with what it judges.
const APART: &str = "tools/verifier/";

/// Finds codes that are written out where their constants belong.
pub fn written_out(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let meant = |source: &&Source| source.path != TABLE && !source.path.starts_with(APART);
    for source in tree.sources.iter().filter(meant) {
        for string in source.strings.iter().filter(|string| !source.in_test(string.at)) {
            for code in codes(&string.text) {
                findings
                    .push(Finding::at(source.place(string.at), format!("the code {code} is written out")));
            }
        }
    }
    findings
}

/// Finds codes in pages, in alerts and in comments that are not in the table.
pub fn unknown(tree: &Tree) -> Vec<Finding> {
    let known = table(tree);
    let pages = tree.texts.iter().filter(|(path, _)| path.ends_with(".md") || path.starts_with("deploy/"));
    let files = pages.map(|(path, text)| (&**path, &**text));
    let sources = tree.sources.iter().filter(|source| source.path != TABLE && !source.is_test());
    let files = files.chain(sources.map(|source| (&*source.path, &*source.text)));
    let mut findings = Vec::new();
    for (path, text) in files.filter(|(path, _)| !path.starts_with("tools/tidy/")) {
        for (number, line) in text.lines().enumerate() {
            for code in codes(line).into_iter().filter(|code| !known.contains(code)) {
                findings
                    .push(Finding::at(format!("{path}:{}", number + 1), format!("there is no code {code}")));
            }
        }
    }
    findings
}

/// Finds codes without a page, and pages without a code.
pub fn pages(tree: &Tree) -> Vec<Finding> {
    let known = table(tree);
    let pages = tree.paths().filter_map(|path| path.strip_prefix("docs/errors/"));
    let pages: BTreeSet<&str> = pages.filter_map(|name| codes(name).into_iter().next()).collect();
    let index = codes(tree.text("docs/errors/README.md")).into_iter().collect::<BTreeSet<_>>();
    let mut findings = Vec::new();
    for code in &known {
        if !pages.contains(code) {
            findings
                .push(Finding::at(format!("{TABLE}:1"), format!("{code} has no page docs/errors/{code}.md")));
        }
        if !index.contains(code) {
            findings.push(Finding::at(
                "docs/errors/README.md:1".to_owned(),
                format!("{code} is not in the list"),
            ));
        }
    }
    for code in pages.difference(&known) {
        findings
            .push(Finding::at(format!("docs/errors/{code}.md:1"), "describes a code that does not exist"));
    }
    findings
}

fn table(tree: &Tree) -> BTreeSet<&str> {
    let table = tree.sources.iter().find(|source| source.path == TABLE);
    let strings =
        table.into_iter().flat_map(|source| source.strings.iter().filter(|one| !source.in_test(one.at)));
    strings.flat_map(|string| codes(&string.text)).collect()
}

/// How long a code is, such as `TL-1001`.
const LENGTH: usize = 7;

/// What looks like a code.
fn codes(text: &str) -> Vec<&str> {
    let code = |at: usize| {
        let code = text.get(at..at + LENGTH)?;
        code[3..].bytes().all(|byte| byte.is_ascii_digit()).then_some(code)
    };
    text.match_indices("TL-").filter_map(|(at, _)| code(at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::expect_none;
    use crate::ratchet;
    use crate::tree::TREE;

    #[test]
    fn codes_are_named_by_their_constants() {
        ratchet::hold("codes", &written_out(&TREE), &format!("Use the constant of {TABLE}."));
    }

    #[test]
    fn codes_in_pages_alerts_and_comments_exist() {
        expect_none(&unknown(&TREE), &format!("The codes that exist are in {TABLE}."));
    }

    #[test]
    fn every_code_has_its_page() {
        expect_none(&pages(&TREE), "A code keeps its page for ever, in docs/errors and in its list.");
    }

    fn made_up() -> Tree {
        Tree::made_up(&[
            (TABLE, "const A: &str = \"TL-1001\"; const B: &str = \"TL-1002\";"),
            (
                "sink/src/a.rs",
                "fail(\"TL-1001 bad\"); // TL-1001\n#[cfg(test)] mod tests { A == \"TL-1001\" }",
            ),
            ("tools/verifier/src/a.rs", "\"TL-1001\""),
            ("docs/a.md", "See TL-1001\nand TL-9999 and TL-."),
            ("docs/errors/TL-1001.md", ""),
            ("docs/errors/TL-1003.md", ""),
            ("docs/errors/README.md", "TL-1001 TL-1002"),
        ])
    }

    #[test]
    fn a_code_that_is_written_out_is_found() {
        let findings = written_out(&made_up());
        assert_eq!(findings.iter().map(|finding| &*finding.place).collect::<Vec<_>>(), ["sink/src/a.rs:1"]);
    }

    #[test]
    fn a_code_that_does_not_exist_is_found() {
        assert_eq!(unknown(&made_up())[0].place, "docs/a.md:2");
        let whats: Vec<String> = pages(&made_up()).into_iter().map(|finding| finding.what).collect();
        assert_eq!(
            whats,
            ["TL-1002 has no page docs/errors/TL-1002.md", "describes a code that does not exist"]
        );
    }
}
