//! SAP OData: `{error:{code, message}}` where the message is an object in v2 and a string in v4, in the
//! user's language; gateways answer with HTML, XML or nothing.

use roxmltree::Document;
use serde_json::Value;

use crate::classify::{Answer, Classified, Verdict, by_status, text};
use crate::feedback;

pub(super) fn classify(answer: &Answer<'_>, body: Option<&Value>) -> Classified {
    let error = body.and_then(|body| body.get("error"));
    let (code, message) = match error {
        Some(error) => {
            let words = error.get("message");
            (
                text(error.get("code")),
                text(words).or_else(|| text(words.and_then(|words| words.get("value")))),
            )
        }
        None => in_xml(answer),
    };
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

/// Code and words of an error of the gateway, which come as XML before a service is reached.
fn in_xml(answer: &Answer<'_>) -> (Option<String>, Option<String>) {
    let is_error = answer.status >= 400 && answer.body.trim_ascii_start().starts_with(b"<?xml");
    let body = std::str::from_utf8(answer.body).ok().filter(|_| is_error);
    let Some(document) = body.and_then(|body| Document::parse(body).ok()) else { return (None, None) };
    let of = |name: &str| {
        let node = document.root_element().children().find(|node| node.tag_name().name() == name)?;
        node.text().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    (of("code"), of("message"))
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
    fn the_gateway_tells_code_and_message_in_xml() {
        const XML: &str = "<?xml version=\"1.0\"?>\
                           <error xmlns=\"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\">\
                           <code>/IWFND/MED/022</code><message xml:lang=\"en\">No authorization</message></error>";
        let refused = classified(Sap, 403, &[], XML);
        assert_eq!(refused.verdict, Verdict::Rejected);
        assert_eq!(
            (refused.code.as_deref(), refused.message.as_deref()),
            (Some("/IWFND/MED/022"), Some("No authorization"))
        );
        for body in
            ["<?xml version='1.0'?><error/>", "<?xml version='1.0'?><err", "<html><code>1</code></html>"]
        {
            let unreadable = classified(Sap, 403, &[], body);
            assert_eq!((unreadable.code, unreadable.message), (None, None), "{body}");
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
