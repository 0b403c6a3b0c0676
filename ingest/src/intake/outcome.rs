//! From a verified body to what it holds, beside the runtime's threads where that takes long.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use tokio::sync::Semaphore;
use trunkline_config::Source;
use trunkline_mapping::{Delivery, ElementOutcome, Outcome, map_delivery, quarantine};
use trunkline_schemas::error_codes;

use crate::content_coding::{self, Undecoded};
use crate::delivery::{self, Receipt};
use crate::refusal::Refusal;

/// A body of so many bytes is mapped by a thread of its own. Mapping one of 2 MB takes some 50 ms, during
/// which a thread of the runtime would answer nobody else; one of this size takes 2 ms.
const LARGE: usize = 64 * 1_024;

/// How much of a body is read.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes of its content.
    pub bytes: usize,
    /// Deepest nesting.
    pub json_depth: usize,
}

/// What a body holds. `mapping` is how many large bodies may be mapped at once: what a parser makes of one may take
/// thirty times its size for as long as it lasts.
///
/// # Errors
/// The [`Refusal`] of one beyond the limits.
pub async fn outcome_of(
    source: &Arc<Source>,
    headers: &HeaderMap,
    body: &Bytes,
    receipt: Receipt,
    limits: Limits,
    mapping: &Arc<Semaphore>,
) -> Result<Outcome, Refusal> {
    // A small body with a content coding may have a large content.
    if body.len() < LARGE && !headers.contains_key(header::CONTENT_ENCODING) {
        return map(source, headers, body, receipt, limits);
    }
    let Ok(turn) = Arc::clone(mapping).acquire_owned().await else { return Err(Refusal::Unavailable) };
    let (source, headers, body) = (Arc::clone(source), headers.clone(), body.clone());
    let mapped = tokio::task::spawn_blocking(move || {
        // Mapping goes on when the caller has gone, and keeps its turn as long.
        let _turn = turn;
        map(&source, &headers, &body, receipt, limits)
    });
    match mapped.await {
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::error!(%error, "mapping a body broke off");
            Err(Refusal::Unavailable)
        }
    }
}

fn map(
    source: &Source,
    headers: &HeaderMap,
    body: &[u8],
    receipt: Receipt,
    limits: Limits,
) -> Result<Outcome, Refusal> {
    match content_coding::content(headers, body, limits.bytes) {
        Ok(content) => {
            let mut delivery = delivery::delivery(source, headers, &content, receipt);
            delivery.headers.remove(header::CONTENT_ENCODING.as_str());
            Ok(map_delivery(&delivery, limits.json_depth)?)
        }
        Err(Undecoded::TooLarge { limit }) => Err(Refusal::TooLarge { limit }),
        Err(undecoded @ (Undecoded::Corrupt { .. } | Undecoded::Unsupported)) => {
            let delivery = delivery::delivery(source, headers, body, receipt);
            Ok(as_sent(&delivery, &undecoded))
        }
    }
}

/// A body whose content is not known is kept as it was sent, with the header that says how to read it.
fn as_sent(delivery: &Delivery<'_>, undecoded: &Undecoded) -> Outcome {
    let code = match undecoded {
        Undecoded::Unsupported => error_codes::CODING_UNSUPPORTED,
        _ => error_codes::NOT_JSON,
    };
    let kept = quarantine::kept(delivery, delivery.bytes, code, undecoded.to_string());
    Outcome { batch: false, elements: vec![ElementOutcome::Quarantined(Box::new(kept))] }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;
    use std::time::Duration;

    use trunkline_config::{Drift, OrderMode, Redaction, SourceKind, Verify};
    use trunkline_mapping::{Proof, TraceContext};

    use super::*;

    const LIMITS: Limits = Limits { bytes: 4 << 20, json_depth: 64 };

    fn receipt() -> Receipt {
        let trace = TraceContext { parent: String::new(), state: None };
        Receipt { proof: Proof::NotRequired, received_at: 1_772_439_600_000, trace }
    }

    fn source() -> Arc<Source> {
        Arc::new(Source {
            name: "test".into(),
            kind: SourceKind::CxoneDigital,
            org: Some("acme".into()),
            order: OrderMode::Causal,
            sequence: None,
            hold: Duration::ZERO,
            drift: Drift::Pass,
            mapping: None,
            redaction: Redaction::default(),
            admission: Default::default(),
            verify: Verify::None,
        })
    }

    fn body(elements: usize) -> Bytes {
        let texts = vec![r#""some text""#; elements].join(",");
        Bytes::from(format!(
            r#"{{"eventType":"CaseCreated","eventId":"e","data":{{"case":{{"id":"1"}},"list":[{texts}]}}}}"#
        ))
    }

    /// Whether the runtime's thread is free while a body is mapped, and what the body holds.
    async fn mapped_beside(headers: &HeaderMap, body: &Bytes) -> (bool, Result<Outcome, Refusal>) {
        let source = source();
        let mapping = Arc::new(Semaphore::new(1));
        let mut outcome = std::pin::pin!(outcome_of(&source, headers, body, receipt(), LIMITS, &mapping));
        let first = std::future::poll_fn(|context| Poll::Ready(outcome.as_mut().poll(context))).await;
        match first {
            Poll::Ready(outcome) => (false, outcome),
            Poll::Pending => (true, outcome.await),
        }
    }

    #[tokio::test]
    async fn a_large_body_holds_up_no_thread_of_the_runtime_and_becomes_the_same() {
        let plain = HeaderMap::new();
        for (elements, beside) in [(1, false), (100_000, true)] {
            let body = body(elements);
            let (found, outcome) = mapped_beside(&plain, &body).await;
            assert_eq!(found, beside, "{} bytes", body.len());
            assert_eq!(outcome.unwrap(), map(&source(), &plain, &body, receipt(), LIMITS).unwrap());
        }
    }

    #[tokio::test]
    async fn what_a_large_body_is_refused_for_is_told() {
        let deep = Bytes::from("[".repeat(LARGE));
        let (_, outcome) = mapped_beside(&HeaderMap::new(), &deep).await;
        assert!(matches!(outcome, Err(Refusal::OverLimit(_))), "{outcome:?}");
    }
}
