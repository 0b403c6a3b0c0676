//! One way of writing a JSON value, so that equal values have equal hashes however they were written.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Lower-case hex SHA-256 of the value with its keys sorted and no white space.
pub fn hash(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    sha256_hex(text.as_bytes())
}

/// Lower-case hex SHA-256 of bytes.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Recursion goes as deep as the value, whose nesting was limited before it was parsed.
fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            text.push('{');
            for (position, (key, value)) in entries.into_iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        leaf => text.push_str(&leaf.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        hash(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn writing_does_not_matter_but_content_does() {
        assert_eq!(of(r#"{"a":1,"b":[true,"x"]}"#), of("{ \"b\" : [true, \"\\u0078\"],\n\"a\":1 }"));
        assert_ne!(of(r#"{"a":1,"b":[1,2]}"#), of(r#"{"a":1,"b":[2,1]}"#));
        assert_ne!(of(r#"{"a":"1"}"#), of(r#"{"a":1}"#));
        assert_ne!(of(r#"{"a":{"b":1}}"#), of(r#"{"a":{},"b":1}"#));
    }
}
