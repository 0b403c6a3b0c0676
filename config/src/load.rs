//! From a file or a text to a validated configuration.

use std::path::Path;

use toml::de::DeTable;

use crate::report::Report;
use crate::section::Section;
use crate::syntax::readable;
use crate::{Config, Mistakes};

/// Reads and checks a file.
///
/// # Errors
///
/// Everything that is wrong with it, or that it cannot be read.
pub fn load(path: &Path) -> Result<Config, Mistakes> {
    let file_name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let message = format!("cannot be read: {error}; `trunkline init` writes one to start from");
        Mistakes::unreadable(&file_name, message)
    })?;
    parse(&text, &file_name)
}

/// Checks a text. `file_name` appears in messages, and relative paths within the text start at its folder.
///
/// # Errors
///
/// Everything that is wrong with it.
pub fn parse(text: &str, file_name: &str) -> Result<Config, Mistakes> {
    let (readable, syntax_errors) = readable(text);
    let (document, _) = DeTable::parse_recoverable(&readable);
    let table = document.get_ref();
    let report = Report::new(file_name, text, table, syntax_errors);
    let config = Section::document(&report, table, Config::read);
    report.finish(config)
}
