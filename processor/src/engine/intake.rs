//! A record becomes an event of a task, or a dead letter; and which offsets of each partition are finished.

mod arrived;

use std::collections::{BTreeMap, VecDeque};

use trunkline_kafka::logs::{self, LogPosition, Mark, TopicId, Trail, Watched};
use trunkline_kafka::offset_tracker::Earlier;
use trunkline_kafka::ports::Clock;
use trunkline_kafka::{OffsetTracker, Overdue, SavedOffsets, SchemaSource, SchemaWait, Seen, Uncommitted};
use trunkline_partition::output::DeadLetter;
use trunkline_partition::state::{Change, StateView, keys};
use trunkline_partition::task::{Arrival, Arrived};
use trunkline_schemas::codec;
use trunkline_schemas::headers::Headers;
use trunkline_schemas::{EventReader, InboundRecord, TopicPartition, error_codes};
use trunkline_telemetry::InHand;

use super::error::EngineError;
use super::input_topic::InputTopic;
use super::troubles::Aside;
use crate::metrics;
use arrived::arrived;

/// What becomes of records before they reach a task.
pub(super) struct Intake {
    reader: EventReader,
    schemas: Box<dyn SchemaSource>,
    /// Records that wait for their schema; their partitions pause meanwhile.
    schema_wait: SchemaWait<i32>,
    /// The offsets of the partitions that are processed.
    partitions: BTreeMap<i32, Offsets>,
    uncommitted: Uncommitted<i32>,
}

/// The offsets of one partition.
struct Offsets {
    tracker: OffsetTracker,
    /// The offset behind the last record that was taken in.
    next: i64,
    /// The records that were read.
    trail: Trail,
    /// The topic that is read.
    topic_id: Option<TopicId>,
    /// What was saved with the commit that was made last, whether it took effect or not.
    offered: Option<LogPosition>,
    /// What was committed last.
    committed: Begin,
    /// The log is not the one that these offsets are of: none of them is committed any more, but this one of the log
    /// that there is now.
    void: Option<i64>,
    /// Records below the watermark were read, which is said once.
    reads_below: bool,
}

/// Where a partition is processed from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begin {
    /// The log and the offset.
    pub(super) position: LogPosition,
    /// What state has of finished offsets is of another log.
    pub(super) afresh: bool,
}

/// What is to be done with a record.
pub(super) enum Taken {
    /// Its task gets an event.
    Event(Box<Arrived>),
    /// It was finished before; its task learns when it arrived.
    Finished(Arrival),
    /// It gives no event.
    DeadLetter(DeadLetter),
    /// It waits for its schema, and so does its partition from now on.
    Waits,
    /// Nothing.
    Nothing,
}

/// Why a record gives no event.
enum Unread {
    /// It never will.
    Poison(String),
    /// It may once this schema is known.
    Schema(u32),
}

// === impl Intake ===

impl Intake {
    /// No partition is processed yet.
    pub(super) fn new(schemas: Box<dyn SchemaSource>) -> Self {
        Self {
            reader: EventReader::new(),
            schemas,
            schema_wait: SchemaWait::default(),
            partitions: BTreeMap::new(),
            uncommitted: Uncommitted::default(),
        }
    }

    /// A partition is processed from its committed offset on, without what its state says is finished above it.
    pub(super) fn begin(
        &mut self,
        partition: i32,
        begin: Begin,
        state: &dyn StateView,
    ) -> Result<(), EngineError> {
        let saved = match state.get(keys::FINISHED)? {
            Some(bytes) => SavedOffsets::decode(&bytes, Earlier::ProcessorChangelog)?,
            None => SavedOffsets::default(),
        };
        let offered = state.get(keys::INPUT_LOG)?.map(|saved| LogPosition::decode(&saved)).transpose()?;
        let Begin { position, afresh } = begin;
        let finished = if afresh { &[][..] } else { &saved.finished };
        let mut tracker = OffsetTracker::restored(Some(position.next), finished.iter().copied());
        if afresh {
            // The next commit takes them out of the state.
            tracker.saved_is(&saved.finished);
        }
        let (trail, topic_id) = (Trail::after(position.last), position.topic_id);
        let offsets = Offsets {
            tracker,
            next: position.next,
            trail,
            topic_id,
            offered,
            committed: begin,
            void: None,
            reads_below: false,
        };
        self.partitions.insert(partition, offsets);
        Ok(())
    }

    /// Forgets everything about a partition that is not committed.
    pub(super) fn let_go(&mut self, partition: i32) {
        self.partitions.remove(&partition);
        self.uncommitted.let_go(&partition);
        self.schema_wait.forget(&partition);
    }

