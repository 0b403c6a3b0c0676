//! The ways platforms write points in time, and which of those in a payload is the event's.

use serde_json::{Map, Value};
use trunkline_schemas::timestamp;

use crate::difference::{Change, Difference, type_of};
use crate::unknown::is_unknown;

/// The year 2000 begins: no platform of ours is older. What lies before is no time in milliseconds but a
/// number in the wrong unit (seconds, most often) or a placeholder.
const EARLIEST: i64 = 946_684_800_000;

/// The last millisecond of the year 9999: what comes later is no time but a number in the wrong field.
const LATEST: i64 = 253_402_300_799_999;

/// A platform's clock may be ahead of ours by less than this; a time further in the future is taken for none,
/// since it would mark everything that comes after it as late.
const AHEAD_MS: i64 = 24 * 3_600_000;

/// The points in time that a payload names for what happened, the best first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Times(Vec<Told>);

/// A field that is meant to hold a point in time, and does not hold nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    /// JSON Pointer into the payload.
    pointer: String,
    /// JSON type of what is there.
    found: &'static str,
    /// UTC milliseconds, whatever the year; `None` where it cannot be read.
    millis: Option<i64>,
}

// === impl Times ===

impl Times {
    /// Reads fields of `message` by their JSON Pointers, the best first; the message itself stands at `at` in
    /// the payload. What is absent, null, blank or `UNKNOWN` names no time.
    pub fn read(message: &Value, at: &str, pointers: &[&str]) -> Self {
        let told = |pointer: &&str| {
            let value = message.pointer(pointer).filter(|value| !is_nothing(value))?;
            Some(Told { pointer: format!("{at}{pointer}"), found: type_of(value), millis: read(value) })
        };
        Self(pointers.iter().filter_map(told).collect())
    }

    /// The latest of them first: for a state of several parts, which is as old as its newest part.
    #[must_use]
    pub fn latest_first(mut self) -> Self {
        self.0.sort_by_key(|told| std::cmp::Reverse(told.millis));
        self
    }

    /// These, and the others where none of these can be used.
    #[must_use]
    pub fn or(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// The first that can be the time of something received at `received_at`, both UTC milliseconds.
    pub fn plausible(&self, received_at: i64) -> Option<i64> {
        self.0.iter().filter_map(|told| told.millis).find(|millis| is_plausible(*millis, received_at))
    }

    /// What stands before the first plausible one: better times, had they been readable and plausible.
    pub fn passed_over(&self, received_at: i64) -> Vec<Difference> {
        let difference = |told: &Told| match told.millis {
            None => Some(Difference::new(&told.pointer, Change::UnreadableTime, Some(told.found))),
            Some(millis) if is_plausible(millis, received_at) => None,
            Some(_) => Some(Difference::new(&told.pointer, Change::ImplausibleTime, Some(told.found))),
        };
        self.0.iter().map_while(difference).collect()
    }
}

/// The point in time that a value is, UTC milliseconds of the years 2000 to 9999.
pub fn parse(value: &Value) -> Option<i64> {
    read(value).filter(|millis| (EARLIEST..=LATEST).contains(millis))
}

fn is_plausible(millis: i64, received_at: i64) -> bool {
    (EARLIEST..=LATEST.min(received_at.saturating_add(AHEAD_MS))).contains(&millis)
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty() || is_unknown(text))
}

/// UTC milliseconds since the epoch of what a platform wrote, of any year: a number of epoch milliseconds, text
/// with an offset (`2022-08-04T19:27:35.450+01:00`, `…Z`, also `+0100` without a colon), or an object in the form
/// that a library gives to a point in time.
fn read(value: &Value) -> Option<i64> {
    match value {
        // Fractions of a millisecond are left off; what is out of range becomes the end of the range.
        Value::Number(number) => number.as_i64().or_else(|| Some(number.as_f64()? as i64)),
        Value::String(text) => timestamp::date_time(text.trim()),
        Value::Object(parts) => read_parts(parts),
        _ => None,
    }
}

/// What libraries call the seconds since the epoch and the nanoseconds beside them: those of Protocol Buffers,
/// Firestore and Java.
const SECONDS: [(&str, &str); 4] =
    [("seconds", "nanos"), ("seconds", "nanoseconds"), ("_seconds", "_nanoseconds"), ("epochSecond", "nano")];

