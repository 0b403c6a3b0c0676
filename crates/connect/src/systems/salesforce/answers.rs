//! Salesforce: an array of `{message, errorCode, fields}`.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;
use trunkline_systems::System;

use crate::classify::{Answer, Classified, Verdict, by_status, rate_limited, text};
use crate::feedback;
use crate::limiter::{Feedback, Remaining};

/// The limit on long transactions at once passes as soon as one of them ends.
const CONCURRENCY_WAIT: Duration = Duration::from_secs(1);
/// The rolling day's limit gives no time: a minute later some calls may have come back.
const DAILY_WAIT: Duration = Duration::from_secs(60);

pub(super) fn classify(answer: &Answer<'_>, body: Option<&Value>) -> Classified {
    let first = body.and_then(|body| body.get(0));
    let code = text(first.and_then(|error| error.get("errorCode")));
    let message = text(first.and_then(|error| error.get("message")));
    let verdict = match (answer.status, code.as_deref()) {
        // Several records have the external id: the body is an array of their addresses, none was written.
        (300, _) => {
            return Classified {
                verdict: Verdict::Rejected,
                code: Some("MULTIPLE_RECORDS".to_owned()),
                message: Some("several records have this external id; none was written".to_owned()),
            };
        }
        // The limit on calls comes as 403.
        (400..=503, Some("REQUEST_LIMIT_EXCEEDED" | "LIMIT_EXCEEDED")) => {
            request_limit(answer, message.as_deref())
        }
        (400..=499, Some("INVALID_SESSION_ID" | "INVALID_AUTH_HEADER")) => Verdict::Unauthorized,
        (400..=499, Some("UNABLE_TO_LOCK_ROW")) => Verdict::Locked,
        (400..=503, Some("SERVER_UNAVAILABLE" | "QUERY_TIMEOUT" | "REQUEST_RUNNING_TOO_LONG")) => {
            Verdict::Unavailable
        }
        _ => by_status(answer),
    };
    Classified { verdict, code, message }
}

fn request_limit(answer: &Answer<'_>, message: Option<&str>) -> Verdict {
    let concurrency = message.is_some_and(|message| message.starts_with("Concurrent"));
    match rate_limited(answer, true) {
        Verdict::RateLimited { retry_after: None, whole_credential } => Verdict::RateLimited {
            retry_after: Some(if concurrency { CONCURRENCY_WAIT } else { DAILY_WAIT }),
            whole_credential,
        },
        with_a_time => with_a_time,
    }
}

/// `Sforce-Limit-Info`, all its parts: the tightest wins.
pub(super) fn feedback(headers: &HeaderMap) -> Feedback {
    Feedback { remaining: remaining(headers), ..Feedback::default() }
}

// `api-usage=10018/100000; api-bursts=1/750; per-app-api-usage=17/250(appName=x)`
fn remaining(headers: &HeaderMap) -> Option<Remaining> {
    let left = feedback::text(headers, "sforce-limit-info")?
        .split([';', ','])
        .filter_map(|part| {
            let (used, allowed) = part.split_once('=')?.1.split_once('/')?;
            let digits = allowed.find(|c: char| !c.is_ascii_digit()).unwrap_or(allowed.len());
            let (used, allowed): (u32, u32) = (used.trim().parse().ok()?, allowed[..digits].parse().ok()?);
            Some(allowed.saturating_sub(used))
        })
        .min()?;
    let lasts = System::Salesforce.limits().window?;
    Some(Remaining { calls: left, lasts, rolling: true })
}

#[cfg(test)]
mod tests {
    use trunkline_systems::System::Salesforce;

    use super::*;
    use crate::classify::testing::{classified, headers, limited};

    fn error(code: &str, message: &str) -> String {
        format!(r#"[{{"message":"{message}","errorCode":"{code}"}}]"#)
    }

    #[test]
    fn answers_mean_what_salesforce_means() {
        for (status, body, verdict) in [
            (201, r#"{"id":"1","success":true,"errors":[]}"#.to_owned(), Verdict::Success),
            (204, String::new(), Verdict::Success),
            (300, r#"["/services/data/v60.0/sobjects/Contact/1"]"#.to_owned(), Verdict::Rejected),
            (400, error("INVALID_FIELD", "No such column 'foo'"), Verdict::Rejected),
            (400, error("REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]"), Verdict::Rejected),
            (400, error("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access"), Verdict::Locked),
            (401, error("INVALID_SESSION_ID", "Session expired or invalid"), Verdict::Unauthorized),
            (403, error("INSUFFICIENT_ACCESS", "no"), Verdict::Rejected),
            (403, error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), limited(Some(60), true)),
            (
                403,
                error("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
                limited(Some(1), true),
            ),
            (404, error("NOT_FOUND", "Provided external ID field does not exist"), Verdict::NotFound),
            (412, String::new(), Verdict::Conflict),
            (503, error("SERVER_UNAVAILABLE", "busy"), Verdict::Unavailable),
            (500, "<html>".to_owned(), Verdict::Unavailable),
        ] {
            assert_eq!(classified(Salesforce, status, &[], &body).verdict, verdict, "{status} {body}");
        }
    }

    #[test]
    fn code_and_message_are_kept() {
        let classified = classified(Salesforce, 400, &[], &error("INVALID_FIELD", "No such column"));
        assert_eq!(classified.code.as_deref(), Some("INVALID_FIELD"));
        assert_eq!(classified.message.as_deref(), Some("No such column"));
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
            let feedback = feedback(&headers(&[("sforce-limit-info", header)]));
            assert_eq!(feedback.remaining.map(|remaining| remaining.calls), left, "{header}");
        }
    }
}
