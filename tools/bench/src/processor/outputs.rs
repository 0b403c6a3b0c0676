//! Whether a contender did its work: only then do its figures count.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};

use anyhow::{Context as _, ensure};
use trunkline_config::Config;
use trunkline_kafka::{From, InboundRecord, tail::Tail};
use trunkline_schemas::codec::{Decoder, Value as _};
use trunkline_schemas::event_type::CONVERSATION_STARTED;
use trunkline_schemas::{EnrichedEvent, catalog, headers};
use uuid::Uuid;

use super::contender::Contender;
use super::trial::Trial;

/// What the input asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// How often each event is in the input.
    events: HashMap<u128, u32>,
    /// Started conversations among them, duplicates not counted.
    started: u64,
}

/// What a contender wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// Records of `events.enriched`.
    pub enriched: u64,
    /// Bytes of their values.
    pub value_bytes: u64,
    /// By event, a digest of what was found out about it, see [`findings`].
    findings: HashMap<u128, u64>,
}

// === impl Expected ===

impl Expected {
    /// Reads the input.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(trial: &Trial<'_>) -> anyhow::Result<Self> {
        let mut expected = Self::default();
        let topic = trial.config.kafka.topic(catalog::EVENTS_NORMALIZED);
        read(&trial.config, &topic, |record| {
            let started = record.header_text(headers::CE_TYPE) == Some(CONVERSATION_STARTED);
            expected.add(id(&record)?, started);
            Ok(())
        })?;
        Ok(expected)
    }

    /// One more event of the input, and whether a conversation starts with it.
    pub fn add(&mut self, id: u128, started: bool) {
        let times = self.events.entry(id).or_default();
        *times += 1;
        self.started += u64::from(started && *times == 1);
    }

    /// Reads what a contender wrote, read_committed, and compares.
    ///
    /// # Errors
    /// Names the first thing that is wrong with it.
    pub fn check(&self, trial: &Trial<'_>, contender: Contender) -> anyhow::Result<Written> {
        let mut seen: HashMap<u128, u32> = HashMap::with_capacity(self.events.len());
        let mut positions = Positions::default();
        let mut written = Written::default();
        let mut decoder = Decoder::<EnrichedEvent>::new();
        let schema = trial.ids.get(catalog::EVENTS_ENRICHED).context("enriched events have no schema id")?;
        decoder.add_writer(schema, EnrichedEvent::SCHEMA)?;
        let topic = contender.topic(&trial.config, catalog::EVENTS_ENRICHED);
        read(&trial.config, &topic, |record| {
            let id = id(&record)?;
            *seen.entry(id).or_default() += 1;
            let value = record.value.context("an event has no value")?;
            written.enriched += 1;
            written.value_bytes += value.len() as u64;
            if contender.processes() {
                let event = decoder.decode(&value)?;
                positions.add(&event.entity_id, event.ordering.position);
                written.findings.insert(id, digest(&event));
            }
            Ok(())
        })?;
        self.compare(&seen, contender)?;
        if contender.processes() {
            positions.check()?;
        }
        let topic = contender.topic(&trial.config, catalog::ROUTING_DECISIONS);
        let mut decisions = 0;
        read(&trial.config, &topic, |_| {
            decisions += 1;
            Ok(())
        })?;
        ensure!(
            !contender.processes() || decisions == self.started,
            "{decisions} decisions for {} started conversations",
            self.started
        );
        Ok(written)
    }

    fn compare(&self, seen: &HashMap<u128, u32>, contender: Contender) -> anyhow::Result<()> {
        for (event, times) in &self.events {
            let wanted = if contender.processes() { 1 } else { *times };
            let found = seen.get(event).copied().unwrap_or_default();
            ensure!(
                found == wanted,
                "event {} is there {found} times, not {wanted}",
                Uuid::from_u128(*event)
            );
        }
        ensure!(seen.len() == self.events.len(), "there are events that are not in the input");
        Ok(())
    }
}

/// Positions by conversation: 1, 2, 3 … without hole or repeat, and in the order of the topic.
#[derive(Debug, Default)]
struct Positions {
    last: HashMap<u64, i64>,
    broken: Option<String>,
}

// === impl Positions ===

impl Positions {
    fn add(&mut self, conversation: &str, position: i64) {
        let mut hasher = DefaultHasher::new();
        conversation.hash(&mut hasher);
        let last = self.last.entry(hasher.finish()).or_default();
        if position != *last + 1 && self.broken.is_none() {
            self.broken = Some(format!("conversation {conversation}: position {position} follows {last}"));
        }
        *last = position;
    }

    fn check(self) -> anyhow::Result<()> {
        match self.broken {
            Some(broken) => anyhow::bail!(broken),
            None => Ok(()),
        }
    }
}

