//! Requests of web pages (CORS): which page may call which source from a browser.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};
use trunkline_config::Source;

/// How long a browser remembers what it may send.
const MAX_AGE: Duration = Duration::from_secs(600);

/// The headers that a page may send to every source beside the simple ones and its proof: what it posts, and what
/// correlates it. `Authorization` is among them whatever the proof is, so that pages can be changed before a source is.
const HEADERS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("x-correlation-id"),
];

/// Answers browsers on a source's path, by its origins and the headers of its proof; `None` where no page may call it.
/// No cookies are taken: a page proves who it is by what it sends.
pub fn layer(source: &Source) -> Option<CorsLayer> {
    let origins = source.admission.cors_origins.clone();
    if origins.is_empty() {
        return None;
    }
    let proofs = source.verify.headers();
    let proofs = proofs.iter().filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok());
    let mut headers = HEADERS.to_vec();
    headers.extend(proofs);
    headers.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    headers.dedup();
    let allowed = AllowOrigin::predicate(move |origin: &HeaderValue, _| {
        origins.iter().any(|known| origin == known.as_str())
    });
    let layer = CorsLayer::new().allow_methods([Method::POST]).allow_headers(headers).max_age(MAX_AGE);
    Some(layer.allow_origin(allowed).expose_headers([header::RETRY_AFTER]))
}
