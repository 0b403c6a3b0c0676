//! In what a deployment differs from the others.

use std::collections::BTreeMap;
use std::path::Path;

use trunkline_simulators::System;

/// In what a deployment differs from the others; by default in nothing.
#[derive(Debug, Clone, Default)]
pub struct Variation {
    /// Bootstrap servers that its programs use; without them those of the test run, which are read from in any case.
    pub brokers: Option<String>,
    /// Life of the tokens of some systems; seconds.
    pub token_seconds: BTreeMap<System, i64>,
    /// Files in the folder of the secrets, by name, that there are from the beginning.
    pub secrets: Vec<(&'static str, String)>,
    /// Texts of the configuration that are replaced by others. `{secrets}` stands for the folder of the secrets.
    pub replaced: Vec<(String, String)>,
    /// Sections behind the others of the configuration; with `{secrets}` as well.
    pub sections: String,
}

// === impl Variation ===

impl Variation {
    /// The configuration with what is different.
    pub(crate) fn apply(&self, text: &str, secrets: &Path) -> String {
        let here = |text: &str| text.replace("{secrets}", &secrets.display().to_string());
        let replaced = |text: String, (from, to): &(String, String)| text.replace(&here(from), &here(to));
        let text = self.replaced.iter().fold(text.to_owned(), replaced);
        format!("{text}\n{}", here(&self.sections))
    }
}
