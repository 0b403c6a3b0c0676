//! A message of the client as a record of ours.

use std::sync::Arc;

use rdkafka::Message as _;
use rdkafka::message::{BorrowedMessage, Headers as _};
use trunkline_schemas::InboundRecord;
use trunkline_schemas::headers::Headers;

use crate::leader_epoch::leader_epoch;

/// Copies a message of this topic out of the client's memory.
pub(crate) fn inbound(message: &BorrowedMessage<'_>, topic: Arc<str>) -> InboundRecord {
    let mut headers = Headers::new();
    if let Some(read) = message.headers() {
        // Room for one more: the processor adds how long an event was held.
        headers = Headers::with_capacity(read.count() + 1);
        headers.extend(read.iter().map(|header| (header.key, header.value.unwrap_or_default())));
    }
    InboundRecord {
        topic,
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers,
        timestamp: message.timestamp().to_millis().unwrap_or(0),
        leader_epoch: leader_epoch(message),
    }
}
