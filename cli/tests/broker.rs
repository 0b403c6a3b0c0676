//! The verbs that talk to Kafka and the registry, against real ones. `./run test` starts them and sets the variables.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

use std::process::{Command, Output};

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use trunkline_config::Config;
use trunkline_kafka::{OutboundRecord, Producer, Registry, schemas, topics};
use trunkline_schemas::codec::{Encoder, Value};
use trunkline_schemas::headers::{CONVERSATION_ID, HELD_MS};
use trunkline_schemas::{EnrichedEvent, PlatformEvent, RoutingDecision, WriteBack, WriteBackResult, catalog};

/// A deployment of its own: a folder, a configuration, a prefix.
struct Deployment {
    folder: TempDir,
    config: Config,
}

// === impl Deployment ===

impl Deployment {
    fn new() -> Self {
        let variable =
            |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: use `./run test`"));
        let (kafka, registry) = (variable("TRUNKLINE_TEST_KAFKA"), variable("TRUNKLINE_TEST_REGISTRY"));
        let folder = tempfile::tempdir().unwrap();
        let prefix = format!("cli-{:08x}.", rand::random::<u32>());
        let flags =
            ["init", "--kafka", &kafka, "--registry", &registry, "--prefix", &prefix, "--partitions", "2"];
        assert!(trunkline(&folder, &flags).status.success());
        let config = trunkline_config::load(&folder.path().join("trunkline.toml")).unwrap();
        Self { folder, config }
    }

