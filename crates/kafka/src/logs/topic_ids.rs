//! The ids of topics. librdkafka's DescribeTopics knows them; rdkafka, its safe interface, has no function for it. Each
//! foreign object has an owner here that frees it.
#![expect(unsafe_code, reason = "rdkafka has no safe function for DescribeTopics")]

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_int};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::bindings as sys;
use rdkafka::client::Client;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;

use super::position::TopicId;

/// Bytes for the client's words about an option that it refuses.
const ERROR_BYTES: usize = 256;

/// Frees a foreign object when it goes.
struct Owned<T> {
    object: *mut T,
    free: unsafe extern "C" fn(*mut T),
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: `free` is the function that librdkafka has for objects of this type, and nobody else has freed it.
        unsafe { (self.free)(self.object) }
    }
}

impl<T> Owned<T> {
    fn new(object: *mut T, free: unsafe extern "C" fn(*mut T)) -> Result<Self, KafkaError> {
        match object.is_null() {
            true => Err(KafkaError::AdminOp(RDKafkaErrorCode::Fail)),
            false => Ok(Self { object, free }),
        }
    }
}

/// The ids of those of these topics that exist and that this client may describe; asks for at most `timeout`. Brokers
/// without ids say nothing.
pub(super) fn topic_ids<C: ClientContext>(
    client: &Client<C>,
    topics: &[&str],
    timeout: Duration,
) -> Result<HashMap<String, TopicId>, KafkaError> {
    if topics.is_empty() {
        return Ok(HashMap::new());
    }
    let names: Vec<CString> = topics.iter().filter_map(|topic| CString::new(*topic).ok()).collect();
    let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let timeout_ms = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX);
    let mut error: [c_char; ERROR_BYTES] = [0; ERROR_BYTES];
    // SAFETY: the client outlives this function, and with it the handle. The names outlive the call that copies them,
    // and `pointers` has as many as are said. Every object that is made is freed by its owner at the end, in the order
    // that librdkafka asks for: what an event lends is read before the event is freed.
    unsafe {
        let handle = client.native_ptr();
        let collection = Owned::new(
            sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len()),
            sys::rd_kafka_TopicCollection_destroy,
        )?;
        let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
        let options = Owned::new(
            sys::rd_kafka_AdminOptions_new(handle, operation),
            sys::rd_kafka_AdminOptions_destroy,
        )?;
        failed(sys::rd_kafka_AdminOptions_set_request_timeout(
            options.object,
            timeout_ms,
            error.as_mut_ptr(),
            error.len(),
        ))?;
        let queue = Owned::new(sys::rd_kafka_queue_new(handle), sys::rd_kafka_queue_destroy)?;
        sys::rd_kafka_DescribeTopics(handle, collection.object, options.object, queue.object);
        // The request ends by itself in that time; some more, so that its own words come through.
        let event = sys::rd_kafka_queue_poll(queue.object, timeout_ms.saturating_add(1_000));
        if event.is_null() {
            return Err(KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut));
        }
        let event = Owned::new(event, sys::rd_kafka_event_destroy)?;
        failed(sys::rd_kafka_event_error(event.object))?;
        Ok(described(event.object))
    }
}

/// What an answer to DescribeTopics says.
///
/// # Safety
/// The event must be a living one of librdkafka.
unsafe fn described(event: *mut sys::rd_kafka_event_t) -> HashMap<String, TopicId> {
    let mut ids = HashMap::new();
    // SAFETY: the result and all that it lends live as long as the event; an event of another kind gives a null
    // pointer, which is looked at. `count` topics lie one behind the other.
    unsafe {
        let result = sys::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return ids;
        }
        let mut count = 0;
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &mut count);
        for number in 0..count {
            let topic = *topics.add(number);
            let error = sys::rd_kafka_TopicDescription_error(topic);
            if !error.is_null()
                && sys::rd_kafka_error_code(error) != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR
            {
                continue;
            }
            let id = sys::rd_kafka_TopicDescription_topic_id(topic);
            let name = sys::rd_kafka_TopicDescription_name(topic);
            if id.is_null() || name.is_null() {
                continue;
            }
            let most = sys::rd_kafka_Uuid_most_significant_bits(id) as u64;
            let least = sys::rd_kafka_Uuid_least_significant_bits(id) as u64;
            let id = u128::from(most) << 64 | u128::from(least);
            // Brokers without ids have zeros in their place.
            if id != 0 {
                ids.insert(CStr::from_ptr(name).to_string_lossy().into_owned(), TopicId(id));
            }
        }
    }
    ids
}

fn failed(code: RDKafkaRespErr) -> Result<(), KafkaError> {
    match code {
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(KafkaError::AdminOp(code.into())),
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::consumer::{BaseConsumer, Consumer};

    use super::*;

    #[test]
    fn brokers_that_are_not_there_are_an_error_in_time_and_nothing_is_left_behind() {
        let consumer: BaseConsumer =
            rdkafka::ClientConfig::new().set("bootstrap.servers", "127.0.0.1:1").create().unwrap();
        for _ in 0..2 {
            let asked = topic_ids(consumer.client(), &["t"], Duration::from_millis(50));
            assert!(asked.is_err(), "{asked:?}");
        }
        assert!(topic_ids(consumer.client(), &[], Duration::from_millis(50)).unwrap().is_empty());
    }
}
