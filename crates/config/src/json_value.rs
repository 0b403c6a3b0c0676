//! Values of the document as JSON.

use serde_json::Value as Json;
use toml::de::DeValue;

use crate::section::{Problem, Read, Value};

/// A value of any kind as JSON; times as text.
pub(crate) fn json(value: &Value<'_>) -> Read<Json> {
    Ok(match value.spanned.get_ref() {
        DeValue::String(text) => Json::from(text.as_ref()),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            Json::from(
                parsed.map_err(|_| Problem::new(format!("holds {number}, which is no number of 64 bits")))?,
            )
        }
        DeValue::Float(number) => {
            let parsed = number.as_str().parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            Json::from(parsed.ok_or_else(|| Problem::new(format!("holds {number}, which is no number")))?)
        }
        DeValue::Boolean(truth) => Json::from(*truth),
        DeValue::Datetime(time) => Json::from(time.to_string()),
        DeValue::Array(elements) => {
            Json::Array(elements.iter().map(|element| json(&value.within(element))).collect::<Read<_>>()?)
        }
        DeValue::Table(table) => {
            let entry = |(name, inner): (&toml::Spanned<toml::de::DeString<'_>>, _)| {
                Ok((name.get_ref().to_string(), json(&value.within(inner))?))
            };
            Json::Object(table.iter().map(entry).collect::<Read<_>>()?)
        }
    })
}
