//! `trunkline topics`: the topics as the catalog says they should be.

use std::process::ExitCode;

use anyhow::Context;
use trunkline_kafka::topics;
use trunkline_schemas::error_codes::{BROKER_UNREACHABLE, TOPIC_WRONG};

use crate::config_file::ConfigFile;

/// Shows or does what the topics need
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Shows what there is to do; changes nothing
    Plan(ConfigFile),
    /// Makes what is missing and sets what differs; never changes a partition count
    Apply(ConfigFile),
}

/// Plans, and applies if asked to. A plan that would change a partition count is a failure either way.
///
/// # Errors
/// Mistakes in the configuration; brokers that do not answer or refuse.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let (file, apply) = match args.verb {
        Verb::Plan(file) => (file, false),
        Verb::Apply(file) => (file, true),
    };
    let config = file.load().await?;
    let brokers = &config.kafka.brokers;
    let plan = topics::plan(&config.kafka)
        .await
        .with_context(|| format!("brokers {brokers} ({BROKER_UNREACHABLE})"))?;
    print!("{plan}");
    if plan.refused().next().is_some() {
        eprintln!("nothing was changed ({TOPIC_WRONG})");
        return Ok(ExitCode::FAILURE);
    }
    if apply && !plan.is_empty() {
        topics::apply(&config.kafka, &plan)
            .await
            .with_context(|| format!("brokers {brokers} ({TOPIC_WRONG})"))?;
        println!("done");
    }
    Ok(ExitCode::SUCCESS)
}