    /// Takes a record in.
    pub(super) fn take(&mut self, record: InboundRecord, clock: &dyn Clock) -> Taken {
        let partition = record.partition;
        if !self.partitions.contains_key(&partition) {
            // Left over in the client from before the partition was paused; it is read again where the task begins.
            return Taken::Nothing;
        }
        self.uncommitted.read(partition, record.offset, record.timestamp);
        if self.schema_wait.is_waiting(&partition) {
            self.schema_wait.wait(partition, record, clock.now_ms());
            return Taken::Nothing;
        }
        let mark = logs::mark(&record);
        match self.read(record, clock) {
            Ok(arrived) if self.is_new(partition, mark) => Taken::Event(arrived),
            Ok(arrived) => Taken::Finished(arrived.arrival()),
            Err((record, Unread::Schema(id))) => {
                // The record may well be good: its partition waits for the registry, the others go on.
                self.schema_wait.wait(partition, record, clock.now_ms());
                self.schemas.fetch(id);
                Taken::Waits
            }
            Err((record, Unread::Poison(message))) => self.poison(record, mark, message),
        }
    }

    /// Takes a record in whose outputs are refused: it becomes a dead letter, or only its place does.
    pub(super) fn put_aside(&mut self, mut record: InboundRecord, aside: &Aside) -> Taken {
        let mark = logs::mark(&record);
        if !self.is_new(record.partition, mark) {
            return Taken::Nothing;
        }
        if aside.only_place {
            (record.key, record.value, record.headers) = (None, None, Headers::new());
        }
        let message = format!("what came of it cannot be published: {}", aside.reason);
        Taken::DeadLetter(DeadLetter { record, code: error_codes::PUT_ASIDE.as_str(), message })
    }

    /// Takes in schemas that have arrived. Returns the records that waited, to be taken in again, if any may
    /// be read now.
    pub(super) fn take_schemas(&mut self, clock: &dyn Clock) -> BTreeMap<i32, VecDeque<InboundRecord>> {
        let reader = &mut self.reader;
        let add = |id, schema: &str| reader.add_writer(id, schema);
        self.schema_wait.take_fetched(&mut *self.schemas, add, clock.now_ms())
    }

    /// Partitions that have waited for a schema for so long that it is to be reported now.
    pub(super) fn overdue(&mut self, now: i64) -> Vec<Overdue<i32>> {
        self.schema_wait.overdue(now)
    }

    /// Whether partitions wait for a schema for longer than they should, and why, when that is to be said.
    pub(super) fn schema_readiness(&mut self, now: i64) -> Option<(bool, String)> {
        metrics::waiting_for_schema(self.schema_wait.waiting());
        self.schema_wait.readiness(now)
    }

    /// Whether records of a partition wait for their schema.
    pub(super) fn waits(&self, partition: i32) -> bool {
        self.schema_wait.is_waiting(&partition)
    }

    /// The offset behind the last record of a partition that was taken in.
    pub(super) fn next_offset(&self, partition: i32) -> Option<i64> {
        self.partitions.get(&partition).map(|offsets| offsets.next)
    }

    /// A task is done with these offsets.
    pub(super) fn finish(&mut self, partition: i32, offsets: impl Iterator<Item = i64>) {
        if let Some(known) = self.partitions.get_mut(&partition) {
            offsets.for_each(|offset| known.tracker.finish(offset));
        }
    }

    /// The offset to commit, and whether it has moved since the last call. Appends what state keeps of the
    /// offsets above it, if that changed.
    pub(super) fn take_offset(
        &mut self,
        partition: i32,
        changes: &mut Vec<Change>,
    ) -> Result<Option<(i64, bool)>, EngineError> {
        let Some(Offsets { tracker, trail, topic_id, offered, committed, void, .. }) =
            self.partitions.get_mut(&partition)
        else {
            return Ok(None);
        };
        if let Some(offset) = void {
            return Ok(Some((*offset, false)));
        }
        let watermark = tracker.watermark().unwrap_or(committed.position.next);
        let position = LogPosition { topic_id: *topic_id, next: watermark, last: trail.below(watermark) };
        let before = offered.replace(position);
        let moved = before.is_none_or(|before| before.next != watermark);
        if before != Some(position) {
            changes.push(Change::put(keys::INPUT_LOG.to_vec(), position.encode()?));
        }
        if let Some(saved) = tracker.take_changed() {
            changes.push(if saved.finished.is_empty() {
                Change::delete(keys::FINISHED.to_vec())
            } else {
                Change::put(keys::FINISHED.to_vec(), saved.encode()?)
            });
        }
        Ok(Some((watermark, moved)))
    }

    /// What was offered last is committed. True when it is another offset than before: something that was outstanding
    /// took effect.
    pub(super) fn committed(&mut self, partition: i32, offset: i64) -> bool {
        let Some(known) = self.partitions.get_mut(&partition) else { return false };
        let Some(position) = known.offered.filter(|_| known.void.is_none()) else { return false };
        self.uncommitted.committed(&partition, offset);
        known.trail.committed(position.next);
        let before = std::mem::replace(&mut known.committed, Begin { position, afresh: false });
        before.position.next != position.next
    }

