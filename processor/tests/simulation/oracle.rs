//! Judges a run by what was written to its topics, and shares no decision with the processor: duplicates are
//! what has the same id, order is what the source's mode says of neighbours in the output, and state is the
//! latest committed value of every key of the changelog.

mod anew;
mod profiles;

use std::collections::{BTreeMap, HashMap, HashSet};

use trunkline_schemas::codec::{Decoder, Value};
use trunkline_schemas::event_type as et;
use trunkline_schemas::headers;
use trunkline_schemas::{EnrichedEvent, OrderingMode, PlatformEvent, RoutingDecision, WriteBack, catalog};

use crate::input::{OUTPUT_SCHEMA, Planned, Raw};
use crate::instance::{HOLD_MS, WRITE_BACKS};
use crate::log::{Entry, Txn};
use crate::plugin_effects::PluginEffects;
use crate::world::Violation;

/// Every eventId once, nothing missing, poison among the dead letters as it was.
pub const ONCE: &str = "I2";
/// Positions 1, 2, 3 …, in the order of the source's mode.
pub const ORDER: &str = "I3";
/// State is what the changelog says.
pub const STATE: &str = "I4";
/// No offset is committed before what lies below it took effect.
pub const OFFSETS: &str = "offsets";

/// Once nothing goes wrong any more, everything is finished within a time.
pub const PROGRESS: &str = "progress";

/// A record of ingest, as the ledger has it.
#[derive(Debug)]
struct Ingested {
    raw: Raw,
    event: Option<PlatformEvent>,
    /// When it was appended; UTC milliseconds.
    at: i64,
}

/// Offset and value of the latest record of a key; no value is a tombstone.
type Latest = (i64, Option<Vec<u8>>);

/// Where the first record of each event lies, and when it was appended.
type Arrivals<'e> = HashMap<&'e str, (i64, i64)>;

/// Judges.
pub struct Oracle {
    events: Decoder<EnrichedEvent>,
    decisions: Decoder<RoutingDecision>,
    commands: Decoder<WriteBack>,
    /// Events of which a decision was made …
    decided: HashSet<String>,
    /// … and those of which a command was.
    commanded: HashSet<String>,
    /// By partition and offset.
    ledger: Vec<BTreeMap<i64, Ingested>>,
    expected: HashMap<String, PlatformEvent>,
    /// What transactions wrote that are not decided.
    written: HashMap<Txn, Vec<(String, i32, i64)>>,
    /// Outputs of committed transactions, by partition and offset.
    emitted: BTreeMap<(i32, i64), EnrichedEvent>,
    ids: HashSet<String>,
    /// Contents that came out: whatever says the same may be a repetition, since no run is as long as the window.
    contents: HashSet<String>,
    dead_letters: HashSet<(i32, i64)>,
    /// Committed state by partition: the latest record of each key.
    state: Vec<BTreeMap<Vec<u8>, Latest>>,
    offsets: Vec<i64>,
    /// Partitions that are another log now, of which offsets may still be committed that are those of the one before.
    anew: HashSet<i32>,
    /// What came of plugins.
    pub plugins: PluginEffects,
}

// === impl Oracle ===

impl Oracle {
    /// Of so many partitions.
    pub fn new(partitions: i32) -> Self {
        let count = partitions as usize;
        Self {
            events: decoder(),
            decisions: decoder(),
            commands: decoder(),
            decided: HashSet::new(),
            commanded: HashSet::new(),
            ledger: (0..count).map(|_| BTreeMap::new()).collect(),
            expected: HashMap::new(),
            written: HashMap::new(),
            emitted: BTreeMap::new(),
            ids: HashSet::new(),
            contents: HashSet::new(),
            dead_letters: HashSet::new(),
            state: vec![BTreeMap::new(); count],
            offsets: vec![0; count],
            anew: HashSet::new(),
            plugins: PluginEffects::default(),
        }
    }

    /// A record was written by ingest, at this time (UTC milliseconds).
    pub fn ingested(&mut self, planned: Planned, offset: i64, at: i64) {
        if let Some(event) = &planned.event {
            self.expected.entry(event.event_id.clone()).or_insert_with(|| event.clone());
        }
        let ingested = Ingested { raw: planned.record, event: planned.event, at };
        self.ledger[planned.partition as usize].insert(offset, ingested);
    }

