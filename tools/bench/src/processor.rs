//! The processor against a Kafka Streams job that does the same, and against loops that do nothing but read and write.
//!
//! All run on the same broker and the same input, one after the other, never two at once. Where throughput is
//! measured the input is in its topic before a contender starts, so that making it costs nobody anything;
//! where latencies are, it is written at its times.
//!
//! # Layout
//!
//! - [`workload`], [`input`]: the input, and its events as records
//! - [`trial`], [`configuration`]: topics, schemas and folders of one trial
//! - [`contender`], [`kafka_streams`], [`loops`]: who is measured
//! - [`process`], [`broker`], [`measure`]: what is seen of it from outside
//! - [`outputs`], [`dead_letters`]: whether it did its work
//! - [`throughput`], [`stored`], [`scale`]: the parts of the measurement whose input is there beforehand
//! - [`poison`], [`slow_lookups`]: those of latencies beside trouble
//! - [`open_loop`], [`latencies`], [`lookups`]: their load, how long its events took, and what CRMs were asked
//! - [`pages`]: the report as Markdown with plots
//! - [`size`], [`conditions`]: how much of each, and on what

pub mod broker;
pub mod conditions;
pub mod configuration;
pub mod contender;
pub mod dead_letters;
pub mod input;
pub mod kafka_streams;
pub mod latencies;
pub mod lookups;
pub mod loops;
pub mod measure;
pub mod open_loop;
pub mod outputs;
pub mod pages;
pub mod poison;
pub mod process;
pub mod scale;
pub mod size;
pub mod slow_lookups;
pub mod stored;
pub mod throughput;
pub mod trial;
pub mod workload;

use std::path::PathBuf;

use clap::ValueEnum as _;
use tokio::runtime::Handle;

use self::contender::Contender;
use self::size::Size;
use self::trial::Bench;
use crate::report::Report;

/// A part of the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Events per second, and per second of processor time.
    Throughput,
    /// Time to come back after `kill -9` with a million stored conversations.
    Restart,
    /// Resident memory with a million stored conversations, many of them active.
    Memory,
    /// Throughput with ten thousand, a million and ten million stored conversations.
    Scale,
    /// Latency of good events beside records that cannot be processed.
    Poison,
    /// Latency of some customers' events beside slow lookups of others.
    SlowLookups,
}

/// What to measure, and where.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Bootstrap servers.
    #[arg(long)]
    kafka: String,
    /// Base URL of the registry's Confluent API.
    #[arg(long)]
    registry: String,
    /// Folder of the jars of the Kafka Streams job; without it the job is left out.
    #[arg(long)]
    kafka_streams: Option<PathBuf>,
    /// A small version of everything.
    #[arg(long)]
    quick: bool,
    /// Only these parts; may be given more than once.
    #[arg(long)]
    only: Vec<Part>,
    /// Repetitions of the throughput and of the latencies.
    #[arg(long)]
    rounds: Option<usize>,
}

/// Measures.
///
/// # Errors
/// When a contender fails, or does not do its work: then its figures mean nothing.
pub fn run(options: Options, runtime: Handle) -> anyhow::Result<Report> {
    let mut size = if options.quick { Size::quick() } else { Size::full() };
    size.rounds = options.rounds.unwrap_or(size.rounds);
    size.steady.rounds = options.rounds.unwrap_or(size.steady.rounds);
    let mut contenders = vec![Contender::Trunkline, Contender::CodecLoop, Contender::CopyLoop];
    if options.kafka_streams.is_some() {
        contenders.insert(1, Contender::KafkaStreams);
    }
    let parts = if options.only.is_empty() { Part::value_variants() } else { &options.only };
    let bench = Bench::start(options.kafka, options.registry, options.kafka_streams, runtime)?;
    let mut report = Report::default();
    conditions::add(options.quick, &mut report);
    if parts.contains(&Part::Throughput) {
        throughput::run(&bench, &size, &contenders, &mut report)?;
    }
    if parts.contains(&Part::Memory) || parts.contains(&Part::Restart) {
        stored::run(&bench, &size, &contenders, parts, &mut report)?;
    }
    if parts.contains(&Part::Scale) {
        say("throughput over the size of the store");
        scale::run(&bench, &size, &mut report)?;
    }
    if parts.contains(&Part::Poison) {
        poison::run(&bench, &size, &mut report)?;
    }
    if parts.contains(&Part::SlowLookups) {
        slow_lookups::run(&bench, &size, &mut report)?;
    }
    Ok(report)
}

/// Tells the person at the terminal; standard output is the report's.
fn say(line: &str) {
    eprintln!("{line}");
}
