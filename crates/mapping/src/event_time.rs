//! The ways platforms write points in time.

use serde_json::Value;
use trunkline_schemas::timestamp;

/// The year 2000 begins: no platform of ours is older. What lies before is no time in milliseconds but a
/// number in the wrong unit (seconds, most often) or a placeholder.
const EARLIEST: i64 = 946_684_800_000;

/// The last millisecond of the year 9999: what comes later is no time but a number in the wrong field.
const LATEST: i64 = 253_402_300_799_999;

/// UTC milliseconds since the epoch of what a platform wrote: a number of epoch milliseconds, or text with an
/// offset (`2022-08-04T19:27:35.450+01:00`, `…Z`, also `+0100` without a colon). Anything else, and any time
/// before 2000 or after 9999, is `None`.
pub fn parse(value: &Value) -> Option<i64> {
    let millis = match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?))?,
        Value::String(text) => timestamp::date_time(text)?,
        _ => return None,
    };
    (EARLIEST..=LATEST).contains(&millis).then_some(millis)
}

/// A whole number of milliseconds written with a fraction or an exponent.
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && (0.0..=LATEST as f64).contains(&number)).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_way_of_writing_is_read() {
        for (written, expected) in [
            (json!(1_649_237_444_949_i64), Some(1_649_237_444_949)),
            (json!(1_649_237_444_949.0), Some(1_649_237_444_949)),
            (json!(1.5), None),
            (json!(1_649_237_444), None),
            (json!("1970-01-20T02:07:17Z"), None),
            (json!("2022-04-06T09:30:45.013Z"), Some(1_649_237_445_013)),
            (json!("2022-04-06T09:30:45Z"), Some(1_649_237_445_000)),
            (json!("2022-08-04T19:27:35+01:00"), Some(1_659_637_655_000)),
            (json!("2022-08-04T19:27:35.450+01:00"), Some(1_659_637_655_450)),
            (json!("2022-12-12T15:41:18+0100"), Some(1_670_856_078_000)),
            (json!("2022-12-12T14:41:45+0,0:00"), None),
            (json!("String"), None),
            (json!(""), None),
            (json!(null), None),
            (json!(-1), None),
            (json!(1e300), None),
            (json!(i64::MAX), None),
            (json!({"a": 1}), None),
        ] {
            assert_eq!(parse(&written), expected, "{written}");
        }
    }
}
