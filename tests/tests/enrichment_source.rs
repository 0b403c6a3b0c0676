//! An HTTP service of the user's own adds to profiles and events, beside the CRMs, through the real programs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::json;
use trunkline_load::customers;
use trunkline_tests::payloads::call;
use trunkline_tests::{Deployment, Environment, Variation, until};

const CONVERSATION: &str = "2f7bf00a-0fc2-4d6a-9b56-92238191433e";
const CUSTOMER: u32 = 1;
const START: i64 = 1_775_000_000_000;
const KEY: &str = "a-key-of-the-loyalty-programme-that-nobody-sees";

/// What the service saw.
#[derive(Default)]
struct Seen {
    questions: AtomicU64,
    without_key: AtomicU64,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_ones_own_is_asked_once_and_is_in_profiles_events_and_rules() -> Result<()> {
    let seen = Arc::new(Seen::default());
    let address = serve(seen.clone()).await?;
    let variation = Variation {
        secrets: vec![("loyalty-key", KEY.to_owned())],
        sections: format!(
            r#"
[targets.points]
system = "http"
base_url = "{address}"
api_key = "file:{{secrets}}/loyalty-key"

[enrichment.sources.loyalty]
target = "points"
path = "/members/{{customerId}}"
found = "/member"
cache = "15m"
[enrichment.sources.loyalty.values]
points = "/member/points"

[[rules.writeback]]
id = "points"
on = ["participant.disconnected"]
when = 'event.participantId != null && profile != null && "loyalty.points" in profile.values'
target = "genesys"
operation = "participant_attributes"
[rules.writeback.parameters]
conversationId = 'event.conversationId'
participantId = 'event.participantId'
[rules.writeback.fields]
points = 'profile.values["loyalty.points"]'
"#
        ),
        ..Variation::default()
    };
    let deployment =
        Deployment::varied("enrichment-source", "sorted", Environment::from_env()?, variation).await?;
    let mut programs = Vec::new();
    for (binary, instance) in [("ingest", "ingest-0"), ("processor", "processor-0"), ("sink", "sink-0")] {
        programs.push(deployment.start(binary, instance).await?);
    }
    let steps = call(CONVERSATION, CUSTOMER, START);
    for (number, step) in steps.iter().enumerate() {
        let reply = deployment.post(step.envelope(&format!("6f1c2ff0-0000-4000-8000-{number:012}"))).await?;
        assert_eq!(reply.status, 202, "{step:?}: {}", reply.body);
    }
    // Two of the other rules, and the one that writes points.
    let results = until("three results", async || {
        Ok(Some(deployment.values("writeback.results").await?).filter(|results| results.len() >= 3))
    })
    .await?;
    for result in &results {
        assert_eq!(result.text("outcome")?, "APPLIED", "{}", result.text("target")?);
    }
    let contact = customers::contact(CUSTOMER).to_string();
    let enriched = deployment.values("events.enriched").await?;
    let ended = enriched.last().context("no event")?;
    assert_eq!(ended.record("enrichment")?.text("status")?, "COMPLETE");
    let values = ended.record("profile")?.texts("values")?;
    assert_eq!(values, [("loyalty.points".to_owned(), format!("{} of {contact}", 1_200))]);
    let profiles = deployment.values("customer.profiles").await?;
    let parts = profiles.last().context("no profile")?.records("parts")?;
    let sources: Vec<String> = parts.iter().map(|part| part.text("source")).collect::<Result<_, _>>()?;
    assert_eq!(sources, ["salesforce", "sap", "servicenow", "loyalty"]);
    assert_eq!(parts[3].text("status")?, "OK");
    assert_eq!(
        seen.questions.load(Ordering::Relaxed),
        1,
        "the answer is kept for all events of the customer"
    );
    assert_eq!(seen.without_key.load(Ordering::Relaxed), 0);
    for program in programs {
        program.stop().await?;
    }
    let report = deployment.judge(true).await?;
    assert!(report.violations.is_empty(), "{:?}", report.violations);
    Ok(())
}

/// A loyalty programme.
async fn serve(seen: Arc<Seen>) -> Result<String> {
    let app = Router::new().route("/members/{id}", get(member)).with_state(seen);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

async fn member(State(seen): State<Arc<Seen>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    seen.questions.fetch_add(1, Ordering::Relaxed);
    let shown = headers.get("authorization").and_then(|value| value.to_str().ok());
    if shown != Some(&format!("Bearer {KEY}")) {
        seen.without_key.fetch_add(1, Ordering::Relaxed);
        return StatusCode::UNAUTHORIZED.into_response();
    }
    axum::Json(json!({"member": {"points": format!("1200 of {id}")}})).into_response()
}
