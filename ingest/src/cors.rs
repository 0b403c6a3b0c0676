//! Requests of web pages (CORS): which page may call which source from a browser.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// The path of a source's webhook, without its name.
const WEBHOOKS: &str = "/v1/webhooks/";

/// How long a browser remembers what it may send.
const MAX_AGE: Duration = Duration::from_secs(600);

/// The headers that a page may send beside the simple ones: its proof, what it posts, and what correlates it.
const HEADERS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("x-correlation-id"),
];

/// Answers browsers, by the origins of each source; `None` where no page may call any. No cookies are taken: a page
/// proves who it is by what it sends.
pub fn layer(origins: BTreeMap<String, Vec<String>>) -> Option<CorsLayer> {
    if origins.values().all(Vec::is_empty) {
        return None;
    }
    let allowed = AllowOrigin::predicate(move |origin: &HeaderValue, request| {
        let source = request.uri.path().strip_prefix(WEBHOOKS).unwrap_or_default();
        origins.get(source).is_some_and(|origins| origins.iter().any(|known| origin == known.as_str()))
    });
    let layer = CorsLayer::new().allow_methods([Method::POST]).allow_headers(HEADERS).max_age(MAX_AGE);
    Some(layer.allow_origin(allowed))
}