    /// Whether an event came out, or was left out since it may repeat one that did.
    fn took_effect(&self, event: &PlatformEvent) -> bool {
        let repeated = event.content_id.as_ref().is_some_and(|id| self.contents.contains(id));
        self.ids.contains(&event.event_id) || repeated
    }

    /// A record was written in a transaction.
    pub fn written(&mut self, txn: Txn, topic: &str, partition: i32, offset: i64) {
        self.written.entry(txn).or_default().push((topic.to_owned(), partition, offset));
    }

    /// What a transaction wrote.
    pub fn take_written(&mut self, txn: Txn) -> Vec<(String, i32, i64)> {
        self.written.remove(&txn).unwrap_or_default()
    }

    /// A record of a committed transaction.
    pub fn published(&mut self, topic: &str, partition: i32, entry: Entry) -> Result<(), Violation> {
        match topic {
            catalog::PROCESSOR_CHANGELOG => {
                let key = entry.key.unwrap_or_default();
                let latest = self.state[partition as usize].entry(key).or_insert((-1, None));
                if entry.offset > latest.0 {
                    *latest = (entry.offset, entry.value);
                }
                Ok(())
            }
            catalog::EVENTS_ENRICHED => self.emitted(partition, entry),
            catalog::PROCESSOR_DLQ => self.dead_letter(&entry),
            catalog::ROUTING_DECISIONS => {
                let decision = decode(&self.decisions, entry.value)?;
                if self.plugins.decided(&decision, entry.txn)? {
                    return Ok(());
                }
                if decision.queue != decision.conversation_id {
                    return Err(violation(ONCE, format!("event {} was sent elsewhere", decision.event_id)));
                }
                let fresh = self.decided.insert(decision.event_id.clone());
                self.consequence("decision", fresh, &decision.event_id, et::QUEUE_ENTERED)
            }
            WRITE_BACKS => {
                let command = decode(&self.commands, entry.value)?;
                if self.plugins.commanded(&command, entry.txn)? {
                    return Ok(());
                }
                let fresh = self.commanded.insert(command.event_id.clone());
                self.consequence("command", fresh, &command.event_id, et::CONVERSATION_ENDED)
            }
            _ => Ok(()),
        }
    }

    /// What came of an event comes once, of those that it should come of.
    fn consequence(&self, what: &str, fresh: bool, id: &str, of: &str) -> Result<(), Violation> {
        let right = self.expected.get(id).is_some_and(|event| event.event_type == of);
        match (fresh, right) {
            (true, true) => Ok(()),
            (false, _) => Err(violation(ONCE, format!("event {id} has two {what}s"))),
            (_, false) => Err(violation(ONCE, format!("event {id} is none to have a {what}"))),
        }
    }

    fn emitted(&mut self, partition: i32, entry: Entry) -> Result<(), Violation> {
        let event = decode(&self.events, entry.value)?;
        let id = event.event_id.clone();
        let Some(expected) = self.expected.get(&id) else {
            return Err(violation(ONCE, format!("event {id} was never read in")));
        };
        let same = expected.event_type == event.event_type
            && expected.entity_id == event.entity_id
            && expected.event_time == event.event_time
            && Some(&expected.data) == event.data.as_ref()
            && entry.key.as_deref() == Some(expected.key().as_bytes());
        if !same {
            return Err(violation(ONCE, format!("event {id} came out as another")));
        }
        if !self.ids.insert(id.clone()) {
            let again = format!(
                "event {id} of {} came out twice, now at {partition}/{}",
                event.entity_id, entry.offset
            );
            return Err(violation(ONCE, again));
        }
        self.plugins.published(&event, entry.txn)?;
        self.contents.extend(event.content_id.clone());
        self.emitted.insert((partition, entry.offset), event);
        Ok(())
    }

