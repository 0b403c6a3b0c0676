//! An event as a record of `events.normalized` that a partition takes in.

use trunkline_partition::Arrived;
use trunkline_partition::task::entity_of;
use trunkline_schemas::headers::Headers;
use trunkline_schemas::{InboundRecord, PlatformEvent};

use crate::events::encoded;

/// The record at this offset of partition 0, appended as the event was taken in.
pub fn arrived(offset: i64, event: &PlatformEvent) -> Box<Arrived> {
    let key = event.key();
    let record = InboundRecord {
        topic: "events.normalized".into(),
        partition: 0,
        offset,
        key: Some(key.clone().into_bytes()),
        value: None,
        headers: Headers::new(),
        timestamp: event.ingest_time,
        leader_epoch: None,
    };
    let event = encoded(event);
    Box::new(Arrived { record, entity: entity_of(&key, &event), event })
}
