//! Events per second, and per second of processor time, of all contenders on the same input.

use std::collections::BTreeMap;

use anyhow::Context as _;
use trunkline_schemas::catalog;

use super::contender::{Changelog, Contender};
use super::outputs::{Expected, Written, read, same_work};
use super::process::{MIB, disk_bytes};
use super::size::Size;
use super::trial::{Bench, Trial};
use super::{kafka_streams, measure, say};
use crate::report::{Report, median};

/// Events of the input after which nothing is measured: the partitions do not end at the same time.
const TAIL: f64 = 0.02;

/// What one run of a contender came to.
#[derive(Debug, Clone, Copy)]
struct Run {
    per_second: f64,
    per_cpu_second: f64,
    resident: f64,
    peak: f64,
    disk: f64,
}

/// Measures, and adds to the report.
///
/// # Errors
/// When a contender fails, or does not do its work.
pub fn run(bench: &Bench, size: &Size, contenders: &[Contender], report: &mut Report) -> anyhow::Result<()> {
    let mut runs: BTreeMap<Contender, Vec<Run>> = BTreeMap::new();
    let mut changelog_figures = Vec::new();
    let mut differing = Vec::new();
    for round in 0..size.rounds {
        let mut trial = Trial::new(bench, &format!("throughput-{round}"), contenders)?;
        let events = trial.load(size.settings(0..size.conversations, 1, 0..usize::MAX))?;
        say(&format!("round {} of {}: {events} events in the input", round + 1, size.rounds));
        let expected = Expected::of(&trial)?;
        let mut changelog = None;
        let mut contents: BTreeMap<Contender, Written> = BTreeMap::new();
        for &contender in contenders {
            if contender == Contender::KafkaStreams {
                kafka_streams::write_profiles(&trial)?;
            }
            let run = one(&trial, contender, changelog.as_ref(), size)?;
            let written = expected
                .check(&trial, contender)
                .with_context(|| format!("{} did not do its work", contender.title()))?;
            say(&format!(
                "  {:<14} {:>8.0} events/s, {:>8.0} per CPU-second, {:>5.0} MiB resident; output is right",
                contender.title(),
                run.per_second,
                run.per_cpu_second,
                run.resident / MIB,
            ));
            runs.entry(contender).or_default().push(run);
            contents.insert(contender, written);
            if contender == Contender::Trunkline {
                let (records, bytes) = changelog_of(&trial)?;
                changelog_figures
                    .push((records as f64 / events as f64, bytes as f64 / records.max(1) as f64));
                let topic = contender.topic(&trial.config, catalog::PROCESSOR_CHANGELOG);
                changelog = Some(Changelog { topic, per_event: records as f64 / events as f64 });
            }
        }
        let (ours, theirs) = (Contender::Trunkline, Contender::KafkaStreams);
        if let (Some(our_work), Some(their_work)) = (contents.get(&ours), contents.get(&theirs)) {
            let share = same_work(&trial, (ours, our_work), (theirs, their_work))?;
            say(&format!("  Trunkline and Kafka Streams agree on all but {share:.5} of the events"));
            differing.push(share);
        }
        if round == 0 {
            let bytes = |written: &Written| written.value_bytes as f64 / written.enriched.max(1) as f64;
            report.conditions.insert(
                "event_bytes".to_owned(),
                format!(
                    "{:.0} in, {:.0} out (Avro, without key and headers), lz4 in topics",
                    trial.value_bytes as f64 / events as f64,
                    contents.get(&Contender::Trunkline).map_or(0.0, bytes)
                ),
            );
        }
    }
    add(&runs, size, report);
    if !differing.is_empty() {
        report.figures.insert("differing_findings_share".to_owned(), median(differing));
    }
    let middle = |figure: fn(&(f64, f64)) -> f64| median(changelog_figures.iter().map(figure).collect());
    report
        .figures
        .insert("trunkline_changelog_records_per_event".to_owned(), middle(|(records, _)| *records));
    report.figures.insert("trunkline_changelog_record_bytes".to_owned(), middle(|(_, bytes)| *bytes));
    Ok(())
}

fn one(
    trial: &Trial<'_>,
    contender: Contender,
    changelog: Option<&Changelog>,
    size: &Size,
) -> anyhow::Result<Run> {
    let progress = trial.progress(contender)?;
    let mut process = contender.start(trial, changelog)?;
    let samples = measure::follow(&mut process, &progress, trial.events)
        .with_context(|| format!("{} on {}", contender.title(), trial.prefix))?;
    let memory = process.memory()?;
    let disk = disk_bytes(&trial.state(contender)) as f64;
    process.stop()?;
    let warm_up = (trial.events as f64 * size.warm_up) as u64;
    let end = (trial.events as f64 * (1.0 - TAIL)) as u64;
    let stretch =
        measure::stretch(&samples, warm_up, end).context("the input is too short to measure anything")?;
    Ok(Run {
        per_second: stretch.per_second(),
        per_cpu_second: stretch.per_cpu_second(),
        resident: measure::resident(&samples, warm_up),
        peak: memory.peak as f64,
        disk,
    })
}

/// Records of Trunkline's changelog, and the bytes of their keys and values.
fn changelog_of(trial: &Trial<'_>) -> anyhow::Result<(u64, u64)> {
    let topic = Contender::Trunkline.topic(&trial.config, catalog::PROCESSOR_CHANGELOG);
    let (mut records, mut bytes) = (0, 0);
    read(&trial.config, &topic, |record| {
        records += 1;
        bytes += (record.key.map_or(0, |key| key.len()) + record.value.map_or(0, |value| value.len())) as u64;
        Ok(())
    })?;
    Ok((records, bytes))
}

fn add(runs: &BTreeMap<Contender, Vec<Run>>, size: &Size, report: &mut Report) {
    let middle = |contender: Contender, figure: fn(&Run) -> f64| {
        runs.get(&contender).map(|runs| median(runs.iter().map(figure).collect()))
    };
    for &contender in runs.keys() {
        let name = contender.name();
        for (unit, figure) in [
            ("events_per_second", (|run: &Run| run.per_second) as fn(&Run) -> f64),
            ("events_per_cpu_second", |run| run.per_cpu_second),
            ("resident_mib", |run| run.resident / MIB),
            ("peak_mib", |run| run.peak / MIB),
            ("disk_mib", |run| run.disk / MIB),
        ] {
            let Some(value) = middle(contender, figure) else { continue };
            report.figures.insert(format!("{name}_{unit}"), value);
        }
    }
    for (name, peer) in [
        ("processor_vs_kafka_streams", Contender::KafkaStreams),
        ("processor_vs_codec_loop", Contender::CodecLoop),
        ("processor_vs_copy_loop", Contender::CopyLoop),
    ] {
        let (Some(ours), Some(theirs)) = (runs.get(&Contender::Trunkline), runs.get(&peer)) else { continue };
        let ratios =
            ours.iter().zip(theirs).map(|(ours, theirs)| ours.per_cpu_second / theirs.per_cpu_second);
        report.ratios.insert(name.to_owned(), median(ratios.collect()));
    }
    report.conditions.insert(
        "throughput".to_owned(),
        format!(
            "{} rounds of {} conversations, {} at a time, 1 % duplicates, 1 % out of order; warm-up is the first {:.0} % of \
             the events; medians",
            size.rounds,
            size.conversations,
            size.active,
            size.warm_up * 100.0
        ),
    );
}
