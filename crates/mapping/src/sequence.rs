//! The source's own number of an event, where the configuration says where it stands.

use serde_json::Value;

use crate::difference::{Change, Difference, type_of};

/// The number at a JSON Pointer (RFC 6901) of a payload: a whole number from 0 on, or its digits as text.
///
/// # Errors
/// What is there instead, as drift: a source that is put in order by its numbers must not lose them unnoticed.
pub fn read(pointer: &str, payload: &Value) -> Result<i64, Difference> {
    let Some(found) = payload.pointer(pointer).filter(|found| !found.is_null()) else {
        return Err(Difference::new(pointer, Change::MissingField, None));
    };
    let number = match found {
        Value::Number(number) => number.as_i64(),
        Value::String(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    };
    number
        .filter(|number| *number >= 0)
        .ok_or_else(|| Difference::new(pointer, Change::TypeChanged, Some(type_of(found))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_and_its_digits_are_read_and_anything_else_is_drift() {
        for (value, expected) in [
            (json!({"n": {"of": 7}}), Some(7)),
            (json!({"n": {"of": "0042"}}), Some(42)),
            (json!({"n": {"of": 0}}), Some(0)),
            (json!({"n": {"of": i64::MAX}}), Some(i64::MAX)),
            (json!({"n": {"of": -1}}), None),
            (json!({"n": {"of": "-1"}}), None),
            (json!({"n": {"of": "+1"}}), None),
            (json!({"n": {"of": ""}}), None),
            (json!({"n": {"of": 1.5}}), None),
            (json!({"n": {"of": u64::MAX}}), None),
            (json!({"n": {"of": [1]}}), None),
        ] {
            let read = read("/n/of", &value);
            assert_eq!(read.as_ref().ok().copied(), expected, "{value}");
            assert!(read.is_ok() || read.is_err_and(|drift| drift.change == Change::TypeChanged), "{value}");
        }
        for value in [json!({}), json!({"n": {"of": null}}), json!(7)] {
            let missing = Difference::new("/n/of", Change::MissingField, None);
            assert_eq!(read("/n/of", &value), Err(missing), "{value}");
        }
    }

    #[test]
    fn a_pointer_reaches_into_arrays_and_names_with_slashes() {
        let value = json!({"a/b": [{"~": 3}]});
        assert_eq!(read("/a~1b/0/~0", &value), Ok(3));
    }
}
