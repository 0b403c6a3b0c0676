//! ServiceNow: `{error:{message, detail}, status:"failure"}`.

use serde_json::Value;

use super::{Answer, Classified, Verdict, by_status, text};
use crate::feedback;

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
                .or_else(|| feedback::reset_at(answer.headers, answer.now_unix)),
            whole_credential: true,
        },
        // A hibernating or starting instance answers with a page, and 200.
        200..=299 if !answer.body.is_empty() && body.is_none() => Verdict::Unavailable,
        _ => by_status(answer),
    };
    Classified { verdict, code: None, message: detail.or(message) }
}

#[cfg(test)]
mod tests {
    use trunkline_config::System::ServiceNow;

    use super::super::testing::{classified, limited};
    use super::*;

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
}
