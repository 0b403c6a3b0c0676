//! The heaviest input that is accepted takes less memory than the manifests allow, and none of it is lost.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use trunkline_rig::scrape::scrape;
use trunkline_simulators::{FaultProfile, System};
use trunkline_tests::payloads::call;
use trunkline_tests::{Deployment, Program, until};

const CUSTOMER: u32 = 1;
const START: i64 = 1_775_000_000_000;
/// Conversations, each of which begins with a payload of nearly the largest size.
const CONVERSATIONS: usize = 25;
/// How often each is posted, all of them at once: 400 MB, which is a dozen times what ingest may hold.
const TIMES: usize = 8;
/// Numbers of two bytes each that make a payload nearly as large as may be (2 MiB); parsed, nothing takes more memory
/// for its size.
const NUMBERS: usize = 1_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_bodies_all_at_once_stay_within_the_limits_of_the_manifests() -> Result<()> {
    let deployment = Deployment::new("memory", "sorted").await?;
    let ingest = deployment.start("ingest", "ingest-0").await?;
    let processor = deployment.start("processor", "processor-0").await?;

    let mut statuses: Vec<u16> = Vec::new();
    let posts = (0..TIMES).flat_map(|_| 0..CONVERSATIONS).map(|number| deployment.post(large(number)));
    for reply in futures_util::future::join_all(posts).await {
        statuses.push(reply?.status);
    }
    assert!(statuses.iter().all(|status| [202, 503].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&503), "there was room for all: this is no test of what happens without");
    for number in 0..CONVERSATIONS {
        until("what was refused is taken when it comes again", async || {
            Ok((deployment.post(large(number)).await?.status == 202).then_some(()))
        })
        .await?;
    }
    until("every event comes out", async || {
        let enriched = deployment.records("events.enriched").await?;
        Ok((enriched.len() == CONVERSATIONS).then_some(()))
    })
    .await?;
    below_its_limit("ingest", &ingest)?;
    below_its_limit("processor", &processor)
}

/// Commands of nearly the largest size, four times what the sink may hold, where each counts three times.
const COMMANDS: usize = 400;
/// Bytes of what each of them writes: a record of this topic may have a megabyte.
const COMMAND_BYTES: usize = 950_000;
/// Before the value's body, as the registry's serializers have it: a zero and the schema's id.
const FRAME: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_commands_for_a_target_that_is_away_stay_within_the_limit_of_the_manifest() -> Result<()>
{
    let deployment = Deployment::new("memory-sink", "sorted").await?;
    let ingest = deployment.start("ingest", "ingest-0").await?;
    let processor = deployment.start("processor", "processor-0").await?;
    for step in call("2f7bf00a-0fc2-4d6a-9b58-000000000000", CUSTOMER, START) {
        deployment.post(step.envelope(&format!("6f1c2ff0-0000-4000-8002-{:012}", step.at))).await?;
    }
    let pattern = until("the pipeline makes a command", async || {
        let commands = deployment.records("writebacks.genesys").await?;
        Ok(commands.into_iter().find_map(|command| command.value))
    })
    .await?;
    processor.stop().await?;
    ingest.stop().await?;

    deployment.sandbox().set_fault(System::Genesys, FaultProfile { down: true, ..FaultProfile::default() });
    let sink = deployment.start("sink", "sink-0").await?;
    let written = write_commands(&deployment, &pattern).await?;
    let client = reqwest::Client::new();
    until("the sink holds all that it may", async || {
        let samples = scrape(&client, &sink.admin()).await;
        let paused = samples.iter().find(|sample| sample.name == "trunkline_sink_partitions_paused");
        Ok(paused.filter(|paused| paused.value > 0.0).map(|_| ()))
    })
    .await?;
    deployment.sandbox().set_fault(System::Genesys, FaultProfile::default());
    until("every command has its result", async || {
        let results = deployment.values("writeback.results").await?;
        let ended: BTreeSet<String> =
            results.iter().map(|result| result.text("commandId")).collect::<Result<_, _>>()?;
        Ok(written.is_subset(&ended).then_some(()))
    })
    .await?;
    below_its_limit("sink", &sink)
}

/// Writes commands that are as this one, but large, each for a participant of its own. Returns their ids.
async fn write_commands(deployment: &Deployment, pattern: &[u8]) -> Result<BTreeSet<String>> {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/avsc/WriteBack.avsc");
    let schema = Schema::parse_str(&std::fs::read_to_string(schema)?)?;
    let pattern_value = GenericDatumReader::builder(&schema).build()?.read_value(&mut &pattern[FRAME..])?;
    let writer = GenericDatumWriter::builder(&schema).build()?;
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", &deployment.cluster().brokers)
        .set("partitioner", "murmur2_random")
        .set("message.max.bytes", "2000000")
        .create()?;
    let mut ids = BTreeSet::new();
    for number in 0..COMMANDS {
        let id = format!("7a1c2ff0-0000-5000-8000-{number:012}");
        let resource = format!("genesys/memory/participant/{number}");
        let mut value = pattern_value.clone();
        let Value::Record(fields) = &mut value else { anyhow::bail!("a command is no record") };
        for (name, field) in fields {
            match name.as_str() {
                "commandId" => *field = Value::String(id.clone()),
                "resource" => *field = Value::String(resource.clone()),
                "fields" => {
                    let text = Value::String("x".repeat(COMMAND_BYTES));
                    *field = Value::Map([("note".to_owned(), text)].into());
                }
                _ => {}
            }
        }
        let encoded = [&pattern[..FRAME], &writer.write_value_to_vec(value)?].concat();
        let topic = deployment.topic("writebacks.genesys");
        let record = FutureRecord::to(&topic).key(&resource).payload(&encoded);
        producer.send(record, Duration::from_secs(60)).await.map_err(|(error, _)| error)?;
        ids.insert(id);
    }
    Ok(ids)
}

/// A payload of nearly the largest size, the first of a conversation.
fn large(number: usize) -> String {
    let conversation = format!("2f7bf00a-0fc2-4d6a-9b57-{number:012}");
    let transport = format!("6f1c2ff0-0000-4000-8001-{number:012}");
    let envelope = call(&conversation, CUSTOMER, START)[0].envelope(&transport).to_string();
    let numbers = vec!["0"; NUMBERS].join(",");
    envelope.replacen("\"eventBody\":{", &format!("\"eventBody\":{{\"numbers\":[{numbers}],"), 1)
}

fn below_its_limit(binary: &str, program: &Program) -> Result<()> {
    let Some(peak) = program.peak_memory() else { return Ok(()) };
    let limit = limit_of(binary)?;
    println!("{binary} took {} of {} MiB at most", peak >> 20, limit >> 20);
    anyhow::ensure!(peak < limit, "{binary} took {peak} bytes; its manifest allows {limit}");
    Ok(())
}

/// The memory that a binary's manifest allows it, in bytes.
fn limit_of(binary: &str) -> Result<u64> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../deploy/kubernetes/{binary}.yaml"));
    let text = std::fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
    let limits = text.split_once("limits:").context("the manifest has no limits")?.1;
    let memory = limits.split_once("memory:").context("its limits name no memory")?.1;
    let word = memory.split_whitespace().next().context("its limit is empty")?;
    let (number, shift) = match (word.strip_suffix("Mi"), word.strip_suffix("Gi")) {
        (Some(number), _) => (number, 20),
        (_, Some(number)) => (number, 30),
        _ => anyhow::bail!("the limit {word} is in neither Mi nor Gi"),
    };
    Ok(number.parse::<u64>()? << shift)
}
