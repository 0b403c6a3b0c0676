//! Versions other than ours: what FULL_TRANSITIVE lets them add or lack is decoded by the rules of schema resolution.

use apache_avro::Schema;
use apache_avro::types::Value as Datum;
use apache_avro::writer::datum::GenericDatumWriter;
use serde_json::{Value as Json, json};
use trunkline_schemas::codec::{Decoder, Encoder, Error, Value, frame};
use trunkline_schemas::{Outcome, PlatformEvent, QuotaLease, WriteBackResult};

use crate::samples::{Sample, for_every_value};

/// Bytes of `sample` as written by a build whose schema is `schema`.
fn written<T: Sample>(sample: &T, schema: &Json) -> Vec<u8> {
    let schema = Schema::parse(schema).unwrap();
    let datum = apache_avro::to_value(sample).unwrap().resolve(&schema).unwrap();
    write(datum, &schema)
}

fn write(datum: Datum, schema: &Schema) -> Vec<u8> {
    let mut bytes = frame(2).to_vec();
    GenericDatumWriter::builder(schema).build().unwrap().write_value(&mut bytes, datum).unwrap();
    bytes
}

fn decoder<T: Value>(writer: &Json) -> Decoder<T> {
    let mut decoder = Decoder::new();
    decoder.add_writer(2, &writer.to_string()).unwrap();
    decoder
}

fn schema<T: Value>() -> Json {
    serde_json::from_str(T::SCHEMA).unwrap()
}

/// Calls `change` with the fields of every record in a schema.
fn every_record(schema: &mut Json, change: &mut impl FnMut(&mut Vec<Json>)) {
    match schema {
        Json::Object(object) => {
            object.values_mut().for_each(|inner| every_record(inner, change));
            if let Some(Json::Array(fields)) = object.get_mut("fields") {
                change(fields);
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| every_record(item, change)),
        _ => {}
    }
}

#[test]
fn an_optional_field_added_to_any_record_is_passed_over() {
    for_every_value!(field_added);
}

fn field_added<T: Sample>() {
    let mut writer = schema::<T>();
    every_record(&mut writer, &mut |fields| {
        fields.insert(0, json!({"name": "addedFirst", "type": ["null", "string"], "default": null}));
        fields.push(json!({"name": "addedLast", "type": "long", "default": 7}));
    });
    let decoder = decoder::<T>(&writer);
    for (kind, sample) in T::samples() {
        assert_eq!(decoder.decode(&written(&sample, &writer)).unwrap(), sample, "{} {kind}", T::NAME);
    }
}

#[test]
fn the_value_of_an_added_field_is_passed_over_too() {
    let [(_, sample), _] = PlatformEvent::samples();
    let mut writer = schema::<PlatformEvent>();
    writer["fields"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "added", "type": ["null", "string"], "default": null}));
    let mut bytes = Encoder::new(2).encode_to_vec(&sample).unwrap();
    bytes.extend_from_slice(&[0x02, 0x06, b'n', b'e', b'w']);
    assert_eq!(decoder::<PlatformEvent>(&writer).decode(&bytes).unwrap(), sample);
}

#[test]
fn optional_fields_that_the_writer_lacks_are_null() {
    for_every_value!(fields_lacking);
}

fn fields_lacking<T: Sample>() {
    let mut writer = schema::<T>();
    every_record(&mut writer, &mut |fields| {
        fields.retain(|field| !field["type"].is_array() || named_type_inside(field))
    });
    let decoder = decoder::<T>(&writer);
    let [_, (_, minimal)] = T::samples();
    assert_eq!(decoder.decode(&written(&minimal, &writer)).unwrap(), minimal, "{}", T::NAME);
}

/// A field cannot be left out when another one refers to a type that it defines.
fn named_type_inside(field: &Json) -> bool {
    field["type"][1].get("fields").is_some()
}

#[test]
fn an_enum_symbol_of_a_later_version_reads_as_unknown() {
    let mut writer = schema::<WriteBackResult>();
    let outcome =
        writer["fields"].as_array_mut().unwrap().iter_mut().find(|field| field["name"] == "outcome").unwrap();
    let symbols = outcome["type"]["symbols"].as_array_mut().unwrap();
    symbols.push(json!("SUPERSEDED"));
    let index = u32::try_from(symbols.len() - 1).unwrap();

    let [(_, sample), _] = WriteBackResult::samples();
    let parsed = Schema::parse(&writer).unwrap();
    let Datum::Record(mut fields) = apache_avro::to_value(&sample).unwrap().resolve(&parsed).unwrap() else {
        panic!()
    };
    let field = fields.iter_mut().find(|(name, _)| name == "outcome").unwrap();
    field.1 = Datum::Enum(index, "SUPERSEDED".to_owned());

    let decoded = decoder::<WriteBackResult>(&writer).decode(&write(Datum::Record(fields), &parsed)).unwrap();
    assert_eq!(decoded, WriteBackResult { outcome: Outcome::Unknown, ..sample });
}

#[test]
fn amounts_of_every_length_survive_resolution() {
    let mut writer = schema::<trunkline_schemas::CustomerProfile>();
    writer["fields"].as_array_mut().unwrap().push(json!({"name": "added", "type": "long", "default": 0}));
    let decoder = decoder::<trunkline_schemas::CustomerProfile>(&writer);
    let [(_, sample), _] = trunkline_schemas::CustomerProfile::samples();
    for ten_thousandths in
        [0_i128, 1, -1, 127, 128, -128, -129, 1 << 40, -(1 << 40), 10_i128.pow(20) - 1, 1 - 10_i128.pow(20)]
    {
        let balance = Some(rust_decimal::Decimal::from_i128_with_scale(ten_thousandths, 4));
        let profile = trunkline_schemas::CustomerProfile { balance, ..sample.clone() };
        let mut bytes = Encoder::new(2).encode_to_vec(&profile).unwrap();
        bytes.push(0);
        assert_eq!(decoder.decode(&bytes).unwrap(), profile, "{ten_thousandths}");
    }
}

#[test]
fn a_reformatted_schema_is_the_same_schema() {
    let pretty = serde_json::to_string_pretty(&schema::<QuotaLease>()).unwrap();
    let [(_, sample), _] = QuotaLease::samples();
    let mut decoder = Decoder::<QuotaLease>::new();
    decoder.add_writer(2, &pretty).unwrap();
    assert_eq!(decoder.decode(&Encoder::new(2).encode_to_vec(&sample).unwrap()).unwrap(), sample);
}

#[test]
fn a_schema_of_something_else_is_refused_with_its_id() {
    let mut decoder = Decoder::<PlatformEvent>::new();
    let error = decoder.add_writer(9, QuotaLease::SCHEMA).unwrap_err();
    assert!(matches!(error, Error::Incompatible { id: 9, name: "PlatformEvent", .. }), "{error}");
    assert!(matches!(decoder.add_writer(9, "{"), Err(Error::Schema { .. })));
    assert!(matches!(
        decoder.add_writer(
            9,
            "{\"type\":\"record\",\"name\":\"A\",\"fields\":[{\"name\":\"a\",\"type\":\"A\"}]}"
        ),
        Err(Error::Schema { .. })
    ));
    assert!(!decoder.knows(9));
    assert_eq!(decoder.decode(&frame(9)).unwrap_err(), Error::UnknownSchema { id: 9 });
}
