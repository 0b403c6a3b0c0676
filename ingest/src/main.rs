//! The `ingest` binary.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Takes platform events in by webhook and publishes them to Kafka.
#[derive(Parser)]
#[command(name = "ingest", version)]
struct Arguments {
    /// Configuration file.
    #[arg(long, env = "TRUNKLINE_CONFIG", default_value = "trunkline.toml")]
    config: PathBuf,
    /// Name of this instance, in logs and client ids.
    #[arg(long, env = "TRUNKLINE_INSTANCE", default_value = "ingest-0")]
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
    let _logging = trunkline_telemetry::logging::init(&config.telemetry, "ingest", &arguments.instance);
    trunkline_telemetry::logging::warn_of_plaintext(&config.plaintext);
    trunkline_telemetry::metrics::install();
    let _following = secrets.follow();
    let stopped = trunkline_telemetry::shutdown::signal();
    match trunkline_ingest::run(config, arguments.instance, stopped).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "ingest stopped");
            ExitCode::FAILURE
        }
    }
}
