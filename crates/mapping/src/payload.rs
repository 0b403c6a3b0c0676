//! From the bytes of a delivery to its elements: one JSON object, or a batch of them in an array.

use serde_json::Value;

use crate::batch::{BATCH_LIMIT, Batch};
use crate::framing::Framing;
use crate::number::{self, Parsed};
use crate::{canonical, json_depth, removal};

/// What some writers put before UTF-8; it is no part of a JSON text, and a reader may ignore it (RFC 8259,
/// 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a body holds.
#[derive(Debug)]
pub struct Payload<'a> {
    /// True for an array: the answer then lists one id per element.
    pub batch: bool,
    /// The elements, in order. A body that is no array, or one whose elements cannot be told apart, is its own
    /// only element.
    pub elements: Vec<Result<Element<'a>, Unread<'a>>>,
}

/// One element of a body.
#[derive(Debug)]
pub struct Element<'a> {
    /// Its bytes exactly as they came.
    pub bytes: &'a [u8],
    /// The JSON text in them, to the byte: all of them but for a byte-order mark.
    pub text: &'a str,
    /// The same, parsed.
    pub value: Value,
    /// The same with every number as it was written, where that makes a difference.
    pub written: Option<Value>,
    /// The same with every number as a number, where that makes a difference, see [`Parsed::typed`].
    typed: Option<Value>,
    /// How many elements of its batch stand before it.
    pub position: usize,
    /// What was left out of it, since it does not fit the schema: JSON Pointers and values.
    left_out: Vec<(String, Value)>,
}

// === impl Element ===

impl<'a> Element<'a> {
    /// Reads an element out of its bytes, which may be anything.
    ///
    /// # Errors
    /// [`Unreadable`] says why it is none.
    pub fn read(bytes: &'a [u8], depth_limit: usize) -> Result<Self, Unreadable> {
        let text =
            std::str::from_utf8(bytes).map_err(|e| Unreadable::NotUtf8 { position: e.valid_up_to() })?;
        if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
            return Err(Unreadable::Empty);
        }
        if json_depth::exceeds(bytes, depth_limit) {
            return Err(Unreadable::TooDeep { limit: depth_limit });
        }
        let Parsed { value, written, typed } =
            number::parse(text).map_err(|e| Unreadable::NotJson { error: e.to_string() })?;
        Ok(Self { bytes, text, value, written, typed, position: 0, left_out: Vec::new() })
    }

    /// The same once more.
    pub fn copied(&self) -> Self {
        Self {
            value: self.value.clone(),
            written: self.written.clone(),
            typed: self.typed.clone(),
            left_out: self.left_out.clone(),
            ..*self
        }
    }

    /// Leaves the value at a JSON Pointer out: it is read as absent. Its text and its types stay.
    pub fn leave_out(&mut self, pointer: &str) {
        self.typed.get_or_insert_with(|| self.value.clone());
        let value = self.value.pointer(pointer).cloned().unwrap_or_default();
        removal::remove(&mut self.value, pointer);
        if let Some(written) = &mut self.written {
            removal::remove(written, pointer);
        }
        // What is left out once more is what was put in its place.
        if self.left_out.iter().all(|(left_out, _)| left_out != pointer) {
            self.left_out.push((pointer.to_owned(), value));
        }
    }

    /// The same but for what is taken out of its value, in whatever form it is kept.
    pub fn without(&self, take_out: impl Fn(&mut Value)) -> Self {
        let mut without = self.copied();
        let forms = [Some(&mut without.value), without.written.as_mut(), without.typed.as_mut()];
        forms.into_iter().flatten().for_each(take_out);
        without
    }

    /// Digest of what was left out below a JSON Pointer, where it stood and what it was; `None` where nothing was.
    pub fn left_out(&self, below: &str) -> Option<String> {
        let inner = self.left_out.iter().filter_map(|(pointer, value)| {
            let pointer = pointer.strip_prefix(below)?;
            pointer.starts_with('/').then(|| (pointer.to_owned(), value.clone()))
        });
        let inner: serde_json::Map<String, Value> = inner.collect();
        (!inner.is_empty()).then(|| canonical::hash(&Value::Object(inner)))
    }

    /// The value as it came, with every number as a number: what its types are, and its times.
    pub fn typed(&self) -> &Value {
        self.typed.as_ref().unwrap_or(&self.value)
    }
}

