//! `trunkline explain`: what the topics know of one conversation.
//!
//! # Layout
//!
//! - `subject`: which conversation is meant, and which records are about it
//! - `collect`: reads and decodes them
//! - `timeline`: puts them together; pure
//! - `text`: the timeline for people

mod collect;
mod subject;
mod text;
mod timeline;

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::bail;
use trunkline_kafka::tail::From;

use crate::config_file::ConfigFile;
use subject::Subject;
use timeline::Timeline;

/// Shows what the topics know of one conversation: its events in order, decisions, write-backs and their results
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The conversation: its native id, or the record key PLATFORM/ORG/ID
    #[arg(value_name = "CONVERSATION")]
    conversation: String,
    #[command(flatten)]
    file: ConfigFile,
    /// Look at the last so many minutes only; without it, at everything that is kept
    #[arg(long, value_name = "MINUTES")]
    minutes: Option<u64>,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// Prints the timeline of the conversation; fails if nothing is known of it.
///
/// # Errors
/// Mistakes in the configuration; brokers or a registry that do not answer; an id that several tenants know.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.file.load().await?;
    let subject = Subject::new(&args.conversation);
    let from = args.minutes.map_or(From::Beginning, |minutes| From::Timestamp(minutes_ago(minutes)));
    let found = collect::collect(&config, &subject, from).await?;
    let keys = found.keys();
    if keys.len() > 1 {
        bail!("several conversations have the id '{}', name one of them: {}", args.conversation, join(&keys));
    }
    if found.is_empty() {
        bail!("no topic knows the conversation '{}'", args.conversation);
    }
    let timeline = Timeline::new(found);
    if args.json {
        println!("{}", serde_json::to_string(&timeline)?);
    } else {
        print!("{}", text::show(&timeline));
    }
    Ok(ExitCode::SUCCESS)
}

fn minutes_ago(minutes: u64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let then = now.saturating_sub(Duration::from_secs(minutes.saturating_mul(60)));
    i64::try_from(then.as_millis()).unwrap_or(i64::MAX)
}

fn join(keys: &std::collections::BTreeSet<String>) -> String {
    keys.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
