//! One run: set up, break, wait, judge.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use parking_lot::Mutex;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use trunkline_load::generator::{Day, DaySettings};
use trunkline_load::now_ms;
use trunkline_load::{self as load, LoadSettings, play};
use trunkline_rig::collector::EXPORTERS;
use trunkline_rig::configuration;
use trunkline_rig::follow::Following;
use trunkline_rig::ledger_tail;
use trunkline_rig::process::Ending;
use trunkline_rig::progress::Progress;
use trunkline_rig::served;
use trunkline_verifier::configuration::Configuration;
use trunkline_verifier::{Inputs, KNOWN, Report, SecretToFind, verify};

use crate::breaking::unfold;
use crate::journal::Journal;
use crate::outcome::{Outcome, shortfall};
use crate::schedule::{self, Planned};
use crate::takeover;
use crate::test_bed::{self, TestBed};
use trunkline_rig::kafka::Java;

/// What to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How to run brokers.
    pub java: Java,
    /// Base URL of the registry's Confluent API.
    pub registry: String,
    /// Folder of the pipeline's executables.
    pub binaries: PathBuf,
    /// The same seed plans the same faults and plays the same day.
    pub seed: u64,
    /// How long things go wrong.
    pub length: Duration,
    /// Deliveries per second.
    pub rate: f64,
    /// Folder to work in and keep; else one that goes away when all was well.
    pub keep: Option<PathBuf>,
}

/// How often the progress is told.
const TELL: Duration = Duration::from_secs(5);
/// How long it may take, when the faults have ended, until everything runs …
const READY_PATIENCE: Duration = Duration::from_secs(120);
/// … and until everything has come out.
const DRAIN_PATIENCE: Duration = Duration::from_secs(180);
/// Time between the last thing seen and the belief that nothing more comes.
const QUIET: Duration = Duration::from_secs(2);
/// Systems that the rules write to.
const WRITTEN_SYSTEMS: [&str; 2] = ["genesys", "salesforce"];
/// What chaos does without: several processors have breakers of their own.
const UNJUDGED: [&str; 1] = ["I10"];

/// Breaks the pipeline for a while and has the outcome judged; prints what happens.
///
/// # Errors
/// When it cannot be run or judged; everything is kept then, and the message says where.
pub async fn run(settings: &Settings) -> anyhow::Result<(Outcome, Report)> {
    let (folder, temporary) = work_folder(settings.keep.as_deref())?;
    let judged = run_in(settings, &folder).await;
    let is_clean = judged.as_ref().is_ok_and(|(outcome, _)| outcome.is_clean());
    let kept = settings.keep.is_some() || !is_clean;
    if let Some(temporary) = temporary.filter(|_| kept) {
        let _ = temporary.keep();
    }
    match judged {
        Ok((mut outcome, report)) => {
            outcome.evidence = kept.then(|| folder.display().to_string());
            Ok((outcome, report))
        }
        Err(error) => Err(error.context(format!("chaos broke off; what it left is in {}", folder.display()))),
    }
}

async fn run_in(settings: &Settings, folder: &Path) -> anyhow::Result<(Outcome, Report)> {
    let journal = Arc::new(Journal::begin(&folder.join("journal.jsonl"))?);
    let Settings { java, registry, binaries, seed, rate, .. } = settings.clone();
    let what = test_bed::Settings { java, registry, binaries, seed, rate, folder: folder.to_owned() };
    let bed = TestBed::set_up(&what, journal.clone()).await?;
    let planned = schedule::plan(settings.seed, settings.length, bed.rig());
    journal.say(format!("seed {}: {} faults in {:?}", settings.seed, planned.len(), settings.length));

    let progress = Arc::new(Mutex::new(Progress::new()?));
    let (load, drained) = play_and_break(&bed, settings, planned, &progress).await?;
    journal.say("stopping everything in order");
    let stopped_cleanly = stop(&bed).await?;
    bed.keep_small_disk().await?;

    journal.say("judging what the topics, logs and stores hold");
    let inputs = inputs(&bed, stopped_cleanly)?;
    let report = verify(&inputs).await.context("the verifier cannot read the evidence")?;
    let faults = journal.counts();
    let mut counts = report.counts.clone();
    counts.insert("retries".to_owned(), load.retries);
    counts.insert("gave_up".to_owned(), load.gave_up);
    let outcome = Outcome {
        violations: report.violations.clone(),
        violation_counts: report.violation_counts.clone(),
        known_failures: report.known_failures.clone(),
        short: shortfall(&faults, settings.length.as_secs()),
        faults,
        not_possible: bed.not_possible.clone(),
        late_end_txn_answers: journal.late_answers(),
        counts,
        takeover: takeovers(&bed),
        exits: bed.members().flat_map(|member| member.exits()).collect(),
        drained,
        stopped_cleanly,
        judged: report.judged.clone(),
        verdicts: report.verdicts.clone(),
        not_judged: report.not_judged.clone(),
        conditions: conditions(settings),
        replay: replay(settings),
        evidence: None,
    };
    std::fs::write(folder.join("report.json"), serde_json::to_string_pretty(&outcome)?)?;
    Ok((outcome, report))
}

