//! Each attempt is a span that a collector gets, within the trace of its request, and none of them holds a secret.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use reqwest::Method;
use trunkline_config::load;
use trunkline_connect::{Directory, Repeat, Request, Role};
use trunkline_telemetry::logging;

const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
const CUSTOMER: &str = "C-000042";
const SECRETS: [&str; 3] = ["s3cr3t-password", "c0llector-key", CUSTOMER];

/// What was received, in the order in which it came.
type Received<T> = Arc<Mutex<Vec<T>>>;

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A collector, and what it gets.
async fn collector() -> (String, Received<(HeaderMap, Bytes)>) {
    let received = Received::default();
    let log = Arc::clone(&received);
    let take = move |headers: HeaderMap, body: Bytes| {
        let log: Received<(HeaderMap, Bytes)> = Arc::clone(&log);
        async move { log.lock().unwrap().push((headers, body)) }
    };
    (serve(Router::new().route("/v1/traces", post(take))).await, received)
}

/// A system that cannot answer at first, and the `traceparent` of each request to it.
async fn system() -> (String, Received<String>) {
    let received = Received::default();
    let log = Arc::clone(&received);
    let answer = move |headers: HeaderMap| {
        let log: Received<String> = Arc::clone(&log);
        async move {
            let mut log = log.lock().unwrap();
            log.push(headers["traceparent"].to_str().unwrap().to_owned());
            if log.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
        }
    };
    (serve(Router::new().route("/api/now/stats/incident", get(answer))).await, received)
}

fn attributes(span: &Span) -> BTreeMap<&str, String> {
    let value = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let attributes = span.attributes.iter();
    attributes
        .filter_map(|one| Some((one.key.as_str(), value(one.value.as_ref()?.value.as_ref()?))))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_attempt_is_a_span_with_its_outcome_and_without_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), SECRETS[0]).unwrap();
    std::fs::write(folder.path().join("key"), SECRETS[1]).unwrap();
    let ((collector, exported), (system, asked)) = (collector().await, system().await);
    let text = format!(
        "[kafka]\nbrokers = \"a:9092\"\n[registry]\nurl = \"http://localhost:1\"\n\
         [telemetry]\notlp_endpoint = \"{collector}\"\notlp_headers = {{ api-key = \"file:key\" }}\n\
         trace_ratio = 0.0\n[targets.tickets]\nsystem = \"servicenow\"\norg = \"acme\"\nbase_url = \"{system}\"\n\
         username = \"u\"\npassword = \"file:password\"\nretry.base = \"2ms\"\n"
    );
    let path = folder.path().join("trunkline.toml");
    std::fs::write(&path, text).unwrap();
    let config = load(&path).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let guard = logging::init(&config.telemetry, "processor", "processor-0");
    let directory = Directory::from_config(&config, Role::WriteBack).unwrap();
    let request = |traceparent: Option<String>| Request {
        method: Method::GET,
        path: format!("/api/now/stats/incident?sysparm_query=account.number={CUSTOMER}"),
        headers: Vec::new(),
        body: None,
        repeat: Repeat::Always,
        traceparent,
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    let outbound = directory.outbound("tickets").unwrap();
    let sampled = request(Some(format!("00-{TRACE_ID}-b7ad6b7169203331-01")));
    assert_eq!(outbound.call("stats", &sampled, deadline).await.unwrap().attempts, 2);
    // One that begins here: a share of 0 exports none of those.
    outbound.call("stats", &request(None), deadline).await.unwrap();
    tokio::task::spawn_blocking(move || drop(guard)).await.unwrap();

    let exported = exported.lock().unwrap();
    let mut spans = Vec::new();
    for (headers, body) in exported.iter() {
        assert_eq!(headers["api-key"], SECRETS[1]);
        for secret in SECRETS {
            let shown = body.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!shown, "'{secret}' is in the export");
        }
        let export = ExportTraceServiceRequest::decode(body.clone()).unwrap();
        let scopes = export.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        spans.extend(scopes.flat_map(|scope| scope.spans));
    }
    let found: Vec<_> = spans.iter().map(|span| (span.name.as_str(), attributes(span))).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    let asked = asked.lock().unwrap();
    for (index, ((name, attributes), (status, outcome))) in
        found.iter().zip([("503", "unavailable"), ("200", "ok")]).enumerate()
    {
        assert_eq!(*name, "GET servicenow stats");
        for (attribute, expected) in [
            ("trunkline.target", "tickets"),
            ("trunkline.endpoint_class", "stats"),
            ("trunkline.attempt", &(index + 1).to_string()),
            ("trunkline.outcome", outcome),
            ("http.request.method", "GET"),
            ("http.response.status_code", status),
        ] {
            assert_eq!(attributes.get(attribute).map(String::as_str), Some(expected), "{attribute}");
        }
        let span = &spans[index];
        assert_eq!(
            (hex(&span.trace_id).as_str(), hex(&span.parent_span_id).as_str()),
            (TRACE_ID, "b7ad6b7169203331")
        );
        assert_eq!(
            asked[index],
            format!("00-{TRACE_ID}-{}-01", hex(&span.span_id)),
            "the system hears of its span"
        );
        let failed = span.status.as_ref().is_some_and(|status| status.code == 2);
        assert_eq!(failed, index == 0);
    }
}