    /// What is read and not committed.
    pub(super) fn in_hand(&self) -> InHand {
        let oldest_ms = self.uncommitted.oldest();
        InHand { outstanding: oldest_ms.is_some(), oldest_ms }
    }

    /// The partitions that are processed, each with what is committed of it.
    pub(super) fn committed_offsets(&self) -> Vec<(i32, Begin)> {
        self.partitions.iter().map(|(partition, offsets)| (*partition, offsets.committed)).collect()
    }

    /// The log of a partition is not the one that was read: what was read of it is finished, and its offsets are
    /// committed no more, only where the log that there is now begins.
    pub(super) fn void_offsets(&mut self, partition: i32, start: i64) {
        if let Some(known) = self.partitions.get_mut(&partition) {
            known.void = Some(start);
            // No commit says of them that they took effect.
            self.uncommitted.let_go(&partition);
        }
    }

    /// The partitions that are processed, as far as they are read.
    pub(super) fn watched(&self, input: &InputTopic) -> Vec<Watched> {
        self.partitions.keys().filter_map(|number| self.watched_one(input.partition(*number))).collect()
    }

    /// How far a partition is read; `None` for one that is not processed.
    pub(super) fn watched_one(&self, partition: TopicPartition) -> Option<Watched> {
        let offsets = self.partitions.get(&partition.partition)?;
        let committed = offsets.committed.position.next;
        Some(Watched {
            partition,
            topic_id: offsets.topic_id,
            next: offsets.tracker.watermark().unwrap_or(committed),
            read_to: offsets.tracker.read_to().unwrap_or(committed),
            last: offsets.trail.last(),
            reading: 0,
        })
    }

    /// No record lies between what was read and this offset.
    pub(super) fn skip_to(&mut self, partition: i32, offset: i64) {
        if let Some(known) = self.partitions.get_mut(&partition) {
            known.next = known.next.max(offset);
            known.tracker.skip_to(offset);
        }
    }

    /// Records of a partition that were read and are not finished, and offsets that are finished above the watermark.
    pub(super) fn under_way(&self, partition: i32) -> (usize, usize) {
        let tracker = self.partitions.get(&partition).map(|offsets| &offsets.tracker);
        tracker.map_or((0, 0), |tracker| (tracker.unfinished(), tracker.len_above_watermark()))
    }

    /// Records of all partitions that were read and are not finished.
    pub(super) fn outstanding(&self) -> usize {
        self.partitions.values().map(|offsets| offsets.tracker.unfinished()).sum()
    }

    fn poison(&mut self, record: InboundRecord, mark: Mark, message: String) -> Taken {
        let (partition, offset) = (record.partition, record.offset);
        let code = error_codes::UNDECODABLE_RECORD.as_str();
        tracing::warn!(
            code,
            topic = &*record.topic,
            partition,
            offset,
            message,
            "a record cannot be processed; it becomes a dead letter"
        );
        if !self.is_new(partition, mark) {
            return Taken::Nothing;
        }
        Taken::DeadLetter(DeadLetter { record, code, message })
    }

    /// Takes note of an offset that was read. False when it was finished before.
    fn is_new(&mut self, partition: i32, mark: Mark) -> bool {
        let Some(known) = self.partitions.get_mut(&partition) else { return false };
        let offset = mark.offset;
        known.next = offset + 1;
        known.trail.read(mark);
        match known.tracker.read(offset) {
            Seen::New => true,
            Seen::Pending | Seen::Done => false,
            // Where the log was made anew, another record has an old offset: it is lost if it is skipped,
            // while a record that took effect is known by its event's id.
            Seen::BelowWatermark => {
                if !std::mem::replace(&mut known.reads_below, true) {
                    tracing::warn!(
                        partition,
                        offset,
                        committed = known.committed.position.next,
                        "records below the committed offset are read, and taken in again; was the topic made anew?"
                    );
                }
                known.tracker.read_below(offset);
                true
            }
        }
    }

    /// The event of a record, or the record as it was and why there is none.
    #[expect(clippy::result_large_err, reason = "the record goes on either way")]
    fn read(
        &mut self,
        mut record: InboundRecord,
        clock: &dyn Clock,
    ) -> Result<Box<Arrived>, (InboundRecord, Unread)> {
        let Some(value) = record.value.take() else {
            return Err((record, Unread::Poison("a record without a value is no event".to_owned())));
        };
        match self.reader.read(value) {
            Ok(event) => {
                arrived(record, event).map_err(|(record, message)| (record, Unread::Poison(message)))
            }
            Err((value, error)) => {
                record.value = Some(value);
                let unread = match error {
                    codec::Error::UnknownSchema { id } => {
                        let refusal = self.schema_wait.refusal(id, clock.now_ms());
                        refusal.map_or(Unread::Schema(id), Unread::Poison)
                    }
                    error => Unread::Poison(error.to_string()),
                };
                Err((record, unread))
            }
        }
    }
}
