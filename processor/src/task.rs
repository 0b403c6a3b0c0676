//! One partition: dedup, order, enrich, emit. A pure function of (state, input, now): what it wants done it returns.
//!
//! The way of an event: `record` drops it if its offset or its id is known; its channel holds it or lets it through to
//! its entity's lane; at the head of the lane it waits for its customer's profile if need be, then for the plugins that
//! want to see it; then it is emitted, gets its position, and its offset is finished. Until then it leaves no trace in
//! state: a crash has it read again.

mod clock;
mod enriched;
mod lane;
mod residents;
mod size;
mod upkeep;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use trunkline_config::OrderMode;
use trunkline_kafka::offset_tracker::Earlier;
use trunkline_kafka::{InboundRecord, OffsetTracker, SavedOffsets, Seen};
use trunkline_profiles::{AtHand, Profiles};
use trunkline_rules::{Answer, Outcome, RuleSet};
use trunkline_schemas::codec::EnrichedParts;
use trunkline_schemas::event_type::CONVERSATION_ENDED;
use trunkline_schemas::headers;
use trunkline_schemas::{EncodedEvent, EnrichedEvent, Ordering, OrderingMode};

use self::clock::PartitionClock;
use self::enriched::customer_of;
use self::lane::{Found, Lane, Wait};
use self::residents::{Resident, Residents};
use self::upkeep::Upkeep;
use crate::entity::{HOUR_MS, Retention, id_bits};
use crate::order::Facts;
use crate::output::{DeadLetter, Emission, Enriched, Output};
use crate::plugins::{Consulted, Plugins, add_attributes};
use crate::state::{Change, StateError, StateView, keys};

/// What a task is told once.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Order mode and hold in milliseconds, by source.
    pub sources: HashMap<String, (OrderMode, i64)>,
    /// How long ids and entities are remembered.
    pub retention: Retention,
    /// Milliseconds for which a profile is kept that nobody asked for again.
    pub profile_keep_ms: i64,
    /// Milliseconds an event waits for its profile; 0 turns enrichment off.
    pub enrich_deadline_ms: i64,
    /// Bytes of the largest record that the brokers take.
    pub max_record_bytes: usize,
    /// Whether enriched events carry the platform's payload.
    pub include_data: bool,
    /// Name of the instance, for error reports.
    pub instance: String,
}

/// What a step may look at, besides the task itself.
pub struct Context<'a> {
    /// UTC milliseconds.
    pub now: i64,
    /// Committed state of the partition.
    pub state: &'a dyn StateView,
    /// Profiles at hand.
    pub profiles: &'a mut Profiles,
    /// The rules.
    pub rules: &'a mut RuleSet,
    /// Plugins that events wait for.
    pub plugins: &'a mut Plugins,
}

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

/// What one commit of a partition consists of.
#[derive(Debug)]
pub struct Commit {
    /// The offset to commit. Sent even when it has not moved: the group's check of member and generation comes with
    /// the offsets, and it is all that keeps an instance that was thought dead from committing.
    pub offset: i64,
    /// Changes for changelog and state.
    pub changes: Vec<Change>,
}

/// Counters since the task began.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Events emitted.
    pub emitted: u64,
    /// Events dropped because their id took effect before.
    pub duplicates: u64,
    /// Events that were held and came out in order.
    pub put_in_order: u64,
    /// Events marked late.
    pub late: u64,
    /// Events marked as following a gap.
    pub gaps: u64,
    /// Records put aside.
    pub dead_letters: u64,
}

/// One partition's task.
pub struct Task {
    settings: Arc<Settings>,
    offsets: OffsetTracker,
    committed: i64,
    residents: Residents,
    /// Ends of holds, in partition time.
    holds: BTreeSet<(i64, Arc<str>)>,
    /// Lanes by the ticket of what they ask plugins.
    consulting: HashMap<u64, Arc<str>>,
    /// Ends of waits for a profile, in wall-clock time.
    waits: BTreeSet<(i64, Arc<str>)>,
    /// Lanes by the customer they wait for.
    waiting: HashMap<String, Vec<Arc<str>>>,
    lookups: Vec<(String, Option<String>)>,
    outputs: Vec<Output>,
    /// Outputs were taken since the last commit: it concerns this partition.
    published: bool,
    /// Changes of state besides those of entities, the latest of each key.
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    upkeep: Upkeep,
    counters: Counters,
    clock: PartitionClock,
    held_bytes: usize,
}

