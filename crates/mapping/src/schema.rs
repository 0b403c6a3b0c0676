//! The schema boundary: does a payload look as its platform's schema says, and what does it have that the
//! schema lacks?

mod documents;
mod known;

use std::collections::HashMap;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Value, json};

use crate::difference::{Change, Difference};
use documents::Documents;
pub(crate) use known::{DIFFERENCES, Known};

/// Values of a longer list are not left out one by one.
const LONG_LIST: usize = 16;

/// The schema of one platform version, compiled once.
///
/// A schema document defines its shapes under `$defs` and lists the ones a payload may have in `anyOf`; the
/// format says which shape a payload has, so that a difference is found in the shape that was meant.
pub struct Schema {
    shapes: HashMap<String, Shape>,
}

/// What keeps a payload from being of a shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The difference, as it is reported.
    pub difference: Difference,
    /// JSON Pointer of the value that does not fit; `None` where one is missing, and of the payload itself.
    pub value: Option<String>,
}

struct Shape {
    validator: Validator,
    known: Known,
}

/// Why a schema document cannot be used; a mistake in this program, not in a payload.
#[derive(Debug, thiserror::Error)]
#[error("payload schema: {0}")]
pub struct Error(String);

// === impl Violation ===

impl Violation {
    fn of(error: &ValidationError<'_>) -> Self {
        let missing = matches!(error.kind(), ValidationErrorKind::Required { .. });
        let at = error.instance_path().to_string();
        Self { difference: Difference::from_error(error), value: (!missing && !at.is_empty()).then_some(at) }
    }

    /// The same of the list that the value stands in, where that is long.
    fn of_long_list(mut self, payload: &Value) -> Self {
        let list = self.value.as_deref().and_then(|value| Some(value.rsplit_once('/')?.0));
        let is_long = |list: &str| {
            payload.pointer(list).and_then(Value::as_array).is_some_and(|items| items.len() > LONG_LIST)
        };
        if let Some(list) = list.filter(|list| !list.is_empty() && is_long(list)) {
            self.value = Some(list.to_owned());
        }
        self
    }
}

// === impl Schema ===

impl Schema {
    /// Compiles a schema document; `referenced` are those that it refers to by their `$id`.
    ///
    /// # Errors
    /// When the document makes no sense, or refers to what is not there.
    pub fn compile(text: &str, referenced: &[&str]) -> Result<Self, Error> {
        let document: Value = serde_json::from_str(text).map_err(|e| Error(e.to_string()))?;
        let documents = Documents::read(referenced)?;
        let registry = documents.registry()?;
        let mut shapes = HashMap::new();
        for alternative in document["anyOf"].as_array().ok_or_else(|| Error("anyOf is not a list".into()))? {
            let name = alternative["$ref"]
                .as_str()
                .and_then(|reference| reference.strip_prefix("#/$defs/"))
                .ok_or_else(|| Error(format!("{alternative} is no reference to a shape")))?;
            let root = json!({ "$ref": alternative["$ref"], "$defs": document["$defs"] });
            let validator = jsonschema::options()
                .with_draft(jsonschema::Draft::Draft202012)
                .with_registry(&registry)
                .build(&root)
                .map_err(|e| Error(format!("{name}: {e}")))?;
            let known = Known::read(alternative, &document, &documents);
            shapes.insert(name.to_owned(), Shape { validator, known });
        }
        Ok(Self { shapes })
    }

