//! `trunkline source`: what a source of enrichment knows of a customer.
//!
//! # Layout
//!
//! - [`attempt`]: one question, with its answer and what is made of it

pub mod attempt;

use std::process::ExitCode;

/// Asks a source of enrichment what it knows of a customer
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Try(attempt::Args),
}

/// Does what was asked for.
///
/// # Errors
/// Mistakes in the configuration; a source that it does not have or that does not answer.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.verb {
        Verb::Try(args) => attempt::run(args).await,
    }
}