// === impl Task ===

impl Task {
    /// Starts at the committed offset with restored state.
    ///
    /// # Errors
    /// [`StateError`] when state can not be read.
    pub fn restored(
        committed: i64,
        settings: Arc<Settings>,
        state: &dyn StateView,
    ) -> Result<Self, StateError> {
        let saved = match state.get(keys::FINISHED)? {
            Some(bytes) => SavedOffsets::decode(&bytes, Earlier::ProcessorChangelog)?,
            None => SavedOffsets::default(),
        };
        Ok(Self {
            settings,
            offsets: OffsetTracker::restored(Some(committed), saved.finished),
            committed,
            residents: Residents::default(),
            holds: BTreeSet::new(),
            waits: BTreeSet::new(),
            waiting: HashMap::new(),
            consulting: HashMap::new(),
            lookups: Vec::new(),
            outputs: Vec::new(),
            published: false,
            changes: BTreeMap::new(),
            upkeep: Upkeep::restored(state)?,
            counters: Counters::default(),
            clock: PartitionClock::default(),
            held_bytes: 0,
        })
    }

    /// Takes an event in.
    ///
    /// # Errors
    /// [`StateError`] when state can not be read; the task must then be restored anew.
    pub fn record(&mut self, arrived: Box<Arrived>, ctx: &mut Context<'_>) -> Result<(), StateError> {
        self.clock.read(clock::taken_in(arrived.event.ingest_time(), ctx.now), ctx.now);
        if self.offsets.read(arrived.record.offset) == Seen::New {
            self.accept(arrived, ctx)?;
        }
        self.release_due(ctx)
    }

    /// Takes note of a record that is no event: it is put aside with the transaction.
    pub fn dead_letter(&mut self, letter: DeadLetter) {
        if self.offsets.read(letter.record.offset) == Seen::New {
            self.put_aside(letter);
        }
    }

    /// Puts an event aside that turned out to be impossible to publish, as the record that it was read from.
    fn refuse(&mut self, arrived: Arrived, code: &'static str, message: String) {
        let Arrived { mut record, event, .. } = arrived;
        record.value = Some(event.into_value());
        self.put_aside(DeadLetter { record, code, message });
    }

