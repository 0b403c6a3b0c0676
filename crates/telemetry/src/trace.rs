//! W3C trace context: one trace from the webhook to the write-back, carried by the `traceparent` header.

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext, Status, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context, Value};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The header's name, in HTTP and in Kafka records.
pub const TRACEPARENT: &str = "traceparent";

/// Whether spans are exported. Callers on a hot path skip spans altogether when they are not.
pub fn enabled() -> bool {
    crate::logging::exporting()
}

/// A span named `name`, a child of `traceparent` where that is given and valid, else of the current span or a root.
///
/// Without export it is [`Span::none`], which costs nothing; [`propagated`] still keeps the trace together.
pub fn span_from(traceparent: Option<&str>, name: &'static str) -> Span {
    if !enabled() {
        return Span::none();
    }
    child_of(traceparent, tracing::info_span!("work", otel.name = name))
}

fn child_of(traceparent: Option<&str>, span: Span) -> Span {
    if let Some(parent) = traceparent.and_then(extract) {
        // Fails only for a span that has started already, and this one has not.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
    span
}

/// A span of one request to another system, a child of `traceparent` as in [`span_from`].
///
/// `name` is one of few: no ids, no addresses. More is said by [`set`] and [`failed`].
pub fn request_span(traceparent: Option<&str>, name: &str) -> Span {
    if !enabled() {
        return Span::none();
    }
    child_of(traceparent, tracing::info_span!("work", otel.name = name, otel.kind = "client"))
}

/// Says something about a span, by a name of OpenTelemetry's conventions or one that begins with `trunkline.`.
pub fn set(span: &Span, name: &'static str, value: impl Into<Value>) {
    if !span.is_none() {
        span.set_attribute(name, value);
    }
}

/// Marks a span as failed, by a word.
pub fn failed(span: &Span, why: &'static str) {
    if !span.is_none() {
        span.set_status(Status::error(why));
    }
}

/// The `traceparent` of the current span; `None` when spans are not exported or there is no current one.
pub fn current_traceparent() -> Option<String> {
    if !enabled() {
        return None;
    }
    let context = Span::current().context();
    let current = context.span().span_context().clone();
    current.is_valid().then(|| inject(current))
}

/// The `traceparent` to send on: the current span's, else `incoming` where it is valid, else that of a new trace.
///
/// What leaves Trunkline always belongs to a trace, also while no collector is configured.
pub fn propagated(incoming: Option<&str>) -> String {
    if let Some(current) = current_traceparent() {
        return current;
    }
    match incoming {
        // The common case on the hot path, which the propagator would take apart and put together again.
        Some(incoming) if is_plain(incoming) => incoming.to_owned(),
        _ => inject(incoming.and_then(extract).unwrap_or_else(new_trace)),
    }
}

/// Whether a `traceparent` is a valid one of version 00: `00-<32 hex>-<16 hex>-<2 hex>`, ids not all zero.
fn is_plain(traceparent: &str) -> bool {
    let Ok(bytes) = <&[u8; 55]>::try_from(traceparent.as_bytes()) else { return false };
    // Without a way out at the first one that is none, so that the compiler takes several at a time.
    let is_hex =
        |part: &[u8]| part.iter().fold(true, |all, byte| all & matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_id = |part: &[u8]| is_hex(part) && part.iter().any(|byte| *byte != b'0');
    let dashes = [bytes[35], bytes[52]] == *b"--";
    bytes.starts_with(b"00-")
        && dashes
        && is_id(&bytes[3..35])
        && is_id(&bytes[36..52])
        && is_hex(&bytes[53..])
}

fn new_trace() -> SpanContext {
    let ids = RandomIdGenerator::default();
    let trace_id: TraceId = ids.new_trace_id();
    SpanContext::new(trace_id, ids.new_span_id(), TraceFlags::SAMPLED, false, TraceState::default())
}

fn extract(traceparent: &str) -> Option<SpanContext> {
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    let span = context.span().span_context().clone();
    span.is_valid().then_some(span)
}

fn inject(span: SpanContext) -> String {
    let mut carrier = HashMap::new();
    let context = Context::new().with_remote_span_context(span);
    TraceContextPropagator::new().inject_context(&context, &mut carrier);
    carrier.remove(TRACEPARENT).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_export_an_incoming_trace_is_kept_and_a_missing_one_begun() {
        let incoming = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(propagated(Some(incoming)), incoming);
        for invalid in [
            None,
            Some("nonsense"),
            Some("00-00000000000000000000000000000000-b7ad6b7169203331-01"),
            Some("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"),
            Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra"),
            Some("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"),
        ] {
            let begun = propagated(invalid);
            assert_eq!(begun.len(), incoming.len(), "{begun}");
            assert!(extract(&begun).is_some(), "{begun}");
            assert_ne!(begun, propagated(invalid), "each trace is a new one");
        }
    }

    #[test]
    fn without_export_spans_cost_nothing() {
        assert!(span_from(None, "normalize").is_none());
        assert_eq!(current_traceparent(), None);
    }
}
