//! `trunkline verify` on real topics: what is genuine holds, as a run and as an audit; what is forged is
//! refused; and where there is nothing, nothing holds.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use serde_json::Value as Json;
use tokio::process::Command;
use trunkline_tests::{Deployment, PlayedDay, topics};
use trunkline_verifier::topics::{Cluster, Record};

const PRODUCER_PATIENCE: Duration = Duration::from_secs(30);
const RATE: f64 = 50.0;
const SECONDS: u64 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_genuine_holds_and_what_is_forged_is_refused() -> Result<()> {
    let deployment = Deployment::new("forged", "sorted").await?;
    let ingest = deployment.start("ingest", "ingest-0").await?;
    let processor = deployment.start("processor", "processor-0").await?;
    let sink = deployment.start("sink", "sink-0").await?;
    PlayedDay::begin(&deployment, 9, RATE, SECONDS).settle(&deployment).await?;
    ingest.stop().await?;
    processor.stop().await?;
    deployment.written_back().await?;
    sink.stop().await?;

    let config = deployment.configuration_file("trunkline");
    let audit = deployment.folder().join("audit.jsonl");
    std::fs::write(&audit, deployment.sandbox().audit().json_lines(None))?;
    the_run_holds(&deployment, &config, &audit).await?;
    the_audit_holds(&deployment, &config).await?;
    the_forgery_is_refused(&deployment, &config).await?;
    nothing_is_not_judged(&deployment, &config).await
}

async fn the_run_holds(deployment: &Deployment, config: &Path, audit: &Path) -> Result<()> {
    let folder = deployment.folder();
    let mut arguments = vec![
        "--ledger".to_owned(),
        shown(&folder.join("ledger.jsonl")),
        "--audit".to_owned(),
        shown(audit),
        "--state".to_owned(),
        shown(&folder.join("state")),
        "--stopped-cleanly".to_owned(),
        "--known-failures".to_owned(),
    ];
    let (code, report) = verify(deployment, config, &arguments).await?;
    assert_eq!(code, 2, "quotas, secrets and breakers are not given, and nobody does without: {report:#}");
    for name in ["I7", "I8", "I10"] {
        arguments.extend(["--allow-unjudged".to_owned(), name.to_owned()]);
    }
    let (code, report) = verify(deployment, config, &arguments).await?;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["not_judged"].as_array().map(Vec::len), Some(3), "{report:#}");
    Ok(())
}

async fn the_audit_holds(deployment: &Deployment, config: &Path) -> Result<()> {
    for memory in ["512", "1"] {
        let arguments = ["--since", "30m", "--settled", "0s", "--memory", memory, "--known-failures"];
        let (code, report) = verify(deployment, config, &arguments.map(str::to_owned)).await?;
        assert_eq!(code, 0, "{report:#}");
        assert_eq!(report["judged"], serde_json::json!(["I2", "fields", "I3", "I5"]), "{report:#}");
        assert!(report["counts"]["events_compared"].as_u64() > Some(200), "{report:#}");
        let passes = report["counts"]["audit_passes"].as_u64();
        assert!(if memory == "1" { passes > Some(1) } else { passes == Some(1) }, "{report:#}");
    }
    Ok(())
}

/// Each event twice, in reverse order, its payload emptied, its attributes gone, the customer and profile of
/// a stranger; each decision three times and to a wrong queue.
async fn the_forgery_is_refused(deployment: &Deployment, config: &Path) -> Result<()> {
    let forgery = Forgery::begin(deployment, config).await?;
    for record in topics::records(&deployment.cluster(), &deployment.topic("events.normalized")).await? {
        forgery.send("events.normalized", &record, record.value.clone().unwrap_or_default())?;
    }
    let mut enriched = topics::records(&deployment.cluster(), &deployment.topic("events.enriched")).await?;
    enriched.reverse();
    for record in &enriched {
        let forged = forgery.forged(record, forge_event).await?;
        forgery.send("events.enriched", record, forged.clone())?;
        forgery.send("events.enriched", record, forged)?;
    }
    for record in topics::records(&deployment.cluster(), &deployment.topic("routing.decisions")).await? {
        let forged = forgery.forged(&record, |name, value| {
            if name == "queue" {
                *value = Value::String("wrong".to_owned());
            }
        });
        let forged = forged.await?;
        for _ in 0..3 {
            forgery.send("routing.decisions", &record, forged.clone())?;
        }
    }
    forgery.producer.flush(PRODUCER_PATIENCE)?;

    let (code, report) = verify(deployment, &forgery.config, &[]).await?;
    assert_eq!(code, 1, "{report:#}");
    for invariant in ["I2", "I3", "fields", "profiles", "decisions"] {
        let violations = report["violation_counts"][invariant].as_u64();
        assert!(violations > Some(0), "{invariant} objects to nothing: {:#}", report["violation_counts"]);
    }
    let arguments = ["--since", "30m", "--settled", "0s"].map(str::to_owned);
    let (code, report) = verify(deployment, &forgery.config, &arguments).await?;
    assert_eq!(code, 1, "{report:#}");
    for invariant in ["I2", "I3", "fields"] {
        assert!(report["violation_counts"][invariant].as_u64() > Some(0), "{invariant}: {report:#}");
    }
    Ok(())
}

