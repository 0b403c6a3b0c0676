//! Any JSON API over HTTP: its status says what an answer means, and the body why, in one of the usual forms: problem
//! details (RFC 9457), OAuth's errors (RFC 6749 section 5.2), `message`, or an object `error` with one.

use serde_json::Value;

use crate::classify::{Answer, Classified, Verdict, by_status, text};

pub(super) fn classify(answer: &Answer<'_>, body: Option<&Value>) -> Classified {
    if (200..=299).contains(&answer.status) {
        // A login page or a maintenance notice, with 200. Nothing at all is an answer: there is nothing.
        let is_json = body.is_some() || answer.body.is_empty();
        let message = (!is_json).then(|| "answered with something that is not JSON".to_owned());
        let verdict = if is_json { Verdict::Success } else { Verdict::Unavailable };
        return Classified { verdict, code: None, message };
    }
    let error = body.and_then(|body| body.get("error"));
    let places = [body, error.filter(|error| error.is_object())];
    let of = |names: &[&str]| {
        let named = names.iter().flat_map(|name| places.iter().flatten().map(move |place| place.get(name)));
        named.into_iter().find_map(text)
    };
    let code = of(&["code", "errorCode"]).or_else(|| text(error)).or_else(|| of(&["type"]));
    let message = of(&["detail", "message", "error_description", "errorMessage", "title"]);
    Classified { verdict: by_status(answer), code, message }
}

#[cfg(test)]
mod tests {
    use trunkline_systems::System::Http;

    use super::*;
    use crate::classify::testing::{classified, limited};

    #[test]
    fn the_status_says_what_an_answer_means() {
        for (status, headers, body, verdict) in [
            (200, &[][..], r#"{"tier":"GOLD"}"#, Verdict::Success),
            (200, &[], "[]", Verdict::Success),
            (200, &[], "", Verdict::Success),
            (204, &[], "", Verdict::Success),
            (200, &[], "<html>login</html>", Verdict::Unavailable),
            (400, &[], "{}", Verdict::Rejected),
            (401, &[], "", Verdict::Unauthorized),
            (404, &[], "<html>", Verdict::NotFound),
            (429, &[("retry-after", "3")], "", limited(Some(3), false)),
            (503, &[], "", Verdict::Unavailable),
        ] {
            assert_eq!(classified(Http, status, headers, body).verdict, verdict, "{status} {body}");
        }
    }

    #[test]
    fn the_body_says_why_in_each_of_the_usual_forms() {
        for (body, code, message) in [
            (
                r#"{"type":"about:blank","title":"Bad","detail":"no such region"}"#,
                Some("about:blank"),
                Some("no such region"),
            ),
            (
                r#"{"error":"invalid_request","error_description":"no id"}"#,
                Some("invalid_request"),
                Some("no id"),
            ),
            (r#"{"error":{"code":"E7","message":"no id"}}"#, Some("E7"), Some("no id")),
            (r#"{"code":"E7","message":"no id"}"#, Some("E7"), Some("no id")),
            (r#"{"error":7}"#, None, None),
            ("no json", None, None),
        ] {
            let classified = classified(Http, 400, &[], body);
            assert_eq!(
                (classified.code.as_deref(), classified.message.as_deref()),
                (code, message),
                "{body}"
            );
        }
    }
}
