//! `trunkline check`: every mistake in a configuration, before anything starts.

use std::process::ExitCode;

use trunkline_config::Config;
use trunkline_schemas::event_type;

use crate::config_file::ConfigFile;
use crate::count::count;

/// Reads a configuration as the binaries do and says everything that is wrong with it
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    file: ConfigFile,
}

/// Says what the configuration holds.
///
/// # Errors
/// Every mistake in it.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.file.load().await?;
    let file = args.file.config.display().to_string();
    println!("{file}: no mistakes; {}", summary(&config));
    for note in notes(&file, &config) {
        println!("{note}");
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(config: &Config) -> String {
    let rules = &config.rules;
    format!(
        "{}, {}, {}, {}, rule set {}",
        count(config.sources.len(), "source"),
        count(config.targets.len(), "target"),
        count(rules.routing.len(), "routing rule"),
        count(rules.write_backs.len(), "write-back rule"),
        rules.version
    )
}

/// What is allowed but probably not meant, with its place where it has one.
fn notes(file: &str, config: &Config) -> Vec<String> {
    let mut notes = Vec::new();
    if config.sources.is_empty() {
        notes.push("note: no source is configured: ingest will take nothing in".to_owned());
    }
    notes.extend(config.plaintext.iter().map(|what| {
        format!("note: insecure = true: what is sent to {what} travels unencrypted beyond this machine")
    }));
    notes.extend(config.plugins.keys().map(|name| {
        format!("note: plugin '{name}' is known to the processor that has it: run that with --check")
    }));
    let of_rules = trunkline_rules::notes(config, event_type::ALL);
    notes.extend(of_rules.iter().map(|note| {
        let (line, column) = (note.place.line, note.place.column);
        format!("{file}:{line}:{column} note: {}", note.message)
    }));
    notes
}