    /// Runs a verb that has to succeed and returns what it printed.
    fn run(&self, arguments: &[&str]) -> String {
        let output = trunkline(&self.folder, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a verb that has to fail and returns what it complained about.
    fn fail(&self, arguments: &[&str]) -> String {
        let output = trunkline(&self.folder, arguments);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
        String::from_utf8(output.stderr).unwrap()
    }
}

fn trunkline(folder: &TempDir, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trunkline"))
        .args(arguments)
        .current_dir(folder.path())
        .env_remove("TRUNKLINE_CONFIG")
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

/// Writes values to the topics of a deployment.
struct Writer<'d> {
    config: &'d Config,
    producer: Producer,
    ids: schemas::Ids,
}

// === impl Writer ===

impl<'d> Writer<'d> {
    async fn new(config: &'d Config) -> Self {
        let registry = Registry::new(&config.registry).unwrap();
        let ids = schemas::ids(&registry, &config.kafka).await.unwrap();
        Self { config, producer: Producer::new(&config.kafka, "cli-test").unwrap(), ids }
    }

    async fn write<T: Value>(&self, topic: &str, key: &str, headers: &[(&str, &str)], value: Json) {
        let value: T = serde_json::from_value(value).unwrap();
        let bytes = Encoder::<T>::new(self.ids.get(topic).unwrap()).encode_to_vec(&value).unwrap();
        let record = OutboundRecord {
            topic: self.config.kafka.topic(topic),
            partition: None,
            key: Some(key.as_bytes().to_vec()),
            value: Some(bytes),
            headers: headers.iter().copied().collect(),
            timestamp: None,
        };
        self.producer.send(record).await.unwrap();
    }
}

fn event(org: &str) -> Json {
    json!({
        "eventId": format!("e-{org}"), "eventType": "conversation.started", "sourceType": "start",
        "platform": "genesys", "orgId": org, "entityType": "conversation", "entityId": "c-1", "conversationId": "c-1",
        "customerId": "C-000001", "eventTime": 1_800_000_000_000_i64, "eventTimeSource": "PLATFORM",
        "ingestTime": 1_800_000_000_200_i64, "correlationId": "x", "attributes": {}, "data": "{}",
        "source": {
            "name": "genesys", "kind": "genesys-eventbridge", "channel": "eventbridge", "adapter": "a/1",
            "schemaVersion": "1", "backfilled": false,
        },
    })
}

fn enriched(org: &str) -> Json {
    let mut event = event(org);
    let more = json!({
        "enrichment": { "status": "SKIPPED", "sources": [] },
        "ordering": { "position": 1, "mode": "SORTED", "late": false, "gapBefore": false },
        "conversation": { "state": "started", "transfers": 0, "events": 1 },
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn decision() -> Json {
    json!({
        "decisionId": "d", "eventId": "e-acme", "platform": "genesys", "orgId": "acme", "conversationId": "c-1",
        "queue": "vip", "skills": [], "attributes": {}, "ruleId": "gold-first", "ruleSetVersion": "0123456789ab",
        "enrichmentStatus": "SKIPPED", "decidedAt": 1_800_000_000_710_i64, "correlationId": "x",
    })
}

fn command() -> Json {
    json!({
        "commandId": "w-1", "target": "salesforce", "system": "salesforce", "operation": "upsert",
        "resource": "salesforce/acme/Account/1", "parameters": {}, "fields": {}, "eventId": "e-acme",
        "conversationId": "c-1", "correlationId": "x", "ruleId": "into-the-crm", "ruleSetVersion": "0123456789ab",
        "observe": false, "issuedAt": 1_800_000_000_710_i64,
    })
}

fn result() -> Json {
    json!({
        "commandId": "w-1", "target": "salesforce", "system": "salesforce", "operation": "upsert",
        "resource": "salesforce/acme/Account/1", "outcome": "APPLIED", "attempts": 1, "httpStatus": 201,
        "eventId": "e-acme", "conversationId": "c-1", "correlationId": "x", "ruleId": "into-the-crm",
        "issuedAt": 1_800_000_000_710_i64, "finishedAt": 1_800_000_000_800_i64,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn from_an_empty_cluster_to_the_story_of_a_conversation() {
    let deployment = Deployment::new();
    let prefix = &deployment.config.kafka.prefix;

    let planned = deployment.run(&["topics", "plan"]);
    assert_eq!(planned.lines().count(), catalog::TOPICS.len());
    assert!(planned.starts_with(&format!("+ {prefix}events.normalized: 2 partitions")), "{planned}");
    assert!(deployment.fail(&["explain", "c-1"]).contains("run `trunkline topics apply`"));
    assert!(deployment.run(&["topics", "apply"]).ends_with("done\n"));
    assert_eq!(deployment.run(&["topics", "plan"]), "every topic is as it should be\n");
    assert!(deployment.run(&["schemas", "plan"]).starts_with(&format!("+ {prefix}events.normalized-value")));
    assert!(deployment.run(&["schemas", "apply"]).contains("done: "));
    assert!(deployment.run(&["schemas", "plan"]).starts_with("every schema is registered"));
    assert!(deployment.run(&["doctor"]).ends_with("all 5 probes succeeded\n"));

    let path = deployment.folder.path().join("trunkline.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("partitions = 2", "partitions = 3")).unwrap();
    assert_eq!(deployment.fail(&["topics", "apply"]), "nothing was changed (TL-5004)\n");
    std::fs::write(&path, text).unwrap();

    let writer = Writer::new(&deployment.config).await;
    let (key, about) = ("genesys/acme/c-1", [(CONVERSATION_ID, "c-1")]);
    for _ in 0..2 {
        writer.write::<PlatformEvent>(catalog::EVENTS_NORMALIZED, key, &[], event("acme")).await;
    }
    writer.write::<EnrichedEvent>(catalog::EVENTS_ENRICHED, key, &[(HELD_MS, "500")], enriched("acme")).await;
    writer.write::<RoutingDecision>(catalog::ROUTING_DECISIONS, key, &about, decision()).await;
    writer.write::<WriteBack>("writebacks.salesforce", "salesforce/acme/Account/1", &about, command()).await;
    writer
        .write::<WriteBackResult>(catalog::WRITEBACK_RESULTS, "salesforce/acme/Account/1", &about, result())
        .await;

    let expected = "\
genesys/acme/c-1, customer C-000001, started

  #1  2027-01-15 08:00:00.000  conversation.started  (source genesys, event to ingest 200 ms, received 2 times)
      started, profile SKIPPED; held 500 ms (SORTED)
      decision: queue vip by gold-first (0123456789ab), 510 ms after ingest
      write-back: upsert to salesforce, salesforce/acme/Account/1 by into-the-crm, 510 ms after ingest
        APPLIED after 90 ms, 1 attempt, answered 201
";
    for id in ["c-1", key] {
        assert_eq!(deployment.run(&["explain", id]), expected);
    }
    let story: Json =
        serde_json::from_str(&deployment.run(&["explain", "c-1", "--json", "--minutes", "60"])).unwrap();
    assert_eq!(story["events"][0]["writeBacks"][0]["result"]["commandToResultMs"], 90);
    assert_eq!(deployment.fail(&["explain", "c-2"]), "trunkline: no topic knows the conversation 'c-2'\n");

    writer.write::<PlatformEvent>(catalog::EVENTS_NORMALIZED, "genesys/other/c-1", &[], event("other")).await;
    let complaint = deployment.fail(&["explain", "c-1"]);
    assert!(complaint.contains("name one of them: genesys/acme/c-1, genesys/other/c-1"), "{complaint}");
    assert!(deployment.run(&["explain", "genesys/other/c-1"]).contains("not on events.enriched (yet)"));

    topics::remove(&deployment.config.kafka).await.unwrap();
}
