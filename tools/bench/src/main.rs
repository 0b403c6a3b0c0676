//! The `bench` binary: `bench codec`, `bench processor`, each with `--report FILE`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use trunkline_bench::processor::{self, contender};

/// Measures Trunkline against its peers.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    benchmark: Benchmark,
    /// Where to write the report as JSON; beside it, in a folder with the suffix .pages, tables and plots.
    #[arg(long, global = true)]
    report: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Benchmark {
    /// serde_avro_fast against apache-avro, on a platform event.
    Codec,
    /// The processor against Kafka Streams, and against loops that only read and write.
    Processor(processor::Options),
    /// One of those loops; started by `processor`.
    #[command(hide = true)]
    Loop(Loop),
}

#[derive(clap::Args)]
struct Loop {
    contender: contender::Loop,
    #[arg(long)]
    config: PathBuf,
    #[arg(long)]
    changelog: String,
    #[arg(long)]
    changelog_per_event: f64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    let report = match arguments.benchmark {
        Benchmark::Codec => trunkline_bench::codec::run()?,
        Benchmark::Processor(options) => {
            let report = processor::run(options, runtime.handle().clone())?;
            if let Some(path) = &arguments.report {
                processor::pages::write(&report, &path.with_extension("pages"))?;
            }
            report
        }
        Benchmark::Loop(Loop { contender, config, changelog, changelog_per_event }) => {
            let config = trunkline_config::load(&config)?;
            let changelog = contender::Changelog { topic: changelog, per_event: changelog_per_event };
            return runtime.block_on(processor::loops::run(contender.into(), config, changelog));
        }
    };
    print!("{report}");
    if let Some(path) = arguments.report {
        std::fs::write(&path, serde_json::to_vec_pretty(&report)?)?;
    }
    Ok(())
}
