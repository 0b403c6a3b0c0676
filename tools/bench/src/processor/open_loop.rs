//! A steady load that waits for nobody, and how long each of its events took.
//!
//! Every record has a time when it is due. An event's latency runs from then until a reader of committed
//! records has it in `events.enriched`: where the harness or the broker is late, that counts as well, and a
//! processor that falls behind cannot slow its load down.

use std::collections::HashMap;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail, ensure};
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt as _, poll};
use trunkline_kafka::tail::{Tail, Tailed};
use trunkline_kafka::{Delivery, From, OutboundRecord, Producer};
use trunkline_schemas::event_type::CONVERSATION_STARTED;
use trunkline_schemas::{PlatformEvent, catalog};
use uuid::Uuid;

use super::contender::Contender;
use super::input::Input;
use super::latencies::Latencies;
use super::measure;
use super::outputs::{self, Expected};
use super::process::Process;
use super::size::Size;
use super::trial::Trial;
use super::workload::{Settings, Workload};

/// Conversations that are begun before the load, so that every partition is at work by then.
const FIRST: u64 = 24;

/// The first conversation of the load.
const CONVERSATIONS: u64 = 1_000_000;

/// How long the output may stand still before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between the end of all preparations and the first record.
const LEAD: Duration = Duration::from_millis(200);

/// What is to be written, in the order of its times.
#[derive(Debug, Default)]
pub struct Load {
    records: Vec<Due>,
}

#[derive(Debug)]
struct Due {
    at: Duration,
    record: OutboundRecord,
    event: Option<Watched>,
}

/// An event that has to come out.
#[derive(Debug, Clone, Copy)]
struct Watched {
    id: u128,
    started: bool,
    counts: bool,
}

/// What became of a load.
#[derive(Debug)]
pub struct Played {
    /// Of the events that count.
    pub latencies: Latencies,
    /// How late the harness itself was with these.
    pub lateness: Latencies,
    /// Where each record of the load was written.
    pub deliveries: Vec<Delivery>,
    /// When it began, UTC milliseconds.
    pub start_ms: i64,
}

/// One record, written.
#[derive(Debug, Clone, Copy)]
struct Sent {
    at: Instant,
    delivery: Option<Delivery>,
}

// === impl Load ===

impl Load {
    /// Adds an event that has to come out exactly once, and says whether its latency counts. `at` is when it
    /// is due, from the beginning of the load.
    ///
    /// # Errors
    /// When it cannot be encoded, or its id is no UUID.
    pub fn event(
        &mut self,
        input: &mut Input,
        at: Duration,
        event: &PlatformEvent,
        counts: bool,
    ) -> anyhow::Result<()> {
        let id = Uuid::parse_str(&event.event_id).context("an event's id is no UUID")?.as_u128();
        let watched = Watched { id, started: event.event_type == CONVERSATION_STARTED, counts };
        self.records.push(Due { at, record: input.record(event)?, event: Some(watched) });
        Ok(())
    }

    /// Adds a record that must not come out, and returns its number.
    pub fn other(&mut self, at: Duration, record: OutboundRecord) -> usize {
        self.records.push(Due { at, record, event: None });
        self.records.len() - 1
    }
}

/// The events of a steady load of conversations, each with when it is due and whether its latency counts.
/// None comes twice or out of its turn: those are held, and would hide what else delays events.
pub fn steady(size: &Size, start_ms: i64) -> impl Iterator<Item = (Duration, PlatformEvent, bool)> {
    let steady = size.steady.clone();
    let settings = Settings {
        start_ms,
        per_second: steady.per_second,
        disorder: false,
        ..size.settings(CONVERSATIONS..u64::MAX, 1, 0..usize::MAX)
    };
    (0..steady.events())
        .zip(Workload::new(settings))
        .map(move |(number, event)| (steady.due(number), event, steady.is_measured(number)))
}

/// Starts the processor on the trial's input, plays the load that `make` makes through it, and makes sure
/// that it did its work. `make` is told when ingest took in the first event, UTC milliseconds.
///
/// # Errors
/// When the processor fails, or its output is not right: then its latencies mean nothing.
pub fn run(
    trial: &mut Trial<'_>,
    size: &Size,
    make: impl FnOnce(&mut Input, i64) -> anyhow::Result<Load>,
) -> anyhow::Result<Played> {
    let contender = Contender::Trunkline;
    let progress = trial.progress(contender)?;
    let mut process = contender.start(trial, None)?;
    trial.load(size.settings(0..FIRST, 1, 0..1))?;
    measure::follow(&mut process, &progress, trial.events)?;
    let mut expected = Expected::of(trial)?;

    let start_ms = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let load = make(&mut Input::of(trial)?, start_ms)?;
    for Watched { id, started, .. } in load.records.iter().filter_map(|due| due.event) {
        expected.add(id, started);
    }
    let played = play(trial, &mut process, load)
        .with_context(|| format!("the log of the processor ends:\n{}", process.log_end()))?;
    measure::follow(&mut process, &progress, trial.events)?;
    process.stop()?;
    expected.check(trial, contender).context("Trunkline did not do its work")?;
    Ok(played)
}

