//! `trunkline check`: every mistake in a configuration, before anything starts.

use std::process::ExitCode;

use trunkline_config::Config;
use trunkline_schemas::event_type;

use crate::config_file::ConfigFile;

/// Reads a configuration as the binaries do and says everything that is wrong with it
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    file: ConfigFile,
}

/// Says what the configuration holds.
///
/// # Errors
///
/// Every mistake in it.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.file.load()?;
    println!("{}: no mistakes; {}", args.file.config.display(), summary(&config));
    for note in notes(&config) {
        println!("note: {note}");
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

/// What is allowed but probably not meant.
fn notes(config: &Config) -> Vec<String> {
    let mut notes = Vec::new();
    if config.sources.is_empty() {
        notes.push("no source is configured: ingest will take nothing in".to_owned());
    }
    let routing = config.rules.routing.iter().map(|rule| (&rule.id, &rule.on));
    let write_backs = config.rules.write_backs.iter().map(|rule| (&rule.id, &rule.on));
    for (id, event_types) in routing.chain(write_backs) {
        for unknown in event_types.iter().filter(|name| !event_type::ALL.contains(&name.as_str())) {
            notes.push(format!("rule '{id}' waits for '{unknown}', which no source of this version gives"));
        }
    }
    notes
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
