//! Plays cases, one after another, on one broker.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use trunkline_verifier::{NotJudged, Report, Violation};

use super::Case;
use super::expectation::Finding;
use super::outcome::{Outcome, Played};
use super::scene::Scene;
use crate::cluster::Cluster;
use crate::journal::Journal;
use crate::run::work_folder;
use trunkline_rig::kafka::Java;
use trunkline_rig::kafka::properties::{AUTHORIZING, Ports};
use trunkline_rig::ports;

/// What to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How to run the broker.
    pub java: Java,
    /// Base URL of the registry's Confluent API.
    pub registry: String,
    /// Folder of the pipeline's executables.
    pub binaries: PathBuf,
    /// Folder to work in and keep; else one that goes away when all came out as expected.
    pub keep: Option<PathBuf>,
}

/// What all cases of a run stand on.
#[derive(Debug, Clone)]
pub struct Ground {
    /// Folder of the run; each case has its own in it.
    pub folder: PathBuf,
    /// The broker.
    pub cluster: Arc<Cluster>,
    /// Base URL of the registry's Confluent API.
    pub registry: String,
    /// Folder of the pipeline's executables.
    pub binaries: PathBuf,
    /// How to run Kafka's tools.
    pub java: Java,
    /// What happened.
    pub journal: Arc<Journal>,
}

/// Messages of the verifier that stand in a finding.
const EXAMPLES: usize = 2;

/// Plays cases and compares what they find with what is expected; prints what happens.
///
/// A case that cannot be played or judged came out otherwise than expected; the others are played all the same.
///
/// # Errors
/// When the broker does not start; what there is is kept then, and the message says where.
pub async fn run(settings: &Settings, cases: &[&Case]) -> anyhow::Result<Outcome> {
    let (folder, temporary) = work_folder(settings.keep.as_deref())?;
    let played = run_in(settings, cases, &folder).await;
    let kept = settings.keep.is_some() || !played.as_ref().is_ok_and(Outcome::is_as_expected);
    if let Some(temporary) = temporary.filter(|_| kept) {
        let _ = temporary.keep();
    }
    let mut outcome =
        played.with_context(|| format!("the cases broke off; what they left is in {}", folder.display()))?;
    outcome.evidence = kept.then(|| folder.display().to_string());
    Ok(outcome)
}

async fn run_in(settings: &Settings, cases: &[&Case], folder: &Path) -> anyhow::Result<Outcome> {
    let journal = Arc::new(Journal::begin(&folder.join("journal.jsonl"))?);
    journal.say("starting a broker");
    let mut free = ports::free(2)?.into_iter();
    let mut port = || free.next().unwrap_or_default();
    let ports = [Ports { controller: port(), direct: port(), processors: Vec::new() }];
    let cluster = Cluster::start(folder, settings.java.clone(), &ports, &AUTHORIZING).await?;
    let ground = Ground {
        folder: folder.to_owned(),
        cluster: Arc::new(cluster),
        registry: settings.registry.clone(),
        binaries: settings.binaries.clone(),
        java: settings.java.clone(),
        journal,
    };
    let mut outcome = Outcome::default();
    for case in cases {
        let began = Instant::now();
        ground.journal.say(format!("{}: {}", case.name, case.what));
        let mut played = play(&ground, case).await.unwrap_or_else(|error| Played {
            unexpected: vec![format!("it cannot be played: {error:#}")],
            ..Played::default()
        });
        played.name = case.name.to_owned();
        played.what = case.what.to_owned();
        played.known = case.expected.known().iter().map(|known| known.id.to_owned()).collect();
        played.known.dedup();
        played.seconds = began.elapsed().as_secs_f64();
        played.replay = format!("./run chaos --case {}", case.name);
        ground.journal.say(played.text());
        outcome.cases.push(played);
    }
    Ok(outcome)
}

async fn play(ground: &Ground, case: &Case) -> anyhow::Result<Played> {
    let mut scene = Scene::set_up(ground, case.name).await?;
    let mut findings = (case.play)(&mut scene).await?;
    let stopped_cleanly = scene.end().await;
    let series: Vec<&str> = scene.series().iter().map(String::as_str).collect();
    std::fs::write(scene.folder.join("series.txt"), series.join("\n"))?;
    let report = scene.judge(stopped_cleanly, case.expected).await?;
    // Without a sink no command can have a result.
    let without_sink = (!scene.had("sink")).then_some("I5");
    let excused: Vec<&str> = case.excused.iter().copied().chain(without_sink).collect();
    findings.extend(judged(&report, &excused));
    Ok(Played {
        unexpected: case.expected.compare(&findings),
        findings,
        judged: report.judged,
        counts: report.counts,
        exits: scene.exits().to_vec(),
        stopped_cleanly,
        series: scene.series().clone(),
        ..Played::default()
    })
}

/// What the verifier objects to, by kind, but for what the fault itself explains.
fn judged(report: &Report, excused: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for verdict in report.verdicts.iter().filter(|verdict| !excused.contains(&verdict.id.as_str())) {
        for (kind, count) in &verdict.kinds {
            let of_kind =
                |violation: &&Violation| violation.invariant == verdict.id && violation.kind == *kind;
            let examples: Vec<&str> = report
                .violations
                .iter()
                .filter(of_kind)
                .take(EXAMPLES)
                .map(|found| found.message.as_str())
                .collect();
            let seen = format!("{count} times ({}), for example: {}", verdict.compared, examples.join("; "));
            findings.push(Finding { invariant: verdict.id.clone(), kind: kind.clone(), count: *count, seen });
        }
    }
    // What could not be judged did not hold.
    let skipped = report
        .not_judged
        .iter()
        .filter(|skipped| !skipped.allowed && !excused.contains(&skipped.id.as_str()));
    findings.extend(skipped.map(|NotJudged { id, why, .. }| Finding {
        invariant: id.clone(),
        kind: "not-judged".to_owned(),
        count: 1,
        seen: why.clone(),
    }));
    findings
}
