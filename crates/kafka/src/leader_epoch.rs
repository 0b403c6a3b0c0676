//! The epoch of the leader that appended a record. librdkafka hands it out; rdkafka, its safe interface, has no
//! function for it.
#![expect(unsafe_code, reason = "rdkafka has no safe function for a message's leader epoch")]

use rdkafka::bindings as sys;
use rdkafka::message::BorrowedMessage;

/// The epoch that is stored with the record's batch (KIP-101); `None` of batches in formats that have none.
pub(crate) fn leader_epoch(message: &BorrowedMessage<'_>) -> Option<i32> {
    // SAFETY: the pointer is that of a message which lives as long as the borrow; the function reads one number of it.
    let epoch = unsafe { sys::rd_kafka_message_leader_epoch(message.ptr()) };
    (epoch >= 0).then_some(epoch)
}
