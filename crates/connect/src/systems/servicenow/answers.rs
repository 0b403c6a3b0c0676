//! ServiceNow: `{error:{message, detail}, status:"failure"}`.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;
use trunkline_systems::{Rate, System};

use crate::classify::{Answer, Classified, Verdict, by_status, text};
use crate::feedback::{self, LONGEST_PAUSE, number};
use crate::limiter::Feedback;

pub(super) fn classify(answer: &Answer<'_>, body: Option<&Value>) -> Classified {
    let error = body.and_then(|body| body.get("error"));
    let message = text(error.and_then(|error| error.get("message")));
    let detail = text(error.and_then(|error| error.get("detail")));
    let verdict = match answer.status {
        // Version 1 of the table API says an empty list so. The caller cannot tell it from a record that is
        // not there, and does not have to: both mean "none".
        404 => Verdict::NotFound,
        // A rule counts a user's calls to an API, not to one table.
        429 => Verdict::RateLimited {
            retry_after: feedback::retry_after(answer.headers, answer.now_unix)
                .or_else(|| reset(answer.headers, answer.now_unix)),
            whole_credential: true,
        },
        // A hibernating or starting instance answers with a page, and 200.
        200..=299 if !answer.body.is_empty() && body.is_none() => Verdict::Unavailable,
        _ => by_status(answer),
    };
    Classified { verdict, code: None, message: detail.or(message) }
}

/// `X-RateLimit-Limit`, calls in the window.
pub(super) fn feedback(headers: &HeaderMap) -> Feedback {
    let allowed = number(headers, "x-ratelimit-limit").zip(System::ServiceNow.limits().window);
    Feedback { allowed: allowed.map(|(calls, per)| Rate { calls, per }), ..Feedback::default() }
}

/// `X-RateLimit-Reset`: when the window ends, in Unix seconds; as the time from now.
fn reset(headers: &HeaderMap, now_unix: i64) -> Option<Duration> {
    let at: i64 = feedback::text(headers, "x-ratelimit-reset")?.parse().ok()?;
    let seconds = u64::try_from(at.saturating_sub(now_unix)).ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use trunkline_systems::System::ServiceNow;

    use super::*;
    use crate::classify::testing::{classified, headers, limited};

    const NONE: &str = r#"{"error":{"message":"No Record found","detail":"Records matching query not found."},"status":"failure"}"#;
    const LIMIT: &str = r#"{"error":{"message":"Rate limit exceeded","detail":"Rate limit of 100 requests per hour for Table API exceeded"},"status":"failure"}"#;

    #[test]
    fn answers_mean_what_servicenow_means() {
        for (status, headers, body, verdict) in [
            (200, &[][..], r#"{"result":[]}"#, Verdict::Success),
            (200, &[], "<html>Instance Hibernating</html>", Verdict::Unavailable),
            (404, &[], NONE, Verdict::NotFound),
            (
                401,
                &[],
                r#"{"error":{"message":"User Not Authenticated","detail":null}}"#,
                Verdict::Unauthorized,
            ),
            (403, &[], r#"{"error":{"message":"Operation Failed","detail":"ACL"}}"#, Verdict::Rejected),
            (429, &[("retry-after", "7")], LIMIT, limited(Some(7), true)),
            (429, &[("x-ratelimit-reset", "1700000100")], LIMIT, limited(Some(100), true)),
            (500, &[], "", Verdict::Unavailable),
        ] {
            assert_eq!(classified(ServiceNow, status, headers, body).verdict, verdict, "{status} {body}");
        }
    }

    #[test]
    fn servicenow_tells_calls_an_hour() {
        let feedback = feedback(&headers(&[("x-ratelimit-limit", "100")]));
        assert_eq!(feedback.allowed, Some(Rate { calls: 100, per: Duration::from_secs(3_600) }));
    }
}
