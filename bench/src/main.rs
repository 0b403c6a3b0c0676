//! The `bench` binary: `bench codec [--report FILE]`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Measures Trunkline against its peers.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    benchmark: Benchmark,
    /// Where to write the report as JSON.
    #[arg(long, global = true)]
    report: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Benchmark {
    /// serde_avro_fast against apache-avro, on a platform event.
    Codec,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let report = match arguments.benchmark {
        Benchmark::Codec => trunkline_bench::codec::run()?,
    };
    print!("{report}");
    if let Some(path) = arguments.report {
        std::fs::write(&path, serde_json::to_vec_pretty(&report)?)?;
    }
    Ok(())
}