    fn dead_letter(&mut self, entry: &Entry) -> Result<(), Violation> {
        let number = |name| entry.headers.get(name).and_then(|text| text.parse::<i64>().ok());
        let from = (number(headers::DLQ_PARTITION), number(headers::DLQ_OFFSET));
        let (Some(partition), Some(offset)) = from else {
            return Err(violation(ONCE, "a dead letter does not say where it is from".to_owned()));
        };
        let Some(ingested) = self.ledger[partition as usize].get(&offset) else {
            return Err(violation(ONCE, format!("a dead letter of {partition}/{offset}, where nothing lay")));
        };
        let kept = entry.headers.starts_with(&ingested.raw.headers);
        if !kept || entry.key != ingested.raw.key || entry.value != ingested.raw.value {
            return Err(violation(ONCE, format!("the dead letter of {partition}/{offset} is not as it was")));
        }
        if ingested.event.is_some() {
            return Err(violation(ONCE, format!("{partition}/{offset} is a dead letter and was good")));
        }
        if !self.dead_letters.insert((partition as i32, offset)) {
            return Err(violation(ONCE, format!("{partition}/{offset} is a dead letter twice")));
        }
        Ok(())
    }

    /// An input offset is committed, with the transaction whose outputs were taken in before.
    pub fn offset_committed(&mut self, partition: i32, offset: i64) -> Result<(), Violation> {
        if self.anew.contains(&partition) && offset > 0 {
            // Nobody has noticed yet.
            return Ok(());
        }
        self.anew.remove(&partition);
        let known = std::mem::replace(&mut self.offsets[partition as usize], offset);
        if offset < known {
            let back = format!("the offset of {partition} went back from {known} to {offset}");
            return Err(violation(OFFSETS, back));
        }
        match self.unfinished(partition, known, offset) {
            Some(unfinished) => {
                let early =
                    format!("offset {offset} of {partition} was committed, but {unfinished} had no effect");
                Err(violation(OFFSETS, early))
            }
            None => Ok(()),
        }
    }

    /// A record between two offsets that had no effect.
    fn unfinished(&self, partition: i32, from: i64, to: i64) -> Option<i64> {
        let finished = |offset: i64, ingested: &Ingested| match &ingested.event {
            Some(event) => self.took_effect(event),
            None => self.dead_letters.contains(&(partition, offset)),
        };
        let mut between = self.ledger[partition as usize].range(from..to);
        between.find(|(offset, ingested)| !finished(**offset, ingested)).map(|(offset, _)| *offset)
    }

    /// The latest committed value of every key of a partition, against what a store holds.
    pub fn judge_state(&self, partition: i32, held: &BTreeMap<Vec<u8>, Vec<u8>>) -> Result<(), Violation> {
        let committed = self.state[partition as usize].iter();
        let committed = committed.filter_map(|(key, (_, value))| value.as_ref().map(|value| (key, value)));
        if committed.clone().eq(held.iter()) {
            return Ok(());
        }
        let committed: BTreeMap<_, _> = committed.collect();
        let differing = committed
            .iter()
            .filter(|(key, value)| held.get(**key) != Some(**value))
            .map(|(key, _)| *key)
            .chain(held.keys().filter(|key| !committed.contains_key(key)));
        let names: Vec<String> =
            differing.take(3).map(|key| String::from_utf8_lossy(key).into_owned()).collect();
        Err(violation(
            STATE,
            format!("state of {partition} is not what its changelog says, such as {names:?}"),
        ))
    }

