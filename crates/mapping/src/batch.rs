//! A batch: the elements of a JSON array, told apart in its raw bytes.
//!
//! Nothing is parsed here, so that an element that is not JSON, or not even UTF-8, costs none of the others.
//! What the elements are is found out one by one.

use crate::structural::outside_strings;

/// Most elements taken in one batch: more are better sent in several requests, each with its own answer.
pub const BATCH_LIMIT: usize = 1_000;

/// What stands between the brackets of an array.
#[derive(Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    /// Each element's bytes, without white space around them; not more than [`BATCH_LIMIT`] of them.
    pub elements: Vec<&'a [u8]>,
    /// How many there are.
    pub count: usize,
}

// === impl Batch ===

impl<'a> Batch<'a> {
    /// Tells the elements of an array apart; `None` where that would be a guess: `text` is no array, one
    /// that is cut off, whose brackets do not match, with nothing between two commas, or with more behind it.
    pub fn split(text: &'a [u8]) -> Option<Self> {
        let text = trimmed(text);
        if !text.starts_with(b"[") {
            return None;
        }
        let mut batch = Self { elements: Vec::new(), count: 0 };
        let (mut closing, mut start) = (Vec::new(), 1);
        for (position, byte) in outside_strings(text) {
            match byte {
                b'[' => closing.push(b']'),
                b'{' => closing.push(b'}'),
                b']' | b'}' => {
                    if closing.pop() != Some(byte) {
                        return None;
                    }
                    if closing.is_empty() {
                        return batch.ended(trimmed(&text[start..position]), &text[position + 1..]);
                    }
                }
                b',' if closing.len() == 1 => {
                    batch.push(trimmed(&text[start..position]))?;
                    start = position + 1;
                }
                _ => {}
            }
        }
        None
    }

    fn ended(mut self, last: &'a [u8], behind: &[u8]) -> Option<Self> {
        if self.count > 0 || !last.is_empty() {
            self.push(last)?;
        }
        behind.is_empty().then_some(self)
    }

    fn push(&mut self, element: &'a [u8]) -> Option<()> {
        if self.count < BATCH_LIMIT {
            self.elements.push(element);
        }
        self.count += 1;
        (!element.is_empty()).then_some(())
    }
}

/// Without the white space that JSON knows.
fn trimmed(text: &[u8]) -> &[u8] {
    let content = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    match (text.iter().position(content), text.iter().rposition(content)) {
        (Some(first), Some(last)) => &text[first..=last],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(text: &[u8]) -> Option<Vec<&[u8]>> {
        Batch::split(text).map(|batch| {
            assert_eq!(batch.elements.len(), batch.count);
            batch.elements
        })
    }

    #[test]
    fn elements_are_told_apart_whatever_they_are() {
        for (text, expected) in [
            (&b" [ {\"a\": 1.0} ,2 ]\r\n"[..], vec![&b"{\"a\": 1.0}"[..], b"2"]),
            (b"[]", vec![]),
            (b"[ \n]", vec![]),
            (b"[[1, 2],{\"a\":[3,4]}]", vec![b"[1, 2]", b"{\"a\":[3,4]}"]),
            (b"[\"a,b]\",\"\\\"],\"]", vec![b"\"a,b]\"", b"\"\\\"],\""]),
            // Not UTF-8, not JSON, a number beyond all bounds: each is one element.
            (b"[{\"t\":\"Gr\xfc\xdfe\"},{\"b\":2}]", vec![b"{\"t\":\"Gr\xfc\xdfe\"}", b"{\"b\":2}"]),
            (b"[{\"a\":1e400},{b:2},nonsense]", vec![b"{\"a\":1e400}", b"{b:2}", b"nonsense"]),
        ] {
            assert_eq!(elements(text), Some(expected), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn what_cannot_be_told_apart_is_no_batch() {
        for text in [
            &b""[..],
            b"{}",
            b"7",
            b"[{\"a\":1}, {\"b\":",
            b"[{\"a\":1}, {\"b\":2}",
            b"[{\"a\":\"1}, {\"b\":\"2\"}]",
            b"[{\"a\":1], {\"b\":2}]",
            b"[{\"a\":1}},{\"b\":2}]",
            b"[1,,2]",
            b"[1,]",
            b"[,]",
            b"[1] [2]",
            b"[1]]",
        ] {
            assert_eq!(elements(text), None, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn more_than_are_taken_are_counted_and_not_listed() {
        let text = format!("[{}0]", "0,".repeat(BATCH_LIMIT));
        let batch = Batch::split(text.as_bytes()).unwrap();
        assert_eq!((batch.elements.len(), batch.count), (BATCH_LIMIT, BATCH_LIMIT + 1));
    }
}
