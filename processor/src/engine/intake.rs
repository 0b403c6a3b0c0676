//! A record becomes an event of a task, or a dead letter.

use trunkline_kafka::{FetchedSchema, InboundRecord};
use trunkline_schemas::EncodedEvent;
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
        if self.schema_wait.is_waiting(&partition) {
            self.schema_wait.wait(partition, record);
            return Ok(());
        }
        match self.read(record) {
            Ok(arrived) => self.with_task(partition, |task, ctx| task.record(arrived, ctx)),
            Err((record, Unread::Schema(id))) => {
                // The record may well be good: its partition waits for the registry, the others go on.
                self.parts.brokers.pause(&[partition])?;
                self.schema_wait.wait(partition, record);
                self.parts.schemas.fetch(id);
                Ok(())
            }
            Err((record, Unread::Poison(message))) => {
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
                Some(schema) => self.reader.add_writer(id, &schema).map_err(|error| error.to_string()),
                None => Err("the registry does not know it".to_owned()),
            };
            if let Err(reason) = added {
                self.schema_wait.refuse(id, reason, self.parts.clock.now());
            }
        }
        if !arrived {
            return Ok(());
        }
        for (partition, records) in self.schema_wait.take() {
            for record in records {
                self.record(record)?;
            }
            if !self.schema_wait.is_waiting(&partition) && !self.paused.contains(&partition) {
                self.parts.brokers.resume(&[partition])?;
            }
        }
        Ok(())
    }

    /// The event of a record, or the record as it was and why there is none.
    #[expect(clippy::result_large_err, reason = "the record goes on either way")]
    fn read(&mut self, mut record: InboundRecord) -> Result<Box<Arrived>, (InboundRecord, Unread)> {
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
                        let refusal = self.schema_wait.refusal(id, self.parts.clock.now());
                        refusal.map_or(Unread::Schema(id), Unread::Poison)
                    }
                    error => Unread::Poison(error.to_string()),
                };
                Err((record, unread))
            }
        }
    }
}

/// The event with what it is kept for. A record under another key than its event's may lie in another partition, where
/// order and identity are kept by another task: it can not take effect there.
#[expect(clippy::result_large_err, reason = "the record goes on either way")]
fn arrived(mut record: InboundRecord, event: EncodedEvent) -> Result<Box<Arrived>, (InboundRecord, String)> {
    let key = record.key.as_deref().filter(|key| event.has_key(key));
    match key.and_then(|key| std::str::from_utf8(key).ok()) {
        Some(key) => {
            let entity = entity_of(key, &event);
            Ok(Box::new(Arrived { record, entity, event }))
        }
        None => {
            record.value = Some(event.into_value());
            let message =
                "the record's key is not that of its event; was it written by something else than ingest?";
            Err((record, message.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use trunkline_schemas::headers::Headers;

    use super::*;
    use crate::testing::{encoded, event};

    #[test]
    fn only_a_record_under_its_events_key_takes_effect() {
        for (key, taken) in [(Some("genesys/org/c1"), true), (Some("genesys/org/c2"), false), (None, false)] {
            let record = InboundRecord {
                topic: "events.normalized".to_owned(),
                partition: 0,
                offset: 0,
                key: key.map(|key| key.as_bytes().to_vec()),
                value: None,
                headers: Headers::new(),
                timestamp: 0,
            };
            let event = encoded(&event("c1", "conversation.started", 1));
            let value = event.clone().into_value();
            match arrived(record, event) {
                Ok(_) => assert!(taken, "{key:?}"),
                Err((record, _)) => assert!(!taken && record.value == Some(value), "{key:?}"),
            }
        }
    }
}