    /// The latest committed records of a partition's state.
    pub fn latest(&self, partition: i32) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let state = self.state[partition as usize].iter();
        state
            .filter(|(_, (_, value))| value.is_some())
            .map(|(key, (_, value))| (key.clone(), value.clone()))
            .collect()
    }

    /// The changelog of a partition is another now, which holds the same at other offsets.
    pub fn remade(&mut self, partition: i32, records: &[(Vec<u8>, Option<Vec<u8>>)]) {
        let entries = records.iter().enumerate();
        self.state[partition as usize] =
            entries.map(|(offset, (key, value))| (key.clone(), (offset as i64, value.clone()))).collect();
    }

    /// Everything was read and is finished: what is missing, and what is out of order?
    ///
    /// `holds` says that no process had to end holds early for want of room.
    pub fn judge_outputs(&self, holds: bool) -> Result<(), Violation> {
        for (partition, ledger) in self.ledger.iter().enumerate() {
            if let Some(offset) = self.unfinished(partition as i32, 0, i64::MAX) {
                let id = ledger[&offset].event.as_ref().map(|event| event.event_id.clone());
                return Err(violation(ONCE, format!("{partition}/{offset} had no effect (event {id:?})")));
            }
        }
        for event in self.emitted.values() {
            let lacks = match event.event_type.as_str() {
                et::QUEUE_ENTERED if !self.decided.contains(&event.event_id) => "decision",
                et::CONVERSATION_ENDED if !self.commanded.contains(&event.event_id) => "command",
                _ => continue,
            };
            return Err(violation(ONCE, format!("event {} has no {lacks}", event.event_id)));
        }
        self.plugins.judge(self.emitted.values())?;
        let mut entities: BTreeMap<(i32, &str, &str), Vec<&EnrichedEvent>> = BTreeMap::new();
        for ((partition, _), event) in &self.emitted {
            entities.entry((*partition, &event.entity_type, &event.entity_id)).or_default().push(event);
        }
        let mut arrivals: Arrivals<'_> = HashMap::new();
        for (offset, ingested) in self.ledger.iter().flatten() {
            if let Some(event) = &ingested.event {
                arrivals.entry(&event.event_id).or_insert((*offset, ingested.at));
            }
        }
        let mut repeats: BTreeMap<(&str, &str), Vec<i64>> = BTreeMap::new();
        let missing = |event: &&PlatformEvent| !self.ids.contains(&event.event_id);
        for event in self.expected.values().filter(missing) {
            let channel = (event.entity_id.as_str(), event.source.channel.as_str());
            repeats.entry(channel).or_default().push(event.event_time);
        }
        for ((_, _, entity), events) in entities {
            judge_positions(entity, &events)?;
            judge_repeats(entity, &events)?;
            profiles::judge(entity, &events)?;
            let mut channels: BTreeMap<&str, Vec<&EnrichedEvent>> = BTreeMap::new();
            for event in events {
                channels.entry(&event.source.channel).or_default().push(event);
            }
            for (channel, events) in channels {
                let repeats = repeats.get(&(entity, channel)).map_or(&[][..], Vec::as_slice);
                judge_channel(entity, channel, &events, repeats)?;
                judge_ties(entity, channel, &events, &arrivals)?;
                if holds {
                    judge_lateness(entity, channel, &events, &arrivals, repeats)?;
                }
            }
        }
        Ok(())
    }

    /// Events that came out.
    pub fn events(&self) -> usize {
        self.ids.len()
    }
}

/// A decoder of what this build's own schema wrote.
fn decoder<T: Value>() -> Decoder<T> {
    let mut decoder = Decoder::new();
    decoder.add_writer(OUTPUT_SCHEMA, T::SCHEMA).expect("this build's own schema");
    decoder
}

fn decode<T: Value>(decoder: &Decoder<T>, value: Option<Vec<u8>>) -> Result<T, Violation> {
    decoder.decode(&value.unwrap_or_default()).map_err(|error| violation(ONCE, error.to_string()))
}

fn judge_positions(entity: &str, events: &[&EnrichedEvent]) -> Result<(), Violation> {
    for (index, event) in events.iter().enumerate() {
        let due = index as i64 + 1;
        if event.ordering.position != due || event.conversation.events != due {
            let positions: Vec<i64> = events.iter().map(|event| event.ordering.position).collect();
            return Err(violation(ORDER, format!("positions of {entity} are {positions:?}")));
        }
    }
    Ok(())
}

/// What was said last is not said again, and what is said again is marked; what has a number of its own, or an id that
/// names it, comes between.
fn judge_repeats(entity: &str, events: &[&EnrichedEvent]) -> Result<(), Violation> {
    let wrong = |event: &EnrichedEvent, what: &str| {
        Err(violation(ONCE, format!("event {} of {entity} {what}", event.event_id)))
    };
    for (index, event) in events.iter().enumerate() {
        let same =
            |other: &&EnrichedEvent| event.content_id.is_some() && other.content_id == event.content_id;
        if events[..index].last().is_some_and(same) {
            return wrong(event, "says what was said last");
        }
        if events[..index].iter().any(same) != event.possible_repeat {
            return wrong(event, "has the wrong mark of a possible repetition");
        }
    }
    Ok(())
}

