//! JSON numbers as they were written, since some of them are ids.
//!
//! `serde_json` keeps a number as a 64-bit integer or as a float. A float does not give back how it was
//! written (`1e3` becomes `1000.0`), several ids beyond 64 bits become one float, and `1e400` is none at all,
//! which would make the whole payload unreadable. The feature `arbitrary_precision` of `serde_json` would keep
//! the text, but for every crate that is linked with this one: floats then no longer fit into untagged,
//! tagged and flattened types, and serializers other than `serde_json`'s write numbers as maps
//! (serde-rs/json issues 505, 721 and 1108). Here such numbers are found in the text instead; payloads without
//! them, which are nearly all, pay for one look at each byte.

use std::ops::Range;

use serde_json::Value;
use serde_json::value::RawValue;

/// Integers of at most so many characters fit into 64 bits.
const SHORT: usize = 18;

/// What a JSON text says.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The value. A number that neither a 64-bit integer nor a float can hold is its text.
    pub value: Value,
    /// The same value, in which every number that would not be given back as it was written is its text;
    /// `None` where there is no such number.
    pub written: Option<Value>,
    /// The same value, in which every number is a number, be it only the float that comes nearest: what asks for
    /// types asks this one. `None` where `value` is that already.
    pub typed: Option<Value>,
}

/// The float that comes nearest to what is beyond all floats.
const BEYOND: &str = "1.7976931348623157e308";

/// A number that would not be given back as it was written.
struct Literal {
    at: Range<usize>,
    /// Whether a float holds it: exactly, as the shortest text of that float, or, for a fraction, as nearly
    /// as floats come.
    held: bool,
}

/// Whether a number would be given back in another form than this one, and is the same number in both.
pub fn has_other_forms(literal: &str) -> bool {
    lossy(literal) == Some(true)
}

/// Parses a JSON text.
///
/// # Errors
/// When it is not JSON; the error's place is one in `text`.
pub fn parse(text: &str) -> Result<Parsed, serde_json::Error> {
    let literals = literals(text);
    if literals.is_empty() {
        return Ok(Parsed { value: serde_json::from_str(text)?, written: None, typed: None });
    }
    // Finds mistakes where they are: what is quoted below moves the rest.
    serde_json::from_str::<&RawValue>(text)?;
    let quoted = |literal: &str| format!("\"{literal}\"");
    let not_held = || literals.iter().filter(|literal| !literal.held);
    let value = serde_json::from_str(&replaced(text, not_held(), quoted))?;
    let written = serde_json::from_str(&replaced(text, literals.iter(), quoted))?;
    let typed = match not_held().next() {
        Some(_) => Some(serde_json::from_str(&replaced(text, not_held(), nearest))?),
        None => None,
    };
    Ok(Parsed { value, written: Some(written), typed })
}

/// The text with something else for some of its numbers.
fn replaced<'a>(
    text: &str,
    literals: impl Iterator<Item = &'a Literal>,
    with: impl Fn(&str) -> String,
) -> String {
    let (mut result, mut done) = (String::with_capacity(text.len() + 16), 0);
    for Literal { at, .. } in literals {
        result.push_str(&text[done..at.start]);
        result.push_str(&with(&text[at.clone()]));
        done = at.end;
    }
    result.push_str(&text[done..]);
    result
}

/// A number that can be parsed, and comes as near to another as floats come.
fn nearest(literal: &str) -> String {
    match (serde_json::from_str::<f64>(literal), literal.starts_with('-')) {
        (Ok(_), _) => literal.to_owned(),
        (Err(_), false) => BEYOND.to_owned(),
        (Err(_), true) => format!("-{BEYOND}"),
    }
}

/// The numbers of a text that would not be given back as they are written. The text need not be JSON.
fn literals(text: &str) -> Vec<Literal> {
    let (bytes, mut found) = (text.as_bytes(), Vec::new());
    let (mut position, mut in_string) = (0, false);
    while let Some(byte) = bytes.get(position) {
        match byte {
            b'\\' if in_string => position += 1,
            b'"' => in_string = !in_string,
            b'-' | b'0'..=b'9' if !in_string => {
                let rest = bytes[position..].iter();
                let length = rest.take_while(|byte| is_of_a_number(**byte)).count();
                let at = position..position + length;
                if let Some(held) = lossy(&text[at.clone()]) {
                    found.push(Literal { at, held });
                }
                position += length - 1;
            }
            _ => {}
        }
        position += 1;
    }
    found
}

fn is_of_a_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
}

/// `None` when a number is given back as it is written; else whether a float holds it.
fn lossy(literal: &str) -> Option<bool> {
    let integer = !literal.contains(['.', 'e', 'E']);
    let fits = literal.len() <= SHORT || literal.parse::<u64>().is_ok() || literal.parse::<i64>().is_ok();
    if integer && fits && literal != "-0" {
        return None;
    }
    let Ok(float) = serde_json::from_str::<f64>(literal) else { return Some(false) };
    match serde_json::to_string(&float) {
        Ok(given_back) if given_back == literal => None,
        _ => Some(holds(float, literal)),
    }
}

