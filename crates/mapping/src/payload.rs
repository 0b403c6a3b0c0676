//! From the bytes of a delivery to its elements: one JSON object, or a batch of them in an array.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::delivery::Framing;
use crate::json_depth;
use crate::number::{self, Parsed};

/// Most elements taken in one batch: more are better sent in several requests, each with its own answer.
pub const BATCH_LIMIT: usize = 1_000;

/// What a body holds.
#[derive(Debug)]
pub struct Payload<'a> {
    /// True for an array: the answer then lists one id per element.
    pub batch: bool,
    /// The elements, in order. A body that is no array is its own only element.
    pub elements: Vec<Element<'a>>,
}

/// One element of a body.
#[derive(Debug)]
pub struct Element<'a> {
    /// Its text exactly as it came, to the byte.
    pub text: &'a str,
    /// The same, parsed.
    pub value: Value,
    /// The same with every number as it was written, where that makes a difference.
    pub written: Option<Value>,
}

// === impl Element ===

impl<'a> Element<'a> {
    /// Reads an element.
    ///
    /// # Errors
    /// [`Unreadable::NotJson`] when it is none.
    pub fn read(text: &'a str) -> Result<Self, Unreadable> {
        let Parsed { value, written } = number::parse(text).map_err(|e| Unreadable::not_json(&e))?;
        Ok(Self { text, value, written })
    }
}

/// Why a body holds nothing that could be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nothing but white space.
    #[error("the body is empty; send a JSON object")]
    Empty,
    /// Not text.
    #[error("the body is not valid UTF-8: byte {position} begins no character")]
    NotUtf8 {
        /// Number of valid bytes before it.
        position: usize,
    },
    /// Text, but not JSON.
    #[error("the body is not JSON: line {line}, column {column}")]
    NotJson {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// JSON within JSON within JSON.
    #[error("the JSON is nested more than {limit} levels deep")]
    TooDeep {
        /// Levels taken.
        limit: usize,
    },
    /// A batch of too many.
    #[error("a batch holds at most {BATCH_LIMIT} elements, this one has {elements}; send it in parts")]
    TooMany {
        /// Elements found.
        elements: usize,
    },
}

/// Reads the elements out of bytes, which may be anything; nesting beyond `depth_limit` is found before
/// parsing.
///
/// # Errors
/// [`Unreadable`] when there is nothing that could be looked at.
pub fn read(body: &[u8], framing: Framing, depth_limit: usize) -> Result<Payload<'_>, Unreadable> {
    let text = std::str::from_utf8(body).map_err(|e| Unreadable::NotUtf8 { position: e.valid_up_to() })?;
    let content = text.trim_matches([' ', '\t', '\r', '\n']);
    if content.is_empty() {
        return Err(Unreadable::Empty);
    }
    if json_depth::exceeds(body, depth_limit) {
        return Err(Unreadable::TooDeep { limit: depth_limit });
    }
    if framing == Framing::Element || !content.starts_with('[') {
        return Ok(Payload { batch: false, elements: vec![Element::read(text)?] });
    }
    let texts: Vec<&RawValue> = serde_json::from_str(text).map_err(|e| Unreadable::not_json(&e))?;
    if texts.len() > BATCH_LIMIT {
        return Err(Unreadable::TooMany { elements: texts.len() });
    }
    let elements =
        texts.into_iter().map(|raw| Element::read(raw.get())).collect::<Result<_, Unreadable>>()?;
    Ok(Payload { batch: true, elements })
}

// === impl Unreadable ===

impl Unreadable {
    fn not_json(error: &serde_json::Error) -> Self {
        Self::NotJson { line: error.line(), column: error.column() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &str) -> (bool, Vec<&str>) {
        let payload = read(body.as_bytes(), Framing::Body, 16).unwrap();
        (payload.batch, payload.elements.iter().map(|e| e.text).collect())
    }

    #[test]
    fn elements_keep_their_text_to_the_byte() {
        assert_eq!(texts("{\"b\" : 1e2,\n\"a\":0.10}\n"), (false, vec!["{\"b\" : 1e2,\n\"a\":0.10}\n"]));
        assert_eq!(texts(" [ {\"a\": 1.0} ,2 ] "), (true, vec!["{\"a\": 1.0}", "2"]));
        assert_eq!(texts("[]"), (true, vec![]));
    }

    #[test]
    fn an_array_that_is_an_element_is_no_batch() {
        let payload = read(b" [1, 2]", Framing::Element, 16).unwrap();
        assert_eq!((payload.batch, payload.elements.len(), payload.elements[0].text), (false, 1, " [1, 2]"));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        for (body, expected) in [
            (&b""[..], Unreadable::Empty),
            (b" \r\n\t", Unreadable::Empty),
            (b"{\"a\":\"\xff\"}", Unreadable::NotUtf8 { position: 6 }),
            (b"{\"a\":\n 1,}", Unreadable::NotJson { line: 2, column: 4 }),
            (b"[{\"a\":1} {}]", Unreadable::NotJson { line: 1, column: 10 }),
            (b"{} {}", Unreadable::NotJson { line: 1, column: 4 }),
            (b"hello", Unreadable::NotJson { line: 1, column: 1 }),
            (b"[[[[[", Unreadable::TooDeep { limit: 4 }),
        ] {
            assert_eq!(
                read(body, Framing::Body, 4).map(|_| ()),
                Err(expected),
                "{}",
                String::from_utf8_lossy(body)
            );
        }
        let many = format!("[{}0]", "0,".repeat(BATCH_LIMIT));
        assert_eq!(
            read(many.as_bytes(), Framing::Body, 4).map(|_| ()),
            Err(Unreadable::TooMany { elements: BATCH_LIMIT + 1 })
        );
    }
}
