//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use trunkline_config::{LogFormat, Telemetry};
use trunkline_telemetry::logging;

use crate::{
    check, demo, doctor, explain, identity, init, map, rules, schemas, source, target, topics, verify,
    version,
};

/// Trunkline: contact-centre events as data you can trust, and write-backs within the call.
#[derive(Debug, Parser)]
#[command(name = "trunkline", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Init(init::Args),
    Check(check::Args),
    Doctor(doctor::Args),
    Version(version::Args),
    Rules(rules::Args),
    Map(map::Args),
    Target(target::Args),
    Source(source::Args),
    Identity(identity::Args),
    Topics(topics::Args),
    Schemas(schemas::Args),
    Explain(explain::Args),
    Demo(demo::Args),
    #[command(hide = true)]
    Up(demo::up::Args),
    Verify(Box<verify::Args>),
}

// === impl Cli ===

impl Cli {
    /// Does what was asked for.
    ///
    /// # Errors
    /// What kept it from being done, for [`crate::failure::report`].
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Init(args) => init::run(&args),
            Verb::Check(args) => check::run(&args).await,
            Verb::Doctor(args) => doctor::run(&args).await,
            Verb::Version(args) => Ok(version::run(&args)),
            Verb::Rules(args) => rules::run(&args),
            Verb::Map(args) => map::run(&args),
            Verb::Target(args) => target::run(&args).await,
            Verb::Source(args) => source::run(&args).await,
            Verb::Identity(args) => identity::run(&args).await,
            Verb::Topics(args) => topics::run(args).await,
            Verb::Schemas(args) => schemas::run(args).await,
            Verb::Explain(args) => explain::run(&args).await,
            Verb::Demo(args) => demo::run(args).await,
            Verb::Up(args) => demo::up::run(args).await,
            Verb::Verify(args) => verify::run(*args).await,
        }
    }
}

/// Verbs answer on standard output and say their errors themselves; `RUST_LOG` shows what libraries log.
pub fn quiet_logging() -> logging::Guard {
    let log_filter = std::env::var("RUST_LOG").unwrap_or_else(|_| "off".to_owned());
    let settings = Telemetry { log_format: LogFormat::Text, log_filter, ..Telemetry::default() };
    logging::init(&settings, "cli", "trunkline")
}
