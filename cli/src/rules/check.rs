//! `trunkline rules check`: everything wrong with the rules, and what in them is probably not meant.

use std::process::ExitCode;

use trunkline_rules::notes;
use trunkline_schemas::event_type;

use super::files;
use crate::config_file::ConfigFile;
use crate::count::count;

/// Says everything that is wrong with the rules and their cases, and what in them is probably not meant
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    file: ConfigFile,
}

/// Says what was found. What is only in doubt is no mistake.
///
/// # Errors
/// Every mistake in the configuration, or in the cases beside it.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.file.load_without_secrets()?;
    let file = args.file.config.display();
    let tests = files::load(files::beside(&args.file.config)?, &config)?;
    let notes = notes(&config, event_type::ALL);
    for note in &notes {
        println!("{file}:{}:{} note: {}", note.place.line, note.place.column, note.message);
    }
    println!(
        "{file}: no mistakes in {} and {}, {} to try them; {}; rule set {}",
        count(config.rules.routing.len(), "routing rule"),
        count(config.rules.write_backs.len(), "write-back rule"),
        count(tests.iter().map(|test| test.cases.len()).sum(), "case"),
        count(notes.len(), "note"),
        config.rules.version
    );
    Ok(ExitCode::SUCCESS)
}
