//! Any bytes give a value or an error.

use proptest::prelude::*;
use serde_json::json;
use trunkline_schemas::codec::{Decoder, Encoder, Error, FRAME_LENGTH};

use crate::samples::{Sample, for_every_value};

/// Decoders of a type: one for this build's schema as id 1, and for another version as id 2.
fn decoder<T: Sample>() -> Decoder<T> {
    let mut other: serde_json::Value = serde_json::from_str(T::SCHEMA).unwrap();
    other["fields"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "added", "type": ["null", "string"], "default": null}));
    let mut decoder = Decoder::new();
    decoder.add_writer(1, T::SCHEMA).unwrap();
    decoder.add_writer(2, &other.to_string()).unwrap();
    decoder
}

#[test]
fn what_is_not_framed_is_refused() {
    let decoder = decoder::<trunkline_schemas::QuotaLease>();
    for bytes in [&[][..], &[0], &[0, 0, 0, 0], &[1, 0, 0, 0, 1, 0], b"{\"eventId\":1}"] {
        assert!(matches!(decoder.decode(bytes), Err(Error::NotFramed(_))), "{bytes:?}");
    }
}

#[test]
fn a_record_cut_short_or_too_long_is_refused() {
    for_every_value!(exact_length);
}

fn exact_length<T: Sample>() {
    let decoder = decoder::<T>();
    for (kind, sample) in T::samples() {
        let mut one = Encoder::<T>::new(1).encode_to_vec(&sample).unwrap();
        let mut two = Encoder::<T>::new(2).encode_to_vec(&sample).unwrap();
        two.push(0);
        for record in [&mut one, &mut two] {
            assert_eq!(decoder.decode(record).as_ref(), Ok(&sample), "{} {kind}", T::NAME);
            for length in FRAME_LENGTH..record.len() {
                let cut = decoder.decode(&record[..length]);
                assert!(matches!(cut, Err(Error::Malformed { .. })), "{} {kind} cut to {length}", T::NAME);
            }
            record.push(0);
            assert!(matches!(decoder.decode(record), Err(Error::Malformed { .. })), "{} {kind} + 1", T::NAME);
        }
    }
}

#[test]
fn lengths_beyond_the_record_are_refused_without_allocating_them() {
    let decoder = decoder::<trunkline_schemas::RoutingDecision>();
    let [(_, sample), _] = trunkline_schemas::RoutingDecision::samples();
    // 2^40 and -2^40 elements, i64::MIN, and a block of 10^9 elements that claims to be two bytes long.
    for hostile in [
        &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01][..],
        &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x04],
        &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x02],
        &[0xFF, 0xA7, 0xD6, 0xB9, 0x07, 0x04],
    ] {
        for id in [1, 2] {
            let record = Encoder::new(id).encode_to_vec(&sample).unwrap();
            for position in FRAME_LENGTH..record.len() {
                let mut bytes = record[..position].to_vec();
                bytes.extend_from_slice(hostile);
                bytes.extend_from_slice(&record[position..]);
                if let Ok(decoded) = decoder.decode(&bytes) {
                    // Within a text any bytes may be text.
                    assert_ne!(decoded, sample);
                }
            }
        }
    }
}

fn survives<T: Sample>(bytes: &[u8]) {
    let decoder = decoder::<T>();
    for id in [1_u8, 2] {
        let mut record = vec![0, 0, 0, 0, id];
        record.extend_from_slice(bytes);
        let _ = decoder.decode(&record);
    }
    let _ = decoder.decode(bytes);
}

fn survives_change<T: Sample>(position: usize, to: &[u8]) {
    let decoder = decoder::<T>();
    for (_, sample) in T::samples() {
        for id in [1, 2] {
            let mut record = Encoder::<T>::new(id).encode_to_vec(&sample).unwrap();
            let position = FRAME_LENGTH + position % (record.len() - FRAME_LENGTH);
            record.splice(position..(position + to.len()).min(record.len()), to.iter().copied());
            let _ = decoder.decode(&record);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        survives::<trunkline_schemas::PlatformEvent>(&bytes);
        survives::<trunkline_schemas::EnrichedEvent>(&bytes);
        survives::<trunkline_schemas::CustomerProfile>(&bytes);
        survives::<trunkline_schemas::QuarantinedPayload>(&bytes);
    }

    #[test]
    fn changed_records_never_panic(position in any::<usize>(), to in proptest::collection::vec(any::<u8>(), 1..12)) {
        survives_change::<trunkline_schemas::EnrichedEvent>(position, &to);
        survives_change::<trunkline_schemas::CustomerProfile>(position, &to);
        survives_change::<trunkline_schemas::WriteBack>(position, &to);
    }
}
