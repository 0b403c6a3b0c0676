//! The audit of a deployment that runs: over a range of time, without a ledger, in bounded memory.
//!
//! What can be judged from the topics alone is judged: each event once (I2), in order (I3), field by field
//! what came in (`fields`), and one result for each command (I5). Events are told apart by their key: an
//! audit makes as many passes over the range as its memory asks for, and each pass keeps the events of its
//! share of the keys, so that whatever belongs together is judged together.

mod pass;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;
use crate::collect::blocking;
use crate::inputs::Inputs;
use crate::judge::order;
use crate::report::{Report, Verdict, counted, grouped};
use crate::topics::{self, Spans};

/// What to audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// From when on events were taken in; UTC milliseconds.
    pub since: i64,
    /// Until when; UTC milliseconds.
    pub until: i64,
}

/// How to audit.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bytes that the records of a pass may take.
    pub memory_bytes: u64,
    /// The time now; UTC milliseconds. Commands that were issued within [`RESULTS_WITHIN_MS`] of it may still be open.
    pub now: i64,
    /// How far it has come.
    pub progress: Arc<Progress>,
}

/// How far an audit has come; written by it, read by whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Records read, over all passes.
    pub read: AtomicU64,
    /// Records to read, over all passes; 0 until that is known.
    pub all: AtomicU64,
}

/// What a record takes in memory on the average, decoded, with what the judges keep beside it.
const RECORD_BYTES: u64 = 2_600;

/// Events around the range are read too, this long before and after it (milliseconds): an hour. A repeat may
/// come that long after its first record without being looked for elsewhere, and a record that long behind
/// others of its time.
pub const MARGIN_MS: i64 = 3_600_000;

/// How long a command may take to its result before the lack of one is a breach, in milliseconds: an hour.
/// While a target is down its commands wait in Kafka, and no longer than this is no alarm.
pub const RESULTS_WITHIN_MS: i64 = 3_600_000;

const NORMALIZED: &str = "events.normalized";
const ENRICHED: &str = "events.enriched";
const RESULTS: &str = "writeback.results";
/// The processor's group where no configuration names another.
const DEFAULT_GROUP: &str = "trunkline-processor";

/// A topic with what of it is read.
#[derive(Debug, Clone)]
struct Part {
    topic: String,
    spans: Spans,
}

/// Reads the range as often as the memory asks for, and judges it.
///
/// # Errors
/// When the topics or schemas cannot be read.
pub async fn audit(inputs: &Inputs, range: Range, settings: &Settings) -> Result<Report, Error> {
    let mut report = Report::default();
    let listed = list(inputs).await?;
    let surroundings = surroundings(inputs, &listed).await?;
    let found = find(inputs, &listed, range, settings.now).await?;
    let has = |topic: &str| found.iter().any(|part| part.topic == topic);
    if let Some(needed) = [NORMALIZED, ENRICHED].iter().find(|needed| !has(needed)) {
        let why = format!("{needed} does not exist under this prefix, or has no record of that time");
        ["I2", "fields", "I3", "I5"].iter().for_each(|id| report.skip(id, why.as_str()));
        report.allow_unjudged(&inputs.allow_unjudged);
        return Ok(report);
    }
    let records: u64 =
        found.iter().flat_map(|part| part.spans.values()).map(|(start, end)| (end - start) as u64).sum();
    let passes = (records * RECORD_BYTES).div_ceil(settings.memory_bytes.max(1)).max(1);
    settings.progress.all.store(records * passes, Ordering::Relaxed);
    let mut joined: Vec<Verdict> = Vec::new();
    let mut incomparable = 0;
    for pass in 0..passes {
        let share = Share { pass, passes };
        let mut evidence = pass::read(inputs, &found, share, &settings.progress).await?;
        evidence.committed = surroundings.committed.clone();
        let (verdicts, gone) = pass::judge(inputs, evidence, range, &surroundings, settings.now).await?;
        incomparable += gone;
        if joined.is_empty() {
            joined = verdicts;
        } else {
            joined.iter_mut().zip(verdicts).for_each(|(all, verdict)| all.merge(verdict));
        }
    }
    // Without a topic of results there are none to miss.
    let with_results = listed.contains_key(RESULTS);
    if !with_results {
        report.skip("I5", format!("there is no topic {RESULTS} under this prefix"));
    }
    for verdict in joined.into_iter().filter(|verdict| with_results || verdict.invariant != "I5") {
        let compared = compared(&verdict);
        report.add(verdict.having_compared(compared), &inputs.known);
    }
    if incomparable > 0 {
        let events = counted(incomparable, "event");
        report.skip(
            "range",
            format!(
                "{events} of the range came in before what {NORMALIZED} still holds: they cannot be compared"
            ),
        );
    }
    if let Some(waiting) = report.counts.get("not_reached").copied().filter(|waiting| *waiting > 0) {
        let events = counted(waiting, "event");
        report.skip(
            "behind",
            format!("{events} of the range lie before a processor that has not reached them yet"),
        );
    }
    report.counts.insert("audit_passes".to_owned(), passes);
    report.allow_unjudged(&inputs.allow_unjudged);
    Ok(report)
}

