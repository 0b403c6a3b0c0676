//! `trunkline demo`: a contact centre's day through the running pipeline, judged at the end.
//!
//! # Layout
//!
//! - [`test_bed`]: everything a demo stands on, shared with `trunkline up`
//!   - [`topics`]: topics and schemas
//! - [`faults`]: what is broken on purpose
//! - [`watch`], [`screen`]: showing how it goes, with figures from the processes themselves
//! - [`outcome`]: the report; [`build`]: what kind of build it was measured on
//! - [`up`]: `trunkline up`

pub mod up;

mod build;
mod faults;
mod outcome;
mod screen;
mod test_bed;
mod topics;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use parking_lot::Mutex;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;
use trunkline_load::generator::{Day, DaySettings};
use trunkline_load::{self as load, now_ms};
use trunkline_load::{LoadSettings, play};
use trunkline_rig::collector::EXPORTERS;
use trunkline_rig::configuration;
use trunkline_rig::follow::Following;
use trunkline_rig::ledger_tail;
use trunkline_rig::progress::{Progress, Summary};
use trunkline_simulators::FaultProfile;
use trunkline_verifier::configuration::Configuration;
use trunkline_verifier::{Breakers, Conclusion, Inputs, KNOWN, Report, SecretToFind, verify};

use faults::Outage;
use outcome::Outcome;
use screen::Screen;
use test_bed::{Settings, TestBed};
use watch::{TURN, Watch};

/// A rate that can be played: above zero, and not beyond what one machine can send.
fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 100_000.0 => Ok(rate),
        Ok(_) => Err("must be above 0 and at most 100000".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Play a contact centre's day through the pipeline and judge it
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Bootstrap servers, HOST:PORT.
    #[arg(long, value_name = "HOST:PORT")]
    kafka: String,
    /// Base URL of the registry's Confluent API.
    #[arg(long, value_name = "URL")]
    registry: String,
    /// How long the day is squeezed to.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Webhooks per second, on average over the day.
    #[arg(long, value_name = "R", default_value_t = 200.0, value_parser = rate)]
    rate: f64,
    /// The same seed plays the same day.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Where the report goes as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Instances of the processor.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=6))]
    processors: u32,
    /// Kills the first processor (as kill -9 does) at this second of the day; may be given several times.
    #[arg(long, value_name = "S")]
    kill_processor_at: Vec<f64>,
    /// Takes an outside system down, for instance salesforce@10..20; may be given several times.
    #[arg(long, value_name = "SYSTEM@S..S")]
    crm_down: Vec<Outage>,
    /// Works in this folder and leaves everything there: configuration, logs, ledger, audit log, state.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Prints lines even when there is a terminal.
    #[arg(long)]
    plain: bool,
}

/// What the play left behind for the verifier.
struct Played {
    ledger: PathBuf,
    load: Arc<load::Progress>,
    drained: bool,
}

/// The last write-back may have to wait for a breaker and for a quota's window of a minute.
const DRAIN_PATIENCE: Duration = Duration::from_secs(120);
/// Time between the last thing seen and the belief that nothing more comes.
const QUIET: Duration = Duration::from_millis(1_500);
/// Systems that the demo's rules write to.
const WRITTEN_SYSTEMS: [&str; 2] = ["genesys", "salesforce"];
/// What a demo does without: with several processors, or after a kill, the audit log does not say through
/// which breaker a call went.
const UNJUDGED: [&str; 3] = ["I10", "I10-lookups", "I10-writes"];

/// Plays, judges and reports. The exit code is 1 when an invariant is violated, and 2 when one could not be
/// judged that a demo should be able to.
///
/// # Errors
/// When the demo could not be played or judged.
pub async fn run(arguments: Args) -> anyhow::Result<ExitCode> {
    let settings = Settings {
        kafka: arguments.kafka.clone(),
        registry: arguments.registry.clone(),
        seed: arguments.seed,
        rate: arguments.rate,
        processors: arguments.processors,
        keep: arguments.keep.clone(),
    };
    let stopped = trunkline_telemetry::shutdown::signal();
    tokio::pin!(stopped);
    let set_up = tokio::select! {
        set_up = TestBed::set_up(&settings) => set_up?,
        _ = &mut stopped => return Ok(interrupted()),
    };
    let mut bed = set_up;
    let judged = tokio::select! {
        judged = play_and_judge(&mut bed, &arguments) => judged,
        _ = &mut stopped => {
            bed.stop_members().await?;
            bed.remove_topics().await?;
            return Ok(interrupted());
        }
    };
    let (report, outcome) = match judged {
        Ok(judged) => judged,
        Err(error) => {
            let folder = bed.keep_folder().display().to_string();
            bed.stop_members().await?;
            return Err(error.context(format!("the demo broke off; what it left is in {folder}")));
        }
    };
    println!("{}", outcome.text(&report));
    if let Some(path) = &arguments.report {
        write_report(path, &outcome)?;
    }
    let conclusion = report.conclusion();
    if conclusion != Conclusion::Holds {
        println!("Everything needed to look into it is in {}", bed.keep_folder().display());
        return Ok(ExitCode::from(conclusion.exit_code()));
    }
    if arguments.keep.is_none() {
        bed.remove_topics().await?;
    }
    Ok(ExitCode::SUCCESS)
}

