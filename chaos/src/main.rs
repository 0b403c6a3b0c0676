//! The `chaos` binary: breaks a running pipeline for a while and has the outcome judged.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use trunkline_chaos::{Java, Settings, run};
use trunkline_fleet::program::binaries;

/// Break a running pipeline on three brokers for a while, and have the outcome judged
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How long things go wrong.
    #[arg(long, value_name = "N", default_value_t = 600, value_parser = clap::value_parser!(u64).range(10..=86_400))]
    seconds: u64,
    /// The same seed plans the same faults; without it, any.
    #[arg(long, value_name = "S")]
    seed: Option<u32>,
    /// Webhooks per second, on average.
    #[arg(long, value_name = "R", default_value_t = 100.0)]
    rate: f64,
    /// Where the report goes as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Works in this folder and leaves everything there.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Base URL of the registry's Confluent API.
    #[arg(long, value_name = "URL")]
    registry: String,
    /// Where Kafka's classes are.
    #[arg(long, value_name = "PATH", env = "TRUNKLINE_KAFKA_CLASSPATH")]
    kafka_classpath: String,
    /// Options of the brokers' virtual machines, separated by spaces.
    #[arg(long, value_name = "OPTIONS", env = "TRUNKLINE_KAFKA_JVM", default_value = "")]
    kafka_jvm: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let settings = Settings {
        java: Java::new(arguments.kafka_classpath, &arguments.kafka_jvm),
        registry: arguments.registry,
        binaries: binaries()?,
        seed: u64::from(arguments.seed.unwrap_or_else(rand::random)),
        length: Duration::from_secs(arguments.seconds),
        rate: arguments.rate,
        keep: arguments.keep,
    };
    let (outcome, report) = tokio::select! {
        judged = run(&settings) => judged?,
        () = trunkline_telemetry::shutdown::signal() => {
            println!("stopped");
            return Ok(ExitCode::from(130));
        }
    };
    println!("{}", outcome.text(&report));
    if let Some(path) = &arguments.report {
        let text = serde_json::to_string_pretty(&outcome)?;
        std::fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(if outcome.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
