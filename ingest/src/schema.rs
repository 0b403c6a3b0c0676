//! The schema boundary: does a payload look as its platform's schema says, and what does it have that the schema lacks?

use std::collections::HashMap;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Value, json};

/// Differences reported per payload; what is beyond them shows once these are dealt with.
const DIFFERENCES: usize = 16;

/// Longest JSON Pointer reported, in bytes; names in payloads are the sender's choice.
const POINTER_BYTES: usize = 200;

/// The schema of one platform version, compiled once.
///
/// A schema document defines its shapes under `$defs` and lists the ones a payload may have in `anyOf`; the adapter says
/// which shape a payload has, so that a difference is found in the shape that was meant.
pub struct Schema {
    shapes: HashMap<String, Shape>,
}

struct Shape {
    validator: Validator,
    known: Known,
}

/// What the schema names, to find what it does not name.
#[derive(Debug, Default)]
enum Known {
    /// Anything may be here: no `properties`, or `additionalProperties: true`.
    #[default]
    Open,
    Object(HashMap<String, Known>),
    Array(Box<Known>),
}

/// One difference between a payload and its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// JSON Pointer of the field, with `*` for positions in arrays.
    pub pointer: String,
    /// What kind of difference.
    pub change: Change,
    /// JSON type or name found.
    pub found: Option<String>,
}

/// Kinds of differences, as in `SchemaDrift::change`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// A field the schema does not name.
    UnknownField,
    /// A mapped field of another type, or with a value the schema excludes.
    TypeChanged,
    /// A field the schema requires is absent.
    MissingField,
    /// An event type no adapter knows.
    UnknownEventType,
}

/// Why a schema document cannot be used; a mistake in this program, not in a payload.
#[derive(Debug, thiserror::Error)]
#[error("payload schema: {0}")]
pub struct Error(String);

// === impl Schema ===

impl Schema {
    /// Compiles a schema document.
    ///
    /// # Errors
    ///
    /// [`Error`] when the text is no JSON Schema of the form that the shipped ones have.
    pub fn compile(text: &str) -> Result<Self, Error> {
        let document: Value = serde_json::from_str(text).map_err(|e| Error(e.to_string()))?;
        let definitions = document["$defs"].clone();
        let mut shapes = HashMap::new();
        for alternative in document["anyOf"].as_array().ok_or_else(|| Error("anyOf is not a list".into()))? {
            let name = alternative["$ref"]
                .as_str()
                .and_then(|reference| reference.strip_prefix("#/$defs/"))
                .ok_or_else(|| Error(format!("{alternative} is no reference to a shape")))?;
            let root = json!({ "$ref": alternative["$ref"], "$defs": definitions });
            let validator = jsonschema::draft202012::new(&root).map_err(|e| Error(format!("{name}: {e}")))?;
            let known = Known::read(&definitions[name], &definitions);
            shapes.insert(name.to_owned(), Shape { validator, known });
        }
        Ok(Self { shapes })
    }

    /// The first thing that keeps a payload from being of this shape; `None` when it is.
    pub fn violation(&self, shape: &str, payload: &Value) -> Option<Difference> {
        match self.shapes.get(shape) {
            Some(shape) => {
                shape.validator.validate(payload).err().map(|error| Difference::from_error(&error))
            }
            None => Some(Difference {
                pointer: String::new(),
                change: Change::TypeChanged,
                found: Some(shape.into()),
            }),
        }
    }

    /// Fields that the shape does not name, at most a few.
    pub fn unknown_fields(&self, shape: &str, payload: &Value) -> Vec<Difference> {
        let mut found = Vec::new();
        if let Some(shape) = self.shapes.get(shape) {
            shape.known.compare(payload, &mut String::new(), &mut found);
        }
        found
    }

    /// Names of the shapes.
    pub fn shapes(&self) -> impl Iterator<Item = &str> {
        self.shapes.keys().map(String::as_str)
    }
}

// === impl Known ===

impl Known {
    fn read(schema: &Value, definitions: &Value) -> Self {
        if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/")) {
            return Self::read(&definitions[name], definitions);
        }
        if schema["items"].is_object() {
            return Self::Array(Box::new(Self::read(&schema["items"], definitions)));
        }
        match &schema["properties"] {
            Value::Object(properties) if schema["additionalProperties"] != json!(true) => {
                let children =
                    properties.iter().map(|(name, schema)| (name.clone(), Self::read(schema, definitions)));
                Self::Object(children.collect())
            }
            _ => Self::Open,
        }
    }

    fn compare(&self, value: &Value, pointer: &mut String, found: &mut Vec<Difference>) {
        let length = pointer.len();
        match (self, value) {
            (Self::Object(children), Value::Object(map)) => {
                for (name, value) in map {
                    if found.len() >= DIFFERENCES {
                        return;
                    }
                    pointer.push('/');
                    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                    match children.get(name) {
                        Some(child) => child.compare(value, pointer, found),
                        None => {
                            found.push(Difference::new(pointer, Change::UnknownField, Some(type_of(value))))
                        }
                    }
                    pointer.truncate(length);
                }
            }
            (Self::Array(item), Value::Array(values)) => {
                pointer.push_str("/*");
                for value in values {
                    item.compare(value, pointer, found);
                }
                pointer.truncate(length);
            }
            _ => {}
        }
    }
}