/// The outcome in a line for the person at the terminal.
pub fn summary(played: &Played) -> String {
    let Played { latencies, lateness, .. } = played;
    format!(
        "p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms of {} events (harness late by {:.1} ms at p99)",
        latencies.p50(),
        latencies.p99(),
        latencies.max(),
        latencies.count(),
        lateness.p99()
    )
}

fn play(trial: &mut Trial<'_>, process: &mut Process, load: Load) -> anyhow::Result<Played> {
    let watched: Vec<(usize, Duration, Watched)> = load
        .records
        .iter()
        .enumerate()
        .filter_map(|(number, due)| Some((number, due.at, due.event?)))
        .collect();
    let follower = follow(trial, usize::try_from(trial.events)? + watched.len())?;
    trial.events += load.records.len() as u64;
    let producer = Producer::new(&trial.config.kafka, "trunkline-bench")?;
    let start = Instant::now() + LEAD;
    let start_ms = i64::try_from((SystemTime::now() + LEAD).duration_since(UNIX_EPOCH)?.as_millis())?;
    // A runtime of its own: in the other one, timers wait for the simulated CRMs' turns.
    let clock = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let sent = clock.block_on(write(&producer, start, load.records))?;
    while !follower.is_finished() {
        process.still_runs()?;
        std::thread::sleep(Duration::from_millis(20));
    }
    let Ok(received) = follower.join() else { bail!("the thread that followed the output panicked") };
    let received = received?;

    let (mut latencies, mut lateness) = (Vec::new(), Vec::new());
    for (number, at, Watched { id, counts, .. }) in watched {
        let received =
            received.get(&id).with_context(|| format!("event {} did not come out", Uuid::from_u128(id)))?;
        let sent = sent.get(number).context("a record was not written")?;
        if counts {
            let since = |then: Instant| then.saturating_duration_since(start + at).as_secs_f64() * 1_000.0;
            latencies.push(since(*received));
            lateness.push(since(sent.at));
        }
    }
    let deliveries: Option<Vec<Delivery>> = sent.into_iter().map(|sent| sent.delivery).collect();
    Ok(Played {
        latencies: Latencies::of(latencies),
        lateness: Latencies::of(lateness),
        deliveries: deliveries.context("a record was not acknowledged")?,
        start_ms,
    })
}

/// Hands each record over when it is due, whatever became of those before it.
async fn write(producer: &Producer, start: Instant, records: Vec<Due>) -> anyhow::Result<Vec<Sent>> {
    let mut sent: Vec<Sent> = Vec::with_capacity(records.len());
    let mut under_way = FuturesUnordered::new();
    for (number, due) in records.into_iter().enumerate() {
        let time = tokio::time::sleep_until((start + due.at).into());
        tokio::pin!(time);
        loop {
            tokio::select! {
                biased;
                () = &mut time => break,
                Some((number, delivery)) = under_way.next(), if !under_way.is_empty() => {
                    acknowledge(&mut sent, number, delivery?);
                }
            }
        }
        sent.push(Sent { at: Instant::now(), delivery: None });
        let mut sending = Box::pin(async move { (number, producer.send(due.record).await) });
        // The first poll hands it to the client: records go out in the order they are due.
        match poll!(&mut sending) {
            std::task::Poll::Ready((number, delivery)) => acknowledge(&mut sent, number, delivery?),
            std::task::Poll::Pending => under_way.push(sending),
        }
    }
    while let Some((number, delivery)) = under_way.next().await {
        acknowledge(&mut sent, number, delivery?);
    }
    Ok(sent)
}

fn acknowledge(sent: &mut [Sent], number: usize, delivery: Delivery) {
    if let Some(sent) = sent.get_mut(number) {
        sent.delivery = Some(delivery);
    }
}

/// Reads what comes out until there are so many events, and notes when each was first there. Returns once the reader is
/// connected and has seen what was there before.
fn follow(
    trial: &Trial<'_>,
    wanted: usize,
) -> anyhow::Result<JoinHandle<anyhow::Result<HashMap<u128, Instant>>>> {
    let topic = Contender::Trunkline.topic(&trial.config, catalog::EVENTS_ENRICHED);
    let mut tail = Tail::open(&trial.config.kafka, "trunkline-bench", &[topic], From::Beginning)?;
    let (connected, connecting) = mpsc::channel();
    let follower = std::thread::spawn(move || {
        let mut received = HashMap::with_capacity(wanted);
        while received.len() < wanted {
            match tail.next(PATIENCE)? {
                Tailed::Record(record) => {
                    let now = Instant::now();
                    received.entry(outputs::id(&record)?).or_insert(now);
                }
                // Nobody listens any longer after the first time.
                Tailed::CaughtUp => drop(connected.send(())),
                Tailed::Idle => bail!(
                    "after {} of {wanted} events nothing came out for {} s",
                    received.len(),
                    PATIENCE.as_secs()
                ),
            }
        }
        Ok(received)
    });
    ensure!(connecting.recv_timeout(PATIENCE).is_ok(), "the output cannot be read");
    Ok(follower)
}
