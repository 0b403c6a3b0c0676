//! A record and its event, if they belong together.

use trunkline_partition::task::{Arrived, entity_of};
use trunkline_schemas::{EncodedEvent, InboundRecord};

/// The event with what it is kept for. A record under another key than its event's may lie in another partition, where
/// order and identity are kept by another task: it cannot take effect there.
#[expect(clippy::result_large_err, reason = "the record goes on either way")]
pub(super) fn arrived(
    mut record: InboundRecord,
    event: EncodedEvent,
) -> Result<Box<Arrived>, (InboundRecord, String)> {
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
    use crate::events::{encoded, event};

    #[test]
    fn only_a_record_under_its_events_key_takes_effect() {
        for (key, taken) in [(Some("genesys/org/c1"), true), (Some("genesys/org/c2"), false), (None, false)] {
            let record = InboundRecord {
                topic: "events.normalized".into(),
                partition: 0,
                offset: 0,
                key: key.map(|key| key.as_bytes().to_vec()),
                value: None,
                headers: Headers::new(),
                timestamp: 0,
                leader_epoch: None,
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
