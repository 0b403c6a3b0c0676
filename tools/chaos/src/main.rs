//! The `chaos` binary: breaks a running pipeline for a while and has the outcome judged.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use trunkline_chaos::cases::{self, Case};
use trunkline_chaos::{Settings, run};
use trunkline_rig::executables::binaries;
use trunkline_rig::kafka::Java;

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
    /// Play this case instead, one fault in a run of its own; may be given several times.
    #[arg(long = "case", value_name = "NAME", value_parser = case)]
    cases: Vec<&'static str>,
    /// Play every case instead.
    #[arg(long = "cases", conflicts_with = "cases")]
    all_cases: bool,
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
    let passed = tokio::select! {
        passed = async {
            if arguments.all_cases || !arguments.cases.is_empty() {
                play_cases(&arguments).await
            } else {
                play_schedule(&arguments).await
            }
        } => passed?,
        () = trunkline_telemetry::shutdown::signal() => {
            println!("stopped");
            return Ok(ExitCode::from(130));
        }
    };
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The random schedule; true when everything held.
async fn play_schedule(arguments: &Arguments) -> anyhow::Result<bool> {
    let settings = Settings {
        java: arguments.java(),
        registry: arguments.registry.clone(),
        binaries: binaries()?,
        seed: u64::from(arguments.seed.unwrap_or_else(rand::random)),
        length: Duration::from_secs(arguments.seconds),
        rate: arguments.rate,
        keep: arguments.keep.clone(),
    };
    let (outcome, report) = run(&settings).await?;
    println!("{}", outcome.text(&report));
    arguments.write_report(&outcome)?;
    Ok(outcome.is_clean())
}

/// Single cases; true when each came out as expected.
async fn play_cases(arguments: &Arguments) -> anyhow::Result<bool> {
    let settings = cases::Settings {
        java: arguments.java(),
        registry: arguments.registry.clone(),
        binaries: binaries()?,
        keep: arguments.keep.clone(),
    };
    let wanted = |case: &&Case| arguments.all_cases || arguments.cases.contains(&case.name);
    let wanted: Vec<&Case> = cases::ALL.iter().filter(wanted).collect();
    let outcome = cases::run(&settings, &wanted).await?;
    println!("{}", outcome.text());
    arguments.write_report(&outcome)?;
    Ok(outcome.is_as_expected())
}

/// The name of a case; else which there are.
fn case(name: &str) -> Result<&'static str, String> {
    let names = || cases::ALL.iter().map(|case| case.name).collect::<Vec<_>>().join(", ");
    cases::named(name)
        .map(|case| case.name)
        .ok_or_else(|| format!("there is no such case; there are {}", names()))
}

// === impl Arguments ===

impl Arguments {
    fn java(&self) -> Java {
        Java::new(self.kafka_classpath.clone(), &self.kafka_jvm)
    }

    fn write_report(&self, outcome: &impl serde::Serialize) -> anyhow::Result<()> {
        let Some(path) = &self.report else { return Ok(()) };
        let text = serde_json::to_string_pretty(outcome)?;
        std::fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
    }
}
