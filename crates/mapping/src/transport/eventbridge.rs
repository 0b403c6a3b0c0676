//! The Amazon EventBridge envelope: `{id, detail-type, source, time, detail, …}`, with the event as `detail`.

use std::borrow::Cow;

use super::Unwrapped;
use crate::event_time::Times;
use crate::field::Fields;
use crate::payload::Element;
use crate::unknown::is_unknown;

/// Takes the envelope of a partner event of Genesys Cloud off.
pub fn unwrap<'a>(element: &'a Element<'a>) -> Option<Unwrapped<'a>> {
    let type_name = element.value.get("detail-type")?.as_str()?;
    let envelope = Fields::of(&element.value).with_written(element.written.as_ref());
    Some(Unwrapped {
        type_name: Some(Cow::Borrowed(type_name)),
        org: envelope.word("source").and_then(|source| org(&source)),
        sent_at: Times::read(element.typed(), "", &["/time"]),
        transport_id: envelope.id("id"),
        ..Unwrapped::at(element, "/detail")?
    })
}

/// The organisation in the partner event source, `aws.partner/genesys.com/cloud/{orgId}/{suffix}`.
fn org(source: &str) -> Option<String> {
    let mut parts = source.strip_prefix("aws.partner/genesys.com")?.split('/').skip(1);
    (parts.next()? == "cloud").then_some(())?;
    parts.next().filter(|org| !org.is_empty() && !is_unknown(org)).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_organisation_is_in_the_partner_source() {
        for (source, expected) in [
            ("aws.partner/genesys.com/cloud/8f1c/bus", Some("8f1c")),
            ("aws.partner/genesys.com.test/cloud/8f1c/test-event-bus", Some("8f1c")),
            ("aws.partner/genesys.com/cloud//bus", None),
            ("aws.partner/genesys.com/cloud/unknown/bus", None),
            ("aws.partner/genesys.com", None),
            ("aws.partner/other.com/cloud/8f1c/bus", None),
            ("", None),
        ] {
            assert_eq!(org(source).as_deref(), expected, "{source}");
        }
    }

    #[test]
    fn what_is_not_in_the_envelope_is_not_unwrapped() {
        for payload in ["7", r#"{"detail": {}}"#, r#"{"detail-type": 7, "detail": {}}"#] {
            assert_eq!(unwrap(&Element::read(payload.as_bytes(), 9).unwrap()), None, "{payload}");
        }
        let payload =
            r#"{"id": "d-1", "detail-type": "v2.x", "time": "2026-03-02T08:15:30Z", "detail": {"a": 1}}"#;
        let element = Element::read(payload.as_bytes(), 9).unwrap();
        let unwrapped = unwrap(&element).unwrap();
        assert_eq!((unwrapped.message, unwrapped.type_name.as_deref()), (&json!({"a": 1}), Some("v2.x")));
        assert_eq!((unwrapped.transport_id.as_deref(), unwrapped.org), (Some("d-1"), None));
        assert_eq!(unwrapped.sent_at.plausible(1_772_439_330_000), Some(1_772_439_330_000));
    }
}