fn interrupted() -> ExitCode {
    println!("stopped");
    ExitCode::from(130)
}

async fn play_and_judge(bed: &mut TestBed, arguments: &Args) -> anyhow::Result<(Report, Outcome)> {
    let progress = Arc::new(Mutex::new(Progress::new()?));
    let played = play_day(bed, arguments, &progress).await?;
    let restarts = bed.restarts();
    let logs = bed.logs();
    let stopped_cleanly = bed.stop_members().await?;
    eprintln!("judging what the topics, logs and stores hold");
    let undisturbed = arguments.crm_down.is_empty() && arguments.kill_processor_at.is_empty();
    let inputs = inputs(bed, &played.ledger, logs, stopped_cleanly, &restarts, undisturbed)?;
    let report = verify(&inputs).await.context("the verifier cannot read the evidence")?;
    let conditions = conditions(arguments, bed, played.drained, stopped_cleanly);
    let outcome = Outcome::new(&report, latencies(&progress.lock(), &played.load), &restarts, conditions);
    Ok((report, outcome))
}

/// Plays the day and waits until everything has come out.
async fn play_day(
    bed: &TestBed,
    arguments: &Args,
    progress: &Arc<Mutex<Progress>>,
) -> anyhow::Result<Played> {
    let layout = &bed.layout;
    let following =
        Following::start(bed.cluster(), &layout.registry, &layout.prefix, &WRITTEN_SYSTEMS, progress.clone())
            .await?;
    let ledger = bed.folder.join("ledger.jsonl");
    let mut beside = JoinSet::new();
    beside.spawn(ledger_tail::follow(ledger.clone(), progress.clone()));

    let day = Duration::from_secs(arguments.seconds);
    let start_ms = now_ms() as i64 + 500;
    let deliveries = Day::new(DaySettings::new(arguments.seed, arguments.rate, day, start_ms));
    let load = LoadSettings {
        ledger: Some(ledger.clone()),
        ..LoadSettings::new(&format!("http://{}", layout.ingest), bed.secrets.clone())
    };
    // Nobody stops the play before its end but by stopping the whole demo.
    let (_stop, stop) = tokio::sync::watch::channel(false);
    let load_progress = Arc::new(load::Progress::default());
    let playing = play(deliveries, start_ms, load, load_progress.clone(), stop);
    tokio::pin!(playing);

    let mut watch = Watch::new(Screen::open(arguments.plain)?, test_bed::client()?);
    let breaking = break_things(bed, arguments, Instant::now() + Duration::from_millis(500));
    tokio::pin!(breaking);
    let (mut played, mut broken) = (false, false);
    while !(played && broken) {
        tokio::select! {
            counts = &mut playing, if !played => { counts?; played = true; }
            () = &mut breaking, if !broken => broken = true,
            shown = next_turn(&mut watch, "playing", bed, progress) => shown?,
        }
    }
    let drained = drain(&mut watch, bed, progress).await?;
    drop(following);
    Ok(Played { ledger, load: load_progress, drained })
}

fn latencies(progress: &Progress, load: &load::Progress) -> BTreeMap<&'static str, Summary> {
    let load::Latencies { p50, p99, max } = load.latencies();
    let tenths = |ms: f64| (ms * 10.0).round() / 10.0;
    let answer =
        Summary { p50: tenths(p50), p99: tenths(p99), max: tenths(max), count: load.counts().accepted };
    BTreeMap::from([
        ("webhook_to_answer", answer),
        ("webhook_to_enriched", progress.latency()),
        ("webhook_to_enriched_held", progress.latency_held()),
    ])
}

async fn next_turn(
    watch: &mut Watch,
    phase: &str,
    bed: &TestBed,
    progress: &Arc<Mutex<Progress>>,
) -> anyhow::Result<()> {
    tokio::time::sleep(TURN).await;
    watch.turn(phase, bed.members(), progress).await
}

