//! The schemas of a conversation's steps name what the platform's own model names, with its types, and nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

const SCHEMA: &str = include_str!("../../../schemas/json/genesys-events/1.json");
const FIELDS: &str = include_str!("../../../schemas/json/genesys-events/detail-fields.json");

/// Prefix of the topics.
const DETAIL: &str = "v2.detail.events.conversation.{id}.";

/// What a schema says of a value, in the form of `detail-fields.json`.
fn described(schema: &Value, defs: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/")) {
        return described(&defs[name], defs);
    }
    // The model's type is the first; what is taken beside it is for platforms that do not keep to it.
    let types = schema["type"].as_array().unwrap();
    assert!(types.contains(&json!("null")), "{schema} is optional");
    let kind = types[0].as_str().unwrap();
    match kind {
        "array" => json!([described(&schema["items"], defs)]),
        "object" if schema["additionalProperties"] == json!(true) => json!({"*": "string"}),
        "object" => fields_of(&schema["properties"], defs),
        kind => json!(kind),
    }
}

fn fields_of(properties: &Value, defs: &Value) -> Value {
    let described = |(name, schema): (&String, &Value)| (name.clone(), described(schema, defs));
    Value::Object(properties.as_object().unwrap().iter().map(described).collect::<Map<_, _>>())
}

/// The fields of a step's body in our schema.
fn in_schema(step: &str) -> Value {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    fields_of(&schema["$defs"][step]["properties"]["eventBody"]["properties"], &schema["$defs"])
}

fn in_table() -> BTreeMap<String, Value> {
    let table: Value = serde_json::from_str(FIELDS).unwrap();
    serde_json::from_value(table["topics"].clone()).unwrap()
}

#[test]
fn schemas_of_steps_are_the_platforms_model() {
    let table = in_table();
    assert_eq!(table.len(), 16);
    for (step, fields) in table {
        assert_eq!(in_schema(&step), fields, "{step}");
        assert!(
            trunkline_mapping::format::genesys_topics::lookup(&format!("{DETAIL}{step}")).is_some(),
            "{step}"
        );
    }
}

/// A type as the platform's SDK for TypeScript writes it.
fn of_the_sdk(written: &str, models: &Value) -> Value {
    if let Some(element) = written.strip_prefix("Array<").and_then(|rest| rest.strip_suffix('>')) {
        return json!([of_the_sdk(element, models)]);
    }
    match written.strip_prefix("Models.") {
        Some(model) => models[model].clone(),
        None if written.starts_with('{') => json!({"*": "string"}),
        None => json!(written),
    }
}

#[test]
fn schemas_of_steps_are_the_model_that_lies_beside_the_folder_given() {
    let Ok(folder) = std::env::var("TRUNKLINE_FIXTURES") else { return };
    let Ok(text) = std::fs::read_to_string(Path::new(&folder).join("../genesys-detail-events.json")) else {
        return;
    };
    let shared: Value = serde_json::from_str(&text).unwrap();
    let mut compared = 0;
    for (topic, fields) in shared["topics"].as_object().unwrap() {
        let Some(step) = topic.strip_prefix(DETAIL) else { continue };
        let expected: Map<String, Value> = fields
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, written)| {
                (name.clone(), of_the_sdk(written.as_str().unwrap(), &shared["topics"]["nested"]))
            })
            .collect();
        assert_eq!(in_schema(step), Value::Object(expected), "{topic}");
        compared += 1;
    }
    assert_eq!(compared, in_table().len());
}
