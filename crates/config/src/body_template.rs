//! JSON with placeholders in its texts: it stays JSON of that form, whatever is put in.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use toml::de::DeValue;

use crate::json_value::json;
use crate::section::{Read, Value};
use crate::template::{Placeholder, Template, template};

/// JSON with placeholders in its texts.
#[derive(Debug, Clone, PartialEq)]
pub enum BodyTemplate {
    /// A text with placeholders.
    Text(Template),
    /// What has none: a number, `true`, `false`, an empty text.
    Fixed(Json),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(BTreeMap<String, Self>),
}

// === impl BodyTemplate ===

impl BodyTemplate {
    /// The placeholders in it.
    pub fn placeholders(&self) -> Vec<&Placeholder> {
        match self {
            Self::Text(template) => template.placeholders().collect(),
            Self::Fixed(_) => Vec::new(),
            Self::List(elements) => elements.iter().flat_map(Self::placeholders).collect(),
            Self::Object(members) => members.values().flat_map(Self::placeholders).collect(),
        }
    }
}

/// A table or a list, with placeholders in its texts.
pub(crate) fn body_template(value: &Value<'_>) -> Read<BodyTemplate> {
    match value.spanned.get_ref() {
        DeValue::Table(_) | DeValue::Array(_) => inner(value),
        _ => Err(value.must_be("a table or a list, which becomes JSON")),
    }
}

fn inner(value: &Value<'_>) -> Read<BodyTemplate> {
    Ok(match value.spanned.get_ref() {
        DeValue::String(text) if !text.is_empty() => BodyTemplate::Text(template(value)?),
        DeValue::Array(elements) => BodyTemplate::List(
            elements.iter().map(|element| inner(&value.within(element))).collect::<Read<_>>()?,
        ),
        DeValue::Table(table) => {
            let members = table
                .iter()
                .map(|(name, member)| Ok((name.get_ref().to_string(), inner(&value.within(member))?)));
            BodyTemplate::Object(members.collect::<Read<_>>()?)
        }
        _ => BodyTemplate::Fixed(json(value)?),
    })
}
