//! W3C trace context of a request.

use axum::http::HeaderMap;
use trunkline_mapping::TraceContext;
use trunkline_schemas::headers::{self, TraceParent};
use trunkline_telemetry::trace;

/// Longest `tracestate` passed on, in bytes; the specification asks for 512 at least.
const STATE_BYTES: usize = 1_024;

/// The caller's `traceparent`, when it is there exactly once and valid: of two, or of a broken one, a new
/// trace begins.
pub fn incoming(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(headers::TRACEPARENT).iter();
    let value = values.next()?.to_str().ok()?;
    (values.next().is_none() && TraceParent::parse(value).is_ok()).then_some(value)
}

/// The trace to hand on: the current span's where spans are exported, else the caller's, else a new one.
pub fn of(headers: &HeaderMap) -> TraceContext {
    let incoming = incoming(headers);
    let parent = trace::current_traceparent()
        .or_else(|| incoming.map(ToOwned::to_owned))
        .unwrap_or_else(|| TraceParent::from_random(rand::random(), true).to_string());
    let state = incoming.and_then(|_| {
        let members: Vec<&str> =
            headers.get_all(headers::TRACESTATE).iter().filter_map(|value| value.to_str().ok()).collect();
        let state = members.join(",");
        (!state.is_empty() && state.len() <= STATE_BYTES).then_some(state)
    });
    TraceContext { parent, state }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn of_entries(entries: &[(&'static str, &str)]) -> TraceContext {
        let mut headers = HeaderMap::new();
        for (name, value) in entries {
            headers.append(*name, value.parse().unwrap());
        }
        of(&headers)
    }

    #[test]
    fn a_callers_trace_goes_on_and_a_broken_one_does_not() {
        let kept = of_entries(&[("traceparent", PARENT), ("tracestate", "a=1"), ("tracestate", "b=2")]);
        assert_eq!((kept.parent.as_str(), kept.state.as_deref()), (PARENT, Some("a=1,b=2")));
        for entries in [
            vec![("tracestate", "a=1")],
            vec![("traceparent", "00-zz"), ("tracestate", "a=1")],
            vec![("traceparent", PARENT), ("traceparent", PARENT), ("tracestate", "a=1")],
        ] {
            let begun = of_entries(&entries);
            assert!(TraceParent::parse(&begun.parent).is_ok() && begun.parent != PARENT, "{begun:?}");
            assert_eq!(begun.state, None, "a state without its trace means nothing");
        }
    }
}
