//! One way of writing a JSON value, so that equal values have equal hashes however they were written.
//!
//! Event ids hang on it, so it never changes. It is close to RFC 8785 and is not it: numbers keep the form
//! that `serde_json` writes (`1.0`, not `1`), and names are sorted by their UTF-8 bytes, not by UTF-16 units.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// SHA-256 of the value with its keys sorted and no white space.
pub fn digest(value: &Value) -> [u8; 32] {
    let mut text = Vec::with_capacity(1_024);
    write(value, &mut text);
    Sha256::digest(&text).into()
}

/// [`digest`] in lower-case hex.
pub fn hash(value: &Value) -> String {
    hex::encode(digest(value))
}

/// Lower-case hex SHA-256 of bytes.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Recursion goes as deep as the value, whose nesting was limited before it was parsed.
fn write(value: &Value, text: &mut Vec<u8>) {
    match value {
        Value::Object(map) if map.keys().is_sorted() => write_object(map.iter(), text),
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            write_object(entries.into_iter(), text);
        }
        Value::Array(items) => {
            text.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push(b',');
                }
                write(item, text);
            }
            text.push(b']');
        }
        leaf => write_leaf(leaf, text),
    }
}

fn write_object<'a>(entries: impl Iterator<Item = (&'a String, &'a Value)>, text: &mut Vec<u8>) {
    text.push(b'{');
    for (position, (key, value)) in entries.enumerate() {
        if position > 0 {
            text.push(b',');
        }
        write_leaf(key, text);
        text.push(b':');
        write(value, text);
    }
    text.push(b'}');
}

/// Writing text, numbers and booleans to memory cannot fail.
fn write_leaf(leaf: &(impl Serialize + ?Sized), text: &mut Vec<u8>) {
    let _ = serde_json::to_writer(text, leaf);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        hash(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn the_form_is_what_it_always_was() {
        for (written, canonical) in [
            (r#"{ "b" : 1, "a" : [ true, null, "x" ] }"#, r#"{"a":[true,null,"x"],"b":1}"#),
            (r#"{"b":{"d":{},"c":[]},"a":0}"#, r#"{"a":0,"b":{"c":[],"d":{}}}"#),
            (
                "[1.0,-0.0,1e300,1E2,0.1,100000000000000000000,-7,9007199254740993]",
                "[1.0,-0.0,1e+300,100.0,0.1,1e+20,-7,9007199254740993]",
            ),
            (r#""\u0041\/\u00e9\n\u0007\u007f\"\\\ud83d\ude00""#, "\"A/é\\n\\u0007\u{7f}\\\"\\\\😀\""),
            (r#"{"a":1,"a":2,"":3}"#, r#"{"":3,"a":2}"#),
            // By UTF-8 bytes ～ comes before 😀, by UTF-16 units, as RFC 8785 wants it, behind it.
            (r#"{"😀":1,"～":2,"z":3,"Z":4}"#, r#"{"Z":4,"z":3,"～":2,"😀":1}"#),
        ] {
            let mut text = Vec::new();
            write(&serde_json::from_str(written).unwrap(), &mut text);
            assert_eq!(String::from_utf8(text).unwrap(), canonical, "{written}");
        }
        // Calculated independently: hashlib.sha256(b'{"a":[true,null,"x"],"b":1}') in Python.
        assert_eq!(
            of(r#"{ "b" : 1, "a" : [ true, null, "x" ] }"#),
            "54a65415ad370228851a1da4b31b6fd42dc58b19a50d35cae759325f7388ce64"
        );
    }

    #[test]
    fn writing_does_not_matter_but_content_does() {
        assert_eq!(of(r#"{"a":1,"b":[true,"x"]}"#), of("{ \"b\" : [true, \"\\u0078\"],\n\"a\":1 }"));
        assert_ne!(of(r#"{"a":1,"b":[1,2]}"#), of(r#"{"a":1,"b":[2,1]}"#));
        assert_ne!(of(r#"{"a":"1"}"#), of(r#"{"a":1}"#));
        assert_ne!(of(r#"{"a":{"b":1}}"#), of(r#"{"a":{},"b":1}"#));
    }
}
