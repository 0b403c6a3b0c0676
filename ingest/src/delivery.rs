//! From a verified request to a delivery: the last place that knows of HTTP.

use axum::http::{HeaderMap, header};
use trunkline_config::Source;
use trunkline_mapping::limits::ID_MAX;
use trunkline_mapping::quarantine::kept_headers;
use trunkline_mapping::{Delivery, Framing, Proof, TraceContext};

/// How a request was received.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// What proved where it comes from.
    pub proof: Proof,
    /// When it was received, UTC milliseconds.
    pub received_at: i64,
    /// The trace that everything made of it belongs to.
    pub trace: TraceContext,
}

/// What a request delivers.
pub fn delivery<'a>(
    source: &'a Source,
    headers: &HeaderMap,
    body: &'a [u8],
    receipt: Receipt,
) -> Delivery<'a> {
    let Receipt { proof, received_at, trace } = receipt;
    // A header that a layer before us marked as sensitive is none to keep, and one that is no text cannot be
    // kept.
    let plain = headers.iter().filter(|(_, value)| !value.is_sensitive());
    let texts = plain.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    Delivery {
        source,
        bytes: body,
        framing: Framing::Body,
        received_at,
        correlation_id: correlation_id(headers),
        trace,
        content_type: text(headers, header::CONTENT_TYPE.as_str()),
        headers: kept_headers(texts, source.verify.header()),
        proof,
    }
}

/// Genesys names every request it makes; other callers may use the common header. One that is longer than an id may be
/// names nothing: it would stand in every event of a batch.
fn correlation_id(headers: &HeaderMap) -> Option<String> {
    let id = |name| text(headers, name).filter(|id| id.len() <= ID_MAX);
    id("inin-correlation-id").or_else(|| id("x-correlation-id"))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().filter(|value| !value.is_empty()).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::HeaderValue;
    use trunkline_config::{Drift, OrderMode, Redaction, SourceKind, Verify};

    use super::*;

    #[test]
    fn a_delivery_carries_what_the_request_says_and_no_credential() {
        let source = Source {
            name: "test".into(),
            kind: SourceKind::CxoneDigital,
            org: None,
            order: OrderMode::Causal,
            sequence: None,
            hold: Duration::ZERO,
            drift: Drift::Pass,
            mapping: None,
            redaction: Redaction::default(),
            admission: Default::default(),
            verify: Verify::ApiKey { header: "X-Proof".into(), keys: vec!["s3cret".into()] },
        };
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-type", "application/json"),
            ("x-correlation-id", "c-2"),
            ("inin-correlation-id", "c-1"),
            ("x-proof", "s3cret"),
            ("authorization", "s3cret"),
            ("x-custom", "a"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
        let mut marked = HeaderValue::from_static("s3cret");
        marked.set_sensitive(true);
        headers.append("x-marked", marked);
        headers.append("x-bytes", HeaderValue::from_bytes(b"\xff").unwrap());
        let trace = TraceContext { parent: String::new(), state: None };
        let receipt = Receipt { proof: Proof::ApiKey, received_at: 7, trace };
        let delivery = delivery(&source, &headers, b"{}", receipt);
        assert_eq!(delivery.correlation_id.as_deref(), Some("c-1"));
        let mut long = headers.clone();
        long.insert("inin-correlation-id", "c".repeat(ID_MAX + 1).parse().unwrap());
        assert_eq!(correlation_id(&long).as_deref(), Some("c-2"), "what is no id names nothing");
        assert_eq!(delivery.content_type.as_deref(), Some("application/json"));
        let kept: Vec<&str> = delivery.headers.keys().map(String::as_str).collect();
        assert_eq!(kept, ["content-type", "inin-correlation-id", "x-correlation-id", "x-custom"]);
        assert!(!format!("{delivery:?}").contains("s3cret"));
    }
}
