//! The `trunkline` command-line tool.

use std::process::ExitCode;

use clap::Parser;
use trunkline_cli::{Cli, failure};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => return failure::usage(&usage),
    };
    let _logging = trunkline_cli::quiet_logging();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure::report(&error.into()),
    };
    runtime.block_on(cli.run()).unwrap_or_else(|error| failure::report(&error))
}
