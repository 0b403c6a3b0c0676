//! Values from outside, put into addresses and query languages so that they stay values.
//!
//! Every function escapes or refuses; none passes text through. Pure.

use trunkline_schemas::percent;

/// Longest value accepted: native keys and customer numbers are far shorter.
const LONGEST_VALUE: usize = 255;

/// A value that cannot be put safely where it is wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value for {place} {reason}")]
pub struct Unsafe {
    /// Where it was wanted, for instance `an encoded query of ServiceNow`.
    pub place: &'static str,
    /// What is wrong with it; the value itself is left out, it may be personal data.
    pub reason: &'static str,
}

/// A query string from names and values, without the question mark. Names are the caller's own and go as they
/// are.
pub fn query(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}={}", percent::encode(value))).collect();
    pairs.join("&")
}

/// One segment of a path.
///
/// # Errors
/// [`Unsafe`] for a value that would be another segment or none (`.`, `..`, empty), is too long or holds
/// control characters.
pub fn path_segment(value: &str) -> Result<String, Unsafe> {
    let place = "a segment of a path";
    checked(value, place)?;
    if value == "." || value == ".." {
        return Err(Unsafe { place, reason: "means another path" });
    }
    Ok(percent::encode(value))
}

/// A value of a query, before it is encoded.
///
/// # Errors
/// [`Unsafe`] for a value that is empty, too long or holds control characters.
pub fn query_value(value: &str) -> Result<String, Unsafe> {
    checked(value, "a value of a query")?;
    Ok(value.to_owned())
}

/// A string literal of SOQL, with its quotes.
///
/// # Errors
/// [`Unsafe`] for a value that is empty, too long or holds control characters.
pub fn soql_string(value: &str) -> Result<String, Unsafe> {
    checked(value, "a string of SOQL")?;
    let mut literal = String::with_capacity(value.len() + 2);
    literal.push('\'');
    for character in value.chars() {
        if matches!(character, '\'' | '"' | '\\') {
            literal.push('\\');
        }
        literal.push(character);
    }
    literal.push('\'');
    Ok(literal)
}

/// A string literal of OData, with its quotes.
///
/// # Errors
/// [`Unsafe`] for a value that is empty, too long or holds control characters.
pub fn odata_string(value: &str) -> Result<String, Unsafe> {
    checked(value, "a string of OData")?;
    Ok(format!("'{}'", value.replace('\'', "''")))
}

/// A value in an encoded query of ServiceNow.
///
/// # Errors
/// [`Unsafe`] for a value with `^`, which separates conditions and has no dependable escape; one that begins
/// with `javascript:`, which the server would run; and one that is empty, too long or holds control
/// characters.
pub fn servicenow_value(value: &str) -> Result<&str, Unsafe> {
    let place = "an encoded query of ServiceNow";
    checked(value, place)?;
    if value.contains('^') {
        return Err(Unsafe { place, reason: "holds a caret, which separates conditions" });
    }
    let plain: String = value.chars().filter(|character| !character.is_whitespace()).collect();
    if plain.to_ascii_lowercase().starts_with("javascript:") {
        return Err(Unsafe { place, reason: "is a script, which the server would run" });
    }
    Ok(value)
}

fn checked(value: &str, place: &'static str) -> Result<(), Unsafe> {
    let reason = if value.trim().is_empty() {
        "is empty"
    } else if value.chars().count() > LONGEST_VALUE {
        "is longer than 255 characters"
    } else if value.chars().any(char::is_control) {
        "holds control characters"
    } else {
        return Ok(());
    };
    Err(Unsafe { place, reason })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn literals_keep_their_value_inside() {
        assert_eq!(soql_string("O'Hara").unwrap(), r"'O\'Hara'");
        assert_eq!(soql_string(r"x\' OR Name != '").unwrap(), r"'x\\\' OR Name != \''");
        assert_eq!(
            odata_string("O'Hara' or 1 eq 1 or 'a' eq 'a").unwrap(),
            "'O''Hara'' or 1 eq 1 or ''a'' eq ''a'"
        );
        assert_eq!(servicenow_value("C-000001").unwrap(), "C-000001");
        assert_eq!(path_segment("a/b?c#d%2e").unwrap(), "a%2Fb%3Fc%23d%252e");
        assert_eq!(
            query(&[("q", "a b&c=d+ü"), ("$format", "json")]),
            "q=a%20b%26c%3Dd%2B%C3%BC&$format=json"
        );
    }

    #[test]
    fn what_cannot_be_escaped_is_refused() {
        for value in ["C-1^ORactive=false", "javascript:gs.getUserID()", " JavaScript :x", "", "a\nb", "a\0"]
        {
            assert!(servicenow_value(value).is_err(), "{value:?}");
        }
        for value in ["", ".", "..", "a\rb", &"x".repeat(256)] {
            assert!(path_segment(value).is_err(), "{value:?}");
        }
        for value in ["", " ", "a\u{7f}"] {
            assert!(soql_string(value).is_err() && odata_string(value).is_err(), "{value:?}");
        }
    }

    // Readers of the three languages, as simple as their grammars: what they read must be the value, and
    // nothing is left over.
    fn read_soql(literal: &str) -> Option<(String, &str)> {
        let mut value = String::new();
        let mut characters = literal.strip_prefix('\'')?.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => value.push(characters.next()?.1),
                '\'' => return Some((value, &literal[at + 2..])),
                other => value.push(other),
            }
        }
        None
    }

    fn read_odata(literal: &str) -> Option<(String, &str)> {
        let mut value = String::new();
        let mut rest = literal.strip_prefix('\'')?;
        loop {
            let (before, after) = rest.split_once('\'')?;
            value.push_str(before);
            match after.strip_prefix('\'') {
                Some(next) => (value.push('\''), rest = next).1,
                None => return Some((value, after)),
            }
        }
    }

    proptest! {
        #[test]
        fn no_value_ends_its_literal(value in r#"['"\\a-z=() %_^;]{1,40}|\PC{1,40}"#) {
            if let Ok(literal) = soql_string(&value) {
                prop_assert_eq!(read_soql(&literal), Some((value.clone(), "")));
            }
            if let Ok(literal) = odata_string(&value) {
                prop_assert_eq!(read_odata(&literal), Some((value.clone(), "")));
            }
            if let Ok(segment) = path_segment(&value) {
                prop_assert!(segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
            }
            if let Ok(value) = servicenow_value(&value) {
                prop_assert!(!value.contains('^'));
            }
        }
    }
}
