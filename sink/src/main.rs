//! The `sink` binary.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use trunkline_telemetry::{logging, shutdown};

/// Writes back to the outside systems what the rules ask for.
#[derive(Parser)]
#[command(name = "sink", version)]
struct Arguments {
    /// Configuration file.
    #[arg(long, env = "TRUNKLINE_CONFIG", default_value = "trunkline.toml")]
    config: PathBuf,
    /// Name of this instance: stable across restarts, unique among the instances that run.
    #[arg(long, env = "TRUNKLINE_INSTANCE", default_value = "sink-0")]
    instance: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (config, secrets) = match trunkline_secrets::load(&arguments.config, None).await {
        Ok(loaded) => loaded,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return ExitCode::from(trunkline_config::EXIT_CODE);
        }
    };
    let _guard = logging::init(&config.telemetry, "sink", &arguments.instance);
    logging::warn_of_plaintext(&config.plaintext);
    tracing::info!(
        config = %arguments.config.display(),
        targets = config.targets.len(),
        group = config.sink.group,
        "starting"
    );
    trunkline_telemetry::metrics::install();
    let _following = secrets.follow();
    match trunkline_sink::run(config, arguments.instance, shutdown::signal()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "stopped");
            ExitCode::FAILURE
        }
    }
}
