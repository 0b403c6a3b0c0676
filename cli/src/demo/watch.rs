//! Looks at everything once a second and shows it: counts, rates, lag, breakers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use trunkline_rig::progress::Progress;
use trunkline_rig::scrape::{Sample, scrape};
use trunkline_rig::supervisor::Member;

use super::screen::{Screen, View};

/// Keeps the screen up to date.
pub struct Watch {
    screen: Screen,
    client: reqwest::Client,
    began: Instant,
    turn: u64,
    last: Reading,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    at: Instant,
    posted: u64,
    enriched: u64,
}

/// How often the screen is drawn.
pub const TURN: Duration = Duration::from_secs(1);
const BREAKER_STATE: &str = "trunkline_breaker_state";
/// Gauges that say how far behind a process is, with what the screen calls them.
const LAGS: [(&str, &str); 3] = [
    ("trunkline_processor_outstanding_events", "events held or looked up"),
    ("trunkline_sink_unfinished_records", "commands under way"),
    ("trunkline_last_stable_offset_lag", "behind open transactions"),
];

// === impl Watch ===

impl Watch {
    /// Begins to watch.
    pub fn new(screen: Screen, client: reqwest::Client) -> Self {
        let began = Instant::now();
        Self { screen, client, began, turn: 0, last: Reading { at: began, posted: 0, enriched: 0 } }
    }

    /// Says something that is worth a line of its own.
    pub fn say(&self, message: &str) {
        self.screen.say(message);
    }

    /// Looks at everything and shows it.
    pub async fn turn(
        &mut self,
        phase: &str,
        members: &[Member],
        progress: &Arc<Mutex<Progress>>,
    ) -> anyhow::Result<()> {
        let mut samples = Vec::new();
        for member in members {
            samples.extend(scrape(&self.client, &member.spec().admin).await);
        }
        let progress = progress.lock();
        let now = Reading { at: Instant::now(), posted: progress.posted, enriched: progress.enriched };
        let seconds = (now.at - self.last.at).as_secs_f64().max(0.001);
        let view = View {
            phase: phase.to_owned(),
            elapsed: self.began.elapsed(),
            posted_per_second: (now.posted - self.last.posted) as f64 / seconds,
            enriched_per_second: (now.enriched - self.last.enriched) as f64 / seconds,
            lag: lag(&samples, &progress),
            breakers: breakers(&samples),
            restarts: members.iter().map(Member::restarts).sum(),
        };
        self.last = now;
        self.screen.show(self.turn, &view, &progress)?;
        self.turn += 1;
        Ok(())
    }
}

fn lag(samples: &[Sample], progress: &Progress) -> BTreeMap<String, f64> {
    let mut lag = BTreeMap::from([
        ("accepted, not yet enriched".to_owned(), progress.events_missing() as f64),
        ("write-backs without result".to_owned(), progress.commands_open() as f64),
    ]);
    for (metric, title) in LAGS {
        let values = samples.iter().filter(|sample| sample.name == metric).map(|sample| sample.value);
        if let Some(sum) = values.reduce(|one, other| one + other) {
            lag.insert(title.to_owned(), sum);
        }
    }
    lag
}

/// Breakers by target and endpoint class; of several instances the worst state is shown.
fn breakers(samples: &[Sample]) -> BTreeMap<String, String> {
    let mut states: BTreeMap<String, f64> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| sample.name == BREAKER_STATE) {
        let label = |name: &str| sample.labels.get(name).cloned().unwrap_or_default();
        let state = states.entry(format!("{} {}", label("target"), label("class"))).or_default();
        *state = state.max(sample.value);
    }
    let name = |state: f64| {
        if state >= 2.0 {
            "open"
        } else if state >= 1.0 {
            "half open"
        } else {
            "closed"
        }
    };
    states.into_iter().map(|(breaker, state)| (breaker, name(state).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_rig::scrape::parse;

    #[test]
    fn shows_the_worst_state_of_each_breaker_and_sums_lags() {
        let samples = parse(
            "trunkline_breaker_state{target=\"sap\",class=\"lookup\"} 0\n\
             trunkline_breaker_state{target=\"sap\",class=\"lookup\"} 2\n\
             trunkline_breaker_state{target=\"genesys\",class=\"write\"} 1\n\
             trunkline_processor_outstanding_events 3\ntrunkline_processor_outstanding_events 4\n",
        );
        let breakers = breakers(&samples);
        assert_eq!(
            (breakers["sap lookup"].as_str(), breakers["genesys write"].as_str()),
            ("open", "half open")
        );
        let lag = lag(&samples, &Progress::new().unwrap());
        assert_eq!(lag["events held or looked up"], 7.0);
        assert_eq!(lag["accepted, not yet enriched"], 0.0);
    }
}
