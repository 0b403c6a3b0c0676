//! SAP OData: `{error:{code, message}}` where the message is an object in v2 and a string in v4, in the
//! user's language; gateways answer with HTML, XML or nothing.

use serde_json::Value;

use crate::classify::{Answer, Classified, Verdict, by_status, text};
use crate::feedback;

pub(super) fn classify(answer: &Answer<'_>, body: Option<&Value>) -> Classified {
    let error = body.and_then(|body| body.get("error"));
    let code = text(error.and_then(|error| error.get("code")));
    let words = error.and_then(|error| error.get("message"));
    let message = text(words).or_else(|| text(words.and_then(|words| words.get("value"))));
    let verdict = match answer.status {
        // A login page or a maintenance notice, with 200.
        200..=299 if !answer.body.is_empty() && body.is_none() && !is_metadata(answer) => {
            return Classified {
                verdict: Verdict::Unavailable,
                code: None,
                message: Some("answered with something that is not JSON".to_owned()),
            };
        }
        // No or an old cross-site token: a fresh one helps as a fresh login would.
        403 if csrf_required(answer) => Verdict::Unauthorized,
        // The write came without the version the service wants to see.
        428 => Verdict::Conflict,
        _ => by_status(answer),
    };
    Classified { verdict, code, message }
}

/// Whether an answer is the description of a service, which is XML.
fn is_metadata(answer: &Answer<'_>) -> bool {
    let is_xml = feedback::text(answer.headers, "content-type")
        .is_some_and(|kind| kind.starts_with("application/xml"));
    is_xml && answer.body.windows(b"Edmx".len()).take(1_000).any(|part| part == b"Edmx")
}

fn csrf_required(answer: &Answer<'_>) -> bool {
    feedback::text(answer.headers, "x-csrf-token").is_some_and(|token| token.eq_ignore_ascii_case("required"))
}

#[cfg(test)]
mod tests {
    use trunkline_systems::System::Sap;

    use super::*;
    use crate::classify::testing::{classified, limited};

    const V2: &str = r#"{"error":{"code":"ZCU/100","message":{"lang":"nl","value":"Klant bestaat niet"}}}"#;
    const V4: &str = r#"{"error":{"code":"err123","message":"Unsupported functionality","details":[]}}"#;

    #[test]
    fn answers_mean_what_sap_means() {
        for (status, headers, body, verdict) in [
            (200, &[][..], r#"{"d":{"results":[]}}"#, Verdict::Success),
            (200, &[], "<html>maintenance</html>", Verdict::Unavailable),
            (200, &[("content-type", "application/xml")], "<edmx:Edmx/>", Verdict::Success),
            (200, &[("content-type", "application/xml")], "<error/>", Verdict::Unavailable),
            (204, &[], "", Verdict::Success),
            (400, &[], V2, Verdict::Rejected),
            (400, &[], V4, Verdict::Rejected),
            (401, &[], "<html>login</html>", Verdict::Unauthorized),
            (403, &[("x-csrf-token", "Required")], "", Verdict::Unauthorized),
            (403, &[], V2, Verdict::Rejected),
            (404, &[], V2, Verdict::NotFound),
            (412, &[], "", Verdict::Conflict),
            (428, &[], V2, Verdict::Conflict),
            (429, &[("retry-after", "3")], "", limited(Some(3), false)),
            (503, &[], "<?xml version='1.0'?><error/>", Verdict::Unavailable),
        ] {
            assert_eq!(classified(Sap, status, headers, body).verdict, verdict, "{status} {body}");
        }
    }

    #[test]
    fn both_versions_tell_code_and_message() {
        let v2 = classified(Sap, 400, &[], V2);
        assert_eq!(
            (v2.code.as_deref(), v2.message.as_deref()),
            (Some("ZCU/100"), Some("Klant bestaat niet"))
        );
        let v4 = classified(Sap, 400, &[], V4);
        assert_eq!(
            (v4.code.as_deref(), v4.message.as_deref()),
            (Some("err123"), Some("Unsupported functionality"))
        );
    }
}
