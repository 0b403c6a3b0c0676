//! Prose can be read without a window as wide as a table, and words are spelled in one way.

use crate::finding::Finding;
use crate::tree::Tree;

/// The most characters of a line of prose.
const WIDTH: usize = 120;

/// Spellings that have another.
const SPELLINGS: [(&str, &str); 3] =
    [("can not", "cannot"), ("behavior", "behaviour"), ("# Error", "# Errors")];

/// Finds lines of comments and pages that are too wide and can be broken.
pub fn wide(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in files(tree) {
        let page = path.ends_with(".md");
        let mut in_code = false;
        for (number, line) in text.lines().enumerate() {
            let Some(prose) = prose(path, line) else { continue };
            in_code ^= prose.starts_with("```");
            let fits = line.chars().count() <= WIDTH || in_code || !can_be_broken(prose);
            if !fits && (page || !prose.starts_with('|')) {
                let width = line.chars().count();
                findings.push(Finding::at(
                    format!("{path}:{}", number + 1),
                    format!("{width} characters in a line"),
                ));
            }
        }
    }
    findings
}

/// Finds words that are spelled otherwise than everywhere else.
pub fn misspelled(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in files(tree).filter(|(path, _)| !path.starts_with("tools/tidy/")) {
        for (number, line) in text.lines().enumerate() {
            for (wrong, right) in SPELLINGS.into_iter().filter(|(wrong, _)| has(line, wrong)) {
                let place = format!("{path}:{}", number + 1);
                findings.push(Finding::at(place, format!("'{wrong}' is spelled '{right}'")));
            }
        }
    }
    findings
}

/// Whether words stand in a line by themselves; `can not only` is right, and so is a heading that goes on.
fn has(line: &str, words: &str) -> bool {
    let mut ends = line.match_indices(words).map(|(at, _)| &line[at + words.len()..]);
    ends.any(|after| {
        let goes_on = words.starts_with('#') && !after.trim().is_empty();
        !goes_on && !after.starts_with(crate::mask::is_word) && !after.starts_with(" only")
    })
}

fn files(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    let sources = tree.sources.iter().map(|source| (&*source.path, &*source.text));
    sources.chain(tree.texts.iter().map(|(path, text)| (&**path, &**text)))
}

/// The prose of a line without the signs of a comment; nothing where the line is none.
fn prose<'a>(path: &str, line: &'a str) -> Option<&'a str> {
    let line = line.trim_start();
    let comment = |sign: &str| Some(line.strip_prefix(sign)?.trim_start_matches(['/', '!', '#', ' ']));
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "md" => (!line.starts_with('|')).then_some(line),
        "rs" => comment("//"),
        "toml" | "yaml" | "sh" | "" | "dockerignore" => comment("#"),
        _ => None,
    }
}

/// Whether a line has a place to break at: an address or a link that is wide by itself has none.
fn can_be_broken(prose: &str) -> bool {
    let words =
        prose.trim_start_matches(['-', '*', '>', ' ', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    words.split_whitespace().count() > 1 && !words.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratchet;
    use crate::tree::TREE;

    #[test]
    fn prose_is_narrow() {
        ratchet::hold("wide", &wide(&TREE), "Break the line before column 121.");
    }

    #[test]
    fn words_are_spelled_in_one_way() {
        ratchet::hold("spelling", &misspelled(&TREE), "Spell it as the rest of the repository does.");
    }

    #[test]
    fn a_wide_line_is_found_and_tables_code_and_addresses_are_not() {
        let long = "word ".repeat(25);
        let address = format!("https://{}", "a".repeat(120));
        let page = format!("{long}\n| {long}|\n```\n{long}\n```\n- {address}\n  {long}\n");
        let code = format!("/// {long}\nlet a = \"{long}\";\n    // {long}\n");
        let tree =
            Tree::made_up(&[("a.md", &page), ("a/src/a.rs", &code), ("a.toml", &format!("# {long}\nb = 1"))]);
        let places: Vec<String> = wide(&tree).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["a/src/a.rs:1", "a/src/a.rs:3", "a.md:1", "a.md:7", "a.toml:1"]);
    }

    #[test]
    fn a_misspelling_is_found() {
        let tree = Tree::made_up(&[(
            "a.md",
            "It can not.\nIt can not only be.\nIt can nothing.\n# Error\n# Error codes",
        )]);
        let places: Vec<String> = misspelled(&tree).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["a.md:1", "a.md:4"]);
    }
}