// === impl Difference ===

impl Difference {
    /// Names a difference.
    pub fn new(pointer: &str, change: Change, found: Option<&str>) -> Self {
        let mut end = pointer.len().min(POINTER_BYTES);
        while !pointer.is_char_boundary(end) {
            end -= 1;
        }
        Self { pointer: pointer[..end].to_owned(), change, found: found.map(ToOwned::to_owned) }
    }

    /// Says where and what, but not the value, which may be a customer's.
    fn from_error(error: &ValidationError<'_>) -> Self {
        let pointer = without_positions(&error.instance_path().to_string());
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                Self::new(&format!("{pointer}/{name}"), Change::MissingField, None)
            }
            _ => Self::new(&pointer, Change::TypeChanged, Some(type_of(error.instance()))),
        }
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let found = self.found.as_deref().unwrap_or("something else");
        let pointer = if self.pointer.is_empty() { "the payload" } else { &self.pointer };
        match self.change {
            Change::UnknownField => write!(f, "{pointer} ({found}) is not in the schema"),
            Change::TypeChanged => write!(f, "{pointer} is {found} and does not match the schema"),
            Change::MissingField => write!(f, "{pointer} is required and absent"),
            Change::UnknownEventType => write!(f, "{found} is no event type this version knows"),
        }
    }
}

impl Change {
    /// As published in `SchemaDrift::change`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownField => "unknown_field",
            Self::TypeChanged => "type_changed",
            Self::MissingField => "missing_field",
            Self::UnknownEventType => "unknown_event_type",
        }
    }
}

/// Positions in arrays say nothing about a schema and would make one difference look like many.
fn without_positions(pointer: &str) -> String {
    let is_position = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    pointer.split('/').map(|part| if is_position(part) { "*" } else { part }).collect::<Vec<_>>().join("/")
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r##"{
        "anyOf": [{"$ref": "#/$defs/call"}],
        "$defs": {
            "id": {"type": "string", "minLength": 1},
            "call": {
                "type": "object", "required": ["id"],
                "properties": {
                    "id": {"$ref": "#/$defs/id"},
                    "legs": {"type": "array", "items": {"type": "object", "properties": {"at": {"type": "integer"}}}},
                    "custom": {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": true}
                }
            }
        }
    }"##;

    fn check(payload: Value) -> (Option<String>, Vec<String>) {
        let schema = Schema::compile(SCHEMA).unwrap();
        let unknown = schema.unknown_fields("call", &payload).into_iter().map(|d| d.pointer).collect();
        (schema.violation("call", &payload).map(|d| format!("{} {}", d.change.as_str(), d.pointer)), unknown)
    }

    #[test]
    fn differences_are_named_by_where_they_are() {
        for (payload, violation, unknown) in [
            (json!({"id": "1", "legs": [{"at": 1}], "custom": {"x": 1}}), None, vec![]),
            (json!({"id": "1", "n/w": 1, "legs": [{"at": 1, "to": 2}]}), None, vec!["/legs/*/to", "/n~1w"]),
            (json!({"id": 1}), Some("type_changed /id"), vec![]),
            (json!({"id": ""}), Some("type_changed /id"), vec![]),
            (json!({}), Some("missing_field /id"), vec![]),
            (json!({"id": "1", "legs": [{"at": "x"}]}), Some("type_changed /legs/*/at"), vec![]),
            (json!([]), Some("type_changed "), vec![]),
        ] {
            let (found, mut fields) = check(payload.clone());
            fields.sort();
            assert_eq!(
                (found.as_deref(), fields),
                (violation, unknown.into_iter().map(String::from).collect()),
                "{payload}"
            );
        }
    }

    #[test]
    fn a_payload_of_nothing_but_unknown_fields_is_reported_in_part() {
        let payload: Value = (0..100).map(|n| (format!("{n}-{}", "é".repeat(500)), json!(1))).collect();
        let unknown = Schema::compile(SCHEMA).unwrap().unknown_fields("call", &payload);
        assert_eq!(unknown.len(), DIFFERENCES);
        assert!(unknown.iter().all(|difference| difference.pointer.len() <= POINTER_BYTES));
    }

    #[test]
    fn a_schema_that_makes_no_sense_is_refused() {
        for text in
            ["", "{}", r#"{"anyOf":[{"type":"object"}]}"#, r##"{"anyOf":[{"$ref":"#/$defs/x"}],"$defs":{}}"##]
        {
            assert!(Schema::compile(text).is_err(), "{text}");
        }
    }
}
