//! A record comes in: an event that is new, or one that took effect before; or no event at all.

use std::sync::Arc;

use trunkline_config::OrderMode;
use trunkline_schemas::{EncodedEvent, InboundRecord};

use super::clock::{self, Arrival};
use super::entity_cache::CachedEntity;
use super::lane::Lane;
use super::{Context, Task};
use crate::conversation::Need;
use crate::entity::id_bits;
use crate::order::{Facts, edge};
use crate::output::{DeadLetter, Output};
use crate::state::StateError;

/// An event as read from its partition.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// The record it was read from, without its value, which is the event's.
    pub record: InboundRecord,
    /// What its order, its position and its identity are kept for, see [`entity_of`].
    pub entity: Arc<str>,
    /// The event.
    pub event: EncodedEvent,
}

/// What an event's order, position and identity are kept for: its conversation, else the entity it is about. Native ids
/// are unique among things of a kind only, so an agent with the number of a conversation is told apart from it, though
/// their records share a key.
pub fn entity_of(key: &str, event: &EncodedEvent) -> Arc<str> {
    if event.is_conversational() { key.into() } else { format!("{key}\0{}", event.entity_type()).into() }
}

// === impl Arrived ===

impl Arrived {
    /// When it came into its partition.
    pub fn arrival(&self) -> Arrival {
        Arrival { ingest_time: self.event.ingest_time(), record_time: self.record.timestamp }
    }
}

// === impl Task ===

impl Task {
    /// Takes an event in.
    ///
    /// # Errors
    /// [`StateError`] when state cannot be read; the task must then be restored anew.
    pub fn record(&mut self, arrived: Box<Arrived>, ctx: &mut Context<'_>) -> Result<(), StateError> {
        self.skip(arrived.arrival(), ctx)?;
        self.accept(arrived, ctx)
    }

    /// Takes note of an event whose offset was finished before: only when it arrived counts, since time for holding is
    /// the partition's own. Holds that were over by then are over before it, whoever looked at them when.
    ///
    /// # Errors
    /// [`StateError`] when state cannot be read; the task must then be restored anew.
    pub fn skip(&mut self, arrival: Arrival, ctx: &mut Context<'_>) -> Result<(), StateError> {
        self.clock.read(arrival, ctx.now);
        self.release_due(ctx)
    }

    /// Takes note of a record that is no event: it becomes a dead letter with the transaction.
    pub fn dead_letter(&mut self, letter: DeadLetter) {
        let offset = letter.record.offset;
        self.counters.dead_letters += 1;
        self.outputs.push(Output::DeadLetter(letter));
        self.finished.push(offset);
    }

    /// Refuses an event that turned out to be impossible to publish: the record that it was read from becomes a dead
    /// letter.
    pub(super) fn refuse(&mut self, arrived: Arrived, code: &'static str, message: String) {
        let Arrived { mut record, event, .. } = arrived;
        record.value = Some(event.into_value());
        self.dead_letter(DeadLetter { record, code, message });
    }

    fn accept(&mut self, arrived: Box<Arrived>, ctx: &mut Context<'_>) -> Result<(), StateError> {
        let id = id_bits(arrived.event.event_id());
        let CachedEntity { entity, lane, .. } = self.entities.get(&arrived.entity, ctx.state)?;
        let pending = lane.as_ref().is_some_and(|lane| lane.pending.contains(&id));
        if pending || entity.has_seen(id) {
            self.counters.duplicates += 1;
            self.finished.push(arrived.record.offset);
            return Ok(());
        }
        let lane = lane.get_or_insert_with(|| Box::new(Lane::new(entity.conversation().causes().clone())));
        lane.pending.insert(id);
        let event = &arrived.event;
        self.held_bytes += event.held_bytes();
        let (mode, hold_ms) =
            self.settings.sources.get(event.source()).copied().unwrap_or((OrderMode::Causal, 500));
        let need = Need::of(event);
        let (channel, seen) =
            lane.channel(event.channel(), mode, hold_ms, || entity.channel(event.channel()));
        let event_type = event.event_type().to_owned();
        let edge = match mode {
            OrderMode::Sorted => edge(&event_type, event.participant_id(), event.session()),
            _ => None,
        };
        let facts = Facts {
            offset: arrived.record.offset,
            event_time: clock::happened(event.event_time(), arrived.arrival().taken_in()),
            arrived_at: self.clock.holds(),
            sequence: event.sequence(),
            event_type: &event_type,
            need,
            edge,
        };
        let key = arrived.entity.clone();
        if let Some(passed) = channel.arrive(facts, arrived, seen) {
            lane.admit(mode, passed);
        }
        self.advance(&key, ctx)
    }
}
