//! How deeply a JSON text is nested, found without recursion and before anything parses it.

use crate::structural::outside_strings;

/// True when `text` opens more than `limit` arrays and objects within each other.
///
/// The text need not be valid JSON; brackets within strings do not count. Linear in the length of the text,
/// stops at the first bracket too many, and needs no memory.
pub fn exceeds(text: &[u8], limit: usize) -> bool {
    let mut depth = 0_usize;
    for (_, byte) in outside_strings(text) {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_open_brackets_outside_strings() {
        for (text, limit, expected) in [
            ("{}", 1, false),
            ("[[]]", 1, true),
            (r#"{"a":[{"b":1}]}"#, 3, false),
            (r#"{"a":[{"b":1}]}"#, 2, true),
            (r#"{"a":"[[[[\"[[["}"#, 1, false),
            (r#"["\\",[]]"#, 1, true),
            ("]]]][", 1, false),
            ("", 0, false),
        ] {
            assert_eq!(exceeds(text.as_bytes(), limit), expected, "{text} at {limit}");
        }
    }

    #[test]
    fn ten_thousand_levels_are_found_out_at_the_first_too_many() {
        assert!(exceeds("[".repeat(10_000).as_bytes(), 128));
        assert!(exceeds(r#"{"a":"#.repeat(10_000).as_bytes(), 128));
    }
}