/// Events of one millisecond come in the order in which they arrived, but for the beginning and the end of all.
fn judge_ties(
    entity: &str,
    channel: &str,
    events: &[&EnrichedEvent],
    arrivals: &Arrivals<'_>,
) -> Result<(), Violation> {
    let is_edge = |event: &EnrichedEvent| {
        matches!(event.event_type.as_str(), et::CONVERSATION_STARTED | et::CONVERSATION_ENDED)
    };
    for pair in events.windows(2) {
        let [one, other] = pair else { continue };
        let sorted = other.ordering.mode == OrderingMode::Sorted && !other.ordering.late && !is_edge(one);
        let arrival =
            |event: &EnrichedEvent| arrivals.get(event.event_id.as_str()).map(|(offset, _)| *offset);
        if sorted && one.event_time == other.event_time && !is_edge(other) && arrival(one) > arrival(other) {
            let what = format!(
                "event {} of {entity}, {channel}, comes after {} of the same time, which arrived later",
                other.event_id, one.event_id
            );
            return Err(violation(ORDER, what));
        }
    }
    Ok(())
}

/// What is late was appended after the hold of something that belongs behind it, and came out before it: in a channel
/// whose events are held. One that a repetition overtook is left out.
fn judge_lateness(
    entity: &str,
    channel: &str,
    events: &[&EnrichedEvent],
    arrivals: &Arrivals<'_>,
    repeats: &[i64],
) -> Result<(), Violation> {
    let arrival = |event: &EnrichedEvent| arrivals.get(event.event_id.as_str()).copied().unwrap_or_default();
    for (index, event) in events.iter().enumerate().filter(|(_, event)| event.ordering.late) {
        let (offset, at) = arrival(event);
        let belongs_behind = |other: &EnrichedEvent| match (event.ordering.mode, event.sequence) {
            (OrderingMode::Sequenced, Some(own)) => other.sequence.is_some_and(|sequence| sequence > own),
            _ => other.event_time > event.event_time,
        };
        let over = |other: &&EnrichedEvent| {
            let (before, since) = arrival(other);
            belongs_behind(other) && before < offset && since + HOLD_MS <= at
        };
        let is_held = match event.ordering.mode {
            OrderingMode::Sequenced => event.sequence.is_some(),
            mode => mode == OrderingMode::Sorted,
        };
        let by_a_repeat = repeats.iter().any(|time| event.event_time < *time);
        if is_held && !by_a_repeat && !events[..index].iter().any(over) {
            let what = format!(
                "event {} of {entity}, {channel} ({:?}), is late, and was appended within the hold of whatever overtook it",
                event.event_id, event.ordering.mode
            );
            return Err(violation(ORDER, what));
        }
    }
    Ok(())
}

/// An event is late exactly if something that belongs behind it came out before it, or would have but for being a
/// repetition, whose times are `repeats`.
fn judge_channel(
    entity: &str,
    channel: &str,
    events: &[&EnrichedEvent],
    repeats: &[i64],
) -> Result<(), Violation> {
    let (mut furthest, mut next) = (None, None);
    for event in events {
        let before = furthest.is_some_and(|time| event.event_time < time);
        let (late, gap) = match (event.ordering.mode, event.sequence) {
            (OrderingMode::Sequenced, Some(sequence)) => {
                let late = next.is_some_and(|next| sequence < next);
                let gap = sequence > next.unwrap_or(1);
                next = Some(next.unwrap_or(1).max(sequence + 1));
                (late, gap)
            }
            (OrderingMode::Sorted, _) => (before, false),
            // Whether a causal event follows a gap is for the conversation's states to say.
            _ => (before, event.ordering.gap_before),
        };
        furthest = furthest.max(Some(event.event_time));
        let by_a_repeat = event.ordering.late && repeats.iter().any(|time| event.event_time < *time);
        let late = late || by_a_repeat;
        if (late, gap) != (event.ordering.late, event.ordering.gap_before) {
            let claims = format!("late {}, gap {}", event.ordering.late, event.ordering.gap_before);
            return Err(violation(
                ORDER,
                format!(
                    "event {} of {entity}, {channel}, position {} ({:?}) claims {claims}, and is late {late}, gap {gap}",
                    event.event_id, event.ordering.position, event.ordering.mode
                ),
            ));
        }
    }
    Ok(())
}

fn violation(invariant: &'static str, what: String) -> Violation {
    Violation { invariant, what }
}
