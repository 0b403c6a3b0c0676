//! One concept a file, one step a function: long ones are listed, and may only shrink.

use crate::finding::Finding;
use crate::mask::is_word;
use crate::source::{Source, end_of_item};
use crate::tree::Tree;

/// The most lines of a file, its tests left out.
const FILE: usize = 400;
/// The most lines of a file's tests.
const TEST_FILE: usize = 500;
/// The most lines of a function.
const FUNCTION: usize = 70;
/// The most lines of a test, or of a function that only tests use.
const TEST_FUNCTION: usize = 100;

/// Finds files that are longer than they may be.
pub fn files(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &tree.sources {
        let (program, tests) = source.lengths();
        for (lines, most, of) in [(program, FILE, ""), (tests, TEST_FILE, " of tests")] {
            if lines > most {
                findings.push(Finding {
                    key: format!("{}{of}", source.path),
                    amount: lines,
                    place: format!("{}:1", source.path),
                    what: format!("{lines} lines{of} in a file, more than {most}"),
                });
            }
        }
    }
    findings
}

/// Finds functions that are longer than they may be.
pub fn functions(tree: &Tree) -> Vec<Finding> {
    tree.sources.iter().flat_map(long_functions).collect()
}

fn long_functions(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for at in source.words("fn") {
        let rest = source.code[at + 2..].trim_start();
        let name = &rest[..rest.find(|letter| !is_word(letter)).unwrap_or(rest.len())];
        if name.is_empty() {
            continue; // the type of a function
        }
        let lines = source.line(end_of_item(&source.code, at)) - source.line(at) + 1;
        let most = if source.in_test(at) { TEST_FUNCTION } else { FUNCTION };
        if lines > most {
            findings.push(Finding {
                key: format!("{} {name}", source.path),
                amount: lines,
                place: source.place(at),
                what: format!("{lines} lines in `{name}`, more than {most}"),
            });
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
    fn files_are_short() {
        ratchet::hold("files", &files(&TREE), "Give each concept a file of its own.");
    }

    #[test]
    fn functions_are_short() {
        ratchet::hold("functions", &functions(&TREE), "Give each step a function of its own.");
    }

    #[test]
    fn a_long_file_is_found_and_tests_count_apart() {
        let long = "fn a() {}\n".repeat(FILE + 1);
        let tests = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        let tree = Tree::made_up(&[
            ("x/src/a.rs", &long),
            ("x/src/b.rs", &tests),
            ("x/tests/c.rs", &long.repeat(2)),
        ]);
        let found: Vec<(String, usize)> =
            files(&tree).into_iter().map(|finding| (finding.key, finding.amount)).collect();
        assert_eq!(
            found,
            [("x/src/a.rs".to_owned(), FILE + 1), ("x/tests/c.rs of tests".to_owned(), 2 * FILE + 2)]
        );
    }

    #[test]
    fn a_long_function_is_found_with_its_length() {
        let body = "    x();\n".repeat(FUNCTION);
        let code = format!(
            "trait A {{ fn declared(&self); }}\nfn long<T>(x: [u8; 3]) -> fn() {{\n{body}}}\nfn b() {{}}\n"
        );
        let findings = functions(&Tree::made_up(&[("a/src/a.rs", &code), ("a/tests/a.rs", &code)]));
        assert_eq!(findings.len(), 1);
        assert_eq!((&*findings[0].place, findings[0].amount), ("a/src/a.rs:2", FUNCTION + 2));
    }
}
