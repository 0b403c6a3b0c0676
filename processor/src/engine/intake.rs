//! A record becomes an event of a task, or a dead letter.

use std::collections::VecDeque;
use std::sync::Arc;

use trunkline_kafka::{FetchedSchema, InboundRecord};
use trunkline_schemas::PlatformEvent;
use trunkline_schemas::codec;

use super::{Engine, EngineError};
use crate::brokers::Brokers;
use crate::output::DeadLetter;
use crate::state::StateStore;
use crate::task::{Arrived, entity_of};

/// Why a record gives no event.
enum Unread {
    /// It never will.
    Poison(String),
    /// It may once this schema is known.
    Schema(u32),
}

impl<B: Brokers, S: StateStore> Engine<B, S> {
    /// Takes a record in.
    pub(super) fn record(&mut self, record: InboundRecord) -> Result<(), EngineError> {
        let partition = record.partition;
        if !self.tasks.contains_key(&partition) {
            // Left over in the client from before the partition was paused; it is read again where the task begins.
            return Ok(());
        }
        if let Some(waiting) = self.unreadable.get_mut(&partition) {
            waiting.push_back(record);
            return Ok(());
        }
        match self.decode(&record).and_then(|event| keyed(&record, event).map_err(Unread::Poison)) {
            Ok((key, event)) => {
                let entity = entity_of(&key, &event);
                let arrived = Arrived { record, key, entity, event };
                self.with_task(partition, |task, ctx| task.record(arrived, ctx))
            }
            Err(Unread::Schema(id)) => {
                // The record may well be good: its partition waits for the registry, the others go on.
                self.parts.brokers.pause(&[partition])?;
                self.unreadable.insert(partition, VecDeque::from([record]));
                self.parts.schemas.fetch(id);
                Ok(())
            }
            Err(Unread::Poison(message)) => {
                tracing::warn!(
                    code = "TL-3001",
                    topic = record.topic,
                    partition,
                    offset = record.offset,
                    message,
                    "record put aside"
                );
                let letter = DeadLetter { record, code: "TL-3001", message };
                self.with_task(partition, |task, _| {
                    task.dead_letter(letter);
                    Ok(())
                })
            }
        }
    }

    /// Takes in schemas that have arrived, and then the records that waited for them.
    pub(super) fn take_schemas(&mut self) -> Result<(), EngineError> {
        let mut arrived = false;
        while let Some(FetchedSchema { id, schema }) = self.parts.schemas.fetched() {
            arrived = true;
            let added = match schema {
                Some(schema) => self.decoder.add_writer(id, &schema).map_err(|error| error.to_string()),
                None => Err("the registry does not know it".to_owned()),
            };
            if let Err(reason) = added {
                self.refused_schemas.insert(id, reason);
            }
        }
        if !arrived {
            return Ok(());
        }
        for (partition, records) in std::mem::take(&mut self.unreadable) {
            for record in records {
                self.record(record)?;
            }
            if !self.unreadable.contains_key(&partition) && !self.paused.contains(&partition) {
                self.parts.brokers.resume(&[partition])?;
            }
        }
        Ok(())
    }

    fn decode(&mut self, record: &InboundRecord) -> Result<Box<PlatformEvent>, Unread> {
        let Some(value) = &record.value else {
            return Err(Unread::Poison("a record without a value is no event".to_owned()));
        };
        match self.decoder.decode(value) {
            Ok(event) => Ok(Box::new(event)),
            Err(codec::Error::UnknownSchema { id }) => Err(match self.refused_schemas.get(&id) {
                Some(reason) => Unread::Poison(format!("schema {id}: {reason}")),
                None => Unread::Schema(id),
            }),
            Err(error) => Err(Unread::Poison(error.to_string())),
        }
    }
}

/// The event with its key. A record under another key than its event's may lie in another partition, where order and
/// identity are kept by another task: it can not take effect there.
fn keyed(
    record: &InboundRecord,
    event: Box<PlatformEvent>,
) -> Result<(Arc<str>, Box<PlatformEvent>), String> {
    let key = event.key();
    if record.key.as_deref() == Some(key.as_bytes()) {
        Ok((key.into(), event))
    } else {
        Err("the record's key is not that of its event; was it written by something else than ingest?"
            .to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::event;

    #[test]
    fn only_a_record_under_its_events_key_takes_effect() {
        for (key, taken) in [(Some("genesys/org/c1"), true), (Some("genesys/org/c2"), false), (None, false)] {
            let record = InboundRecord {
                topic: "events.normalized".to_owned(),
                partition: 0,
                offset: 0,
                key: key.map(|key| key.as_bytes().to_vec()),
                value: None,
                headers: Vec::new(),
                timestamp: 0,
            };
            assert_eq!(
                keyed(&record, event("c1", "conversation.started", 1).into()).is_ok(),
                taken,
                "{key:?}"
            );
        }
    }
}
