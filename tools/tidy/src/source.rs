//! A Rust file, read so that a rule can look at its code, its strings or its comments alone.

use crate::mask::{self, Literal, Masked, is_word};

/// One Rust file of the repository.
#[derive(Debug)]
pub struct Source {
    /// Its path from the root of the repository, with `/`.
    pub path: String,
    /// What it holds.
    pub text: String,
    /// The same bytes with blanks for comments and for what stands within quotes: only code is left.
    pub code: String,
    /// What stands within quotes, in order.
    pub strings: Vec<Literal>,
    /// For each line whether only tests are built from it.
    tests: Vec<bool>,
    starts: Vec<usize>,
}

impl Source {
    /// Reads a file; `is_test` says that all of it is built for tests only.
    pub fn new(path: &str, text: &str, is_test: bool) -> Self {
        let Masked { code, strings } = mask::mask(text);
        let starts: Vec<usize> =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut source =
            Self { path: path.to_owned(), text: text.to_owned(), code, strings, tests: Vec::new(), starts };
        source.tests = vec![is_test; source.starts.len()];
        for (from, to) in source.test_items() {
            let (from, to) = (source.line(from), source.line(to));
            source.tests[from - 1..to].fill(true);
        }
        source
    }

    /// The line, counted from 1, in which a byte stands.
    pub fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    /// `path:line` of a byte.
    pub fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path, self.line(at))
    }

    /// Whether a byte belongs to what only tests are built from.
    pub fn in_test(&self, at: usize) -> bool {
        self.tests[self.line(at) - 1]
    }

    /// Whether nothing in the file is built outside tests.
    pub fn is_test(&self) -> bool {
        self.tests.iter().all(|test| *test)
    }

    /// How many lines the program has, and how many only its tests have.
    pub fn lengths(&self) -> (usize, usize) {
        let lines = self.text.lines().count();
        let tests = self.tests.iter().take(lines).filter(|test| **test).count();
        (lines - tests, tests)
    }

    /// Where a word stands in the code, as a whole word.
    pub fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.code.match_indices(word).map(|(at, _)| at).filter(move |at| {
            let before = self.code[..*at].chars().next_back();
            let after = self.code[at + word.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
    }

    /// The modules without a body that are declared for tests only, such as `tests` in `#[cfg(test)] mod tests;`.
    pub fn test_modules(&self) -> Vec<String> {
        let items = self.test_items();
        items.iter().filter_map(|(from, to)| module_declared(&self.code[*from..=*to])).collect()
    }

    /// From where to where items stand that carry `#[cfg(test)]`, the attribute included.
    fn test_items(&self) -> Vec<(usize, usize)> {
        let starts = ["#[cfg(test)]", "#[cfg(all(test"].into_iter();
        let starts = starts.flat_map(|attribute| self.code.match_indices(attribute).map(|(at, _)| at));
        starts.map(|from| (from, end_of_item(&self.code, from))).collect()
    }
}

/// The offset of the bracket that closes the one at `open`, or of the last byte.
pub fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    code.len().saturating_sub(1)
}

/// Where an item that begins at `from`, attributes included, ends: at its body's end, or at its semicolon.
pub fn end_of_item(code: &str, from: usize) -> usize {
    let mut at = from;
    while let Some(offset) = code[at..].find(['{', '(', '[', ';']) {
        at += offset;
        match code.as_bytes()[at] {
            b';' => return at,
            b'{' => return closing(code, at),
            _ => at = closing(code, at) + 1,
        }
    }
    code.len().saturating_sub(1)
}

fn module_declared(item: &str) -> Option<String> {
    let (_, declaration) = item.rsplit_once("mod ")?;
    Some(declaration.strip_suffix(';')?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "fn a() {}\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod more {\n    fn b() {}\n}\nfn c() {}\n";

    #[test]
    fn what_only_tests_build_is_known_by_line() {
        let source = Source::new("x/src/lib.rs", TEXT, false);
        let tests: Vec<bool> = (1..=8).map(|line| source.in_test(source.starts[line - 1])).collect();
        assert_eq!(tests, [false, true, true, true, true, true, true, false]);
        assert_eq!((source.test_modules(), source.lengths()), (vec!["tests".to_owned()], (2, 6)));
    }

    #[test]
    fn a_word_is_found_in_code_only() {
        let source = Source::new("a.rs", "// told\nlet told = \"told\"; untold();", false);
        assert_eq!(source.words("told").map(|at| source.place(at)).collect::<Vec<_>>(), ["a.rs:2"]);
    }
}