/// `{"seconds": …, "nanos": …}` and its kin, and `{"date": …, "timezone": …}` of PHP where the zone is an offset or
/// UTC; what a zone of another name is off from UTC is not known here.
fn read_parts(parts: &Map<String, Value>) -> Option<i64> {
    let whole = |name: &str| match parts.get(name)? {
        Value::Number(number) => number.as_i64(),
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    };
    if let Some(date) = parts.get("date") {
        let zone = parts.get("timezone")?.as_str()?.trim();
        let offset = if matches!(zone, "UTC" | "Z") { "+00:00" } else { zone };
        return timestamp::date_time(&format!("{}{offset}", date.as_str()?.trim().replacen(' ', "T", 1)));
    }
    let named = |names: &&(&str, &str)| parts.contains_key(names.0) && parts.contains_key(names.1);
    let (seconds, nanos) = SECONDS.iter().find(named).map_or_else(
        || SECONDS.iter().find_map(|(seconds, _)| Some((whole(seconds)?, 0))),
        |(seconds, nanos)| Some((whole(seconds)?, whole(nanos)?)),
    )?;
    seconds.checked_mul(1_000)?.checked_add(nanos / 1_000_000)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_772_439_600_000;

    fn times(payload: &Value) -> Times {
        Times::read(payload, "/detail", &["/body/time", "/timestamp"])
    }

    fn passed_over(payload: &Value) -> Vec<String> {
        let over = times(payload).passed_over(NOW);
        over.iter().map(|over| format!("{} {}", over.change.as_str(), over.pointer)).collect()
    }

    #[test]
    fn the_first_plausible_time_is_taken_and_those_before_it_are_named() {
        let stamp = "2026-03-02T08:15:30Z";
        let stamped = 1_772_439_330_000;
        for (time, expected, over) in [
            (json!(NOW - 1), Some(NOW - 1), None),
            (json!(null), Some(stamped), None),
            (json!(" "), Some(stamped), None),
            (json!("Unknown"), Some(stamped), None),
            (json!("yesterday"), Some(stamped), Some("unreadable_time")),
            (json!("2026-03-02T08:15:29.000"), Some(stamped), Some("unreadable_time")),
            (json!({"seconds": 7}), Some(stamped), Some("implausible_time")),
            (json!({"minutes": 7}), Some(stamped), Some("unreadable_time")),
            (json!(true), Some(stamped), Some("unreadable_time")),
            (json!(1_772_439_329), Some(stamped), Some("implausible_time")),
            (json!("1970-01-01T00:00:00Z"), Some(stamped), Some("implausible_time")),
            (json!(NOW + AHEAD_MS), Some(NOW + AHEAD_MS), None),
            (json!(NOW + AHEAD_MS + 1), Some(stamped), Some("implausible_time")),
            (json!("9999-12-31T23:59:59Z"), Some(stamped), Some("implausible_time")),
            (json!("3000-01-01T00:00:00Z"), Some(stamped), Some("implausible_time")),
            (json!(1e300), Some(stamped), Some("implausible_time")),
            (json!(-1.5), Some(stamped), Some("implausible_time")),
            (json!((NOW - 1) as f64 + 0.5), Some(NOW - 1), None),
        ] {
            let payload = json!({"body": {"time": time}, "timestamp": stamp});
            let over: Vec<String> = over.iter().map(|change| format!("{change} /detail/body/time")).collect();
            assert_eq!(
                (times(&payload).plausible(NOW), passed_over(&payload)),
                (expected, over),
                "{payload}"
            );
        }
    }

    #[test]
    fn where_no_time_can_be_used_all_are_named() {
        let payload = json!({"body": {"time": 7}, "timestamp": "noon"});
        assert_eq!(times(&payload).plausible(NOW), None);
        assert_eq!(
            passed_over(&payload),
            ["implausible_time /detail/body/time", "unreadable_time /detail/timestamp"]
        );
        assert_eq!((times(&json!({})).plausible(NOW), passed_over(&json!(7))), (None, vec![]));
    }

    #[test]
    fn a_state_is_as_old_as_its_newest_part() {
        let payload = json!({"a": "2026-03-02T08:00:00Z", "b": "2026-03-02T08:10:00Z", "c": "?"});
        let latest = Times::read(&payload, "", &["/a", "/c", "/b"]).latest_first();
        let fallback = latest.or(Times::read(&json!({"d": NOW}), "", &["/d"]));
        assert_eq!(fallback.plausible(NOW), Some(1_772_439_000_000));
        assert_eq!(fallback.passed_over(NOW), []);
    }

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
            (json!(-1e300), None),
            (json!(i64::MAX), None),
            (json!({"a": 1}), None),
            (json!({"seconds": 1_649_237_444, "nanos": 949_999_999}), Some(1_649_237_444_949)),
            (json!({"seconds": "1649237444"}), Some(1_649_237_444_000)),
            (json!({"_seconds": 1_649_237_444, "_nanoseconds": 0}), Some(1_649_237_444_000)),
            (json!({"epochSecond": 1_649_237_444, "nano": 7_000_000}), Some(1_649_237_444_007)),
            (json!({"seconds": 1_649_237_444, "nanos": "x"}), None),
            (json!({"seconds": 1.5}), None),
            (json!({"seconds": i64::MAX}), None),
            (
                json!({"date": "2022-04-06 10:30:45.013000", "timezone_type": 1, "timezone": "+01:00"}),
                Some(1_649_237_445_013),
            ),
            (json!({"date": "2022-04-06 09:30:45", "timezone": "UTC"}), Some(1_649_237_445_000)),
            (json!({"date": "2022-04-06 09:30:45", "timezone": "Europe/Berlin"}), None),
            (json!({"date": "2022-04-06 09:30:45"}), None),
        ] {
            assert_eq!(parse(&written), expected, "{written}");
        }
    }
}