/// Share of events that two contenders may differ on: both let a held event go by the wall clock when its
/// partition stands still for longer than the hold, and when that is depends on the machine.
const DIFFERENT_MAX: f64 = 0.005;

/// Makes sure that two contenders found out the same about the events, and says on what share they differ.
///
/// # Errors
/// Shows an event that they differ on, when there are too many.
pub fn same_work(
    trial: &Trial<'_>,
    one: (Contender, &Written),
    other: (Contender, &Written),
) -> anyhow::Result<f64> {
    let mut differing = one.1.findings.iter().filter(|(id, digest)| other.1.findings.get(id) != Some(digest));
    let Some((id, _)) = differing.next() else { return Ok(0.0) };
    let share = (1 + differing.count()) as f64 / one.1.findings.len() as f64;
    if share <= DIFFERENT_MAX {
        return Ok(share);
    }
    let mut said = Vec::new();
    for contender in [one.0, other.0] {
        let mut decoder = Decoder::<EnrichedEvent>::new();
        let schema = trial.ids.get(catalog::EVENTS_ENRICHED).context("enriched events have no schema id")?;
        decoder.add_writer(schema, EnrichedEvent::SCHEMA)?;
        read(&trial.config, &contender.topic(&trial.config, catalog::EVENTS_ENRICHED), |record| {
            if self::id(&record)? == *id {
                let event = decoder.decode(&record.value.unwrap_or_default())?;
                said.push(format!("{}: {}", contender.title(), findings(&event)));
            }
            Ok(())
        })?;
    }
    anyhow::bail!(
        "they differ on {share:.4} of the events, as on {}:\n{}",
        Uuid::from_u128(*id),
        said.join("\n")
    )
}

/// What was found out about an event, but for what depends on the clock. Of the conversation's figures only those that
/// all contenders work out in the same way: the Kafka Streams job knows one agent and one life, and does less work.
fn findings(event: &EnrichedEvent) -> String {
    let EnrichedEvent { event_type, ordering, conversation, customer_id, profile, dedup_unknown, .. } = event;
    let profile = profile.as_ref().map(|profile| {
        (
            &profile.customer_id,
            &profile.account_name,
            &profile.loyalty_tier,
            &profile.balance,
            profile.open_tickets,
        )
    });
    let conversation = (conversation.started_at, conversation.events);
    format!("{event_type} {ordering:?} {conversation:?} {customer_id:?} {profile:?} {dedup_unknown}")
}

fn digest(event: &EnrichedEvent) -> u64 {
    let mut hasher = DefaultHasher::new();
    findings(event).hash(&mut hasher);
    hasher.finish()
}

/// The id of the event in a record, from its headers.
///
/// # Errors
/// When there is none.
pub fn id(record: &InboundRecord) -> anyhow::Result<u128> {
    let id = record.header_text(headers::CE_ID).context("a record has no header ce_id")?;
    Ok(Uuid::parse_str(id).context("an event's id is no UUID")?.as_u128())
}

/// Reads a topic to its end, committed records only.
///
/// # Errors
/// When it cannot be read, or `each` fails.
pub fn read(
    config: &Config,
    topic: &str,
    mut each: impl FnMut(InboundRecord) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut tail = Tail::open(&config.kafka, "trunkline-bench", &[topic.to_owned()], From::Beginning)?;
    let mut failed = Ok(());
    tail.read_to_end(|record| {
        if failed.is_ok() {
            failed = each(record);
        }
    })?;
    failed.with_context(|| format!("in {topic}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_is_missing_doubled_or_strange_is_noticed() {
        let expected = Expected { events: HashMap::from([(1, 1), (2, 2)]), started: 0 };
        let (ours, copies) = (Contender::Trunkline, Contender::CopyLoop);
        for (seen, contender, right) in [
            (vec![(1, 1), (2, 1)], ours, true),
            (vec![(1, 1), (2, 2)], ours, false),
            (vec![(1, 1), (2, 2)], copies, true),
            (vec![(1, 1), (2, 1)], copies, false),
            (vec![(2, 1)], ours, false),
            (vec![(1, 1), (2, 1), (3, 1)], ours, false),
        ] {
            let judged = expected.compare(&seen.iter().copied().collect(), contender);
            assert_eq!(judged.is_ok(), right, "{seen:?} {contender:?}");
        }
    }

    #[test]
    fn positions_count_from_one_in_each_conversation() {
        for (reported, right) in [
            (vec![("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", 3)], true),
            (vec![("a", 1), ("a", 3)], false),
            (vec![("a", 2)], false),
            (vec![("a", 1), ("a", 1)], false),
        ] {
            let mut positions = Positions::default();
            for (conversation, position) in &reported {
                positions.add(conversation, *position);
            }
            assert_eq!(positions.check().is_ok(), right, "{reported:?}");
        }
    }
}
