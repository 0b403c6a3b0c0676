//! `trunkline identity`: which of a system's customers somebody was taken for.
//!
//! # Layout
//!
//! - [`forget`]: has a customer forgotten
//! - `keys`: under which keys somebody is known, however that was typed
//! - [`show`]: what `customer.profiles` says

pub mod forget;
mod keys;
pub mod show;

use std::process::ExitCode;

/// Shows which customers of the outside systems a customer was found to be, or has that forgotten
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Forget(forget::Args),
    Show(show::Args),
}

/// Does what was asked for.
///
/// # Errors
/// Mistakes in the configuration; brokers or a registry that do not answer; a customer that no record is about.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.verb {
        Verb::Forget(args) => forget::run(args).await,
        Verb::Show(args) => show::run(args).await,
    }
}
