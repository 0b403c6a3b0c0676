//! Whether customers whose lookups are slow delay the others' events: the latency of these at a steady rate, with all
//! lookups answered at once, and with those of one customer in twenty answered after two seconds.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use trunkline_sandbox::audit::Entry;
use trunkline_sandbox::{FaultProfile, System, customers};
use trunkline_schemas::codec::{Decoder, Value as _};
use trunkline_schemas::{EnrichedEvent, EnrichmentStatus, PlatformEvent, catalog};

use super::configuration::Profiles;
use super::contender::Contender;
use super::input::Input;
use super::open_loop::{self, Load, Played};
use super::size::Size;
use super::trial::{Bench, Trial};
use super::workload::{CUSTOMERS, Settings, Workload};
use super::{outputs, say};
use crate::report::{Report, median};

/// One customer in so many is slow.
const SLOW_EVERY: u64 = 20;

/// How long their lookups take, in milliseconds: eight times the processor's deadline.
const SLOW_MS: u64 = 2_000;

/// A profile older than this is looked up again, in milliseconds.
const FRESHNESS_MS: u32 = 2_000;

/// The systems that a lookup asks. Each is slow for the slow customers.
const SYSTEMS: [System; 3] = [System::Salesforce, System::Sap, System::ServiceNow];

/// The first of the conversations by which every customer becomes known.
const GREETINGS: u64 = 500_000;

/// What one run came to.
#[derive(Debug)]
struct Run {
    /// Of the events of customers who are not slow.
    played: Played,
    /// Share of these events that have a complete profile.
    complete: f64,
    lookups: Lookups,
}

/// Lookups while latencies were measured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Lookups {
    /// All.
    all: usize,
    /// Of slow customers.
    slow: usize,
    /// The most at a time, as far as the processor waits for them.
    in_flight_max: usize,
}

/// Measures, and adds to the report.
///
/// # Errors
///
/// When the processor fails, or does not do its work.
pub fn run(bench: &Bench, size: &Size, report: &mut Report) -> anyhow::Result<()> {
    let mut rounds = Vec::new();
    say("slow lookups: a round that does not count, until the broker's code is compiled");
    one(bench, size, 0, false)?;
    for round in 1..=size.steady.rounds {
        say(&format!("slow lookups, round {round} of {}", size.steady.rounds));
        let mut runs = Vec::new();
        for slow in [false, true] {
            let run = one(bench, size, round, slow)?;
            say(&format!(
                "  {:<11} {}; {:.2} % complete; {} lookups, {} of slow customers, at most {} in flight",
                if slow { "some slow:" } else { "all prompt:" },
                open_loop::said(&run.played),
                run.complete * 100.0,
                run.lookups.all,
                if slow { run.lookups.slow } else { 0 },
                run.lookups.in_flight_max
            ));
            runs.push(run);
        }
        rounds.push(runs);
    }
    add(&rounds, size, report);
    Ok(())
}

fn one(bench: &Bench, size: &Size, round: usize, slow: bool) -> anyhow::Result<Run> {
    let name = if slow { "slow" } else { "prompt" };
    let contender = Contender::Trunkline;
    let profiles = Profiles::Renewed(FRESHNESS_MS);
    let mut trial = Trial::with(bench, &format!("lookups-{name}-{round}"), &[contender], profiles)?;
    let slow_customers: HashSet<String> = slow_customers().collect();
    if slow {
        let slow_customers = slow_customers.iter().map(|customer| (customer.clone(), SLOW_MS)).collect();
        set_faults(bench, &FaultProfile { slow_customers, ..FaultProfile::default() });
    }
    let mut others = HashSet::new();
    let played = open_loop::run(&mut trial, size, |input, start_ms| {
        let (load, of_others) = load(size, start_ms, &slow_customers, input)?;
        others = of_others;
        Ok(load)
    });
    set_faults(bench, &FaultProfile::default());
    let played = played?;
    let began = played.start_ms as f64 + f64::from(FRESHNESS_MS) + size.steady.warm_up as f64 * 1_000.0;
    let measured = began..began + size.steady.measured as f64 * 1_000.0;
    let entries = bench.sandbox.audit().entries(Some(System::Sap));
    let deadline_ms = trial.config.enrichment.deadline.as_secs_f64() * 1_000.0;
    let entries = entries.iter().filter(|entry| measured.contains(&entry.started_at));
    let lookups = lookups(entries, deadline_ms, &slow_customers);
    ensure!(
        !slow || lookups.slow > 0,
        "no slow customer was looked up while latencies were measured: is the breaker open?"
    );
    Ok(Run { complete: complete(&trial, &others)?, played, lookups })
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

fn set_faults(bench: &Bench, fault: &FaultProfile) {
    for system in SYSTEMS {
        bench.sandbox.set_fault(system, fault.clone());
    }
}

/// What one of the systems was asked: each lookup asks it once.
fn lookups<'e>(
    entries: impl Iterator<Item = &'e Entry>,
    deadline_ms: f64,
    slow_customers: &HashSet<String>,
) -> Lookups {
    let mut lookups = Lookups::default();
    let mut changes: Vec<(f64, isize)> = Vec::new();
    for entry in entries {
        lookups.all += 1;
        lookups.slow += usize::from(slow_customers.iter().any(|customer| entry.path.contains(customer)));
        changes.push((entry.started_at, 1));
        changes.push((entry.finished_at.min(entry.started_at + deadline_ms), -1));
    }
    changes.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let mut under_way = 0_isize;
    for (_, change) in changes {
        under_way += change;
        lookups.in_flight_max = lookups.in_flight_max.max(under_way.unsigned_abs());
    }
    lookups
}

