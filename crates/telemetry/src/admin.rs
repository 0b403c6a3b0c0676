//! `/livez`, `/readyz` and `/metrics` on a port of their own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;
use tokio::net::TcpListener;

use crate::Health;

/// How often histograms are folded into their buckets, so that memory does not grow while nobody scrapes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Why the admin port could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on admin address {address}: {source}; choose another `admin` in the configuration")]
pub struct Error {
    /// The address asked for.
    pub address: SocketAddr,
    /// What the system says.
    pub source: std::io::Error,
}

#[derive(Clone)]
struct Admin {
    health: Arc<Health>,
    metrics: PrometheusHandle,
}

/// Serves probes and metrics on `address` until the runtime ends, and returns the address bound (port 0 chooses one).
///
/// Call it before work starts: `/livez` answers from then on, `/readyz` as soon as `health` says so.
///
/// # Errors
/// When the address cannot be bound.
pub async fn serve(address: SocketAddr, health: Arc<Health>) -> Result<SocketAddr, Error> {
    let named = |source| Error { address, source };
    let listener = TcpListener::bind(address).await.map_err(named)?;
    let bound = listener.local_addr().map_err(named)?;
    let metrics = crate::metrics::install();
    tokio::spawn(upkeep(metrics.clone(), health.clone()));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router(health, metrics)).await {
            tracing::error!(%error, "the admin server stopped");
        }
    });
    tracing::info!(address = %bound, "admin server listens");
    Ok(bound)
}

/// The admin routes, for a server of one's own.
fn router(health: Arc<Health>, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render))
        .with_state(Admin { health, metrics })
}

/// Also looks at the parts that are watched: a change of their readiness is in the log though nobody asks.
async fn upkeep(metrics: PrometheusHandle, health: Arc<Health>) {
    let mut interval = tokio::time::interval(UPKEEP_INTERVAL);
    loop {
        interval.tick().await;
        metrics.run_upkeep();
        health.measure();
    }
}

async fn readyz(State(admin): State<Admin>) -> Response {
    let parts = admin.health.parts();
    let not_ready: Vec<_> =
        parts.iter().filter(|(_, part)| !part.ready).map(|(name, _)| name.as_ref()).collect();
    let ready = !parts.is_empty() && not_ready.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": ready, "notReady": not_ready, "parts": parts }))).into_response()
}

/// What follows from the time is measured now: it goes on rising while a loop hangs.
async fn render(State(admin): State<Admin>) -> Response {
    admin.health.measure();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], admin.metrics.render()).into_response()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn probes_and_metrics() {
        let health = Health::new();
        let address = serve(([127, 0, 0, 1], 0).into(), health.clone()).await.unwrap();
        assert!(get(address, "/livez").await.starts_with("HTTP/1.1 200"));

        health.set("kafka", false, "connecting to localhost:9092");
        let answer = get(address, "/readyz").await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.contains(r#""notReady":["kafka"]"#), "{answer}");
        assert!(answer.contains("connecting to localhost:9092"), "{answer}");

        health.set("kafka", true, "connected");
        assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));

        metrics::counter!("trunkline_test_events_total", "source" => "test").increment(3);
        metrics::histogram!("trunkline_test_latency_seconds").record(0.12);
        let answer = get(address, "/metrics").await;
        assert!(answer.contains(r#"trunkline_test_events_total{source="test"} 3"#), "{answer}");
        assert!(answer.contains(r#"trunkline_test_latency_seconds_bucket{le="0.15"} 1"#), "{answer}");
        assert!(answer.contains(r#"trunkline_ready{part="kafka"} 1"#), "{answer}");
    }

    #[tokio::test]
    async fn an_address_in_use_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap();
        let error = serve(address, Health::new()).await.unwrap_err();
        assert!(error.to_string().contains(&address.to_string()), "{error}");
    }
}