    /// What keeps a payload from being of this shape; nothing when it is. Of a large one it is the first only, since a
    /// list of a million wrong values would make as many; a long list goes with any of its values.
    pub fn violations(&self, shape: &str, payload: &Value, is_large: bool) -> Vec<Violation> {
        match self.shapes.get(shape) {
            // Nearly every payload is, which costs less to find out.
            Some(shape) if shape.validator.is_valid(payload) => Vec::new(),
            Some(shape) if is_large => {
                let first = shape.validator.validate(payload).err();
                first.map(|error| Violation::of(&error).of_long_list(payload)).into_iter().collect()
            }
            Some(shape) => shape.validator.iter_errors(payload).map(|error| Violation::of(&error)).collect(),
            None => vec![Violation {
                difference: Difference::new("", Change::TypeChanged, Some(shape)),
                value: None,
            }],
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

    /// Takes what the shape does not name out of a payload.
    pub fn without_unknown(&self, shape: &str, payload: &mut Value) {
        if let Some(shape) = self.shapes.get(shape) {
            shape.known.retain(payload);
        }
    }

    /// Names of the shapes.
    pub fn shapes(&self) -> impl Iterator<Item = &str> {
        self.shapes.keys().map(String::as_str)
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
        let schema = Schema::compile(SCHEMA, &[]).unwrap();
        let unknown = schema.unknown_fields("call", &payload).into_iter().map(|d| d.pointer).collect();
        let first = schema
            .violations("call", &payload, false)
            .into_iter()
            .next()
            .map(|violation| violation.difference);
        (first.map(|d| format!("{} {}", d.change.as_str(), d.pointer)), unknown)
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
    fn every_value_that_does_not_fit_is_found_where_it_stands() {
        let payload = json!({"id": 7, "legs": [{"at": 1}, {"at": "x"}, 7], "custom": {"a": 1}});
        let found = Schema::compile(SCHEMA, &[]).unwrap().violations("call", &payload, false);
        let mut values: Vec<String> = found.into_iter().filter_map(|violation| violation.value).collect();
        values.sort();
        assert_eq!(values, ["/custom/a", "/id", "/legs/1/at", "/legs/2"]);
        let missing = Schema::compile(SCHEMA, &[]).unwrap().violations("call", &json!({}), false);
        assert_eq!(missing[0].value, None);
    }

    #[test]
    fn a_long_list_of_a_large_payload_goes_as_a_whole() {
        let schema = Schema::compile(SCHEMA, &[]).unwrap();
        for (items, expected) in [(LONG_LIST, "/legs/0"), (LONG_LIST + 1, "/legs"), (200_000, "/legs")] {
            let found = schema.violations("call", &json!({"id": "1", "legs": vec![7; items]}), true);
            let values: Vec<_> = found.iter().map(|violation| violation.value.as_deref()).collect();
            assert_eq!(values, [Some(expected)], "{items}");
        }
    }

    #[test]
    fn a_payload_of_nothing_but_unknown_fields_is_reported_in_part() {
        let payload: Value = (0..100).map(|n| (format!("{n}-{}", "é".repeat(500)), json!(1))).collect();
        let unknown = Schema::compile(SCHEMA, &[]).unwrap().unknown_fields("call", &payload);
        assert_eq!(unknown.len(), known::DIFFERENCES);
        assert!(unknown.iter().all(|difference| difference.pointer.len() <= 200));
    }

    #[test]
    fn what_several_schemas_name_together_is_known() {
        const SCHEMA: &str = r##"{
            "anyOf": [{"$ref": "#/$defs/call"}],
            "$defs": {
                "any": {"type": "object", "required": ["body"], "properties": {"id": {"type": "string"}, "body": {"type": "object"}}},
                "call": {"allOf": [{"$ref": "#/$defs/any"}], "properties": {"body": {"properties": {"to": {"type": "string"}}}}}
            }
        }"##;
        let schema = Schema::compile(SCHEMA, &[]).unwrap();
        let unknown = |payload: Value| -> Vec<String> {
            schema.unknown_fields("call", &payload).into_iter().map(|found| found.pointer).collect()
        };
        assert_eq!(unknown(json!({"id": "1", "body": {"to": "2"}})), [""; 0]);
        assert_eq!(unknown(json!({"id": "1", "body": {"from": "2"}})), ["/body/from"]);
        assert_eq!(unknown(json!({"at": 1, "body": {}})), ["/at"]);
        for (payload, expected) in [
            (json!({"body": {"to": 7}}), (Change::TypeChanged, "/body/to")),
            (json!({"id": 7, "body": {}}), (Change::TypeChanged, "/id")),
            (json!({}), (Change::MissingField, "/body")),
        ] {
            let found = schema.violations("call", &payload, false).remove(0).difference;
            assert_eq!((found.change, found.pointer.as_str()), expected, "{payload}");
        }
    }

    #[test]
    fn a_part_may_be_described_by_another_document() {
        const ENVELOPE: &str = r##"{
            "anyOf": [{"$ref": "#/$defs/call"}],
            "$defs": {"call": {"type": "object", "properties": {"detail": {"$ref": "https://example.test/inner.json#/$defs/call"}}}}
        }"##;
        let inner = SCHEMA.replacen('{', r#"{"$id": "https://example.test/inner.json","#, 1);
        assert!(Schema::compile(ENVELOPE, &[]).is_err(), "the document that it refers to is missing");
        let schema = Schema::compile(ENVELOPE, &[&inner]).unwrap();
        let payload = json!({"detail": {"id": 7, "legs": [{"to": 2}]}});
        let violation = schema.violations("call", &payload, false).remove(0).difference;
        assert_eq!((violation.pointer.as_str(), violation.change), ("/detail/id", Change::TypeChanged));
        let unknown = schema.unknown_fields("call", &payload);
        assert_eq!(unknown, [Difference::new("/detail/legs/*/to", Change::UnknownField, Some("number"))]);
    }

    #[test]
    fn a_schema_that_makes_no_sense_is_refused() {
        for text in
            ["", "{}", r#"{"anyOf":[{"type":"object"}]}"#, r##"{"anyOf":[{"$ref":"#/$defs/x"}],"$defs":{}}"##]
        {
            assert!(Schema::compile(text, &[]).is_err(), "{text}");
        }
    }
}