/// An element that could not be read.
#[derive(Debug, PartialEq, Eq)]
pub struct Unread<'a> {
    /// Its bytes exactly as they came.
    pub bytes: &'a [u8],
    /// Why not.
    pub why: Unreadable,
}

/// Why an element could not be read. Positions are counted from its own beginning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nothing but white space.
    #[error("it is empty, and a JSON object was expected")]
    Empty,
    /// Not text.
    #[error("it is not valid UTF-8: byte {position} begins no character")]
    NotUtf8 {
        /// Number of valid bytes before it.
        position: usize,
    },
    /// Text, but not JSON, or JSON with what no program can hold: a number beyond all bounds, half a
    /// character.
    #[error("it is not JSON that can be read: {error}")]
    NotJson {
        /// What the parser says, with line and column; nothing of the text itself.
        error: String,
    },
    /// JSON within JSON within JSON.
    #[error("it is nested more than {limit} levels deep")]
    TooDeep {
        /// Levels taken.
        limit: usize,
    },
}

/// A body beyond what is taken. It is refused as a whole, and nothing of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverLimit {
    /// All that it holds is nested too deep.
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
/// parsing. An element that is nested too deep costs those beside it nothing.
///
/// # Errors
/// [`OverLimit`] where there are too many elements, or none that is not nested too deep.
pub fn read(body: &[u8], framing: Framing, depth_limit: usize) -> Result<Payload<'_>, OverLimit> {
    let text = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let batch = match framing {
        Framing::Body => Batch::split(text),
        Framing::Element => None,
    };
    let payload = match batch {
        Some(Batch { count, .. }) if count > BATCH_LIMIT => {
            return Err(OverLimit::TooMany { elements: count });
        }
        Some(Batch { elements, .. }) => {
            let read = |(position, bytes)| {
                element(bytes, bytes, depth_limit).map(|element| Element { position, ..element })
            };
            Payload { batch: true, elements: elements.into_iter().enumerate().map(read).collect() }
        }
        None => Payload { batch: false, elements: vec![element(body, text, depth_limit)] },
    };
    let too_deep = |element: &Result<_, Unread<'_>>| {
        element.as_ref().is_err_and(|unread| matches!(unread.why, Unreadable::TooDeep { .. }))
    };
    // What is quarantined and delivered again was within the limits once.
    if framing == Framing::Body && !payload.elements.is_empty() && payload.elements.iter().all(too_deep) {
        return Err(OverLimit::TooDeep { limit: depth_limit });
    }
    Ok(payload)
}