    fn put_aside(&mut self, letter: DeadLetter) {
        let offset = letter.record.offset;
        self.counters.dead_letters += 1;
        self.outputs.push(Output::DeadLetter(letter));
        self.offsets.finish(offset);
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// [`StateError`] when state can not be read.
    pub fn tick(&mut self, ctx: &mut Context<'_>) -> Result<(), StateError> {
        self.clock.tick(ctx.now);
        self.release_due(ctx)?;
        while let Some((until, key)) = self.waits.first().cloned() {
            if until > ctx.now {
                break;
            }
            self.waits.remove(&(until, key.clone()));
            self.advance(&key, ctx)?;
        }
        self.look_after_state(ctx)
    }

    /// A customer's profile was fetched, as far as it could be. The partition keeps it if it asked for it.
    ///
    /// # Errors
    /// [`StateError`] when state can not be read.
    pub fn profile_learned(&mut self, customer: &str, ctx: &mut Context<'_>) -> Result<(), StateError> {
        let Some(waiting) = self.waiting.remove(customer) else { return Ok(()) };
        self.keep_profile(customer, ctx)?;
        for key in waiting {
            self.advance(&key, ctx)?;
        }
        Ok(())
    }

    /// Whether one of its events waits for plugins under this ticket.
    pub fn consults(&self, ticket: u64) -> bool {
        self.consulting.contains_key(&ticket)
    }

    /// Plugins said what they want of an event, or are not waited for any longer.
    ///
    /// # Errors
    /// [`StateError`] when state can not be read.
    pub fn plugins_answered(
        &mut self,
        ticket: u64,
        found: Vec<Answer>,
        ctx: &mut Context<'_>,
    ) -> Result<(), StateError> {
        let Some(key) = self.consulting.remove(&ticket) else { return Ok(()) };
        let lane = self.residents.known(&key).and_then(|resident| resident.lane.as_deref_mut());
        if let Some(Lane { wait: Some(Wait::Plugins { answers, .. }), .. }) = lane {
            *answers = Some(found);
        }
        self.advance(&key, ctx)
    }

    /// Publishes a record with the next commit, besides those of events.
    pub fn publish(&mut self, output: Output) {
        self.outputs.push(output);
    }

    /// Customers to look up, each with the trace context of the event that wants it.
    pub fn take_lookups(&mut self) -> Vec<(String, Option<String>)> {
        std::mem::take(&mut self.lookups)
    }

    /// Events read and not finished.
    pub fn outstanding(&self) -> usize {
        self.offsets.unfinished()
    }

    /// Bytes of the events that are held or wait.
    pub fn outstanding_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Offsets finished above the watermark.
    pub fn finished_above_watermark(&self) -> usize {
        self.offsets.len_above_watermark()
    }

    /// What is to be published with the next commit, since the last call.
    pub fn take_outputs(&mut self) -> Vec<Output> {
        self.published |= !self.outputs.is_empty();
        std::mem::take(&mut self.outputs)
    }

    /// Counters since the task began.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// What changed since the last commit; `None` when nothing did. Outputs are taken before.
    ///
    /// # Errors
    /// [`StateError`] when a value does not encode.
    pub fn take_commit(&mut self) -> Result<Option<Commit>, StateError> {
        let watermark = self.offsets.watermark().unwrap_or(self.committed);
        let moved = watermark != self.committed;
        self.committed = watermark;
        let mut commit = Commit { offset: watermark, changes: Vec::new() };
        if let Some(saved) = self.offsets.take_changed() {
            commit.changes.push(if saved.finished.is_empty() {
                Change::delete(keys::FINISHED.to_vec())
            } else {
                Change::put(keys::FINISHED.to_vec(), saved.encode()?)
            });
        }
        let changes = std::mem::take(&mut self.changes);
        commit.changes.extend(changes.into_iter().map(|(key, value)| Change { key, value }));
        // Entities come last, with their counts and ids: by the last record of a commit it is known whether the changelog is
        // still the same one (`Anchor`), and most of the other records look alike in every commit and every log.
        self.residents.take_changes(&mut commit.changes)?;
        let published = std::mem::take(&mut self.published);
        let anything = moved || published || !commit.changes.is_empty();
        Ok(anything.then_some(commit))
    }

    /// After a commit was applied to state: lets go of entities beyond the limit, the least recently used. One with many ids
    /// counts as several.
    pub fn evict(&mut self, limit: usize) {
        self.residents.evict(limit);
    }

    fn accept(&mut self, arrived: Box<Arrived>, ctx: &mut Context<'_>) -> Result<(), StateError> {
        let id = id_bits(arrived.event.event_id());
        let Resident { entity, lane, .. } = self.residents.get(&arrived.entity, ctx.state)?;
        let pending = lane.as_ref().is_some_and(|lane| lane.pending.contains(&id));
        if pending || entity.has_seen(id) {
            self.counters.duplicates += 1;
            self.offsets.finish(arrived.record.offset);
            return Ok(());
        }
        let lane = lane.get_or_insert_with(|| Box::new(Lane::new(entity.conversation().phase)));
        lane.pending.insert(id);
        let event = &arrived.event;
        self.held_bytes += event.held_bytes();
        let (mode, hold_ms) =
            self.settings.sources.get(event.source()).copied().unwrap_or((OrderMode::Causal, 500));
        let phase = lane.phase;
        let channel = lane.channel(event.channel(), mode, hold_ms, || entity.channel(event.channel()));
        let event_type = event.event_type().to_owned();
        let taken_in = clock::taken_in(event.ingest_time(), ctx.now);
        let facts = Facts {
            id,
            event_time: clock::happened(event.event_time(), taken_in),
            ingest_time: taken_in,
            sequence: event.sequence(),
            event_type: &event_type,
            conversational: event.is_conversational(),
        };
        let key = arrived.entity.clone();
        if let Some(passed) = channel.arrive(facts, arrived, phase) {
            lane.admit(mode, passed);
        }
        self.advance(&key, ctx)
    }

    fn release_due(&mut self, ctx: &mut Context<'_>) -> Result<(), StateError> {
        while let Some((due, key)) = self.holds.first().cloned() {
            if due > self.clock.time() {
                break;
            }
            self.holds.remove(&(due, key.clone()));
            self.advance(&key, ctx)?;
        }
        Ok(())
    }

    /// Moves one lane as far as it goes. It is with its entity again when this returns, unless nothing is left of it.
    fn advance(&mut self, key: &Arc<str>, ctx: &mut Context<'_>) -> Result<(), StateError> {
        let lane = self.residents.known(key).and_then(|resident| resident.lane.take());
        let Some(mut lane) = lane else { return Ok(()) };
        loop {
            lane.collect_ready(self.clock.time());
            let Some(found) = self.found_for(key, &mut lane, ctx)? else { break };
            self.emit_head(key, &mut lane, found, ctx)?;
        }
        if let Some(due) = lane.next_due() {
            self.holds.insert((due, key.clone()));
        }
        if !lane.is_empty()
            && let Some(resident) = self.residents.known(key)
        {
            resident.lane = Some(lane);
        }
        Ok(())
    }

    /// What the head of a lane is emitted with; `None` while it waits, or where there is none.
    fn found_for(
        &mut self,
        key: &Arc<str>,
        lane: &mut Lane,
        ctx: &mut Context<'_>,
    ) -> Result<Option<Found>, StateError> {
        match lane.wait.take_if(|wait| matches!(wait, Wait::Plugins { answers: Some(_), .. })) {
            Some(Wait::Plugins { at_hand, answers: Some(answers), .. }) => {
                return Ok(Some(Found { at_hand, answers }));
            }
            _ if matches!(lane.wait, Some(Wait::Plugins { .. })) => return Ok(None),
            _ => {}
        }
        let Some(at_hand) = self.enrichment_of(key, lane, ctx)? else { return Ok(None) };
        let Some((mode, head)) = lane.ready.front() else { return Ok(None) };
        let event = &head.item.event;
        let unasked = |at_hand| Ok(Some(Found { at_hand, answers: Vec::new() }));
        if !ctx.plugins.want(event.event_type()) {
            return unasked(at_hand);
        }
        // One that does not decode is put aside when it comes to be emitted.
        let (Ok(mut decoded), Some(resident)) = (event.decode(), self.residents.known(key)) else {
            return unasked(at_hand);
        };
        // What they see is what will be published, but for what they add to it.
        let (position, conversation) = resident.entity.preview(event);
        let ordering = ordering(*mode, head.late, head.gap_before, position);
        if let Some(customer) = customer_of(event, &conversation) {
            decoded.customer_id = Some(customer);
        }
        let findings = self.settings.findings(event, at_hand.clone(), ordering, &conversation);
        let seen = EnrichedEvent::new(decoded, findings);
        match ctx.plugins.ask(seen, ctx.now) {
            Consulted::Now(answers) => Ok(Some(Found { at_hand, answers })),
            Consulted::Later(ticket) => {
                self.consulting.insert(ticket, key.clone());
                lane.wait = Some(Wait::Plugins { at_hand, answers: None });
                Ok(None)
            }
        }
    }

    /// The profile of the head of a lane; `None` while it waits for it, or where there is no head.
    fn enrichment_of(
        &mut self,
        key: &Arc<str>,
        lane: &mut Lane,
        ctx: &mut Context<'_>,
    ) -> Result<Option<AtHand>, StateError> {
        let Some((_, head)) = lane.ready.front() else { return Ok(None) };
        let event = &head.item.event;
        let known = self.residents.known(key).map(|resident| resident.entity.conversation());
        let customer = event.customer_id().or_else(|| known.and_then(|known| known.customer_id.as_deref()));
        // As with a condition that fails: what does not decode is not kept from its profile.
        let chosen = || {
            !ctx.rules.chooses_what_to_enrich()
                || matches!(lane.wait, Some(Wait::Profile { .. }))
                || event.decode().map_or(true, |event| ctx.rules.enriches(&event))
        };
        let wanted = |_: &&str| self.settings.enrich_deadline_ms > 0 && chosen();
        let Some(customer) = customer.filter(wanted) else {
            return Ok(Some(AtHand::skipped()));
        };
        if !ctx.profiles.has(customer)
            && let Some(kept) = ctx.state.get(&keys::profile(customer))?
        {
            ctx.profiles.recall(crate::state::decode(&kept)?);
        }
        let at_hand = ctx.profiles.at_hand(customer, ctx.now);
        if !at_hand.fetch {
            lane.wait = None;
            return Ok(Some(at_hand));
        }
        match &lane.wait {
            Some(Wait::Profile { customer: waited_for, until }) if waited_for == customer => {
                if *until > ctx.now {
                    return Ok(None);
                }
                lane.wait = None;
                Ok(Some(at_hand))
            }
            _ => {
                let until = ctx.now + self.settings.enrich_deadline_ms;
                let traceparent = head.item.record.headers.get(headers::TRACEPARENT).map(str::to_owned);
                self.lookups.push((customer.to_owned(), traceparent));
                self.waiting.entry(customer.to_owned()).or_default().push(key.clone());
                self.waits.insert((until, key.clone()));
                lane.wait = Some(Wait::Profile { customer: customer.to_owned(), until });
                Ok(None)
            }
        }
    }

    /// Emits the head of a lane: the one place where an event leaves a trace.
    fn emit_head(
        &mut self,
        key: &Arc<str>,
        lane: &mut Lane,
        Found { at_hand, mut answers }: Found,
        ctx: &mut Context<'_>,
    ) -> Result<(), StateError> {
        let Some((mode, passed)) = lane.ready.pop_front() else { return Ok(()) };
        let arrived = *passed.item;
        let id = id_bits(arrived.event.event_id());
        lane.pending.remove(&id);
        self.held_bytes -= arrived.event.held_bytes();
        // Before it gets a position: a record that is put aside must not leave a hole.
        if let Some(message) = self.settings.too_large(&arrived, &at_hand) {
            self.refuse(arrived, "TL-3007", message);
            return Ok(());
        }
        let event_type = arrived.event.event_type();
        let looked_at = ctx.rules.look_at(event_type) || ctx.plugins.want(event_type);
        let decoded = match looked_at.then(|| arrived.event.decode()).transpose() {
            Ok(decoded) => decoded,
            Err(error) => {
                self.refuse(arrived, "TL-3001", error.to_string());
                return Ok(());
            }
        };
        let Arrived { record, event, .. } = arrived;
        let Some(Resident { entity, .. }) = self.residents.changing(key) else { return Ok(()) };
        let now = self.clock.time();
        let ids_ms = self.settings.retention.ids_ms;
        let taken_in = clock::taken_in(event.ingest_time(), ctx.now);
        let ended = event.event_type() == CONVERSATION_ENDED;
        let event_time = event.event_time();

        let position = entity.emit(key, &event, id, taken_in, passed.order);
        entity.forget_before(key, now - ids_ms);
        entity.arm(key, (taken_in + ids_ms).div_euclid(HOUR_MS) + 1);
        let held_ms = if passed.held { (now - event.ingest_time()).max(1) } else { 0 };
        let ordering = ordering(mode, passed.late, passed.gap_before, position);
        let customer_id = customer_of(&event, entity.conversation());
        let interaction = event.customer_id().or(customer_id.as_deref()).filter(|_| ended).map(str::to_owned);
        let findings = self.settings.findings(&event, at_hand, ordering, entity.conversation());
        let include_data = self.settings.include_data;
        let (event, outcome) = match decoded {
            None => {
                let parts = EnrichedParts { event, customer_id, include_data, findings };
                (Enriched::Parts(parts), Outcome::default())
            }
            Some(mut decoded) => {
                if customer_id.is_some() {
                    decoded.customer_id = customer_id;
                }
                let mut enriched = Box::new(EnrichedEvent::new(decoded, findings));
                add_attributes(&mut enriched, &mut answers);
                if !include_data {
                    enriched.data = None;
                }
                let outcome = ctx.rules.evaluate(&enriched, answers, ctx.now, &self.settings.instance);
                (Enriched::Whole(enriched), outcome)
            }
        };
        self.counters.emitted += 1;
        self.counters.put_in_order += u64::from(passed.held && !passed.late && !passed.gap_before);
        self.counters.late += u64::from(passed.late);
        self.counters.gaps += u64::from(passed.gap_before);
        self.outputs.push(Output::Event(Box::new(Emission {
            key: record.key,
            event,
            decision: outcome.decision,
            write_backs: outcome.write_backs,
            errors: outcome.errors,
            headers: record.headers,
            held_ms,
        })));
        self.offsets.finish(record.offset);
        if let Some(customer) = interaction
            && let Some(profile) = ctx.profiles.interacted(&customer, event_time)
        {
            self.outputs.push(Output::Profile(profile));
            self.keep_profile(&customer, ctx)?;
        }
        Ok(())
    }
}

fn ordering(mode: OrderMode, late: bool, gap_before: bool, position: i64) -> Ordering {
    let mode = match mode {
        OrderMode::Sequenced => OrderingMode::Sequenced,
        OrderMode::Causal => OrderingMode::Causal,
        OrderMode::Sorted => OrderingMode::Sorted,
    };
    Ordering { position, mode, late, gap_before }
}

#[cfg(test)]
mod tests;
