//! Differences between a payload and its schema.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

/// Longest JSON Pointer reported, in bytes; names in payloads are the sender's choice.
const POINTER_BYTES: usize = 200;

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
    /// A field that should hold the event's time holds none that can be read, or one without a zone.
    UnreadableTime,
    /// The event's time lies before 2000, or more than a day after its arrival.
    ImplausibleTime,
}

// === impl Difference ===

impl Difference {
    /// Names a difference.
    pub fn new(pointer: &str, change: Change, found: Option<&str>) -> Self {
        let end = pointer.floor_char_boundary(POINTER_BYTES);
        Self { pointer: pointer[..end].to_owned(), change, found: found.map(ToOwned::to_owned) }
    }

    /// Says where and what, but not the value, which may be a customer's.
    pub(crate) fn from_error(error: &ValidationError<'_>) -> Self {
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
            Change::UnreadableTime => write!(f, "{pointer} ({found}) is no time with a zone"),
            Change::ImplausibleTime => {
                write!(f, "{pointer} ({found}) is a time before 2000 or more than a day after arrival")
            }
        }
    }
}

// === impl Change ===

impl Change {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::UnknownField,
        Self::TypeChanged,
        Self::MissingField,
        Self::UnknownEventType,
        Self::UnreadableTime,
        Self::ImplausibleTime,
    ];

    /// As published in `SchemaDrift::change`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownField => "unknown_field",
            Self::TypeChanged => "type_changed",
            Self::MissingField => "missing_field",
            Self::UnknownEventType => "unknown_event_type",
            Self::UnreadableTime => "unreadable_time",
            Self::ImplausibleTime => "implausible_time",
        }
    }
}

/// Positions in arrays say nothing about a schema and would make one difference look like many.
fn without_positions(pointer: &str) -> String {
    let is_position = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    pointer.split('/').map(|part| if is_position(part) { "*" } else { part }).collect::<Vec<_>>().join("/")
}

/// The JSON type of a value.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