/// Does at its time what was asked to go wrong.
async fn break_things(bed: &TestBed, arguments: &Args, start: Instant) {
    let mut plan: Vec<(Duration, Breakage<'_>)> = Vec::new();
    for &at in &arguments.kill_processor_at {
        plan.push((Duration::try_from_secs_f64(at).unwrap_or_default(), Breakage::KillProcessor));
    }
    for outage in &arguments.crm_down {
        plan.push((outage.from, Breakage::Down(outage, true)));
        plan.push((outage.to, Breakage::Down(outage, false)));
    }
    plan.sort_by_key(|(at, _)| *at);
    for (at, breakage) in plan {
        tokio::time::sleep_until(start + at).await;
        match breakage {
            Breakage::KillProcessor => {
                for member in bed.members().iter().filter(|member| member.spec().instance == "processor-0") {
                    member.kill(async {}).await;
                }
            }
            Breakage::Down(outage, down) => {
                bed.sandbox.set_fault(outage.system, FaultProfile { down, ..FaultProfile::default() });
            }
        }
    }
}

enum Breakage<'a> {
    KillProcessor,
    Down(&'a Outage, bool),
}

/// Waits until every accepted event has come out, every command has its result, and nothing more comes. False when the
/// patience ends first; the verifier then says what is missing.
async fn drain(watch: &mut Watch, bed: &TestBed, progress: &Arc<Mutex<Progress>>) -> anyhow::Result<bool> {
    let started = Instant::now();
    let mut quiet_since = Instant::now();
    let mut last = (0, 0, 0);
    while started.elapsed() < DRAIN_PATIENCE {
        next_turn(watch, "draining", bed, progress).await?;
        let progress = progress.lock();
        let now = (progress.enriched, progress.decisions, progress.results.values().sum());
        if now != last || progress.events_missing() > 0 || progress.commands_open() > 0 {
            quiet_since = Instant::now();
            last = now;
        }
        if quiet_since.elapsed() > QUIET {
            return Ok(true);
        }
    }
    watch.say("not everything came out in time");
    Ok(false)
}

fn inputs(
    bed: &TestBed,
    ledger: &Path,
    logs: Vec<PathBuf>,
    stopped_cleanly: bool,
    restarts: &BTreeMap<String, u32>,
    undisturbed: bool,
) -> anyhow::Result<Inputs> {
    let audit = bed.folder.join("audit.jsonl");
    std::fs::write(&audit, bed.sandbox.audit().json_lines(None))?;
    let leads = bed.folder.join("leads.jsonl");
    std::fs::write(&leads, load::leads::json_lines(bed.sandbox.customers()))?;
    let webhooks = bed.secrets.secrets().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let outside = bed.sandbox.secrets().into_iter().enumerate();
    let outside =
        outside.map(|(number, value)| (format!("outside system's secret or token {number}"), value));
    let secrets = webhooks.into_iter().chain(outside).map(|(name, value)| SecretToFind { name, value });
    let one = |binary: &str| !restarts.keys().any(|instance| instance.starts_with(binary));
    Ok(Inputs {
        cluster: bed.cluster(),
        registry: bed.layout.registry.clone(),
        prefix: bed.layout.prefix.clone(),
        configuration: Some(Configuration::read(&bed.config)?),
        ledger: Some(ledger.to_owned()),
        audits: vec![audit],
        leads: Some(leads),
        undisturbed,
        logs,
        served: vec![bed.served()],
        traces: vec![bed.traces()],
        exporters: EXPORTERS.to_vec(),
        secrets: secrets.collect(),
        state_folders: vec![bed.layout.state.clone()],
        stopped_cleanly,
        quotas: bed.layout.quotas.clone(),
        breakers: bed.layout.breakers_open_for.map(|seconds| Breakers {
            open_for_ms: f64::from(seconds) * 1000.0,
            lookups_by_one: one("processor") && bed.layout.processors == 1,
            writes_by_one: one("sink"),
        }),
        allow_unjudged: UNJUDGED.map(str::to_owned).into(),
        known: KNOWN.to_vec(),
    })
}

fn conditions(arguments: &Args, bed: &TestBed, drained: bool, stopped_cleanly: bool) -> serde_json::Value {
    let outages: Vec<String> = arguments
        .crm_down
        .iter()
        .map(|outage| format!("{}@{:?}..{:?}", outage.system, outage.from, outage.to))
        .collect();
    let quotas: BTreeMap<&str, String> = bed
        .layout
        .quotas
        .iter()
        .map(|quota| (quota.system.as_str(), format!("{} per {} ms", quota.calls, quota.window_ms)))
        .collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "build": build::KIND,
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "seconds": arguments.seconds,
        "rate": arguments.rate,
        "seed": arguments.seed,
        "processors": arguments.processors,
        "partitions": configuration::PARTITIONS,
        "kill_processor_at": arguments.kill_processor_at,
        "crm_down": outages,
        "quotas": quotas,
        "drained": drained,
        "stopped_cleanly": stopped_cleanly,
        "latency": "from when a webhook was due to when a read_committed consumer had the event; open loop",
    })
}

fn write_report(path: &Path, outcome: &Outcome) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(outcome)?;
    std::fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
}