/// The deployment's topics, without their prefix, with their partitions.
async fn list(inputs: &Inputs) -> Result<BTreeMap<String, i32>, Error> {
    let (cluster, prefix) = (inputs.cluster.clone(), inputs.prefix.clone());
    let listed = blocking({
        let prefix = prefix.clone();
        move || topics::list(&cluster, &prefix)
    })
    .await?;
    let named = |(full, partitions): (String, i32)| {
        (full.strip_prefix(prefix.as_str()).unwrap_or(&full).to_owned(), partitions)
    };
    Ok(listed.into_iter().map(named).collect())
}

/// What is known around the range.
#[derive(Debug, Default)]
struct Surroundings {
    /// From when on each partition of `events.normalized` is whole.
    whole_since: BTreeMap<i32, i64>,
    /// How far the processor's group has committed in it.
    committed: BTreeMap<i32, i64>,
}

async fn surroundings(inputs: &Inputs, listed: &BTreeMap<String, i32>) -> Result<Surroundings, Error> {
    let Some(partitions) = listed.get(NORMALIZED).copied() else { return Ok(Surroundings::default()) };
    let (cluster, full) = (inputs.cluster.clone(), format!("{}{NORMALIZED}", inputs.prefix));
    let group = inputs.configuration.as_ref().map(|configuration| configuration.group.clone());
    let group = group.unwrap_or_else(|| format!("{}{DEFAULT_GROUP}", inputs.prefix));
    blocking(move || {
        Ok(Surroundings {
            whole_since: topics::whole_since(&cluster, &full, partitions)?,
            committed: topics::committed(&cluster, &group, &full, partitions)?,
        })
    })
    .await
}

/// Which topics hold anything of the range, and where.
async fn find(
    inputs: &Inputs,
    listed: &BTreeMap<String, i32>,
    range: Range,
    now: i64,
) -> Result<Vec<Part>, Error> {
    let is_read = |topic: &str| {
        [NORMALIZED, ENRICHED, RESULTS, "processor.dlq", "pipeline.errors"].contains(&topic)
            || topic.starts_with("writebacks.")
    };
    let wanted: Vec<(String, i32)> = listed
        .iter()
        .filter(|(topic, _)| is_read(topic))
        .map(|(topic, partitions)| (topic.clone(), *partitions))
        .collect();
    let (cluster, prefix) = (inputs.cluster.clone(), inputs.prefix.clone());
    blocking(move || {
        let mut parts = Vec::new();
        for (topic, partitions) in wanted {
            // A result comes when its target takes the write.
            let until = if topic == RESULTS { now } else { range.until };
            let (since, until) = (range.since - MARGIN_MS, until + MARGIN_MS);
            let spans = topics::spans(&cluster, &format!("{prefix}{topic}"), partitions, since, until)?;
            if !spans.is_empty() {
                parts.push(Part { topic, spans });
            }
        }
        Ok(parts)
    })
    .await
}

fn compared(verdict: &Verdict) -> String {
    match verdict.invariant {
        "I2" => format!(
            "{}, {} enriched",
            counted(verdict.counted("normalized"), "normalized record"),
            grouped(verdict.counted("enriched"))
        ),
        "I3" => order::compared(verdict),
        "fields" => format!("every field of {}", counted(verdict.counted("events_compared"), "event")),
        _ => format!(
            "{}, {} still open",
            counted(verdict.counted("commands"), "command"),
            grouped(verdict.counted("commands_open"))
        ),
    }
}

/// One pass's share of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share {
    pass: u64,
    passes: u64,
}

// === impl Share ===

impl Share {
    fn has(self, key: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        hasher.finish() % self.passes == self.pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_exactly_one_share() {
        for number in 0..1_000_u32 {
            let shares = (0..7).filter(|pass| Share { pass: *pass, passes: 7 }.has(&number.to_be_bytes()));
            assert_eq!(shares.count(), 1);
        }
        assert!(Share { pass: 0, passes: 1 }.has(b"any"));
    }
}
