//! Whether customers whose lookups are slow delay the others' events: the latency of these at a steady rate, with all
//! lookups answered at once, and with those of one customer in twenty answered after two seconds.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use trunkline_load::customers;
use trunkline_schemas::PlatformEvent;
use trunkline_simulators::{FaultProfile, System};

use super::configuration::Profiles;
use super::contender::Contender;
use super::input::Input;
use super::lookups::{Lookups, complete_share, opened_breakers};
use super::open_loop::{self, Load, Played};
use super::say;
use super::size::Size;
use super::trial::{Bench, Trial};
use super::workload::{CUSTOMERS, Settings, Workload};
use crate::report::{Report, median};

/// One customer in so many is slow.
const SLOW_EVERY: u64 = 20;

/// How long their lookups take, in milliseconds: eight times the processor's deadline.
const SLOW_MS: u64 = 2_000;

/// A profile older than this is looked up again, in milliseconds.
const FRESHNESS_MS: u32 = 2_000;

/// The system that is slow for the slow customers, one of the three that a lookup asks: it takes as long as
/// the slowest.
const SYSTEM: System = System::Sap;

/// The first of the conversations by which every customer becomes known.
const GREETINGS: u64 = 500_000;

/// What one run came to.
#[derive(Debug)]
struct Run {
    /// Of the events of customers who are not slow.
    played: Played,
    /// Share of these events that have a complete profile.
    complete: f64,
    /// While latencies were measured.
    lookups: Lookups,
    /// What the processor reported of breakers that opened meanwhile or before.
    opened: Vec<String>,
}

/// How often a run is tried whose lookups a breaker stopped.
const ATTEMPTS: usize = 4;

/// What all rounds came to.
#[derive(Debug, Default)]
struct Rounds {
    /// All lookups prompt, and some slow.
    pairs: Vec<(Run, Run)>,
    /// Runs in which a breaker opened, all lookups prompt.
    stopped_prompt: usize,
    /// The same, some slow.
    stopped_slow: usize,
}

/// Measures, and adds to the report.
///
/// # Errors
/// When the processor fails, or does not do its work.
pub fn run(bench: &Bench, size: &Size, report: &mut Report) -> anyhow::Result<()> {
    let mut rounds = Rounds::default();
    say("slow lookups: a round that does not count, until the broker's code is compiled");
    one(bench, size, "warm-up", false)?;
    for round in 1..=size.steady.rounds {
        say(&format!("slow lookups, round {round} of {}", size.steady.rounds));
        let prompt = with_lookups(bench, size, round, false, &mut rounds.stopped_prompt)?;
        let slow = with_lookups(bench, size, round, true, &mut rounds.stopped_slow)?;
        rounds.pairs.extend(prompt.zip(slow));
    }
    add(&rounds, size, report);
    Ok(())
}

/// A run with lookups until its end; `None` when there was none. One whose lookups a breaker stopped shows
/// nothing about them: it is counted and repeated.
fn with_lookups(
    bench: &Bench,
    size: &Size,
    round: usize,
    slow: bool,
    stopped: &mut usize,
) -> anyhow::Result<Option<Run>> {
    let name = if slow { "some-slow" } else { "all-prompt" };
    for attempt in 1..=ATTEMPTS {
        let run = one(bench, size, &format!("{name}-{round}-{attempt}"), slow)?;
        say(&format!(
            "  {name:<10} {}; {:.2} % complete; {} lookups, {} of slow customers, at most {} under way",
            open_loop::summary(&run.played),
            run.complete * 100.0,
            run.lookups.all,
            if slow { run.lookups.slow } else { 0 },
            run.lookups.in_flight_max
        ));
        if run.opened.is_empty() {
            return Ok(Some(run));
        }
        say(&format!("  does not count: {}", run.opened.join("; ")));
        *stopped += 1;
    }
    say("  given up: is the machine busy with something else?");
    Ok(None)
}

fn one(bench: &Bench, size: &Size, name: &str, slow: bool) -> anyhow::Result<Run> {
    let contender = Contender::Trunkline;
    let profiles = Profiles::Renewed(FRESHNESS_MS);
    let mut trial = Trial::with(bench, &format!("lookups-{name}"), &[contender], profiles)?;
    let slow_customers: HashSet<String> = slow_customers().collect();
    if slow {
        let slow_customers = slow_customers.iter().map(|customer| (customer.clone(), SLOW_MS)).collect();
        bench.sandbox.set_fault(SYSTEM, FaultProfile { slow_customers, ..FaultProfile::default() });
    }
    let mut others = HashSet::new();
    let played = open_loop::run(&mut trial, size, |input, start_ms| {
        let (load, of_others) = load(size, start_ms, &slow_customers, input)?;
        others = of_others;
        Ok(load)
    });
    bench.sandbox.set_fault(SYSTEM, FaultProfile::default());
    let played = played?;
    let began = played.start_ms as f64 + f64::from(FRESHNESS_MS) + size.steady.warm_up as f64 * 1_000.0;
    let measured = began..began + size.steady.measured as f64 * 1_000.0;
    let lookups = Lookups::of(&trial, SYSTEM, &measured, &slow_customers);
    let opened = opened_breakers(&trial, measured.end)?;
    ensure!(
        !opened.is_empty() || (lookups.all > 0 && (!slow || lookups.slow > 0)),
        "nobody was looked up while latencies were measured"
    );
    Ok(Run { complete: complete_share(&trial, &others)?, played, lookups, opened })
}

