//! Every example of `docs/proofs.md` is a configuration without a mistake.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

const PAGE: &str = include_str!("../../../docs/proofs.md");

const REST: &str = "[kafka]\nbrokers = \"127.0.0.1:9092\"\n[registry]\nurl = \"http://127.0.0.1:8081\"\n";

/// The blocks of TOML on the page.
fn examples() -> impl Iterator<Item = &'static str> {
    PAGE.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap())
}

/// A whole configuration: an example is one of a source's `verify`, or names its table.
fn whole(example: &str) -> String {
    let titled = match example.starts_with('[') {
        true => example.to_owned(),
        false => format!("[sources.example.verify]\n{example}"),
    };
    let names = titled.lines().filter_map(|line| line.strip_prefix("[sources.")?.split_once(".verify]"));
    let kinds: String =
        names.map(|(name, _)| format!("[sources.{name}]\nkind = \"cxone-digital\"\n")).collect();
    format!("{REST}{titled}\n{kinds}")
}

#[test]
fn every_example_of_the_page_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trunkline.toml");
    let mut methods = std::collections::BTreeSet::new();
    for example in examples() {
        std::fs::write(&path, whole(example)).unwrap();
        let read = trunkline_config::load_without_secrets(&path);
        let config = read.unwrap_or_else(|mistakes| panic!("{example}\n{mistakes}"));
        assert_eq!(config.sources.len(), 1, "{example}");
        methods.extend(example.lines().filter(|line| line.starts_with("method = ")));
    }
    assert_eq!(methods.len(), 8, "an example of each: {methods:?}");
}