async fn nothing_is_not_judged(deployment: &Deployment, config: &Path) -> Result<()> {
    let empty = deployment.folder().join("empty");
    std::fs::write(&empty, "")?;
    let nowhere = deployment.folder().join("nowhere");
    let given =
        [("--prefix", "no-such-prefix.".to_owned()), ("--ledger", shown(&empty)), ("--audit", shown(&empty))];
    let mut arguments: Vec<String> =
        given.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
    arguments.extend(["--state".to_owned(), shown(&nowhere)]);
    let (code, report) = verify(deployment, config, &arguments).await?;
    assert_eq!(code, 2, "{report:#}");
    assert_eq!(report["violations"], serde_json::json!([]));
    let open = names(&report["not_judged"]);
    for id in [
        "topics",
        "I1",
        "I2",
        "fields",
        "I3",
        "figures",
        "profiles",
        "decisions",
        "I4",
        "I5",
        "I6",
        "I7",
        "I9",
        "I10",
    ] {
        assert!(open.iter().any(|name| name == id), "{id}: {open:?}");
    }
    Ok(())
}

/// A deployment's topics under another prefix, written by somebody else.
struct Forgery {
    config: PathBuf,
    prefix: String,
    registry: String,
    producer: ThreadedProducer<rdkafka::producer::DefaultProducerContext>,
}

impl Forgery {
    async fn begin(deployment: &Deployment, config: &Path) -> Result<Self> {
        let prefix = format!("x{}", deployment.prefix());
        let config_text = std::fs::read_to_string(config)?
            .replace(&format!("prefix = \"{}\"", deployment.prefix()), &format!("prefix = \"{prefix}\""));
        let config = deployment.folder().join("forged.toml");
        std::fs::write(&config, config_text)?;
        let output = Command::new(deployment.environment().binary("trunkline")?)
            .args(["topics", "apply", "--config"])
            .arg(&config)
            .output()
            .await?;
        anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let Cluster { brokers, .. } = deployment.cluster();
        let producer =
            ClientConfig::new().set("bootstrap.servers", brokers).set("linger.ms", "5").create()?;
        Ok(Self { config, prefix, registry: deployment.environment().registry.clone(), producer })
    }

    /// A record's value with its fields changed.
    async fn forged(&self, record: &Record, change: impl Fn(&str, &mut Value)) -> Result<Vec<u8>> {
        let value = record.value.as_deref().context("a tombstone")?;
        let (head, mut body) = value.split_at_checked(5).context("no frame")?;
        let id = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let answer: Json = reqwest::get(format!("{}/schemas/ids/{id}", self.registry))
            .await?
            .error_for_status()?
            .json()
            .await?;
        let schema = Schema::parse_str(answer["schema"].as_str().context("no schema")?)?;
        let mut fields = match GenericDatumReader::builder(&schema).build()?.read_value(&mut body)? {
            Value::Record(fields) => fields,
            _ => anyhow::bail!("no record"),
        };
        fields.iter_mut().for_each(|(name, value)| change(name, value));
        let mut forged = head.to_vec();
        GenericDatumWriter::builder(&schema).build()?.write_value(&mut forged, Value::Record(fields))?;
        Ok(forged)
    }

    fn send(&self, topic: &str, record: &Record, value: Vec<u8>) -> Result<()> {
        let topic = format!("{}{topic}", self.prefix);
        let headers = record.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value) })
        });
        let key = record.key.clone().unwrap_or_default();
        let forged = BaseRecord::to(&topic)
            .partition(record.place.partition)
            .key(&key)
            .payload(&value)
            .timestamp(record.timestamp)
            .headers(headers);
        self.producer.send(forged).map_err(|(error, _)| error).context("the forged record is not taken")
    }
}

fn forge_event(name: &str, value: &mut Value) {
    let text = |text: &str| Value::Union(1, Box::new(Value::String(text.to_owned())));
    match (name, &mut *value) {
        ("data", _) => *value = text("{}"),
        ("attributes", _) => *value = Value::Map(Default::default()),
        ("customerId", _) => *value = text("C-000499"),
        ("profile", Value::Union(_, inner)) => {
            if let Value::Record(fields) = inner.as_mut() {
                for (name, value) in fields {
                    if name == "customerId" {
                        *value = Value::String("C-000499".to_owned());
                    }
                }
            }
        }
        _ => {}
    }
}

/// The exit code and the report of `trunkline verify`.
async fn verify(deployment: &Deployment, config: &Path, arguments: &[String]) -> Result<(i32, Json)> {
    let output = Command::new(deployment.environment().binary("trunkline")?)
        .args(["verify", "--json", "--config"])
        .arg(config)
        .args(arguments)
        .output()
        .await?;
    let code = output.status.code().context("verify was killed")?;
    let report = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{code}: {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok((code, report))
}

fn names(not_judged: &Json) -> Vec<String> {
    let skipped = not_judged.as_array().into_iter().flatten();
    skipped.filter_map(|skipped| skipped["id"].as_str().map(str::to_owned)).collect()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
