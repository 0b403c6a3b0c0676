//! Whether records that cannot be processed delay the others: the latency of good events at a steady rate,
//! without such records and with one in a hundred.

use anyhow::Context as _;
use trunkline_kafka::OutboundRecord;
use trunkline_schemas::PlatformEvent;
use trunkline_schemas::codec::{FRAME_LENGTH, frame};

use super::configuration::COMMIT_INTERVAL_MS;
use super::contender::Contender;
use super::dead_letters;
use super::input::Input;
use super::open_loop::{self, Load, Played};
use super::say;
use super::size::Size;
use super::trial::{Bench, Trial};
use super::workload::{Settings, Workload};
use crate::report::{Report, median};

/// Good events for each poisonous record.
const GOOD_PER_POISON: usize = 99;

/// The first of the conversations whose events are written under other conversations' keys, or not in full.
/// Far behind all others: whoever let one of these events through would be noticed.
const STRANGERS: u64 = 1 << 40;

/// The first of the schema ids that the registry has never given.
const UNKNOWN_SCHEMAS: u32 = 1 << 30;

/// What is wrong with a record.
#[derive(Debug, Clone, Copy)]
enum Poison {
    /// Something else than a framed value.
    Garbage,
    /// An event's frame with a part of its value.
    Truncated,
    /// An event in full under the key of another conversation.
    ForeignKey,
    /// An event in full, but for its schema's id, which the registry has never given: each another, so that
    /// it is asked each time, with the record's partition waiting.
    UnknownSchema,
}

/// Measures, and adds to the report.
///
/// # Errors
/// When the processor fails, or does not do its work.
pub fn run(bench: &Bench, size: &Size, report: &mut Report) -> anyhow::Result<()> {
    let mut rounds = Vec::new();
    let mut letters = 0;
    say("poison: a round that does not count, until the broker's code is compiled");
    one(bench, size, 0, false)?;
    for round in 1..=size.steady.rounds {
        say(&format!("poison, round {round} of {}", size.steady.rounds));
        let (clean, _) = one(bench, size, round, false)?;
        say(&format!("  without: {}", open_loop::summary(&clean)));
        let (poisoned, count) = one(bench, size, round, true)?;
        say(&format!("  with:    {}; {count} dead letters, all right", open_loop::summary(&poisoned)));
        rounds.push((clean, poisoned));
        letters = count;
    }
    add(&rounds, size, letters, report);
    Ok(())
}

fn one(bench: &Bench, size: &Size, round: usize, poisoned: bool) -> anyhow::Result<(Played, usize)> {
    let name = if poisoned { "poisoned" } else { "clean" };
    let mut trial = Trial::new(bench, &format!("{name}-{round}"), &[Contender::Trunkline])?;
    let mut poison: Vec<(usize, OutboundRecord)> = Vec::new();
    let played = open_loop::run(&mut trial, size, |input, start_ms| {
        let mut load = Load::default();
        let between = size.steady.due(1) / 2;
        for (number, (at, event, counts)) in open_loop::steady(size, start_ms).enumerate() {
            load.event(input, at, &event, counts)?;
            if poisoned && number % GOOD_PER_POISON == GOOD_PER_POISON - 1 {
                let record = poisonous(number / GOOD_PER_POISON, &event, size, input)?;
                poison.push((load.other(at + between, record.clone()), record));
            }
        }
        Ok(load)
    })?;
    let written = poison.into_iter().map(|(number, record)| {
        let delivery = played.deliveries.get(number).context("a record has no offset")?;
        Ok((*delivery, record))
    });
    let written: Vec<_> = written.collect::<anyhow::Result<_>>()?;
    dead_letters::check(&trial, &written).context("Trunkline did not do its work")?;
    Ok((played, written.len()))
}

/// The next poisonous record, beside an event: in its partition, under its key.
fn poisonous(
    number: usize,
    beside: &PlatformEvent,
    size: &Size,
    input: &mut Input,
) -> anyhow::Result<OutboundRecord> {
    let stranger = STRANGERS + number as u64;
    let settings = Settings {
        start_ms: beside.ingest_time,
        disorder: false,
        ..size.settings(stranger..stranger + 1, 1, 0..1)
    };
    let event = Workload::new(settings).next().context("a conversation has no event")?;
    let mut record = input.record(&event)?;
    record.key = Some(beside.key().into_bytes());
    match Poison::of(number) {
        Poison::Garbage => {
            record.value = Some(format!("{{\"number\": {number}, \"avro\": false}}").into_bytes());
            record.headers = [("content-type", "application/json")].into_iter().collect();
        }
        Poison::Truncated => {
            let value = record.value.as_mut().context("an event has no value")?;
            // Another length each time, from nothing behind the frame to nearly all.
            let most = value.len() - FRAME_LENGTH;
            value.truncate(FRAME_LENGTH + number * 31 % most);
        }
        Poison::ForeignKey => {}
        Poison::UnknownSchema => {
            let value = record.value.as_mut().context("an event has no value")?;
            let id = UNKNOWN_SCHEMAS + u32::try_from(number)?;
            value.splice(..FRAME_LENGTH, frame(id));
        }
    }
    Ok(record)
}

// === impl Poison ===

impl Poison {
    fn of(number: usize) -> Self {
        match number % 4 {
            0 => Self::Garbage,
            1 => Self::Truncated,
            2 => Self::ForeignKey,
            _ => Self::UnknownSchema,
        }
    }
}

fn add(rounds: &[(Played, Played)], size: &Size, letters: usize, report: &mut Report) {
    let middle = |figure: &dyn Fn(&(Played, Played)) -> f64| median(rounds.iter().map(figure).collect());
    let interval = f64::from(COMMIT_INTERVAL_MS);
    for (name, value) in [
        ("poison_clean_p50_ms", middle(&|(clean, _)| clean.latencies.p50())),
        ("poison_clean_p99_ms", middle(&|(clean, _)| clean.latencies.p99())),
        ("poison_clean_max_ms", middle(&|(clean, _)| clean.latencies.max())),
        ("poison_p50_ms", middle(&|(_, poisoned)| poisoned.latencies.p50())),
        ("poison_p99_ms", middle(&|(_, poisoned)| poisoned.latencies.p99())),
        ("poison_max_ms", middle(&|(_, poisoned)| poisoned.latencies.max())),
        ("poison_harness_late_p99_ms", middle(&|(_, poisoned)| poisoned.lateness.p99())),
        ("poison_dead_letters", letters as f64),
    ] {
        report.figures.insert(name.to_owned(), value);
    }
    for (name, value) in [
        (
            "poison_p99_delay_in_commit_intervals",
            middle(&|(clean, poisoned)| (poisoned.latencies.p99() - clean.latencies.p99()) / interval),
        ),
        (
            "poison_max_delay_in_commit_intervals",
            middle(&|(clean, poisoned)| (poisoned.latencies.max() - clean.latencies.max()) / interval),
        ),
    ] {
        report.ratios.insert(name.to_owned(), value);
    }
    let steady = &size.steady;
    report.conditions.insert(
        "poison".to_owned(),
        format!(
            "{} rounds, each without and with one poisonous record in a hundred (no framed value, a value cut short, an event \
             under another's key, one of a schema that the registry does not know, in turn); {} good events a second for {} s after {} s of warm-up; latency from when an \
             event was due to be written until a reader of committed records had it; medians over the rounds, delays within \
             each; every poisonous record is in the dead letters once, as it was, and every good event was enriched once",
            steady.rounds, steady.per_second, steady.measured, steady.warm_up
        ),
    );
}
