//! From a file or a text to a validated configuration.

use std::path::Path;

use toml::de::DeTable;

use crate::report::{Report, Secrets};
use crate::section::Section;
use crate::syntax::readable;
use crate::{Config, KnownPlugin, Mistakes, Unresolved};

/// For those who have no file.
const ADVICE: &str = "`trunkline init` writes one to start from";

/// Reads and checks a file, up to its secrets in Vault: `trunkline_secrets::load` reads those as well. `plugins` are
/// those of a processor, which knows what it has; `None` where that cannot be known.
///
/// # Errors
/// Everything that is wrong with it, or that it cannot be read.
pub fn read(path: &Path, plugins: Option<&[KnownPlugin<'_>]>) -> Result<Unresolved, Mistakes> {
    let config = read_document(path, ADVICE, Secrets::Read, |section| Config::read(section, plugins))?;
    Ok(Unresolved::new(config, &path.display().to_string()))
}

/// Reads and checks a file that has no secrets in Vault.
///
/// # Errors
/// Everything that is wrong with it, or that it cannot be read.
pub fn load(path: &Path) -> Result<Config, Mistakes> {
    without_vault(read(path, None)?)
}

/// Reads and checks a file for those who connect to nothing: what secrets refer to need not be there, and
/// each secret is empty.
///
/// # Errors
/// Everything else that is wrong with it, or that it cannot be read.
pub fn load_without_secrets(path: &Path) -> Result<Config, Mistakes> {
    read_document(path, ADVICE, Secrets::LeftOut, |section| Config::read(section, None))
}

/// [`load`] for a processor, which knows the plugins that it has.
///
/// # Errors
/// Everything that is wrong with it, or that it cannot be read.
pub fn load_with_plugins(path: &Path, plugins: &[KnownPlugin<'_>]) -> Result<Config, Mistakes> {
    without_vault(read(path, Some(plugins))?)
}

/// Checks a text that has no secrets in Vault. `file_name` appears in messages, and relative paths within the text
/// start at its folder.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(text: &str, file_name: &str) -> Result<Config, Mistakes> {
    let config = parse_document(text, file_name, Secrets::Read, |section| Config::read(section, None))?;
    without_vault(Unresolved::new(config, file_name))
}

fn without_vault(unresolved: Unresolved) -> Result<Config, Mistakes> {
    unresolved.resolve(|_| Err("is in Vault, which nobody asks here".to_owned()))
}

/// Reads a file of any kind. `advice` is for those who have none.
pub(crate) fn read_document<T>(
    path: &Path,
    advice: &str,
    secrets: Secrets,
    read: impl FnOnce(&Section<'_>) -> Option<T>,
) -> Result<T, Mistakes> {
    let file_name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Mistakes::unreadable(&file_name, format!("cannot be read: {error}; {advice}")))?;
    parse_document(&text, &file_name, secrets, read)
}

fn parse_document<T>(
    text: &str,
    file_name: &str,
    secrets: Secrets,
    read: impl FnOnce(&Section<'_>) -> Option<T>,
) -> Result<T, Mistakes> {
    let (readable, syntax_errors) = readable(text);
    let (document, _) = DeTable::parse_recoverable(&readable);
    let table = document.get_ref();
    let report = Report::new(file_name, text, table, secrets, syntax_errors);
    let value = Section::document(&report, table, read);
    report.finish(value)
}
