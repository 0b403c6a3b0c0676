//! What a store of a million conversations costs: resident memory with many of them active, and the time to come back
//! after `kill -9`.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::broker::{Offsets, Progress};
use super::contender::Contender;
use super::outputs::Expected;
use super::process::{MIB, Process, disk_bytes};
use super::size::{Size, Stored};
use super::trial::{Bench, Trial};
use super::workload::Settings;
use super::{Part, kafka_streams, measure, say};
use crate::report::{Report, median};

/// Between two questions whether every partition is processing.
const INTERVAL: Duration = Duration::from_millis(10);

/// A restart that takes longer is none.
const RESTART_PATIENCE: Duration = Duration::from_secs(600);

/// A transaction whose end was on its way to the broker when the process was killed is over by then.
const LAST_COMMIT: Duration = Duration::from_millis(200);

/// Measures, and adds to the report.
///
/// # Errors
/// When a contender fails, or does not do its work.
pub fn run(
    bench: &Bench,
    size: &Size,
    contenders: &[Contender],
    parts: &[Part],
    report: &mut Report,
) -> anyhow::Result<()> {
    let stored = &size.stored;
    let mut found = Vec::new();
    for &contender in contenders.iter().filter(|contender| contender.processes()) {
        say(&format!("{} stored conversations: {}", stored.conversations, contender.title()));
        found.push((contender, one(bench, size, contender, parts)?));
    }
    for (contender, found) in &found {
        let name = contender.name();
        let mut figure = |unit: &str, value: f64| report.figures.insert(format!("{name}_{unit}"), value);
        figure("stored_disk_mib", found.disk / MIB);
        if let Some(memory) = found.memory {
            figure("stored_resident_mib", memory.resident / MIB);
            figure("stored_peak_mib", memory.peak / MIB);
        }
        if let Some(seconds) = found.restart_seconds {
            figure("restart_seconds", seconds);
        }
    }
    let of = |contender| found.iter().find(|(this, _)| *this == contender).map(|(_, found)| found);
    let (ours, theirs) = (of(Contender::Trunkline), of(Contender::KafkaStreams));
    let restart = |found: Option<&Found>| found.and_then(|found| found.restart_seconds);
    let resident = |found: Option<&Found>| found.and_then(|found| found.memory).map(|memory| memory.resident);
    if let Some(ours) = restart(ours) {
        report.ratios.insert("restart_seconds".to_owned(), ours);
    }
    for (name, ours, theirs) in [
        ("restart_vs_kafka_streams", restart(ours), restart(theirs)),
        ("rss_vs_kafka_streams", resident(ours), resident(theirs)),
    ] {
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            report.ratios.insert(name.to_owned(), ours / theirs);
        }
    }
    report.conditions.insert(
        "stored".to_owned(),
        format!(
            "{} conversations stored, of one event each; memory while the rest of {} of them is played, all at a time; \
             restart: kill -9 at work, started again at once, from the start of the process until every partition has \
             committed more than at the kill; median of {}",
            stored.conversations, stored.active, stored.restarts
        ),
    );
    Ok(())
}

#[derive(Debug)]
struct Found {
    disk: f64,
    memory: Option<Footprint>,
    restart_seconds: Option<f64>,
}

/// Bytes.
#[derive(Debug, Clone, Copy)]
struct Footprint {
    resident: f64,
    peak: f64,
}

fn one(bench: &Bench, size: &Size, contender: Contender, parts: &[Part]) -> anyhow::Result<Found> {
    let mut trial = Trial::new(bench, &format!("stored-{}", contender.name()), &[contender])?;
    if contender == Contender::KafkaStreams {
        kafka_streams::write_profiles(&trial)?;
    }
    let progress = trial.progress(contender)?;
    let mut process = contender.start(&trial, None)?;
    let all = size.settings(0..size.stored.conversations, 1, 0..1);
    trial.load(all.clone())?;
    measure::follow(&mut process, &progress, trial.events)?;
    measure::until_quiet(&mut process)?;
    let disk = disk_bytes(&trial.state(contender)) as f64;
    say(&format!("  stored, {:.0} MiB on disk", disk / MIB));

    let mut memory = None;
    if parts.contains(&Part::Memory) {
        let every = size.stored.conversations / size.stored.active;
        let rest = Settings {
            every: usize::try_from(every)?,
            steps: 1..usize::MAX,
            active: usize::try_from(size.stored.active)?,
            ..all.clone()
        };
        let before = trial.events;
        trial.load(rest)?;
        // Until half of it is played all of them are under way.
        let half = before + (trial.events - before) / 2;
        let samples = measure::follow(&mut process, &progress, trial.events)?;
        let resident = measure::resident(&samples, half);
        let peak = process.memory()?.peak as f64;
        say(&format!("  {:.0} MiB resident, {:.0} MiB at most", resident / MIB, peak / MIB));
        memory = Some(Footprint { resident, peak });
    }
    let mut restart_seconds = None;
    if parts.contains(&Part::Restart) {
        let mut seconds = Vec::new();
        for number in 0..size.stored.restarts {
            let backlog = Settings {
                conversations: backlog(&size.stored, number),
                steps: 0..usize::MAX,
                ..all.clone()
            };
            let took = restart(&mut trial, contender, &mut process, &progress, backlog)?;
            say(&format!("  every partition processes {took:.2} s after the start"));
            seconds.push(took);
            measure::follow(&mut process, &progress, trial.events)?;
        }
        restart_seconds = Some(median(seconds));
    }
    process.stop()?;
    Expected::of(&trial)?
        .check(&trial, contender)
        .with_context(|| format!("{} did not do its work", contender.title()))?;
    Ok(Found { disk, memory, restart_seconds })
}

/// Conversations that are in nobody's store yet, other ones for each restart.
fn backlog(stored: &Stored, number: usize) -> std::ops::Range<u64> {
    let first = stored.conversations + number as u64 * stored.backlog;
    first..first + stored.backlog
}

/// Kills the process at work, starts it again at once, and says how many seconds it took until every partition had
/// committed more than before.
fn restart(
    trial: &mut Trial<'_>,
    contender: Contender,
    process: &mut Process,
    progress: &Progress,
    backlog: Settings,
) -> anyhow::Result<f64> {
    // Frozen, for less than its session lasts, it leaves the backlog alone until all of it is there.
    process.freeze(true)?;
    let before = trial.events;
    let loaded = trial.load(backlog);
    process.freeze(false)?;
    measure::follow(process, progress, before + loaded? / 4)?;
    process.kill()?;
    let started = Instant::now();
    *process = contender.start(trial, None)?;
    std::thread::sleep(LAST_COMMIT);
    let at_kill = progress.offsets()?;
    loop {
        process.still_runs()?;
        if all_beyond(&progress.offsets()?, &at_kill) {
            return Ok(started.elapsed().as_secs_f64());
        }
        if started.elapsed() > RESTART_PATIENCE {
            bail!("not every partition is processing; its log ends:\n{}", process.log_end());
        }
        std::thread::sleep(INTERVAL);
    }
}

fn all_beyond(now: &Offsets, before: &Offsets) -> bool {
    before.iter().all(|(partition, offset)| now.get(partition).is_some_and(|now| now > offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_is_over_when_the_last_partition_has_moved() {
        let before = Offsets::from([(0, 10), (1, 20)]);
        for (now, over) in
            [([(0, 11), (1, 20)], false), ([(0, 11), (1, 21)], true), ([(0, 10), (1, 30)], false)]
        {
            assert_eq!(all_beyond(&Offsets::from(now), &before), over, "{now:?}");
        }
    }
}