/// Plays the day while things go wrong, then waits until everything runs and has come out. False when it does not.
async fn play_and_break(
    bed: &TestBed,
    settings: &Settings,
    planned: Vec<Planned>,
    progress: &Arc<Mutex<Progress>>,
) -> anyhow::Result<(load::Counts, bool)> {
    let layout = &bed.layout;
    let following = Following::start(
        bed.cluster.access(),
        &layout.registry,
        &layout.prefix,
        &WRITTEN_SYSTEMS,
        progress.clone(),
    )
    .await?;
    let ledger = ledger(bed);
    let mut beside = JoinSet::new();
    beside.spawn(ledger_tail::follow(ledger.clone(), progress.clone()));

    let start_ms = now_ms() as i64 + 500;
    let day = Day::new(DaySettings::new(settings.seed, settings.rate, settings.length, start_ms));
    let load_settings = LoadSettings {
        ledger: Some(ledger),
        ..LoadSettings::new(&format!("http://{}", layout.ingest), bed.secrets.clone())
    };
    // Nobody stops the play before its end but by stopping the whole run.
    let (_stop, stop) = tokio::sync::watch::channel(false);
    let playing = play(day, start_ms, load_settings, Arc::new(load::Progress::default()), stop);
    let breaking = unfold(bed, planned, Instant::now() + Duration::from_millis(500));
    tokio::pin!(playing, breaking);
    let (mut counts, mut broken) = (None, false);
    while counts.is_none() || !broken {
        tokio::select! {
            played = &mut playing, if counts.is_none() => counts = Some(played?),
            () = &mut breaking, if !broken => broken = true,
            () = sleep(TELL) => tell(bed, progress)?,
        }
    }
    let drained = drain(bed, progress).await?;
    drop(following);
    Ok((counts.unwrap_or_default(), drained))
}

fn tell(bed: &TestBed, progress: &Mutex<Progress>) -> anyhow::Result<()> {
    for member in bed.members() {
        if member.is_given_up() {
            bail!("{} was given up; its log ends:\n{}", member.spec().instance, member.spec().tail());
        }
    }
    let progress = progress.lock();
    bed.journal.say(format!(
        "    accepted {}, enriched {}, missing {}, write-backs without result {}",
        progress.accepted,
        progress.enriched,
        progress.events_missing(),
        progress.commands_open()
    ));
    Ok(())
}

async fn drain(bed: &TestBed, progress: &Mutex<Progress>) -> anyhow::Result<bool> {
    bed.journal.say("the faults have ended; waiting until everything has come out");
    for processor in &bed.processors {
        processor.link.restore();
    }
    if !bed.cluster.whole().await {
        bed.journal.say("the brokers are not whole");
    }
    if let Err(late) = bed.ready(READY_PATIENCE).await {
        bed.journal.say(format!("{} does not get ready; its log ends:\n{}", late.instance, late.tail()));
    }
    let started = Instant::now();
    let (mut quiet_since, mut told, mut last) = (Instant::now(), Instant::now(), (0, 0));
    while started.elapsed() < DRAIN_PATIENCE {
        sleep(Duration::from_millis(250)).await;
        if told.elapsed() > TELL {
            tell(bed, progress)?;
            told = Instant::now();
        }
        let progress = progress.lock();
        let now = (progress.enriched, progress.results.values().sum::<u64>());
        if now != last || progress.events_missing() > 0 || progress.commands_open() > 0 {
            quiet_since = Instant::now();
            last = now;
        }
        if quiet_since.elapsed() > QUIET {
            return Ok(true);
        }
    }
    bed.journal.say("not everything came out in time");
    Ok(false)
}

