//! The manners of the schemas: what is promised of every one of them.

use apache_avro::Schema;
use serde_json::Value as Json;
use trunkline_schemas::codec::Value;

use crate::samples::{Sample, for_every_value};

/// Fields that hold, or may hold, something about a person, wherever they occur.
const PERSONAL: &[&str] = &[
    "entityId",
    "contactId",
    "participantId",
    "agentId",
    "customerId",
    "attributes",
    "data",
    "profile",
    "accountName",
    "loyaltyTier",
    "balance",
    "openTickets",
    "lastInteractionDate",
    "origin",
    "resource",
    "parameters",
    "difference",
    "headers",
    "payload",
];

fn schema<T: Value>() -> Json {
    serde_json::from_str(T::SCHEMA).unwrap()
}

/// Every record and enum defined in a schema.
fn definitions<'s>(schema: &'s Json, found: &mut Vec<&'s Json>) {
    match schema {
        Json::Object(object) => {
            if object.contains_key("fields") || object.contains_key("symbols") {
                found.push(schema);
            }
            object.values().for_each(|inner| definitions(inner, found));
        }
        Json::Array(items) => items.iter().for_each(|item| definitions(item, found)),
        _ => {}
    }
}

#[test]
fn every_schema_is_avro_with_our_name_and_namespace() {
    for_every_value!(named);
}

fn named<T: Sample>() {
    let parsed = Schema::parse_str(T::SCHEMA).unwrap();
    assert_eq!(parsed.name().unwrap().fullname(None), format!("io.trunkline.v1.{}", T::NAME));
    T::compiled().unwrap();
}

#[test]
fn every_type_and_field_has_a_doc() {
    for_every_value!(documented);
}

fn documented<T: Sample>() {
    let schema = schema::<T>();
    let mut found = Vec::new();
    definitions(&schema, &mut found);
    for definition in found {
        assert!(
            definition["doc"].as_str().is_some_and(|doc| doc.len() > 3),
            "{}: {}",
            T::NAME,
            definition["name"]
        );
        for field in definition["fields"].as_array().into_iter().flatten() {
            assert!(field["doc"].as_str().is_some_and(|doc| doc.len() > 3), "{}: {}", T::NAME, field["name"]);
        }
    }
}

#[test]
fn optional_fields_default_to_null_and_enums_to_unknown() {
    for_every_value!(defaults);
}

fn defaults<T: Sample>() {
    let schema = schema::<T>();
    let mut found = Vec::new();
    definitions(&schema, &mut found);
    for definition in found {
        if let Some(symbols) = definition["symbols"].as_array() {
            assert_eq!(
                (&symbols[0], &definition["default"]),
                (&"UNKNOWN".into(), &"UNKNOWN".into()),
                "{}",
                T::NAME
            );
        }
        for field in definition["fields"].as_array().into_iter().flatten() {
            if let Some(branches) = field["type"].as_array() {
                assert_eq!(branches.len(), 2, "{}: {}", T::NAME, field["name"]);
                assert_eq!(branches[0], "null", "{}: {}", T::NAME, field["name"]);
                assert_eq!(field.get("default"), Some(&Json::Null), "{}: {}", T::NAME, field["name"]);
            }
        }
    }
}

#[test]
fn times_and_money_have_their_logical_types_and_personal_data_its_mark() {
    for_every_value!(typed);
}

fn typed<T: Sample>() {
    let schema = schema::<T>();
    let mut found = Vec::new();
    definitions(&schema, &mut found);
    for field in found.iter().flat_map(|definition| definition["fields"].as_array().into_iter().flatten()) {
        let name = field["name"].as_str().unwrap();
        let at = format!("{}: {name}", T::NAME);
        let inner = if field["type"].is_array() { &field["type"][1] } else { &field["type"] };
        let is_time = ["Time", "At", "Date", "Seen", "Updated"].iter().any(|end| name.ends_with(end));
        assert_eq!(inner["logicalType"] == "timestamp-millis", is_time, "{at}");
        if name == "balance" {
            let money =
                serde_json::json!({"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 4});
            assert_eq!(inner, &money, "{at}");
        }
        if PERSONAL.contains(&name) {
            assert_eq!(field["pii"], true, "{at}");
        }
    }
}
