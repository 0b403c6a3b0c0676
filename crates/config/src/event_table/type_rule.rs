//! Which payloads are of which type.

use trunkline_schemas::event_type;

use super::WordPattern;
use crate::json_value::json;
use crate::section::{Problem, Read, Section, Value};
use crate::suggest::did_you_mean;
use crate::values::{string, well_formed_pointer};

/// Payloads in which certain values stand are of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeRule {
    /// JSON Pointers, and what must stand at each of them; with none, every payload is meant.
    pub when: Vec<(String, WordPattern)>,
    /// The type, one of `trunkline_schemas::event_type`.
    pub event_type: &'static str,
}

// === impl TypeRule ===

impl TypeRule {
    /// Reads one of `[[sources.NAME.mapping.types]]`.
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let when = section.map("when", word);
        for pointer in when.keys().filter(|pointer| !well_formed_pointer(pointer)) {
            let message =
                format!("field 'when' names '{pointer}', which is no JSON Pointer such as \"/event\"");
            section.refuse_at(&["when", pointer], &message);
        }
        let event_type = section.required("type", canonical)?;
        Some(Self { when: when.into_iter().collect(), event_type })
    }
}

/// What a value must be, as text: a number as it is written in payloads.
fn word(value: &Value<'_>) -> Read<WordPattern> {
    match json(value)? {
        serde_json::Value::String(text) => Ok(WordPattern::new(&text)),
        plain @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_)) => {
            Ok(WordPattern::new(&plain.to_string()))
        }
        _ => Err(value.must_be("a string, a number, true or false")),
    }
}

/// One of Trunkline's own types.
fn canonical(value: &Value<'_>) -> Read<&'static str> {
    let written = string(value)?;
    event_type::known(written.as_bytes()).ok_or_else(|| {
        let hint = did_you_mean(written, event_type::ALL.iter().copied());
        Problem::new(format!(
            "is '{written}', which is no event type{hint}; docs/event-types.md has all of them, and what has none of \
             its own is 'platform.event'"
        ))
    })
}