/// The share of these conversations' events that came out with a complete profile.
fn complete(trial: &Trial<'_>, conversations: &HashSet<String>) -> anyhow::Result<f64> {
    let mut decoder = Decoder::<EnrichedEvent>::new();
    let schema = trial.ids.get(catalog::EVENTS_ENRICHED).context("enriched events have no schema id")?;
    decoder.add_writer(schema, EnrichedEvent::SCHEMA)?;
    let (mut all, mut complete) = (0_u64, 0_u64);
    let topic = Contender::Trunkline.topic(&trial.config, catalog::EVENTS_ENRICHED);
    outputs::read(&trial.config, &topic, |record| {
        let event = decoder.decode(&record.value.context("an event has no value")?)?;
        if conversations.contains(&event.entity_id) {
            all += 1;
            complete += u64::from(event.enrichment.status == EnrichmentStatus::Complete);
        }
        Ok(())
    })?;
    Ok(complete as f64 / all.max(1) as f64)
}

fn add(rounds: &[Vec<Run>], size: &Size, report: &mut Report) {
    let pairs: Vec<(&Run, &Run)> = rounds
        .iter()
        .filter_map(|runs| match runs.as_slice() {
            [prompt, slow] => Some((prompt, slow)),
            _ => None,
        })
        .collect();
    let middle = |figure: &dyn Fn(&(&Run, &Run)) -> f64| median(pairs.iter().map(figure).collect());
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
    let steady = &size.steady;
    report.conditions.insert(
        "slow_lookups".to_owned(),
        format!(
            "{} rounds, each with all lookups answered at once, and with those of one customer in {SLOW_EVERY} answered after \
             {SLOW_MS} ms by each of the three systems; latency of the events of all other customers, as under poison; \
             profiles are looked up again after {FRESHNESS_MS} ms, and events wait for them at most 250 ms, the default; {} \
             events a second for {} s after {} s of warm-up; medians over the rounds, ratios within each",
            steady.rounds, steady.per_second, steady.measured, steady.warm_up
        ),
    );
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

    #[test]
    fn lookups_are_counted_as_long_as_somebody_waits_for_them() {
        let entry = |customer: &str, started_at, finished_at| Entry {
            system: System::Sap,
            method: "GET".to_owned(),
            path: format!("/items?$filter=Customer%20eq%20%27{customer}%27"),
            resource: None,
            credential: None,
            started_at,
            finished_at,
            status: 200,
            effect: false,
            idempotency_key: None,
            client_request_id: None,
            client: None,
            fault: None,
            body: None,
        };
        let entries = [
            entry("C-000020", 0.0, 2_000.0),
            entry("C-000001", 10.0, 12.0),
            entry("C-000002", 11.0, 13.0),
            entry("C-000003", 300.0, 301.0),
        ];
        let slow = HashSet::from(["C-000020".to_owned()]);
        assert_eq!(lookups(entries.iter(), 250.0, &slow), Lookups { all: 4, slow: 1, in_flight_max: 3 });
    }
}
