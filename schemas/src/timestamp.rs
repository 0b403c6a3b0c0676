//! Points in time as outside systems write them.

use chrono::{DateTime, NaiveDate};

/// A date and time with its offset, in UTC milliseconds: RFC 3339, or the same with an offset without a colon
/// (`+0100`), as Salesforce and CXone write it.
pub fn date_time(text: &str) -> Option<i64> {
    let time = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    time.ok().map(|time| time.timestamp_millis())
}

/// A date, which begins at midnight UTC, or a date and time, in UTC milliseconds.
pub fn date_or_time(text: &str) -> Option<i64> {
    date_time(text).or_else(|| {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_read() {
        for (text, expected) in [
            ("1970-01-02", Some(86_400_000)),
            ("1970-01-01T00:00:01.500+0000", Some(1_500)),
            ("1970-01-01T01:00:01.000+0100", Some(1_000)),
            ("1970-01-01T01:00:01+01:00", Some(1_000)),
            ("1970-01-01T00:00:01Z", Some(1_000)),
            ("yesterday", None),
        ] {
            assert_eq!(date_or_time(text), expected, "{text}");
        }
    }
}
