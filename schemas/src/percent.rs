//! Percent-encoding: of one part of an address, and of control characters in ids.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is percent-encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes all but the unreserved characters of RFC 3986, so that a text is one segment of a path or one value
/// of a query. A space becomes `%20`, which every server reads, and not `+`.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// An id as it stands in keys and headers: control characters (C0 and DEL) are percent-encoded, and so is a `%` that
/// would read as one of them or as itself. All other ids stay as they are, and no two become one.
pub fn printable(id: &str) -> Cow<'_, str> {
    if !id.bytes().any(|byte| byte.is_ascii_control() || byte == b'%') {
        return Cow::Borrowed(id);
    }
    let mut printable = String::with_capacity(id.len() + 8);
    for (position, character) in id.char_indices() {
        if character.is_ascii_control() || (character == '%' && is_escape(&id[position..])) {
            printable.push_str(&format!("%{:02X}", u32::from(character)));
        } else {
            printable.push(character);
        }
    }
    Cow::Owned(printable)
}

/// Whether a text begins with what [`printable`] writes.
fn is_escape(text: &str) -> bool {
    let byte = text.get(1..3).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let byte = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok());
    byte.is_some_and(|byte| byte.is_ascii_control() || byte == b'%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_ordinary_ids_are_not() {
        for (id, expected) in [
            ("0b7c2f1e-8a4d-4a53-9c53-1f2e3d4c5b6a", "0b7c2f1e-8a4d-4a53-9c53-1f2e3d4c5b6a"),
            ("abcdef12345@socialmedia", "abcdef12345@socialmedia"),
            ("a/b c\u{e9}", "a/b c\u{e9}"),
            ("100% %2F %zz %", "100% %2F %zz %"),
            ("a\nb", "a%0Ab"),
            ("\0\u{7f}\t", "%00%7F%09"),
            ("a%0Ab", "a%250Ab"),
            ("a%250Ab", "a%25250Ab"),
            ("%4%41", "%4%41"),
            ("%\u{e9}0", "%\u{e9}0"),
        ] {
            assert_eq!(printable(id), expected, "{id:?}");
            let back = percent_encoding::percent_decode_str(expected).decode_utf8().unwrap();
            if id.contains(|c: char| c.is_ascii_control()) {
                assert_eq!(back, id);
            }
        }
    }

    #[test]
    fn no_two_ids_become_one() {
        let parts = ["%", "%2", "0", "A", "25", "\n", "\0", "a"];
        let mut seen = std::collections::HashMap::new();
        for number in 0..parts.len().pow(4) {
            let id: String =
                (0..4_u32).map(|place| parts[number / parts.len().pow(place) % parts.len()]).collect();
            if let Some(other) = seen.insert(printable(&id).into_owned(), id.clone()) {
                assert_eq!(other, id);
            }
        }
    }
}
