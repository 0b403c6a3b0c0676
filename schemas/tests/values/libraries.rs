//! Our bytes mean the same to another Avro implementation, and its bytes to us; our types survive other serde formats.

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use trunkline_schemas::codec::{Decoder, Encoder, FRAME_LENGTH, frame, schema_id};

use crate::samples::{Sample, for_every_value};

#[test]
fn apache_avro_reads_what_we_write() {
    for_every_value!(is_read);
}

fn is_read<T: Sample>() {
    let schema = Schema::parse_str(T::SCHEMA).unwrap();
    let mut encoder = Encoder::<T>::new(7);
    for (kind, sample) in T::samples() {
        let bytes = encoder.encode_to_vec(&sample).unwrap();
        assert_eq!(schema_id(&bytes), Ok(7));
        let mut body = &bytes[FRAME_LENGTH..];
        let datum = GenericDatumReader::builder(&schema).build().unwrap().read_value(&mut body).unwrap();
        assert!(body.is_empty(), "{} {kind}", T::NAME);
        assert_eq!(apache_avro::from_value::<T>(&datum).unwrap(), sample, "{} {kind}", T::NAME);
    }
}

#[test]
fn we_read_what_apache_avro_writes() {
    for_every_value!(reads);
}

fn reads<T: Sample>() {
    let schema = Schema::parse_str(T::SCHEMA).unwrap();
    let mut decoder = Decoder::<T>::new();
    decoder.add_writer(7, T::SCHEMA).unwrap();
    for (kind, sample) in T::samples() {
        let datum = apache_avro::to_value(&sample).unwrap().resolve(&schema).unwrap();
        let mut bytes = frame(7).to_vec();
        GenericDatumWriter::builder(&schema).build().unwrap().write_value(&mut bytes, datum).unwrap();
        assert_eq!(decoder.decode(&bytes).unwrap(), sample, "{} {kind}", T::NAME);
    }
}

#[test]
fn json_is_read_back_as_it_was() {
    for_every_value!(survives_json);
}

fn survives_json<T: Sample>() {
    for (kind, sample) in T::samples() {
        let json = serde_json::to_string(&sample).unwrap();
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), sample, "{} {kind}", T::NAME);
    }
}

#[test]
fn one_buffer_serves_many_records_and_is_empty_after_a_failure() {
    let [(_, profile), (_, other)] = trunkline_schemas::CustomerProfile::samples();
    let mut encoder = Encoder::new(1);
    let mut buffer = b"something from before".to_vec();
    encoder.encode(&profile, &mut buffer).unwrap();
    assert_eq!(buffer, encoder.encode_to_vec(&profile).unwrap());
    encoder.encode(&other, &mut buffer).unwrap();
    assert_eq!(buffer, encoder.encode_to_vec(&other).unwrap());

    let too_rich =
        trunkline_schemas::CustomerProfile { balance: Some(rust_decimal::Decimal::MAX), ..profile };
    let error = encoder.encode(&too_rich, &mut buffer).unwrap_err();
    assert!(error.to_string().contains("decimal(20,4)"), "{error}");
    assert!(buffer.is_empty());
}
