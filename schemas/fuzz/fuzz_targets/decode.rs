//! Any bytes give a value or an error, never a panic: as this build's schema and as another version of it.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use trunkline_schemas::codec::{Decoder, Encoder, Value};
use trunkline_schemas::{CustomerProfile, EnrichedEvent, QuarantinedPayload, WriteBack};

/// Knows this build's schema as id 1, another version as id 2.
fn decoder<T: Value>() -> Decoder<T> {
    let mut other: serde_json::Value = serde_json::from_str(T::SCHEMA).expect("a schema is JSON");
    let added = json!({"name": "added", "type": ["null", "string"], "default": null});
    other["fields"].as_array_mut().expect("a record has fields").push(added);
    let mut decoder = Decoder::new();
    decoder.add_writer(1, T::SCHEMA).expect("our schema");
    decoder.add_writer(2, &other.to_string()).expect("a later version of it");
    decoder
}

/// What decodes has to decode to the same again after it was encoded.
fn check<T: Value>(decoder: &Decoder<T>, body: &[u8]) {
    for id in [1, 2] {
        let mut record = vec![0, 0, 0, 0, id];
        record.extend_from_slice(body);
        if let Ok(value) = decoder.decode(&record)
            && let Ok(bytes) = Encoder::<T>::new(1).encode_to_vec(&value)
        {
            let again = decoder.decode(&bytes).expect("what we wrote");
            assert_eq!(Encoder::<T>::new(1).encode_to_vec(&again).as_ref(), Ok(&bytes));
        }
    }
}

static ENRICHED: LazyLock<Decoder<EnrichedEvent>> = LazyLock::new(decoder);
static PROFILE: LazyLock<Decoder<CustomerProfile>> = LazyLock::new(decoder);
static COMMAND: LazyLock<Decoder<WriteBack>> = LazyLock::new(decoder);
static PAYLOAD: LazyLock<Decoder<QuarantinedPayload>> = LazyLock::new(decoder);

fuzz_target!(|bytes: &[u8]| {
    check(&ENRICHED, bytes);
    check(&PROFILE, bytes);
    check(&COMMAND, bytes);
    check(&PAYLOAD, bytes);
});
