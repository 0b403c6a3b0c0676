//! The Kafka Streams job of `tools/bench/kafka-streams`: its settings, its profiles, its command line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use anyhow::Context as _;
use trunkline_kafka::{OutboundRecord, Producer};
use trunkline_load::customers::{Balance, Customer};
use trunkline_schemas::codec::Encoder;
use trunkline_schemas::headers::Headers;
use trunkline_schemas::{CustomerProfile, ProfileSource, SourceStatus, catalog};

use super::contender::Contender;
use super::trial::Trial;
use super::workload::CUSTOMERS;

/// The topic that its local store of profiles is read from. Trunkline fetches the same from the CRMs by itself.
pub const PROFILES: &str = "profiles";

/// As much memory as the heap may take. Less slows it down, more changes nothing.
const HEAP: &str = "1g";

/// The command that starts it; its settings are written beside the trial's configuration.
///
/// # Errors
/// When the job was not built, or its settings cannot be written.
pub fn command(trial: &Trial<'_>) -> anyhow::Result<Command> {
    let this = Contender::KafkaStreams;
    let jars = trial.bench.kafka_streams.as_ref().context(
        "the Kafka Streams job is not built: run `./run bench processor`, or name its jars by --kafka-streams",
    )?;
    let config = &trial.config;
    let id = |topic| trial.ids.get(topic).context("a schema has no id");
    let mut settings = String::new();
    for (name, value) in [
        ("bootstrap.servers", trial.bench.kafka.clone()),
        ("application.id", this.group(config)),
        ("state.dir", trial.state(this).display().to_string()),
        ("commit.interval.ms", config.processor.commit_interval.as_millis().to_string()),
        ("topic.input", config.kafka.topic(catalog::EVENTS_NORMALIZED)),
        ("topic.profiles", this.topic(config, PROFILES)),
        ("topic.enriched", this.topic(config, catalog::EVENTS_ENRICHED)),
        ("topic.decisions", this.topic(config, catalog::ROUTING_DECISIONS)),
        ("topic.customers", this.topic(config, catalog::CUSTOMER_PROFILES)),
        ("schema.input", id(catalog::EVENTS_NORMALIZED)?.to_string()),
        ("schema.enriched", id(catalog::EVENTS_ENRICHED)?.to_string()),
        ("schema.decisions", id(catalog::ROUTING_DECISIONS)?.to_string()),
        ("schema.customers", id(catalog::CUSTOMER_PROFILES)?.to_string()),
        ("dedup.window.ms", config.processor.dedup_window.as_millis().to_string()),
        ("hold.ms", hold_ms(trial)?),
        ("rules.version", config.rules.version.clone()),
    ] {
        // Writing to a String cannot fail.
        let _ = writeln!(settings, "{name}={value}");
    }
    let path = trial.folder.join("kafka-streams.properties");
    std::fs::write(&path, settings)?;
    let mut command = Command::new("java");
    command.args([&format!("-Xmx{HEAP}"), "-XX:+UseParallelGC", "-XX:ActiveProcessorCount=2"]);
    command.arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
    command.arg("-cp").arg(jars.join("*")).arg("io.trunkline.bench.Job").arg(path);
    Ok(command)
}

fn hold_ms(trial: &Trial<'_>) -> anyhow::Result<String> {
    let source = trial.config.sources.values().next().context("no source is configured")?;
    Ok(source.hold.as_millis().to_string())
}

/// Writes every customer's profile to the topic that the job keeps in its store.
///
/// # Errors
/// When the broker does not take one.
pub fn write_profiles(trial: &Trial<'_>) -> anyhow::Result<()> {
    let id = trial.ids.get(catalog::CUSTOMER_PROFILES).context("profiles have no schema id")?;
    let mut encoder = Encoder::<CustomerProfile>::new(id);
    let producer = Producer::new(&trial.config.kafka, "trunkline-bench")?;
    let topic = Contender::KafkaStreams.topic(&trial.config, PROFILES);
    let write = async {
        for number in 1..=u32::try_from(CUSTOMERS)? {
            let profile = profile(&Customer::of(number));
            let record = OutboundRecord {
                topic: topic.clone(),
                partition: None,
                key: Some(profile.key().into_bytes()),
                value: Some(encoder.encode_to_vec(&profile)?),
                headers: Headers::new(),
                timestamp: None,
            };
            producer.send(record).await?;
        }
        anyhow::Ok(())
    };
    trial.bench.runtime.block_on(write)
}

/// What the CRMs together say of a customer.
fn profile(customer: &Customer) -> CustomerProfile {
    let now = i64::try_from(trunkline_load::now_ms() as u64).unwrap_or_default();
    let (balance, currency) = match customer.balance() {
        Balance::Single { cents, currency } => {
            (Some(rust_decimal::Decimal::new(cents, 2)), Some(currency.to_owned()))
        }
        Balance::None | Balance::Several => (None, None),
    };
    let systems = ["salesforce", "sap", "servicenow"];
    let source = |system: &str| ProfileSource {
        system: system.to_owned(),
        status: SourceStatus::Ok,
        fetched_at: Some(now),
        latency_ms: Some(1),
        source: None,
    };
    CustomerProfile {
        customer_id: customer.id.clone(),
        account_name: Some(customer.name.clone()),
        loyalty_tier: customer.tier.map(str::to_owned),
        balance,
        currency,
        open_tickets: i32::try_from(customer.open_tickets).ok(),
        last_interaction_date: customer.last_activity_days.map(|days| now - i64::from(days) * 86_400_000),
        source_systems: systems.map(str::to_owned).to_vec(),
        sources: systems.map(source).to_vec(),
        last_updated: now,
        identities: Vec::new(),
        balances: BTreeMap::new(),
        values: BTreeMap::new(),
        parts: Vec::new(),
    }
}
