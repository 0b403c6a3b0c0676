//! The repository as the rules see it: its Rust files and its pages, read once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::source::Source;

/// The repository that this crate belongs to.
pub static TREE: LazyLock<Tree> = LazyLock::new(|| Tree::read(&root()));

/// What the repository holds.
#[derive(Debug, Default)]
pub struct Tree {
    /// Its Rust files, by path.
    pub sources: Vec<Source>,
    /// Its other files of text: paths from the root, and what they hold.
    pub texts: Vec<(String, String)>,
}

impl Tree {
    /// A repository that a test makes up.
    pub fn made_up(files: &[(&str, &str)]) -> Self {
        Self::of(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    /// The text of a file that is not Rust; empty if there is none.
    pub fn text(&self, path: &str) -> &str {
        self.texts.iter().find(|(at, _)| at == path).map_or("", |(_, text)| text)
    }

    /// Paths of all files.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|source| &*source.path).chain(self.texts.iter().map(|(path, _)| &**path))
    }

    fn read(root: &Path) -> Self {
        let mut files = Vec::new();
        walk(root, root, &mut files);
        files.sort();
        Self::of(files)
    }

    fn of(files: Vec<(String, String)>) -> Self {
        let (rust, texts): (Vec<_>, Vec<_>) = files.into_iter().partition(|(path, _)| path.ends_with(".rs"));
        let mut sources: Vec<Source> =
            rust.iter().map(|(path, text)| Source::new(path, text, is_test_path(path))).collect();
        let roots: BTreeSet<String> = sources.iter().flat_map(test_roots).collect();
        for source in &mut sources {
            let in_test = |root: &String| {
                source.path == format!("{root}.rs") || source.path.starts_with(&format!("{root}/"))
            };
            if roots.iter().any(in_test) {
                *source = Source::new(&source.path, &source.text, true);
            }
        }
        Self { sources, texts }
    }
}

/// The folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Whether a folder of tests holds the file.
fn is_test_path(path: &str) -> bool {
    path.starts_with("tests/") || path.split('/').any(|folder| folder == "tests" || folder == "fuzz")
}

/// Where the modules lie that a file declares for its tests only, without `.rs`.
fn test_roots(source: &Source) -> Vec<String> {
    let (folder, name) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let stem = name.trim_end_matches(".rs");
    let own = format!("{folder}/{stem}");
    let beside = matches!(stem, "lib" | "main" | "mod");
    let modules = source.test_modules().into_iter();
    let by_name = modules.map(|module| format!("{}/{module}", if beside { folder } else { &own }));
    // A module may name its file, beside the one that declares it.
    let named = source.code.match_indices("#[path = \"").filter(|(at, _)| source.in_test(*at));
    let named = named.filter_map(|(at, start)| {
        let text = &source.text[at + start.len()..];
        Some(format!("{folder}/{}", text[..text.find('"')?].trim_end_matches(".rs")))
    });
    by_name.chain(named).collect()
}

/// Reads everything below a folder that is text and belongs to the repository.
fn walk(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let hidden = name.starts_with('.') && name != ".ci" && name != ".dockerignore";
        if hidden || matches!(&*name, "target" | "Cargo.lock" | "corpus" | "artifacts") {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, files);
        } else if let (Ok(text), Ok(relative)) = (std::fs::read_to_string(&path), path.strip_prefix(root)) {
            files.push((relative.to_string_lossy().replace('\\', "/"), text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_only_tests_build_are_known() {
        let tree = Tree::made_up(&[
            ("x/src/lib.rs", "#[cfg(test)]\nmod testing;\nmod a;\n"),
            ("x/src/testing.rs", "fn help() {}"),
            ("x/src/testing/stub.rs", "fn stub() {}"),
            (
                "x/src/a.rs",
                "fn a() {}\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\n#[path = \"b_test.rs\"]\nmod b;",
            ),
            ("x/src/a/tests.rs", "fn test() {}"),
            ("x/src/b_test.rs", "fn test() {}"),
            ("x/src/c.rs", "fn c() {}"),
            ("x/tests/all.rs", "fn test() {}"),
        ]);
        let program: Vec<&str> =
            tree.sources.iter().filter(|source| !source.is_test()).map(|source| &*source.path).collect();
        assert_eq!(program, ["x/src/lib.rs", "x/src/a.rs", "x/src/c.rs"]);
    }

    #[test]
    fn the_repository_is_read() {
        assert!(TREE.sources.len() > 300 && TREE.text("Cargo.toml").contains("[workspace]"));
    }
}
