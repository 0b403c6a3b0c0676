//! What is known of the run while it goes on: counts, latencies, last decisions. Pure; filled by the followers.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use hdrhistogram::Histogram;
use serde::Serialize;

/// Everything the screen shows and the drain waits for.
#[derive(Debug)]
pub struct Progress {
    /// Deliveries posted.
    pub posted: u64,
    /// Answered 2xx.
    pub accepted: u64,
    /// Answered 429 or 503.
    pub pushed_back: u64,
    /// Answered with another error.
    pub rejected: u64,
    /// Records of `events.enriched`.
    pub enriched: u64,
    /// Records of `quarantine`.
    pub quarantined: u64,
    /// Records of `routing.decisions`.
    pub decisions: u64,
    /// Results of write-backs, by outcome.
    pub results: BTreeMap<String, u64>,
    /// The newest decisions, newest first.
    pub last_decisions: VecDeque<String>,
    latency: Histogram<u64>,
    latency_held: Histogram<u64>,
    posted_at: HashMap<String, f64>,
    waiting: HashMap<String, Seen>,
    missing: HashSet<String>,
    /// What each event that has a content says, by its id.
    contents: HashMap<String, String>,
    /// The contents that came out.
    published: HashSet<String>,
    commands: HashSet<String>,
    ended: HashSet<String>,
}

/// When an event came out, and whether it had been held.
#[derive(Debug, Clone, Copy)]
struct Seen {
    at_ms: f64,
    held: bool,
}

/// A distribution of latencies, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// Half took at most this long.
    pub p50: f64,
    /// 99 of 100 took at most this long.
    pub p99: f64,
    /// The longest.
    pub max: f64,
    /// How many there were.
    pub count: u64,
}

/// Decisions kept for the screen.
const DECISIONS_KEPT: usize = 12;
/// Latencies are kept in microseconds, up to 10 minutes.
const LATENCY_MAX_US: u64 = 600_000_000;

// === impl Progress ===

impl Progress {
    /// Nothing has happened yet.
    ///
    /// # Errors
    /// When the histograms cannot be made, which their fixed bounds rule out.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            posted: 0,
            accepted: 0,
            pushed_back: 0,
            rejected: 0,
            enriched: 0,
            quarantined: 0,
            decisions: 0,
            results: BTreeMap::new(),
            last_decisions: VecDeque::new(),
            latency: Histogram::new_with_max(LATENCY_MAX_US, 3)?,
            latency_held: Histogram::new_with_max(LATENCY_MAX_US, 3)?,
            posted_at: HashMap::new(),
            waiting: HashMap::new(),
            missing: HashSet::new(),
            contents: HashMap::new(),
            published: HashSet::new(),
            commands: HashSet::new(),
            ended: HashSet::new(),
        })
    }

    /// A delivery was answered; `due_ms` is when it was to be posted, so that a late load generator hides nothing.
    pub fn answered(&mut self, status: Option<u16>, event_ids: &[String], due_ms: f64) {
        self.posted += 1;
        match status {
            Some(200..300) => self.accepted += 1,
            Some(429 | 503) => self.pushed_back += 1,
            _ => self.rejected += 1,
        }
        for event_id in event_ids {
            // The same fact posted again is old news: the first time counts.
            if self.posted_at.contains_key(event_id) {
                continue;
            }
            self.posted_at.insert(event_id.clone(), due_ms);
            match self.waiting.remove(event_id) {
                Some(seen) => self.record(due_ms, seen),
                None => {
                    self.missing.insert(event_id.clone());
                }
            }
        }
    }

    /// An event that says what it says under several ids was accepted; the processor may take it for a repetition.
    pub fn accepted_content(&mut self, event_id: String, content_id: String) {
        self.contents.insert(event_id, content_id);
    }

    /// What an event said came out.
    pub fn published_content(&mut self, content_id: String) {
        self.published.insert(content_id);
    }

    /// An event was seen by a reader of committed records.
    pub fn enriched(&mut self, event_id: &str, held: bool, at_ms: f64) {
        self.enriched += 1;
        let seen = Seen { at_ms, held };
        match self.posted_at.get(event_id) {
            None => {
                // Committed before the answer was read: kept until it is.
                self.waiting.entry(event_id.to_owned()).or_insert(seen);
            }
            Some(&due_ms) => {
                if self.missing.remove(event_id) {
                    self.record(due_ms, seen);
                }
            }
        }
    }

    /// A conversation was routed.
    pub fn decided(&mut self, line: String) {
        self.decisions += 1;
        self.last_decisions.push_front(line);
        self.last_decisions.truncate(DECISIONS_KEPT);
    }

    /// A write-back was issued.
    pub fn commanded(&mut self, command_id: String) {
        self.commands.insert(command_id);
    }

    /// A write-back ended.
    pub fn ended(&mut self, command_id: String, outcome: String) {
        self.ended.insert(command_id);
        *self.results.entry(outcome).or_default() += 1;
    }

    /// Events that were answered 2xx and have not come out. What an event says and another one has said counts as come
    /// out: whether the processor was right to leave it out is for the verifier to judge.
    pub fn events_missing(&self) -> usize {
        let said =
            |id: &&String| self.contents.get(*id).is_some_and(|content| self.published.contains(content));
        self.missing.len() - self.missing.iter().filter(said).count()
    }

    /// Write-backs without a result.
    pub fn commands_open(&self) -> usize {
        self.commands.difference(&self.ended).count()
    }

    /// Latency of events that were not held.
    pub fn latency(&self) -> Summary {
        summary(&self.latency)
    }

    /// Latency of events that were held to be put in order.
    pub fn latency_held(&self) -> Summary {
        summary(&self.latency_held)
    }

    fn record(&mut self, due_ms: f64, seen: Seen) {
        let micros = ((seen.at_ms - due_ms) * 1000.0).max(0.0) as u64;
        let histogram = if seen.held { &mut self.latency_held } else { &mut self.latency };
        histogram.saturating_record(micros);
    }
}

