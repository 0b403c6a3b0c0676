//! `trunkline up`: everything running and nothing played, for curl and one's own Kafka client.

use std::path::PathBuf;
use std::process::ExitCode;

use super::test_bed::{Settings, TestBed};

/// Run everything and print the addresses as one JSON line
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Bootstrap servers, HOST:PORT.
    #[arg(long, value_name = "HOST:PORT")]
    kafka: String,
    /// Base URL of the registry's Confluent API.
    #[arg(long, value_name = "URL")]
    registry: String,
    /// Instances of the processor.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=6))]
    processors: u32,
    /// Works in this folder and leaves everything there.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Webhooks per second that the outside systems are made for.
const RATE: f64 = 200.0;

/// Prints the addresses as one JSON line and runs until it is told to stop.
///
/// # Errors
/// When something does not start or stop.
pub async fn run(arguments: Args) -> anyhow::Result<ExitCode> {
    let keep = arguments.keep.is_some();
    let settings = Settings {
        kafka: arguments.kafka,
        registry: arguments.registry,
        seed: 1,
        rate: RATE,
        processors: arguments.processors,
        keep: arguments.keep,
    };
    let stopped = trunkline_telemetry::shutdown::signal();
    tokio::pin!(stopped);
    let set_up = tokio::select! {
        set_up = TestBed::set_up(&settings) => set_up,
        _ = &mut stopped => return Ok(ExitCode::SUCCESS),
    };
    let mut bed = set_up?;
    println!("{}", bed.describe());
    stopped.await;
    bed.stop_members().await?;
    if !keep {
        bed.remove_topics().await?;
    }
    Ok(ExitCode::SUCCESS)
}
