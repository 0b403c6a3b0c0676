//! One pass of an audit: reads its share of the keys, and judges it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;

use super::{ENRICHED, Part, Progress, RESULTS_WITHIN_MS, Range, Share, Surroundings};
use crate::Error;
use crate::collect::{blocking, take};
use crate::configuration::Configuration;
use crate::decode::Intake;
use crate::evidence::{Command, Evidence, Fact, Identity};
use crate::inputs::Inputs;
use crate::judge::effects::Terms;
use crate::judge::exactly_once::Pending;
use crate::judge::fields::Allowed;
use crate::judge::order::{Expectation, Scope};
use crate::judge::repeats::{self, Repeats};
use crate::judge::{effects, exactly_once, fields, order};
use crate::registry::Decoder;
use crate::report::Verdict;
use crate::topics::{self, Record};

const QUEUE: usize = 10_000;

/// Reads what is kept of one share of the keys.
pub(super) async fn read(
    inputs: &Inputs,
    parts: &[Part],
    share: Share,
    progress: &Arc<Progress>,
) -> Result<Evidence, Error> {
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
    Ok(intake.evidence)
}

/// Judges one pass: I2, `fields`, I3 and I5, in this order. Also says how many enriched events of the range
/// came in before what `events.normalized` still holds.
pub(super) async fn judge(
    inputs: &Inputs,
    evidence: Evidence,
    range: Range,
    surroundings: &Surroundings,
    now: i64,
) -> Result<(Vec<Verdict>, u64), Error> {
    let configuration = inputs.configuration.as_ref();
    let windows = Configuration::windows(configuration);
    let sources = configuration.map(|configuration| &configuration.sources);
    let scope = Scope::Range { since: range.since, until: range.until };
    // Before the evidence is cut to the range: what was said last may have been said before it.
    let repeated = Repeats::of(&evidence, repeats::Terms { window_ms: windows.repeats_ms, sources });
    let ordered = order::judge(&evidence, Expectation { sources, repeated: &repeated, scope });
    let mut results = Verdict::new("I5");
    let observing = configuration.map(Configuration::observing);
    judge_results(&evidence, range, now, Terms { observing: observing.as_ref() }, &mut results);
    let elsewhere = first_seen_elsewhere(inputs, &evidence, range, windows.ids_ms).await?;
    let (within, gone) = within(evidence, range, &elsewhere, surroundings);
    let allowed = Allowed {
        without_data: configuration.is_some_and(|configuration| !configuration.include_data),
        plugins: configuration.is_some_and(|configuration| configuration.plugins),
        incomplete: true,
    };
    let once = exactly_once::judge(&within, windows, &repeated, Pending::Allowed);
    Ok((vec![once, fields::judge(&within, allowed), ordered, results], gone))
}

/// Event ids of the range that came out before it, or are not there: a record of the range may be the repeat
/// of an event that was taken in long before. Only those without a match are looked for, over the whole
/// window.
async fn first_seen_elsewhere(
    inputs: &Inputs,
    evidence: &Evidence,
    range: Range,
    window_ms: i64,
) -> Result<HashSet<String>, Error> {
    let out: HashSet<Identity<'_>> = evidence.enriched.iter().map(|event| event.fact.identity()).collect();
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

/// The evidence of the range itself: events that were taken in within it, without repeats of events from
/// before it, and without those whose partition has lost what it held then (how many, is the second).
fn within(
    mut evidence: Evidence,
    range: Range,
    elsewhere: &HashSet<String>,
    surroundings: &Surroundings,
) -> (Evidence, u64) {
    let mut first: HashMap<Identity<'_>, i64> = HashMap::new();
    for fact in &evidence.normalized {
        first.entry(fact.identity()).or_insert(fact.ingest_time);
    }
    let is_within = |fact: &Fact| {
        let before = first.get(&fact.identity()).is_some_and(|taken_in| *taken_in < range.since);
        !before
            && (range.since..=range.until).contains(&fact.ingest_time)
            && !elsewhere.contains(&fact.event_id)
    };
    let normalized: Vec<bool> = evidence.normalized.iter().map(is_within).collect();
    let enriched: Vec<bool> = evidence.enriched.iter().map(|event| is_within(&event.fact)).collect();
    let mut keep = normalized.into_iter();
    evidence.normalized.retain(|_| keep.next().unwrap_or(false));
    let mut keep = enriched.into_iter();
    evidence.enriched.retain(|_| keep.next().unwrap_or(false));
    let all = evidence.enriched.len();
    evidence.enriched.retain(|event| {
        let since = surroundings.whole_since.get(&event.fact.place.partition);
        since.is_none_or(|since| event.fact.ingest_time >= *since)
    });
    let gone = (all - evidence.enriched.len()) as u64;
    (evidence, gone)
}

/// One result for each command of the range; one that was issued a short while ago may still be open.
fn judge_results(evidence: &Evidence, range: Range, now: i64, terms: Terms<'_>, verdict: &mut Verdict) {
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
    effects::judge_results(&judged, &results, terms, verdict);
    verdict.count("commands_open", open.len() as u64);
    verdict.count("commands", open.len() as u64);
}