/// Stops the processes in the order of the stream; true when all of them ended in order.
async fn stop(bed: &TestBed) -> anyhow::Result<bool> {
    let (client, mut clean) = (reqwest::Client::builder().no_proxy().build()?, true);
    for member in bed.members() {
        for missing in served::keep(&client, member.spec(), &served(bed)).await? {
            bed.journal.say(format!("not searched for secrets: {missing}"));
        }
        if member.stop().await == Ending::Forced {
            let spec = member.spec();
            bed.journal.say(format!(
                "{} did not stop in order; its log ends:\n{}",
                spec.instance,
                spec.tail()
            ));
            clean = false;
        }
    }
    Ok(clean)
}

fn inputs(bed: &TestBed, stopped_cleanly: bool) -> anyhow::Result<Inputs> {
    let audit = bed.folder.join("audit.jsonl");
    std::fs::write(&audit, bed.sandbox.audit().json_lines(None))?;
    let webhooks = bed.secrets.secrets().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let outside = bed.sandbox.secrets().into_iter().enumerate();
    let outside =
        outside.map(|(number, value)| (format!("outside system's secret or token {number}"), value));
    let secrets = webhooks.into_iter().chain(outside).map(|(name, value)| SecretToFind { name, value });
    Ok(Inputs {
        cluster: bed.cluster.access(),
        registry: bed.layout.registry.clone(),
        prefix: bed.layout.prefix.clone(),
        configuration: Some(Configuration::read(&bed.folder.join("trunkline.toml"))?),
        ledger: Some(ledger(bed)),
        audits: vec![audit],
        logs: bed.members().map(|member| member.spec().log.clone()).collect(),
        served: vec![served(bed)],
        traces: vec![test_bed::traces(&bed.folder)],
        exporters: EXPORTERS.to_vec(),
        secrets: secrets.collect(),
        state_folders: bed.stores()?,
        stopped_cleanly,
        quotas: bed.layout.quotas.clone(),
        allow_unjudged: UNJUDGED.map(str::to_owned).into(),
        known: KNOWN.to_vec(),
        ..Inputs::default()
    })
}

fn takeovers(bed: &TestBed) -> takeover::Takeover {
    let taken = bed.processors.iter().flat_map(|processor| {
        let spec = processor.member.spec();
        // A log that cannot be read tells of no takeover, and the report shows it.
        takeover::taken(&spec.instance, &std::fs::read_to_string(&spec.log).unwrap_or_default())
    });
    takeover::summarise(&bed.journal.absences(), &taken.collect::<Vec<_>>())
}

fn ledger(bed: &TestBed) -> PathBuf {
    bed.folder.join("ledger.jsonl")
}

/// Folder with what the processes served when they were stopped.
fn served(bed: &TestBed) -> PathBuf {
    bed.folder.join("served")
}

fn conditions(settings: &Settings) -> serde_json::Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "build": if cfg!(debug_assertions) { "debug" } else { "release" },
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "seconds": settings.length.as_secs(),
        "rate": settings.rate,
        "seed": settings.seed,
        "brokers": test_bed::BROKERS,
        "processors": test_bed::PROCESSORS,
        "partitions": configuration::PARTITIONS,
    })
}

fn replay(settings: &Settings) -> String {
    let Settings { seed, rate, length, .. } = settings;
    format!("./run chaos --seconds {} --seed {seed} --rate {rate}", length.as_secs())
}

/// The folder of a run: the one to be kept, or a temporary one.
pub(crate) fn work_folder(keep: Option<&Path>) -> anyhow::Result<(PathBuf, Option<TempDir>)> {
    match keep {
        Some(folder) => {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            Ok((folder.canonicalize()?, None))
        }
        None => {
            let temporary = tempfile::Builder::new().prefix("trunkline-chaos-").tempdir()?;
            Ok((temporary.path().to_owned(), Some(temporary)))
        }
    }
}
