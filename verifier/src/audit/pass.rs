//! One pass of an audit: reads its share of the keys, and judges it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;

use super::{ENRICHED, Kept, Part, Progress, RESULTS_WITHIN_MS, Range, Share};
use crate::Error;
use crate::collect::{blocking, take};
use crate::configuration::DEDUP_WINDOW_MS;
use crate::decode::Intake;
use crate::evidence::{Command, Evidence, Fact};
use crate::inputs::Inputs;
use crate::judge::fields::Allowed;
use crate::judge::order::Expectation;
use crate::judge::{effects, exactly_once, fields, order};
use crate::registry::Decoder;
use crate::report::Verdict;
use crate::topics::{self, Record};

const QUEUE: usize = 10_000;

/// Reads what is kept of one share of the keys.
pub(super) async fn read(
    inputs: &Inputs,
    parts: &[Part],
    range: Range,
    share: Share,
    progress: &Arc<Progress>,
) -> Result<Kept, Error> {
    let mut intake = Intake::new(None);
    let mut decoder = Decoder::new(&inputs.registry);
    for Part { topic, spans } in parts {
        let (sender, mut records) = mpsc::channel::<Record>(QUEUE);
        // Reports and dead letters are few, and belong to no key.
        let all = matches!(topic.as_str(), "processor.dlq" | "pipeline.errors");
        let reading = tokio::task::spawn_blocking({
            let (cluster, full, spans) =
                (inputs.cluster.clone(), format!("{}{topic}", inputs.prefix), spans.clone());
            let progress = progress.clone();
            move || {
                let wanted = |key: &[u8]| all || share.has(key);
                let count = || {
                    progress.read.fetch_add(1, Ordering::Relaxed);
                };
                topics::read_spans(&cluster, &full, &spans, wanted, count, &sender)
            }
        });
        while let Some(record) = records.recv().await {
            take(&mut intake, topic, &record, &mut decoder).await?;
        }
        reading.await.map_err(|_| Error::Interrupted)??;
    }
    let mut evidence = intake.evidence;
    // Around the range only what the judges look back at is kept, so that each event is judged in one audit.
    evidence.normalized.retain(|event| event.ingest_time <= range.until);
    evidence.enriched.retain(|event| event.fact.ingest_time <= range.until);
    Ok(evidence)
}

/// Judges one pass: I2, `fields`, I3 and I5, in this order.
pub(super) async fn judge(
    inputs: &Inputs,
    evidence: &Evidence,
    range: Range,
    now: i64,
) -> Result<Vec<Verdict>, Error> {
    let configuration = inputs.configuration.as_ref();
    let window = configuration.map_or(DEDUP_WINDOW_MS, |configuration| configuration.dedup_window_ms);
    let elsewhere = first_seen_elsewhere(inputs, evidence, range, window).await?;
    let within = within(evidence, range, &elsewhere);
    let allowed = configuration.map_or(Allowed::default(), |configuration| Allowed {
        without_data: !configuration.include_data,
        plugins: configuration.plugins,
    });
    let sources = configuration.map(|configuration| &configuration.sources);
    let ordered = order::judge(&within, Expectation { sources, complete: false });
    let mut results = Verdict::new("I5");
    judge_results(evidence, range, now, &mut results);
    Ok(vec![exactly_once::judge(&within, window), fields::judge(&within, allowed), ordered, results])
}

/// Event ids of the range that came out before it, or are not there: a record of the range may be the repeat of an event that
/// was taken in long before. Only those without a match are looked for, over the whole window.
async fn first_seen_elsewhere(
    inputs: &Inputs,
    evidence: &Evidence,
    range: Range,
    window_ms: i64,
) -> Result<HashSet<String>, Error> {
    let out: HashSet<(&str, &str)> = evidence.enriched.iter().map(|event| event.fact.identity()).collect();
    let unmatched: HashSet<&str> = evidence
        .normalized
        .iter()
        .filter(|event| !out.contains(&event.identity()))
        .map(|event| event.event_id.as_str())
        .collect();
    if unmatched.is_empty() {
        return Ok(HashSet::new());
    }
    let keys: HashSet<Vec<u8>> = evidence
        .normalized
        .iter()
        .filter(|event| unmatched.contains(event.event_id.as_str()))
        .map(|event| event.key.as_bytes().to_vec())
        .collect();
    let (sender, mut records) = mpsc::channel::<Record>(QUEUE);
    let (cluster, full) = (inputs.cluster.clone(), format!("{}{ENRICHED}", inputs.prefix));
    let (since, until) = (range.since - window_ms, range.since);
    let reading = tokio::spawn(blocking(move || {
        let partitions = topics::list(&cluster, &full)?.get(&full).copied().unwrap_or(0);
        let spans = topics::spans(&cluster, &full, partitions, since, until)?;
        topics::read_spans(&cluster, &full, &spans, |key| keys.contains(key), || {}, &sender)
    }));
    let mut decoder = Decoder::new(&inputs.registry);
    let mut found = HashSet::new();
    while let Some(record) = records.recv().await {
        let Some(value) = record.value.as_deref() else { continue };
        // What does not decode is no match; it is judged where it is in range.
        if let Ok(event_id) = decoder.decode(value).await.and_then(|fields| Ok(fields.text("eventId")?))
            && unmatched.contains(event_id.as_str())
        {
            found.insert(event_id);
        }
    }
    reading.await.map_err(|_| Error::Interrupted)??;
    Ok(found)
}

/// The evidence of the range itself: events that were taken in within it, without repeats of events from before it.
fn within(evidence: &Evidence, range: Range, elsewhere: &HashSet<String>) -> Evidence {
    let mut first: HashMap<(&str, &str), &Fact> = HashMap::new();
    for fact in &evidence.normalized {
        first.entry(fact.identity()).or_insert(fact);
    }
    let is_within = |fact: &Fact| {
        let before = first.get(&fact.identity()).is_some_and(|first| first.ingest_time < range.since);
        !before && fact.ingest_time >= range.since && !elsewhere.contains(&fact.event_id)
    };
    Evidence {
        normalized: evidence.normalized.iter().filter(|fact| is_within(fact)).cloned().collect(),
        enriched: evidence.enriched.iter().filter(|event| is_within(&event.fact)).cloned().collect(),
        dead_letters: evidence.dead_letters.clone(),
        troubles: evidence.troubles.clone(),
        ..Evidence::default()
    }
}

/// One result for each command of the range; one that was issued a short while ago may still be open.
fn judge_results(evidence: &Evidence, range: Range, now: i64, verdict: &mut Verdict) {
    let ended: HashSet<&str> = evidence.results.iter().map(|result| result.command_id.as_str()).collect();
    let is_open = |command: &&Command| {
        !ended.contains(command.command_id.as_str()) && command.issued_at > now - RESULTS_WITHIN_MS
    };
    let of_range = |issued_at: i64| (range.since..=range.until).contains(&issued_at);
    let (open, judged): (Vec<&Command>, Vec<&Command>) =
        evidence.commands.iter().filter(|command| of_range(command.issued_at)).partition(is_open);
    let judged: Vec<Command> = judged.into_iter().cloned().collect();
    let results: Vec<_> =
        evidence.results.iter().filter(|result| of_range(result.issued_at)).cloned().collect();
    effects::judge_results(&judged, &results, verdict);
    verdict.count("commands_open", open.len() as u64);
    verdict.count("commands", open.len() as u64);
}