fn holds(float: f64, literal: &str) -> bool {
    let Some(meant) = Decimal::read(literal) else { return false };
    if Decimal::read(&format!("{float:e}")).as_ref() == Some(&meant) {
        return true;
    }
    match meant.exponent < 0 {
        // A fraction: only what is too small for a float is lost.
        true => float != 0.0,
        false => Decimal::read(&format!("{float:.0}")) == Some(meant),
    }
}

/// A decimal number: `digits` without zeros around them, times ten to the power of `exponent`.
#[derive(PartialEq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

// === impl Decimal ===

impl Decimal {
    /// `None` when the exponent is beyond all reason.
    fn read(literal: &str) -> Option<Self> {
        let unsigned = literal.trim_start_matches('-');
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_end_matches('0');
        let zeros = i64::try_from(digits.len() - significant.len()).ok()?;
        let exponent = exponent.parse::<i64>().ok()?;
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(zeros)?;
        let digits = significant.trim_start_matches('0').to_owned();
        match digits.is_empty() {
            true => Some(Self { negative: false, digits, exponent: 0 }),
            false => Some(Self { negative: literal.starts_with('-'), digits, exponent }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_that_nothing_holds_is_its_text() {
        for literal in [
            "18446744073709551617",
            "-9223372036854775809",
            "123456789012345678901234567890",
            "1.8446744073709551617e19",
            "18446744073709551617.0",
            "1e400",
            "-1e400",
            "1e-400",
            "1e99999999999999999999",
        ] {
            let parsed = parse(&format!("{{\"a\":[{literal}],\"b\":1.5}}")).unwrap();
            assert_eq!(parsed.value, json!({"a": [literal], "b": 1.5}), "{literal}");
            assert_eq!(parsed.written.unwrap()["a"][0], literal, "{literal}");
            let typed = parsed.typed.unwrap();
            assert!(typed["a"][0].is_number() && typed["b"] == json!(1.5), "{literal}: {typed}");
            assert_eq!(typed["a"][0].as_f64().unwrap() < 0.0, literal.starts_with('-'), "{literal}");
        }
    }

    #[test]
    fn a_number_written_in_another_way_is_its_text_beside_the_number() {
        for literal in
            ["1e3", "1000.00", "1E2", "18446744073709551616", "100000000000000000000", "-0", "1.50", "1e+300"]
        {
            let parsed = parse(literal).unwrap();
            assert_eq!(parsed.value, serde_json::from_str::<Value>(literal).unwrap(), "{literal}");
            assert!(parsed.value.is_number() && parsed.typed.is_none(), "{literal}");
            assert_eq!(has_other_forms(literal), parsed.written.is_some(), "{literal}");
            let given_back = parsed.value.to_string();
            assert_eq!(
                parsed.written.map(|written| written == literal),
                (given_back != literal).then_some(true)
            );
        }
    }

    #[test]
    fn what_is_given_back_as_written_costs_nothing_more() {
        for text in [
            r#"{"a":7,"b":-7,"c":18446744073709551615,"d":-9223372036854775808,"e":0.1,"f":1000.0,"g":1.5e-7}"#,
            r#"{"1e400":"1e400 \" 18446744073709551617"}"#,
            "0",
        ] {
            let expected = Parsed { value: serde_json::from_str(text).unwrap(), written: None, typed: None };
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_where_they_are_in_the_text() {
        for text in ["{\"a\":1e400,\n \"b\":}", "{\"a\":1e400,\n \"b\":1-2}", "[1e3,,]"] {
            let error = parse(text).unwrap_err();
            let expected = serde_json::from_str::<&RawValue>(text).unwrap_err();
            assert_eq!((error.line(), error.column()), (expected.line(), expected.column()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_number_is_kept_as_it_is_written(literal in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?") {
            let parsed = parse(&format!("[{literal}]")).unwrap();
            let kept = parsed.written.as_ref().map_or_else(
                || parsed.value[0].to_string(),
                |written| written[0].as_str().unwrap().to_owned(),
            );
            prop_assert_eq!(kept, literal.clone());
            // Whatever is a number still is the number that it always was.
            if parsed.value[0].is_number() {
                prop_assert_eq!(&parsed.value[0], &serde_json::from_str::<Value>(&literal).unwrap());
            }
        }

        #[test]
        fn any_text_is_json_or_not_as_it_always_was(text in "[-0-9eE.\\[\\]{}\",:\\\\ ]{0,40}") {
            let raw = serde_json::from_str::<&RawValue>(&text).is_ok();
            prop_assert_eq!(parse(&text).is_ok(), raw, "{}", text);
        }
    }
}
