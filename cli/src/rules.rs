//! `trunkline rules`: checks rules, and tries them on events that never happened.
//!
//! # Layout
//!
//! - `check`: mistakes and doubts, with their places
//! - `test`: cases beside the rules
//! - `files`: where the cases are

mod check;
mod files;
mod test;

use std::process::ExitCode;

/// Checks the rules, or tries them on cases
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Check(check::Args),
    Test(test::Args),
}

/// Does what was asked for.
///
/// # Errors
/// Mistakes in the configuration or in a file of cases.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.verb {
        Verb::Check(args) => check::run(args),
        Verb::Test(args) => test::run(args),
    }
}
