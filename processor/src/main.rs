//! The `processor` binary.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Every event is a hundred small allocations, freed by another part of the loop: the system's allocator takes a fifth of
/// the processor's time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Deduplicates, orders, enriches and routes events, exactly once.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Configuration file.
    #[arg(long, env = "TRUNKLINE_CONFIG", default_value = "trunkline.toml")]
    config: PathBuf,
    /// Name of this instance, stable across restarts: it names the state folder, the group member and the transactions.
    #[arg(long, env = "TRUNKLINE_INSTANCE", default_value = "processor-0")]
    instance: String,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match trunkline_config::load(&arguments.config) {
        Ok(config) => config,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return ExitCode::from(trunkline_config::EXIT_CODE);
        }
    };
    let _telemetry = trunkline_telemetry::logging::init(&config.telemetry, "processor", &arguments.instance);
    match trunkline_processor::run(config, arguments.instance, trunkline_telemetry::shutdown::signal()).await
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "processor stopped");
            ExitCode::FAILURE
        }
    }
}
