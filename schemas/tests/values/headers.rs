//! Record headers: CloudEvents in binary mode, and W3C trace context by the vectors of its test suite.

use trunkline_schemas::PlatformEvent;
use trunkline_schemas::headers::{self, TraceParent};

use crate::samples::Sample;

#[test]
fn an_event_s_headers_are_a_cloud_event() {
    let [(_, event), _] = PlatformEvent::samples();
    let event = PlatformEvent { org_id: "a/b ü".into(), ..event };
    let headers = headers::cloud_event(&event);
    let pairs: Vec<_> =
        headers.iter().map(|(name, value)| (name, std::str::from_utf8(value).unwrap())).collect();
    assert_eq!(
        pairs,
        [
            ("ce_specversion", "1.0"),
            ("ce_id", "6f1c0e0e-6f5e-5d0c-9d8f-0c1d2e3f4a5b"),
            ("ce_type", "conversation.started"),
            ("ce_source", "/genesys/a%2Fb%20%C3%BC/genesys-eu"),
            ("ce_subject", "conversation/c0ffee"),
            ("ce_time", "2023-11-14T22:13:20.123Z"),
            ("content-type", "application/avro"),
        ]
    );
    assert_eq!(headers.get("CE_ID"), Some(event.event_id.as_str()));
    let timeless = headers::cloud_event(&PlatformEvent { event_time: i64::MAX, ..event });
    assert_eq!(timeless.get(headers::CE_TIME), None);
}

#[test]
fn correlation_headers_name_only_what_is_known() {
    let headers = headers::correlation(Some("c"), None, None, Some("x"));
    assert_eq!(headers.get(headers::CONVERSATION_ID), Some("c"));
    assert_eq!(headers.get(headers::CORRELATION_ID), Some("x"));
    assert_eq!(headers.len(), 2);
}

#[test]
fn traceparents_are_taken_and_refused_as_the_specification_s_tests_ask() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../vectors/traceparent.json")).unwrap();
    let texts = |kind: &str| {
        vectors[kind].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect::<Vec<_>>()
    };
    for text in texts("accept") {
        let parsed = TraceParent::parse(text).unwrap();
        assert_eq!(parsed.to_string()[3..53], text[3..53], "{text}");
        assert_eq!(parsed.sampled, text[53..55].ends_with('1'), "{text}");
    }
    for text in texts("reject") {
        assert!(TraceParent::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_child_stays_in_its_trace_and_no_id_is_ever_zero() {
    let parent: TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap();
    assert_eq!(parent.child([2; 8]).to_string(), "00-0af7651916cd43dd8448eb211c80319c-0202020202020202-01");
    for trace in [parent.child([0; 8]), TraceParent::from_random([0; 24], false)] {
        assert_eq!(TraceParent::parse(&trace.to_string()), Ok(trace));
    }
}
