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

/// An id as it stands in keys and headers: control characters (C0, DEL and C1) are percent-encoded, and so is a `%`
/// that would read as one of them or as itself. All other ids stay as they are, and no two become one. (Some ids
/// without control characters must change as well, or there would be no texts left for those that have some.)
pub fn printable(id: &str) -> Cow<'_, str> {
    if !id.contains(|character: char| character.is_control() || character == '%') {
        return Cow::Borrowed(id);
    }
    let mut printable = String::with_capacity(id.len() + 8);
    for (position, character) in id.char_indices() {
        if character.is_control() || (character == '%' && is_escape(&id[position..])) {
            escape(character, &mut printable);
        } else {
            printable.push(character);
        }
    }
    Cow::Owned(printable)
}

/// Percent-encodes a character.
pub(crate) fn escape(character: char, into: &mut String) {
    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
        into.push_str(&format!("%{byte:02X}"));
    }
}

/// Whether a text begins with what [`printable`] writes. The control characters of C1 are two bytes in UTF-8.
fn is_escape(text: &str) -> bool {
    match escaped_byte(text) {
        Some(0xC2) => text.get(3..).and_then(escaped_byte).is_some_and(|byte| (0x80..=0x9F).contains(&byte)),
        Some(byte) => byte.is_ascii_control() || byte == b'%',
        None => false,
    }
}

/// The byte that a text begins with, percent-encoded.
fn escaped_byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix('%')?.get(..2)?;
    let digits = Some(digits).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
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
            ("a\u{85}b\u{9f}", "a%C2%85b%C2%9F"),
            ("a%C2%85b", "a%25C2%85b"),
            ("%C2%A9 %C2 %c2%9", "%C2%A9 %C2 %c2%9"),
        ] {
            assert_eq!(printable(id), expected, "{id:?}");
            if id.contains(char::is_control) {
                let back = percent_encoding::percent_decode_str(expected).decode_utf8().unwrap();
                assert_eq!(back, id);
            }
        }
    }

    #[test]
    fn no_two_ids_become_one() {
        let parts = ["%", "%2", "0", "A", "25", "\n", "\0", "a", "\u{85}", "%C2", "C2", "85", "%85"];
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