fn summary(histogram: &Histogram<u64>) -> Summary {
    let ms = |micros: u64| (micros as f64 / 100.0).round() / 10.0;
    Summary {
        p50: ms(histogram.value_at_quantile(0.5)),
        p99: ms(histogram.value_at_quantile(0.99)),
        max: ms(histogram.max()),
        count: histogram.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn measures_from_when_it_was_due_whichever_is_known_first() {
        let mut progress = Progress::new().unwrap();
        progress.answered(Some(202), &ids(&["a"]), 1000.0);
        progress.enriched("a", false, 1100.0);
        progress.enriched("b", true, 1700.0);
        progress.answered(Some(202), &ids(&["b"]), 1000.0);
        assert_eq!((progress.latency().count, progress.latency().p50.round()), (1, 100.0));
        assert_eq!((progress.latency_held().count, progress.latency_held().p99.round()), (1, 700.0));
        assert_eq!(progress.events_missing(), 0);
    }

    #[test]
    fn a_duplicate_counts_from_the_first_delivery_and_only_once() {
        let mut progress = Progress::new().unwrap();
        progress.answered(Some(202), &ids(&["a"]), 1000.0);
        progress.answered(Some(202), &ids(&["a"]), 5000.0);
        progress.enriched("a", false, 1100.0);
        progress.answered(Some(202), &ids(&["a"]), 9000.0);
        assert_eq!((progress.latency().count, progress.events_missing()), (1, 0));
        assert_eq!((progress.posted, progress.accepted), (3, 3));
    }

    #[test]
    fn a_repetition_that_is_left_out_is_not_waited_for() {
        let mut progress = Progress::new().unwrap();
        progress.answered(Some(202), &ids(&["a", "b", "c"]), 0.0);
        for (event, content) in [("a", "away"), ("b", "away"), ("c", "here")] {
            progress.accepted_content(event.into(), content.into());
        }
        assert_eq!(progress.events_missing(), 3);
        progress.enriched("a", false, 1.0);
        progress.published_content("away".into());
        assert_eq!(progress.events_missing(), 1, "nothing said what the third says");
    }

    #[test]
    fn knows_what_is_outstanding() {
        let mut progress = Progress::new().unwrap();
        progress.answered(Some(202), &ids(&["a"]), 0.0);
        progress.answered(Some(503), &[], 0.0);
        progress.answered(Some(401), &[], 0.0);
        progress.answered(None, &[], 0.0);
        progress.commanded("x".into());
        progress.commanded("y".into());
        progress.ended("x".into(), "APPLIED".into());
        assert_eq!((progress.events_missing(), progress.commands_open()), (1, 1));
        assert_eq!((progress.pushed_back, progress.rejected), (1, 2));
        assert_eq!(progress.results["APPLIED"], 1);
    }
}
