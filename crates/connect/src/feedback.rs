//! What answers say about limits: what is the same for all systems.

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::HeaderMap;

/// A longer `Retry-After` is taken for this: a mistaken header must not switch a target off for days.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// `Retry-After`, in seconds or as a date; at most an hour.
pub fn retry_after(headers: &HeaderMap, now_unix: i64) -> Option<Duration> {
    let text = text(headers, "retry-after")?;
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let at = DateTime::parse_from_rfc2822(text).ok()?.timestamp();
            u64::try_from(at.saturating_sub(now_unix)).unwrap_or(0)
        }
    };
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

/// A header as text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// A header as a number.
pub(crate) fn number(headers: &HeaderMap, name: &str) -> Option<u32> {
    text(headers, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::testing::headers;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = 784_111_777; // Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110
        for (header, expected) in [
            ("42", Some(42)),
            ("Sun, 06 Nov 1994 08:50:00 GMT", Some(23)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("999999999", Some(3_600)),
            ("soon", None),
        ] {
            let read = retry_after(&headers(&[("retry-after", header)]), now);
            assert_eq!(read, expected.map(Duration::from_secs), "{header}");
        }
    }
}
