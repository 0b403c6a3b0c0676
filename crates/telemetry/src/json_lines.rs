//! Log lines as flat JSON objects.

use std::fmt;
use std::io::Write;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// A layer that writes each event as one line: `timestamp`, `level`, `component`, `instance`, `module`, `message`, then
/// the fields of the spans around it and its own, by name. A field nearer to the event wins over one further out.
///
/// The module is not called `target`, as elsewhere with `tracing`: here a target is an outside system.
pub(crate) struct JsonLines<W> {
    component: &'static str,
    instance: String,
    writer: W,
}

/// Fields of a span, kept in the registry for the events within it.
struct SpanFields(Map<String, Value>);

struct Collect<'a>(&'a mut Map<String, Value>);

// === impl JsonLines ===

impl<W: Fn(&[u8])> JsonLines<W> {
    pub(crate) fn new(component: &'static str, instance: &str, writer: W) -> Self {
        Self { component, instance: instance.to_owned(), writer }
    }
}

/// Writes a line to standard error. A reader that went away is no reason to stop.
pub(crate) fn standard_error(line: &[u8]) {
    let _ = std::io::stderr().lock().write_all(line);
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn(&[u8]) + Send + Sync + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Map::new();
        attributes.record(&mut Collect(&mut fields));
        if let Some(span) = context.span(id) {
            span.extensions_mut().replace(SpanFields(fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(SpanFields(fields)) = span.extensions_mut().get_mut()
        {
            values.record(&mut Collect(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut fields = Map::new();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(SpanFields(of_span)) = span.extensions().get() {
                fields.extend(of_span.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        event.record(&mut Collect(&mut fields));
        let message = fields.remove("message").unwrap_or_default();
        let first = [
            ("timestamp", timestamp(SystemTime::now()).into()),
            ("level", metadata.level().as_str().into()),
            ("component", self.component.into()),
            ("instance", self.instance.as_str().into()),
            ("module", metadata.target().into()),
            ("message", message),
        ];
        (self.writer)(line(&first, &fields).as_bytes());
    }
}

// === impl Collect ===

impl Visit for Collect<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}

/// One object on one line, in the order given; a field of the event wins over what every line has.
fn line(first: &[(&str, Value)], fields: &Map<String, Value>) -> String {
    let first =
        first.iter().map(|(name, value)| (*name, value)).filter(|(name, _)| !fields.contains_key(*name));
    let all = first.chain(fields.iter().map(|(name, value)| (name.as_str(), value)));
    let members: Vec<_> = all.map(|(name, value)| format!("{}:{value}", Value::from(name))).collect();
    format!("{{{}}}\n", members.join(","))
}

/// RFC 3339 in UTC with microseconds.
fn timestamp(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, UNIX_EPOCH};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn a_line_carries_its_spans_fields_and_its_own() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = lines.clone();
        let layer = JsonLines::new("sink", "sink-7", move |line: &[u8]| {
            kept.lock().unwrap().push(String::from_utf8(line.to_vec()).unwrap());
        });
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = tracing::info_span!(
                "write",
                correlation_id = "c-1",
                attempt = 1,
                code = tracing::field::Empty
            );
            span.record("code", "TL-4005");
            let _entered = span.enter();
            tracing::warn!(attempt = 2, status = %"409 \"Conflict\"", late = true, target = "sap", "write failed");
        });
        let lines = lines.lock().unwrap();
        assert!(lines[0].starts_with(r#"{"timestamp":"2"#) && lines[0].ends_with("}\n"), "{}", lines[0]);
        let line: Map<String, Value> = serde_json::from_str(&lines[0]).unwrap();
        let expected = serde_json::json!({
            "level": "WARN", "component": "sink", "instance": "sink-7", "message": "write failed",
            "correlation_id": "c-1", "attempt": 2, "status": "409 \"Conflict\"", "late": true, "code": "TL-4005",
            "target": "sap", "module": "trunkline_telemetry::json_lines::tests",
        });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(line.get(name), Some(value), "{name}");
        }
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn timestamps_are_rfc_3339() {
        let cases = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_767_225_599_999_999, "2025-12-31T23:59:59.999999Z"),
            (4_102_444_800_000_001, "2100-01-01T00:00:00.000001Z"),
        ];
        for (micros, expected) in cases {
            assert_eq!(timestamp(UNIX_EPOCH + Duration::from_micros(micros)), expected);
        }
    }
}
