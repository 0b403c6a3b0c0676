//! NICE CXone: the reason may stand in the header `icStatusDescription` and not in the body.

use serde_json::Value;

use crate::classify::{Answer, Classified, Verdict, by_status, text};
use crate::feedback;

pub(super) fn classify(answer: &Answer<'_>, body: Option<&Value>) -> Classified {
    let field = |name: &str| text(body.and_then(|body| body.get(name)));
    let code = field("error").or_else(|| field("errorCode"));
    let message = feedback::text(answer.headers, "icstatusdescription")
        .map(str::to_owned)
        .or_else(|| field("error_description"))
        .or_else(|| field("errorDescription"))
        .or_else(|| field("errorMessage"))
        .or_else(|| field("message"));
    let verdict = match answer.status {
        // Nothing new, the answer of a long poll.
        304 => Verdict::Success,
        // NICE's own clients take a 503 with Retry-After for a limit.
        503 => match feedback::retry_after(answer.headers, answer.now_unix) {
            retry_after @ Some(_) => Verdict::RateLimited { retry_after, whole_credential: false },
            None => Verdict::Unavailable,
        },
        _ => by_status(answer),
    };
    Classified { verdict, code, message }
}

#[cfg(test)]
mod tests {
    use trunkline_systems::System::Cxone;

    use super::*;
    use crate::classify::testing::{classified, limited};

    #[test]
    fn answers_mean_what_cxone_means() {
        for (status, headers, body, verdict) in [
            (200, &[][..], "{}", Verdict::Success),
            (202, &[], "", Verdict::Success),
            (400, &[("icstatusdescription", "Invalid skill")], "", Verdict::Rejected),
            (401, &[], r#"{"error":"invalid_client"}"#, Verdict::Unauthorized),
            (404, &[], "", Verdict::NotFound),
            (409, &[], "", Verdict::Conflict),
            (429, &[("retry-after", "5")], "", limited(Some(5), false)),
            (503, &[("retry-after", "5")], "", limited(Some(5), false)),
            (503, &[], "", Verdict::Unavailable),
        ] {
            assert_eq!(classified(Cxone, status, headers, body).verdict, verdict, "{status} {body}");
        }
    }

    #[test]
    fn the_reason_is_read_from_the_header() {
        let classified = classified(Cxone, 400, &[("icstatusdescription", "Invalid skill")], "");
        assert_eq!(classified.message.as_deref(), Some("Invalid skill"));
    }
}
