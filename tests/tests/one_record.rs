//! One conversation all the way: webhooks in, enriched events and a routing decision out, write-backs in the systems.

use anyhow::{Context as _, Result};
use trunkline_load::customers;
use trunkline_load::generator::EVENTBRIDGE;
use trunkline_load::sign::API_KEY_HEADER;
use trunkline_tests::payloads::{Step, call};
use trunkline_tests::{Deployment, until};
use trunkline_verifier::avro::Fields;

const CONVERSATION: &str = "2f7bf00a-0fc2-4d6a-9b56-92238191433e";
const CUSTOMER: u32 = 1;
const START: i64 = 1_775_000_000_000;

/// The canonical types of [`call`]'s steps, in order.
const TYPES: [&str; 7] = [
    "conversation.started",
    "queue.entered",
    "queue.left",
    "participant.connected",
    "participant.disconnected",
    "acw.ended",
    "conversation.ended",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_shuffled_and_doubled_call_comes_out_once_in_order_and_is_written_back() -> Result<()> {
    let deployment = Deployment::new("one-record", "sorted").await?;
    let _ingest = deployment.start("ingest", "ingest-0").await?;
    let _processor = deployment.start("processor", "processor-0").await?;
    let _sink = deployment.start("sink", "sink-0").await?;

    // Backwards, and everything twice: the second time as the bus redelivers, under another transport id.
    let contact = customers::contact(CUSTOMER).to_string();
    let steps = call(CONVERSATION, CUSTOMER, START);
    for (number, step) in steps.iter().rev().chain(&steps).enumerate() {
        let reply = deployment.post(step.envelope(&format!("6f1c2ff0-0000-4000-8000-{number:012}"))).await?;
        assert_eq!(reply.status, 202, "{step:?}: {}", reply.body);
    }

    let enriched = settled(&deployment, "events.enriched", TYPES.len()).await?;
    for (index, (event, expected)) in enriched.iter().zip(TYPES).enumerate() {
        assert_eq!(event.text("eventType")?, expected);
        assert_eq!(event.record("ordering")?.integer("position")?, index as i64 + 1, "{expected}");
        assert_eq!(event.integer("eventTime")?, START + index as i64 * 1_000, "{expected}");
        assert_eq!(event.text("eventTimeSource")?, "PLATFORM");
        assert_eq!(event.optional_text("conversationId")?.as_deref(), Some(CONVERSATION));
        assert_eq!(event.optional_text("customerId")?.as_deref(), Some(contact.as_str()), "{expected}");
        let data: serde_json::Value =
            serde_json::from_str(&event.optional_text("data")?.context("no data")?)?;
        assert_eq!(
            data["detail"]["eventBody"]["conversationId"], CONVERSATION,
            "the payload is there, whole"
        );
    }
    let ended = &enriched[TYPES.len() - 1];
    assert_eq!(ended.record("conversation")?.text("state")?, "ended");
    assert_eq!(ended.record("profile")?.text("customerId")?, contact);
    assert!(ended.record("profile")?.optional_text("accountName")?.is_some(), "the CRMs know the customer");

    let decisions = settled(&deployment, "routing.decisions", 1).await?;
    assert_eq!(decisions[0].text("eventId")?, enriched[0].text("eventId")?);

    let results = settled(&deployment, "writeback.results", 2).await?;
    for result in &results {
        assert_eq!(result.text("outcome")?, "APPLIED", "{}", result.text("target")?);
    }
    let effects = deployment.sandbox().audit().entries(None).iter().filter(|entry| entry.effect).count();
    assert_eq!(effects, 2, "each write took effect once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_a_conversation_is_not_lost() -> Result<()> {
    let deployment = Deployment::new("no-conversation", "sorted").await?;
    let _ingest = deployment.start("ingest", "ingest-0").await?;
    let _processor = deployment.start("processor", "processor-0").await?;
    let known = Step { conversation: CONVERSATION, step: "customer.start", at: START, customer: CUSTOMER };
    let mut unknown = known.envelope("6f1c2ff0-0000-4000-8000-000000000100");
    unknown["detail-type"] = "v2.something.{id}.nobody.knows".into();
    unknown["detail"]["topicName"] = "v2.something.77.nobody.knows".into();
    unknown["detail"]["eventBody"] = serde_json::json!({"id": "77", "colour": "green"});

    let reply = deployment.post(&unknown).await?;

    assert_eq!(reply.status, 202, "{}", reply.body);
    let enriched = settled(&deployment, "events.enriched", 1).await?;
    assert_eq!(vec![enriched[0].text("eventId")?], reply.event_ids());
    assert_eq!(enriched[0].optional_text("conversationId")?, None);
    assert_eq!(enriched[0].text("sourceType")?, "v2.something.{id}.nobody.knows");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_webhook_to_the_result() -> Result<()> {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    let deployment = Deployment::new("trace", "sorted").await?;
    let _ingest = deployment.start("ingest", "ingest-0").await?;
    let _processor = deployment.start("processor", "processor-0").await?;
    let _sink = deployment.start("sink", "sink-0").await?;
    let step = Step { conversation: CONVERSATION, step: "user.start", at: START, customer: CUSTOMER };
    let body = step.envelope("6f1c2ff0-0000-4000-8000-000000000200").to_string().into_bytes();
    let headers = vec![
        (API_KEY_HEADER.to_owned(), deployment.secrets().eventbridge_api_key.clone()),
        ("traceparent".to_owned(), format!("00-{TRACE}-b7ad6b7169203331-01")),
    ];

    let reply = deployment.post_to(EVENTBRIDGE, headers, body).await?;

    assert_eq!(reply.status, 202, "{}", reply.body);
    settled(&deployment, "writeback.results", 1).await?;
    for topic in ["events.normalized", "events.enriched", "writebacks.genesys", "writeback.results"] {
        let records = deployment.records(topic).await?;
        let parents: Vec<Option<&str>> = records.iter().map(|record| record.header("traceparent")).collect();
        assert!(
            matches!(parents[..], [Some(parent)] if parent.split('-').nth(1) == Some(TRACE)),
            "{topic}: {parents:?}"
        );
    }
    Ok(())
}

/// Waits until a topic holds so many records, and returns them; more than that is an error.
async fn settled(deployment: &Deployment, topic: &str, count: usize) -> Result<Vec<Fields>> {
    let records = until(&format!("{count} records in {topic}"), async || {
        Ok(Some(deployment.values(topic).await?).filter(|records| records.len() >= count))
    })
    .await?;
    anyhow::ensure!(records.len() == count, "{topic} holds {} records, not {count}", records.len());
    Ok(records)
}
