//! A record becomes an event of a task, or a dead letter.

use std::sync::Arc;
use std::time::Duration;

use trunkline_kafka::{InboundRecord, RegistryError};
use trunkline_schemas::PlatformEvent;
use trunkline_schemas::codec;

use super::{Engine, EngineError};
use crate::output::DeadLetter;
use crate::task::{Arrived, entity_of};

/// How often the registry is asked for a schema before the process gives up; a restart tries again.
const SCHEMA_ATTEMPTS: u32 = 30;

/// Between two attempts.
const SCHEMA_RETRY: Duration = Duration::from_secs(1);

impl Engine {
    /// Takes a record in.
    pub(super) fn record(&mut self, record: InboundRecord) -> Result<(), EngineError> {
        let partition = record.partition;
        match self.decode(&record)?.and_then(|event| keyed(&record, event)) {
            Ok((key, event)) => {
                let entity = entity_of(&key, &event);
                let arrived = Arrived { offset: record.offset, key, entity, event, headers: record.headers };
                self.with_task(partition, |task, ctx| task.record(arrived, ctx))
            }
            Err(message) => {
                tracing::warn!(
                    code = "TL-3001",
                    topic = record.topic,
                    partition,
                    offset = record.offset,
                    message,
                    "record put aside"
                );
                let letter = DeadLetter {
                    topic: record.topic,
                    partition,
                    offset: record.offset,
                    key: record.key,
                    value: record.value,
                    headers: record.headers,
                    timestamp: record.timestamp,
                    code: "TL-3001",
                    message,
                };
                self.with_task(partition, |task, _| {
                    task.dead_letter(letter);
                    Ok(())
                })
            }
        }
    }

    /// The event, or what is wrong with the record.
    fn decode(&mut self, record: &InboundRecord) -> Result<Result<PlatformEvent, String>, EngineError> {
        let Some(value) = &record.value else {
            return Ok(Err("a record without a value is no event".to_owned()));
        };
        match self.decoder.decode(value) {
            Ok(event) => Ok(Ok(event)),
            Err(codec::Error::UnknownSchema { id }) => match self.learn_schema(id)? {
                Ok(()) => Ok(self.decoder.decode(value).map_err(|error| error.to_string())),
                Err(message) => Ok(Err(message)),
            },
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// Fetches a writer's schema. A registry that does not answer is waited for: the record may well be good.
    fn learn_schema(&mut self, id: u32) -> Result<Result<(), String>, EngineError> {
        let mut reason = String::new();
        for _ in 0..SCHEMA_ATTEMPTS {
            match self.parts.runtime.block_on(self.parts.registry.schema(id)) {
                Ok(schema) => {
                    return Ok(self.decoder.add_writer(id, &schema).map_err(|error| error.to_string()));
                }
                // The registry answered: there is no such schema, so nothing will ever decode this record.
                Err(error @ RegistryError::UnknownId { .. }) => return Ok(Err(error.to_string())),
                Err(error) => {
                    tracing::warn!(code = "TL-5002", %error, id, "asking the registry for a schema; trying again");
                    reason = error.to_string();
                    std::thread::sleep(SCHEMA_RETRY);
                }
            }
        }
        Err(EngineError::Registry { id, reason })
    }
}

/// The event with its key. A record under another key than its event's may lie in another partition, where order and
/// identity are kept by another task: it can not take effect there.
fn keyed(record: &InboundRecord, event: PlatformEvent) -> Result<(Arc<str>, PlatformEvent), String> {
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
            assert_eq!(keyed(&record, event("c1", "conversation.started", 1)).is_ok(), taken, "{key:?}");
        }
    }
}
