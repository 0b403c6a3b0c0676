//! `trunkline map`: what payloads of one's own would become, without Kafka.
//!
//! # Layout
//!
//! - `bodies`: from files to the bodies that requests would have had
//! - `sources`: which sources the bodies are taken to come from
//! - `report`: what becomes of each payload, and of all; pure
//! - `text`: the report for people

mod bodies;
mod report;
mod sources;
mod text;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::bail;
use trunkline_config::SourceKind;

use crate::config_file::ConfigFile;
use report::Report;
use sources::Sources;

/// Shows what payloads would become: which event under which key, what differs from the schema, or why not
///
/// Each FILE holds the body of one request as a platform sends it: a JSON object, or an array of them. A file
/// named *.jsonl or *.ndjson, or one whose lines all begin with '{', holds one body a line. A folder stands
/// for all files *.json, *.jsonl and *.ndjson in and below it, and '-' for standard input.
///
/// With --source the payloads are mapped as that source of the configuration would map them; --kind needs no
/// configuration. With neither of them every kind of source is tried, and the one that fits best is shown.
///
/// Nothing is sent anywhere and no signature is checked. What is in the payloads is printed as it is, personal
/// data too.
///
/// Exit codes: 0 when every payload becomes an event and none differs from its schema, 2 when a payload would
/// be quarantined or refused, 3 when all become events and at least one differs from its schema, 1 when a
/// file cannot be read, 64 when the command line or the configuration has mistakes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files or folders with payloads; '-' is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    file: ConfigFile,
    /// Map as this source of the configuration, with its tenant, its redaction and its limits
    #[arg(long, value_name = "NAME", conflicts_with_all = ["kind", "org"])]
    source: Option<String>,
    /// Map as a source of this kind, with every setting at its default
    #[arg(long, value_name = "KIND", value_parser = sources::kind)]
    kind: Option<SourceKind>,
    /// The tenant, where payloads name none
    #[arg(long, value_name = "ID")]
    org: Option<String>,
    /// The summary only
    #[arg(long)]
    summary: bool,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// Maps the payloads and shows the result; the exit codes are in [`Args`].
///
/// # Errors
/// Mistakes in the configuration; a source that it does not have; files that cannot be read or hold nothing.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let sources = match &args.source {
        Some(name) => Sources::configured(&args.file.load_without_secrets()?, name)?,
        None => Sources::of_kind(args.kind, args.org.as_deref())?,
    };
    let bodies = bodies::read(&args.files)?;
    if bodies.is_empty() {
        bail!("the files hold no payload");
    }
    let mut report = Report::new(&bodies, &sources, now());
    let exit_code = report.summary.exit_code();
    if args.summary {
        report.payloads.clear();
    }
    let shown = match args.json {
        true => serde_json::to_string(&report)? + "\n",
        false => report.to_string(),
    };
    // Whoever reads may have seen enough: `trunkline map … | head` is no failure.
    let _ = std::io::stdout().lock().write_all(shown.as_bytes());
    Ok(ExitCode::from(exit_code))
}

/// The time of receipt that the payloads are given, UTC milliseconds.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
