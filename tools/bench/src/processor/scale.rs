//! Whether Trunkline slows down as its store grows: the same work on ten thousand stored conversations and on millions.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::Context as _;

use super::contender::Contender;
use super::measure::{self, Stretch};
use super::outputs::Expected;
use super::process::{MIB, disk_bytes};
use super::say;
use super::size::{Scale, Size};
use super::trial::{Bench, Trial};
use crate::report::{Report, median};

/// One measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    /// Its result counts for this level.
    level: u64,
    /// Conversations stored before it.
    store: Range<u64>,
    /// Stored conversations whose rest is played.
    played: Range<u64>,
    /// Every how many-th of those.
    every: u64,
}

/// Measures, and adds to the report.
///
/// # Errors
/// When the processor fails, or does not do its work.
pub fn run(bench: &Bench, size: &Size, report: &mut Report) -> anyhow::Result<()> {
    let contender = Contender::Trunkline;
    let mut trial = Trial::new(bench, "scale", &[contender])?;
    let progress = trial.progress(contender)?;
    let mut found: BTreeMap<u64, Vec<Stretch>> = BTreeMap::new();
    for step in steps(&size.scale) {
        if !step.store.is_empty() {
            let mut process = contender.start(&trial, None)?;
            let stored = size.settings(step.store.clone(), 1, 0..1);
            trial.load(stored)?;
            measure::follow(&mut process, &progress, trial.events)?;
            measure::until_quiet(&mut process)?;
            process.stop()?;
        }
        let before = trial.events;
        let played = size.settings(step.played.clone(), usize::try_from(step.every)?, 1..usize::MAX);
        let events = trial.load(played)?;
        let mut process = contender.start(&trial, None)?;
        let samples = measure::follow(&mut process, &progress, trial.events)?;
        process.stop()?;
        let from = before + (events as f64 * size.warm_up) as u64;
        let stretch = measure::stretch(&samples, from, trial.events - events / 50)
            .context("the input is too short to measure anything")?;
        say(&format!(
            "  {:>9} stored: {:>8.0} events/s, {:>8.0} per CPU-second, {:.0} MiB on disk",
            step.store.end.max(step.level),
            stretch.per_second(),
            stretch.per_cpu_second(),
            disk_bytes(&trial.state(contender)) as f64 / MIB
        ));
        found.entry(step.level).or_default().push(stretch);
    }
    Expected::of(&trial)?.check(&trial, contender).context("Trunkline did not do its work")?;
    add(&found, size, report);
    Ok(())
}

/// At the smallest level every measurement gets conversations of its own, so its store grows a little; at the others
/// they are spread over what the level added.
fn steps(scale: &Scale) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut stored = 0;
    for (number, &level) in scale.levels.iter().enumerate() {
        let previous = stored;
        for round in 0..scale.rounds {
            let (store, played) = if number == 0 {
                let end = scale.played * (round + 1);
                (stored..level.max(end), end - scale.played..end)
            } else {
                (stored..level, previous + round..level)
            };
            // The rounds of a level begin at neighbours, so that they never meet as long as this is more than
            // their number.
            let every = if number == 0 { 1 } else { (level.saturating_sub(previous) / scale.played).max(1) };
            stored = stored.max(store.end);
            steps.push(Step { level, store, played, every });
        }
    }
    steps
}

fn add(found: &BTreeMap<u64, Vec<Stretch>>, size: &Size, report: &mut Report) {
    let middle = |level: &u64, figure: fn(&Stretch) -> f64| {
        median(found.get(level).into_iter().flatten().map(figure).collect())
    };
    for level in found.keys() {
        let name = short(*level);
        let mut figure = |unit: &str, value| report.figures.insert(format!("stored_{name}_{unit}"), value);
        figure("events_per_second", middle(level, Stretch::per_second));
        figure("events_per_cpu_second", middle(level, Stretch::per_cpu_second));
    }
    if let (Some(least), Some(most)) = (found.keys().next(), found.keys().next_back()) {
        let name = format!("throughput_{}_vs_{}", short(*most), short(*least));
        let ratio = |figure: fn(&Stretch) -> f64| middle(most, figure) / middle(least, figure);
        report.ratios.insert(format!("{name}_wall"), ratio(Stretch::per_second));
        report.ratios.insert(name, ratio(Stretch::per_cpu_second));
    }
    report.conditions.insert(
        "scale".to_owned(),
        format!(
            "Trunkline; the rest of {} stored conversations is played, {} at a time, after the store came to rest and the \
             process was started anew; median of {}",
            size.scale.played, size.active, size.scale.rounds
        ),
    );
}

/// 10000 as 10k, 10000000 as 10m.
pub fn short(count: u64) -> String {
    match count {
        count if count >= 1_000_000 && count % 1_000_000 == 0 => format!("{}m", count / 1_000_000),
        count if count >= 1_000 && count % 1_000 == 0 => format!("{}k", count / 1_000),
        count => count.to_string(),
    }
}

/// The count that [`short`] made a name of.
pub fn long(name: &str) -> Option<u64> {
    let (digits, unit) = match (name.strip_suffix('m'), name.strip_suffix('k')) {
        (Some(digits), _) => (digits, 1_000_000),
        (_, Some(digits)) => (digits, 1_000),
        _ => (name, 1),
    };
    Some(digits.parse::<u64>().ok()? * unit)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_conversation_is_played_twice_and_all_are_stored_before() {
        let scale = Scale { levels: vec![100, 1_000, 10_000], rounds: 3, played: 100 };
        let mut played = HashSet::new();
        let mut stored = 0;
        for step in steps(&scale) {
            assert_eq!(step.store.start, stored, "{step:?}");
            stored = stored.max(step.store.end);
            assert!(step.played.end <= stored, "{step:?}");
            let numbers: Vec<u64> = step.played.clone().step_by(step.every as usize).collect();
            assert!((95..=120).contains(&numbers.len()), "{step:?}: {}", numbers.len());
            assert!(numbers.into_iter().all(|number| played.insert(number)), "{step:?}");
        }
        assert_eq!(stored, 10_000);
    }

    #[test]
    fn counts_have_short_names() {
        for (count, name) in [(10_000, "10k"), (1_000_000, "1m"), (10_000_000, "10m"), (1_234, "1234")] {
            assert_eq!(short(count), name);
            assert_eq!(long(name), Some(count));
        }
    }
}
