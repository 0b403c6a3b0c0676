//! What a schema names, to find what a payload has beyond it.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::documents::Documents;
use crate::difference::{Change, Difference, type_of};

/// Differences reported per payload; what is beyond them shows once these are dealt with.
pub(crate) const DIFFERENCES: usize = 16;

/// What a schema names, to find what it does not name.
#[derive(Debug, Default)]
pub(crate) enum Known {
    /// Anything may be here: no `properties`, or `additionalProperties: true`.
    #[default]
    Open,
    Object(HashMap<String, Known>),
    Array(Box<Known>),
}

// === impl Known ===

impl Known {
    /// Reads what a schema of `documents` names; `document` is the one that it stands in.
    pub fn read(schema: &Value, document: &Value, documents: &Documents) -> Self {
        if let Some(reference) = schema["$ref"].as_str() {
            return match documents.definition(reference, document) {
                Some((definition, document)) => Self::read(definition, document, documents),
                None => Self::Open,
            };
        }
        if schema["items"].is_object() {
            return Self::Array(Box::new(Self::read(&schema["items"], document, documents)));
        }
        let parts = schema["allOf"].as_array().into_iter().flatten();
        let own = Self::read_properties(schema, document, documents);
        parts.map(|part| Self::read(part, document, documents)).fold(own, Self::and)
    }

    /// What JSON Pointers name: all that stands at each of them, and nothing beside it. `*` and numbers are
    /// positions of lists.
    pub fn of_pointers<'p>(pointers: impl Iterator<Item = &'p str>) -> Self {
        let mut known = Self::Object(HashMap::new());
        for pointer in pointers {
            let unescaped = |part: &str| part.replace("~1", "/").replace("~0", "~");
            known.add(&mut pointer.split('/').skip(1).map(unescaped));
        }
        known
    }

    fn add(&mut self, parts: &mut impl Iterator<Item = String>) {
        let Some(part) = parts.next() else {
            *self = Self::Open;
            return;
        };
        let is_position = part == "*" || (!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        if is_position && matches!(self, Self::Object(children) if children.is_empty()) {
            *self = Self::Array(Box::new(Self::Object(HashMap::new())));
        }
        match self {
            // All of it is known.
            Self::Open => {}
            Self::Array(item) => item.add(parts),
            Self::Object(children) => {
                children.entry(part).or_insert_with(|| Self::Object(HashMap::new())).add(parts);
            }
        }
    }

    fn read_properties(schema: &Value, document: &Value, documents: &Documents) -> Self {
        match &schema["properties"] {
            Value::Object(properties) if schema["additionalProperties"] != json!(true) => {
                let children = properties
                    .iter()
                    .map(|(name, schema)| (name.clone(), Self::read(schema, document, documents)));
                Self::Object(children.collect())
            }
            _ => Self::Open,
        }
    }

    /// What two schemas of one value name together. One that names nothing leaves the naming to the other.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Object(mut children), Self::Object(others)) => {
                for (name, known) in others {
                    let known = match children.remove(&name) {
                        Some(child) => child.and(known),
                        None => known,
                    };
                    children.insert(name, known);
                }
                Self::Object(children)
            }
            (Self::Open, other) => other,
            (own, _) => own,
        }
    }

    /// Adds the fields of a value that the schema does not name, at most a few.
    pub fn compare(&self, value: &Value, pointer: &mut String, found: &mut Vec<Difference>) {
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

    /// Takes the fields that the schema does not name out of a value.
    pub fn retain(&self, value: &mut Value) {
        match (self, value) {
            (Self::Object(children), Value::Object(map)) => {
                map.retain(|name, _| children.contains_key(name));
                for (name, value) in map {
                    if let Some(child) = children.get(name) {
                        child.retain(value);
                    }
                }
            }
            (Self::Array(item), Value::Array(values)) => {
                values.iter_mut().for_each(|value| item.retain(value))
            }
            _ => {}
        }
    }
}
