//! Points in time as platforms and systems write them in text.

use chrono::{DateTime, NaiveDate};

/// A date and time with its offset, in UTC milliseconds: RFC 3339, and as Salesforce and Genesys write it,
/// with an offset that has no colon (`2022-12-12T15:41:18.000+0100`). `None` for anything else.
pub fn parse(text: &str) -> Option<i64> {
    let time = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    time.ok().map(|time| time.timestamp_millis())
}

/// A date (its first moment in UTC), or a date and time, in UTC milliseconds.
pub fn parse_date_or_time(text: &str) -> Option<i64> {
    parse(text).or_else(|| {
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
            assert_eq!(parse_date_or_time(text), expected, "{text}");
        }
        assert_eq!(parse("1970-01-02"), None);
    }
}
