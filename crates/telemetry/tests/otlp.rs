//! Spans reach a collector over HTTP and belong to the trace that came in.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use tokio::sync::mpsc;
use trunkline_config::Telemetry;
use trunkline_telemetry::{logging, trace};

const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_span_is_exported_as_part_of_the_incoming_trace() {
    let (sender, mut received) = mpsc::unbounded_channel::<Bytes>();
    let collector =
        Router::new().route("/v1/traces", post(move |body: Bytes| async move { drop(sender.send(body)) }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, collector).await });

    let settings = Telemetry { otlp_endpoint: Some(endpoint), ..Telemetry::default() };
    let guard = logging::init(&settings, "processor", "processor-0");
    assert!(trace::enabled());

    let incoming = format!("00-{TRACE_ID}-b7ad6b7169203331-01");
    let sent_on = {
        let span = trace::span_from(Some(&incoming), "enrich");
        span.in_scope(|| trace::propagated(Some(&incoming)))
    };
    assert!(sent_on.contains(TRACE_ID), "the trace goes on: {sent_on}");
    assert_ne!(sent_on, incoming, "the span in it is ours");

    tokio::task::spawn_blocking(move || drop(guard)).await.unwrap();
    let body = tokio::time::timeout(Duration::from_secs(10), received.recv()).await.unwrap().unwrap();
    let contains = |part: &[u8]| body.windows(part.len()).any(|window| window == part);
    let trace_id: Vec<u8> =
        (0..32).step_by(2).map(|at| u8::from_str_radix(&TRACE_ID[at..at + 2], 16).unwrap()).collect();
    assert!(contains(&trace_id), "the trace id is in the export");
    assert!(contains(b"enrich") && contains(b"trunkline-processor"), "so are the span and the service");
}