/// Reads `text` as an element whose bytes came as `bytes`.
fn element<'a>(bytes: &'a [u8], text: &'a [u8], depth_limit: usize) -> Result<Element<'a>, Unread<'a>> {
    match Element::read(text, depth_limit) {
        Ok(element) => Ok(Element { bytes, ..element }),
        Err(why) => Err(Unread { bytes, why }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of the elements, or why there is none.
    fn elements(body: &[u8]) -> (bool, Vec<Result<&str, Unreadable>>) {
        let payload = read(body, Framing::Body, 4).unwrap();
        let elements = payload.elements.into_iter();
        (payload.batch, elements.map(|e| e.map(|e| e.text).map_err(|unread| unread.why)).collect())
    }

    fn not_json(error: &str) -> Unreadable {
        Unreadable::NotJson { error: error.into() }
    }

    #[test]
    fn elements_keep_their_text_to_the_byte() {
        let body = "{\"b\" : 1e2,\n\"a\":0.10}\n";
        assert_eq!(elements(body.as_bytes()), (false, vec![Ok(body)]));
        assert_eq!(elements(b" [ {\"a\": 1.0} ,2 ] "), (true, vec![Ok("{\"a\": 1.0}"), Ok("2")]));
        assert_eq!(elements(b"[]"), (true, vec![]));
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        let payload = read(b"\xef\xbb\xbf {\"a\":1}", Framing::Body, 4).unwrap();
        let [Ok(element)] = &payload.elements[..] else { panic!("{payload:?}") };
        assert_eq!((element.bytes, element.text), (&b"\xef\xbb\xbf {\"a\":1}"[..], " {\"a\":1}"));
        assert_eq!(elements(b"\xef\xbb\xbf[1, 2]"), (true, vec![Ok("1"), Ok("2")]));
        assert_eq!(elements(b"\xef\xbb\xbf"), (false, vec![Err(Unreadable::Empty)]));
        let (batch, found) = elements(b"[1,\xef\xbb\xbf{\"a\":1}]");
        assert!(batch && found[0].is_ok() && found[1].is_err(), "it is one only at the beginning: {found:?}");
    }

    #[test]
    fn an_array_that_is_an_element_is_no_batch() {
        let payload = read(b" [1, 2]", Framing::Element, 16).unwrap();
        let [Ok(element)] = &payload.elements[..] else { panic!("{payload:?}") };
        assert_eq!((payload.batch, element.text), (false, " [1, 2]"));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        for (body, expected) in [
            (&b""[..], Unreadable::Empty),
            (b" \r\n\t", Unreadable::Empty),
            (b"{\"a\":\"\xff\"}", Unreadable::NotUtf8 { position: 6 }),
            (b"\xff\xfe{\0}\0", Unreadable::NotUtf8 { position: 0 }),
            (b"{\"a\":\n 1,}", not_json("trailing comma at line 2 column 4")),
            (b"{\"a\":\"\\ud800\"}", not_json("unexpected end of hex escape at line 1 column 13")),
            (b"{} {}", not_json("trailing characters at line 1 column 4")),
            (b"hello", not_json("expected value at line 1 column 1")),
            // Arrays whose elements cannot be told apart.
            (b"[{\"a\":1},]", not_json("trailing comma at line 1 column 10")),
            (b"[{\"a\":1},{\"b\":", not_json("EOF while parsing a value at line 1 column 14")),
        ] {
            assert_eq!(elements(body), (false, vec![Err(expected)]), "{}", body.escape_ascii());
        }
    }

    #[test]
    fn one_element_that_cannot_be_read_costs_no_other() {
        for (bad, why) in [
            (&b"{\"t\":\"Gr\xfc\xdfe\"}"[..], Unreadable::NotUtf8 { position: 8 }),
            (b"{\"a\":1} {}", not_json("trailing characters at line 1 column 9")),
            (b"[[[[[]]]]]", Unreadable::TooDeep { limit: 4 }),
        ] {
            let body = [b"[{\"a\":1}, ", bad, b",{\"b\":2}]"].concat();
            let payload = read(&body, Framing::Body, 4).unwrap();
            let [Ok(first), Err(unread), Ok(last)] = &payload.elements[..] else { panic!("{payload:?}") };
            assert_eq!((first.text, last.text), ("{\"a\":1}", "{\"b\":2}"));
            assert_eq!(*unread, Unread { bytes: bad, why });
        }
    }

    #[test]
    fn what_is_beyond_the_limits_is_refused_as_a_whole() {
        for body in ["[[[[[", "[[[[[[]]]]]]", "{\"a\":[[[[7]]]]}", "{\"a\":[[[["] {
            let refused = read(body.as_bytes(), Framing::Body, 4).map(|_| ());
            assert_eq!(refused, Err(OverLimit::TooDeep { limit: 4 }), "{body}");
        }
        let many = format!("[{}0]", "0,".repeat(BATCH_LIMIT));
        assert_eq!(
            read(many.as_bytes(), Framing::Body, 4).map(|_| ()),
            Err(OverLimit::TooMany { elements: BATCH_LIMIT + 1 })
        );
    }
}
