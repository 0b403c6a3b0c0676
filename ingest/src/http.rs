//! The webhook's HTTP side: routes, answers, and what is counted of each.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use metrics::{counter, histogram};
use serde_json::json;
use tracing::Instrument;
use trunkline_telemetry::trace;

use crate::connections::Connection;
use crate::intake::{Intake, Taken};
use crate::publish::Publish;
use crate::refusal::Refusal;
use crate::{body, cors, metric_names, trace_context};

/// `POST /v1/webhooks/{source}`; everything else is refused in the same form, but for what browsers ask before they
/// call a source that pages may call.
pub fn router<P: Publish>(intake: Arc<Intake<P>>) -> Router {
    let mut router = Router::new().route("/v1/webhooks/{source}", post(webhook::<P>).fallback(wrong_method));
    for source in intake.sources() {
        let Some(layer) = cors::layer(source) else { continue };
        let name = source.name.clone();
        let webhook = move |State(intake): State<Arc<Intake<P>>>,
                            connection: OverConnection,
                            headers,
                            body| async move {
            answer(intake, name, connection, headers, body).await
        };
        // What is asked on other paths is none of a browser's that may call something.
        let path = format!("/v1/webhooks/{}", source.name);
        router = router.route(&path, post(webhook).fallback(wrong_method).layer(layer));
    }
    router.fallback(wrong_path).with_state(intake)
}

async fn webhook<P: Publish>(
    State(intake): State<Arc<Intake<P>>>,
    source: Result<Path<String>, PathRejection>,
    connection: OverConnection,
    headers: HeaderMap,
    body: Body,
) -> Response {
    // A path that is no text names no source.
    let source = source.map(|Path(source)| source).unwrap_or_default();
    answer(intake, source, connection, headers, body).await
}

async fn answer<P: Publish>(
    intake: Arc<Intake<P>>,
    source: String,
    connection: OverConnection,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let started = Instant::now();
    let span = trace::span_from(trace_context::incoming(&headers), "webhook");
    let connection = connection.as_deref();
    let result = intake.take(&source, &headers, body, connection).instrument(span).await;
    let label = intake.label(&source);
    let response = match result {
        Ok(taken) => taken.into_response(),
        Err(refusal) => {
            tracing::debug!(source = label, code = refusal.code().code, %refusal, "request refused");
            refusal.into_response()
        }
    };
    let status = response.status().as_str().to_owned();
    histogram!(metric_names::REQUEST_SECONDS, "source" => label.clone())
        .record(started.elapsed().as_secs_f64());
    counter!(metric_names::REQUESTS, "source" => label, "status" => status).increment(1);
    response
}

type OverConnection = Option<Extension<Arc<Connection>>>;

async fn wrong_method(connection: OverConnection, headers: HeaderMap, body: Body) -> Refusal {
    body::discard(body, &headers, connection.as_deref());
    Refusal::WrongMethod
}

async fn wrong_path(connection: OverConnection, headers: HeaderMap, body: Body) -> Refusal {
    body::discard(body, &headers, connection.as_deref());
    Refusal::UnknownSource
}

// === impl Taken ===

impl IntoResponse for Taken {
    fn into_response(self) -> Response {
        let body = match self.event_ids.as_slice() {
            [event_id] if !self.batch => json!({ "eventId": event_id }),
            event_ids if self.quarantined.is_empty() => json!({ "eventIds": event_ids }),
            event_ids => json!({ "eventIds": event_ids, "quarantined": self.quarantined }),
        };
        (StatusCode::ACCEPTED, Json(body)).into_response()
    }
}
