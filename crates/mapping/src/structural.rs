//! The bytes of a JSON text that are outside its strings, found without recursion and before anything parses
//! it.

/// Each byte outside the strings of `text`, with its position; the quotes belong to the strings.
///
/// The text need not be valid JSON nor UTF-8: what a string holds is passed over whatever it is, since no byte
/// of a character beyond ASCII is a quote or a backslash, in UTF-8 as in the one-byte character sets.
pub fn outside_strings(text: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    let (mut in_string, mut escaped) = (false, false);
    text.iter().copied().enumerate().filter(move |(_, byte)| {
        if !in_string {
            in_string = *byte == b'"';
            return !in_string;
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = false,
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_passed_over_with_their_quotes() {
        for (text, expected) in [
            (&br#"{"a":1}"#[..], &b"{:1}"[..]),
            (br#"["\"]",2]"#, b"[,2]"),
            (br#"["\\",2]"#, b"[,2]"),
            (b"[\"Gr\xfc\xdfe]\"]", b"[]"),
            (br#"[7,"open ]"#, b"[7,"),
            (b"", b""),
        ] {
            let found: Vec<u8> = outside_strings(text).map(|(_, byte)| byte).collect();
            assert_eq!(found, expected, "{}", text.escape_ascii());
        }
        assert_eq!(outside_strings(br#""a":"#).collect::<Vec<_>>(), [(3, b':')]);
    }
}
