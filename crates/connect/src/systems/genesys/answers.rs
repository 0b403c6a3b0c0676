//! Genesys Cloud: `ErrorBody` `{message, code, status, contextId, …}`.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;
use trunkline_systems::{Rate, System};

use crate::classify::{Answer, Classified, Verdict, by_status, text};
use crate::feedback::{self, LONGEST_PAUSE, number};
use crate::limiter::{Feedback, Remaining};

/// Public clients add this to what Genesys says: its seconds are rounded down.
const ROUNDED: Duration = Duration::from_secs(1);

pub(super) fn classify(answer: &Answer<'_>, body: Option<&Value>) -> Classified {
    let code = text(body.and_then(|body| body.get("code")));
    let message = text(body.and_then(|body| body.get("message")));
    let verdict = match (answer.status, code.as_deref()) {
        (429, _) | (400..=499, Some("too.many.requests" | "too.many.requests.retry.after")) => {
            rate_limited(answer, message.as_deref())
        }
        // The directory service answers a lost race with 400, everyone else with 409.
        (400, _) if message.as_deref().is_some_and(is_version_mismatch) => Verdict::Conflict,
        (400..=499, Some("credentials.expired" | "bad.credentials" | "authentication.required")) => {
            Verdict::Unauthorized
        }
        _ => by_status(answer),
    };
    Classified { verdict, code, message }
}

fn is_version_mismatch(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("does not match the current version")
        || message.contains("version number of the modified resource")
}

// A 429 while the token has calls left comes from a limit of the resource: other endpoints are not affected.
fn rate_limited(answer: &Answer<'_>, message: Option<&str>) -> Verdict {
    let wait = feedback::retry_after(answer.headers, answer.now_unix)
        .or_else(|| seconds_in(message?))
        .or_else(|| reset(answer.headers));
    let left = self::feedback(answer.headers).remaining;
    Verdict::RateLimited {
        retry_after: wait.map(|wait| wait + ROUNDED),
        whole_credential: left.is_none_or(|left| left.calls == 0),
    }
}

// "Rate limit exceeded the maximum. Retry the request in [42] seconds"
fn seconds_in(message: &str) -> Option<Duration> {
    let (_, rest) = message.split_once("Retry the request in [")?;
    rest.split_once(']')?.0.parse().ok().map(Duration::from_secs)
}

/// `inin-ratelimit-count`, `-allowed`, `-reset` (seconds).
pub(super) fn feedback(headers: &HeaderMap) -> Feedback {
    let allowed = number(headers, "inin-ratelimit-allowed");
    let left = allowed.zip(number(headers, "inin-ratelimit-count")).zip(reset(headers));
    Feedback {
        allowed: allowed.zip(System::Genesys.limits().window).map(|(calls, per)| Rate { calls, per }),
        remaining: left.map(|((allowed, count), lasts)| Remaining {
            calls: allowed.saturating_sub(count),
            lasts,
            rolling: false,
        }),
        pause: None,
    }
}

/// Seconds until the window ends.
fn reset(headers: &HeaderMap) -> Option<Duration> {
    number(headers, "inin-ratelimit-reset")
        .map(|seconds| Duration::from_secs(seconds.into()).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use trunkline_systems::System::Genesys;

    use super::*;
    use crate::classify::testing::{classified, headers, limited};

    const LIMIT: &str = r#"{"message":"Rate limit exceeded the maximum. Retry the request in [42] seconds","code":"too.many.requests.retry.after","status":429,"contextId":"c","details":[],"errors":[]}"#;
    const HAS_CALLS_LEFT: &[(&str, &str)] =
        &[("inin-ratelimit-count", "20"), ("inin-ratelimit-allowed", "300"), ("inin-ratelimit-reset", "30")];

    #[test]
    fn answers_mean_what_genesys_means() {
        for (status, headers, body, verdict) in [
            (200, &[][..], "{}", Verdict::Success),
            (202, &[], "", Verdict::Success),
            (400, &[], r#"{"code":"bad.request","message":"Invalid"}"#, Verdict::Rejected),
            (
                400,
                &[],
                r#"{"message":"The given version 3 does not match the current version 4"}"#,
                Verdict::Conflict,
            ),
            (
                409,
                &[],
                r#"{"message":"The version number of the modified resource must match the version number in the database."}"#,
                Verdict::Conflict,
            ),
            (401, &[], r#"{"code":"bad.credentials"}"#, Verdict::Unauthorized),
            (403, &[], r#"{"code":"missing.any.permissions"}"#, Verdict::Rejected),
            (404, &[], r#"{"code":"not.found"}"#, Verdict::NotFound),
            (408, &[], "", Verdict::Unavailable),
            (429, &[], LIMIT, limited(Some(43), true)),
            (429, &[("retry-after", "10")], LIMIT, limited(Some(11), true)),
            (429, HAS_CALLS_LEFT, "", limited(Some(31), false)),
            (429, &[], "", limited(None, true)),
            (503, &[], r#"{"code":"service.unavailable"}"#, Verdict::Unavailable),
            (504, &[], "<html>gateway timeout</html>", Verdict::Unavailable),
        ] {
            assert_eq!(classified(Genesys, status, headers, body).verdict, verdict, "{status} {body}");
        }
    }

    #[test]
    fn genesys_tells_calls_left_and_seconds_to_the_reset() {
        let feedback = feedback(&headers(&[
            ("inin-ratelimit-count", "170"),
            ("inin-ratelimit-allowed", "180"),
            ("inin-ratelimit-reset", "12"),
        ]));
        assert_eq!(feedback.allowed, Some(Rate { calls: 180, per: Duration::from_secs(60) }));
        let lasts = Duration::from_secs(12);
        assert_eq!(feedback.remaining, Some(Remaining { calls: 10, lasts, rolling: false }));
    }
}