/// First every customer calls, one after the other within the time for which a profile is fresh: so the lookups that
/// follow are spread evenly. Then the steady load. Returns the conversations of those who are not slow as well.
fn load(
    size: &Size,
    start_ms: i64,
    slow_customers: &HashSet<String>,
    input: &mut Input,
) -> anyhow::Result<(Load, HashSet<String>)> {
    let mut load = Load::default();
    let fresh = Duration::from_millis(FRESHNESS_MS.into());
    for (number, event) in greetings(size, start_ms).enumerate() {
        let at = fresh.mul_f64(number as f64 / CUSTOMERS as f64);
        load.event(input, at, &event, false)?;
    }
    let mut conversations: HashMap<String, bool> = HashMap::new();
    for (at, event, counts) in open_loop::steady(size, start_ms + i64::from(FRESHNESS_MS)) {
        // Whose call it is the first event of each conversation says, and not all of the others.
        let is_slow = match &event.customer_id {
            Some(customer) => slow_customers.contains(customer),
            None => *conversations.get(&event.entity_id).context("a conversation has no customer")?,
        };
        conversations.insert(event.entity_id.clone(), is_slow);
        load.event(input, fresh + at, &event, counts && !is_slow)?;
    }
    let others = conversations.into_iter().filter(|(_, is_slow)| !is_slow);
    Ok((load, others.map(|(conversation, _)| conversation).collect()))
}

/// The beginning of one conversation of each customer.
fn greetings(size: &Size, start_ms: i64) -> impl Iterator<Item = PlatformEvent> {
    let settings =
        Settings { start_ms, disorder: false, active: 1, ..size.settings(GREETINGS..u64::MAX, 1, 0..1) };
    let mut known = HashSet::new();
    Workload::new(settings)
        .filter(move |event| known.insert(event.customer_id.clone()))
        .take(usize::try_from(CUSTOMERS).unwrap_or(usize::MAX))
}

fn slow_customers() -> impl Iterator<Item = String> {
    (1..=CUSTOMERS)
        .filter(|number| number % SLOW_EVERY == 0)
        .filter_map(|number| Some(customers::id(u32::try_from(number).ok()?)))
}

fn add(rounds: &Rounds, size: &Size, report: &mut Report) {
    for (name, stopped) in [
        ("slow_lookups_clean_stopped_by_breaker", rounds.stopped_prompt),
        ("slow_lookups_stopped_by_breaker", rounds.stopped_slow),
    ] {
        report.figures.insert(name.to_owned(), stopped as f64);
    }
    if !rounds.pairs.is_empty() {
        add_pairs(&rounds.pairs, size, report);
    }
    let steady = &size.steady;
    report.conditions.insert(
        "slow_lookups".to_owned(),
        format!(
            "{} rounds of {}, each with all lookups answered at once, and with those of one customer in {SLOW_EVERY} answered \
             after {SLOW_MS} ms by one of the three systems; latency of the events of all other customers, as under poison; \
             profiles are looked up again after {FRESHNESS_MS} ms, and events wait for them at most 250 ms, the default; {} \
             events a second for {} s after {} s of warm-up; runs that a breaker stopped the lookups of do not count and are \
             repeated; medians over the rounds, ratios within each",
            rounds.pairs.len(), steady.rounds, steady.per_second, steady.measured, steady.warm_up
        ),
    );
}

fn add_pairs(pairs: &[(Run, Run)], size: &Size, report: &mut Report) {
    let middle = |figure: &dyn Fn(&(Run, Run)) -> f64| median(pairs.iter().map(figure).collect());
    let seconds = size.steady.measured as f64;
    for (name, value) in [
        ("slow_lookups_clean_p50_ms", middle(&|(prompt, _)| prompt.played.latencies.p50())),
        ("slow_lookups_clean_p99_ms", middle(&|(prompt, _)| prompt.played.latencies.p99())),
        ("slow_lookups_clean_max_ms", middle(&|(prompt, _)| prompt.played.latencies.max())),
        ("slow_lookups_p50_ms", middle(&|(_, slow)| slow.played.latencies.p50())),
        ("slow_lookups_p99_ms", middle(&|(_, slow)| slow.played.latencies.p99())),
        ("slow_lookups_max_ms", middle(&|(_, slow)| slow.played.latencies.max())),
        ("slow_lookups_harness_late_p99_ms", middle(&|(_, slow)| slow.played.lateness.p99())),
        ("slow_lookups_per_second", middle(&|(_, slow)| slow.lookups.all as f64 / seconds)),
        ("slow_lookups_slow_per_second", middle(&|(_, slow)| slow.lookups.slow as f64 / seconds)),
        ("slow_lookups_in_flight_max", middle(&|(_, slow)| slow.lookups.in_flight_max as f64)),
        ("slow_lookups_clean_complete_share", middle(&|(prompt, _)| prompt.complete)),
        ("slow_lookups_complete_share", middle(&|(_, slow)| slow.complete)),
    ] {
        report.figures.insert(name.to_owned(), value);
    }
    for (name, value) in [
        (
            "slow_lookups_p99_ratio",
            middle(&|(prompt, slow)| slow.played.latencies.p99() / prompt.played.latencies.p99()),
        ),
        (
            "slow_lookups_p50_ratio",
            middle(&|(prompt, slow)| slow.played.latencies.p50() / prompt.played.latencies.p50()),
        ),
    ] {
        report.ratios.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_customer_calls_once_before_the_load() {
        let size = Size::quick();
        let callers: Vec<PlatformEvent> = greetings(&size, 0).collect();
        let customers: HashSet<_> = callers.iter().map(|event| event.customer_id.clone()).collect();
        assert_eq!((callers.len() as u64, customers.len() as u64), (CUSTOMERS, CUSTOMERS));
        assert_eq!(slow_customers().count() as u64, CUSTOMERS / SLOW_EVERY);
        assert!(slow_customers().all(|slow| customers.contains(&Some(slow))));
    }
}
