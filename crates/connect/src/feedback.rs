//! What answers say about limits, read from the headers of each system.

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::HeaderMap;
use trunkline_config::{Rate, System};

use crate::limiter::{Feedback, Remaining};

/// Genesys counts calls by the minute; its headers tell how many and when the minute ends, not that it is one.
const GENESYS_WINDOW: Duration = Duration::from_secs(60);
/// ServiceNow's rate rules count by the hour.
const SERVICENOW_WINDOW: Duration = Duration::from_secs(3_600);
/// Salesforce counts a rolling day and never says when calls come back: ask again after this time.
const SALESFORCE_RECHECK: Duration = Duration::from_secs(60);
/// A longer `Retry-After` is taken for this: a mistaken header must not switch a target off for days.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// Reads what an answer of `system` says about the limits of the credential.
///
/// Genesys: `inin-ratelimit-count`, `-allowed`, `-reset` (seconds). Salesforce: `Sforce-Limit-Info`, all its
/// parts, the tightest wins. ServiceNow: `X-RateLimit-Limit` (calls an hour).
pub fn read(system: System, headers: &HeaderMap) -> Feedback {
    match system {
        System::Genesys => genesys(headers),
        System::Salesforce => Feedback { remaining: salesforce(headers), ..Feedback::default() },
        System::ServiceNow => Feedback {
            allowed: number(headers, "x-ratelimit-limit").map(|calls| Rate { calls, per: SERVICENOW_WINDOW }),
            ..Feedback::default()
        },
        System::Cxone | System::Sap => Feedback::default(),
    }
}

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

/// `X-RateLimit-Reset` of ServiceNow: when its window ends, in Unix seconds; as the time from now.
pub fn reset_at(headers: &HeaderMap, now_unix: i64) -> Option<Duration> {
    let at: i64 = text(headers, "x-ratelimit-reset")?.parse().ok()?;
    let seconds = u64::try_from(at.saturating_sub(now_unix)).ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

/// `inin-ratelimit-reset` of Genesys: seconds until its window ends.
pub fn genesys_reset(headers: &HeaderMap) -> Option<Duration> {
    number(headers, "inin-ratelimit-reset")
        .map(|seconds| Duration::from_secs(seconds.into()).min(LONGEST_PAUSE))
}

/// A header as text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u32> {
    text(headers, name)?.parse().ok()
}

fn genesys(headers: &HeaderMap) -> Feedback {
    let allowed = number(headers, "inin-ratelimit-allowed");
    let left = allowed.zip(number(headers, "inin-ratelimit-count")).zip(genesys_reset(headers));
    Feedback {
        allowed: allowed.map(|calls| Rate { calls, per: GENESYS_WINDOW }),
        remaining: left.map(|((allowed, count), lasts)| Remaining {
            calls: allowed.saturating_sub(count),
            lasts,
            rolling: false,
        }),
        pause: None,
    }
}

// `api-usage=10018/100000; api-bursts=1/750; per-app-api-usage=17/250(appName=x)`
fn salesforce(headers: &HeaderMap) -> Option<Remaining> {
    let left = text(headers, "sforce-limit-info")?
        .split([';', ','])
        .filter_map(|part| {
            let (used, allowed) = part.split_once('=')?.1.split_once('/')?;
            let digits = allowed.find(|c: char| !c.is_ascii_digit()).unwrap_or(allowed.len());
            let (used, allowed): (u32, u32) = (used.trim().parse().ok()?, allowed[..digits].parse().ok()?);
            Some(allowed.saturating_sub(used))
        })
        .min()?;
    Some(Remaining { calls: left, lasts: SALESFORCE_RECHECK, rolling: true })
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn genesys_tells_calls_left_and_seconds_to_the_reset() {
        let feedback = read(
            System::Genesys,
            &headers(&[
                ("inin-ratelimit-count", "170"),
                ("inin-ratelimit-allowed", "180"),
                ("inin-ratelimit-reset", "12"),
            ]),
        );
        assert_eq!(feedback.allowed, Some(Rate { calls: 180, per: GENESYS_WINDOW }));
        let lasts = Duration::from_secs(12);
        assert_eq!(feedback.remaining, Some(Remaining { calls: 10, lasts, rolling: false }));
    }

    #[test]
    fn the_tightest_limit_of_salesforce_counts() {
        for (header, left) in [
            ("api-usage=10018/100000", Some(89_982)),
            ("api-usage=18/5000; api-bursts=1/750; per-app-api-usage=17/250(appName=x)", Some(233)),
            ("api-usage=100001/100000", Some(0)),
            ("api-usage=soon", None),
            ("", None),
        ] {
            let feedback = read(System::Salesforce, &headers(&[("sforce-limit-info", header)]));
            assert_eq!(feedback.remaining.map(|remaining| remaining.calls), left, "{header}");
        }
    }

    #[test]
    fn servicenow_tells_calls_an_hour() {
        let feedback = read(System::ServiceNow, &headers(&[("x-ratelimit-limit", "100")]));
        assert_eq!(feedback.allowed, Some(Rate { calls: 100, per: Duration::from_secs(3_600) }));
    }

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
