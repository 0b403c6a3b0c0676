//! How a verb ends that did not do what it was asked for.

use std::process::ExitCode;

use trunkline_config::{EXIT_CODE, Mistakes};
use trunkline_schemas::error_codes::CONFIGURATION_INVALID;

/// A command line that is not understood: clap says why, with suggestions. Asking for help is none of these.
pub fn usage(error: &clap::Error) -> ExitCode {
    // Nobody is left to tell when standard output or error is closed.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(EXIT_CODE) } else { ExitCode::SUCCESS }
}

/// Says what went wrong. A bad configuration is every mistake a line, and 64; everything else is 1.
pub fn report(error: &anyhow::Error) -> ExitCode {
    match error.downcast_ref::<Mistakes>() {
        Some(mistakes) => {
            eprintln!("{mistakes}");
            let count = mistakes.count();
            let plural = if count == 1 { "" } else { "s" };
            eprintln!("{count} mistake{plural} ({CONFIGURATION_INVALID})");
            ExitCode::from(EXIT_CODE)
        }
        None => {
            eprintln!("trunkline: {error:#}");
            ExitCode::FAILURE
        }
    }
}
