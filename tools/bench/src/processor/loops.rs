//! Two programs without state and rules: what reading, coding and writing transactionally cost by themselves.
//!
//! Both use the clients and the codec of the processor, write as many outputs and changelog records as it does, and
//! commit as often. They run until they are killed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use trunkline_config::Config;
use trunkline_kafka::transactional_producer::{INITIALISE_TIMEOUT, TRANSACTION_TIMEOUT};
use trunkline_kafka::{
    CommitOutcome, From, GroupConsumer, GroupSettings, InboundRecord, OutboundRecord, Polled, Registry,
    TopicPartition, TransactionalProducer, schemas, tail::Tail, tail::Tailed,
};
use trunkline_schemas::codec::{Decoder, Encoder};
use trunkline_schemas::{
    ConversationSummary, CustomerProfile, EnrichedEvent, Enrichment, EnrichmentSource, EnrichmentStatus,
    Findings, Ordering, OrderingMode, PlatformEvent, ProfileSource, ProfileView, Resolution, RoutingDecision,
    SourceStatus, catalog, event_type,
    headers::{self, Headers},
};

use super::contender::{Changelog, Contender};

/// As the processor's own: a commit is due after this many outputs.
const OUTPUTS_PER_COMMIT: usize = 5_000;

/// Different changelog records that are written over and over.
const CHANGELOG_SAMPLE: usize = 20_000;

/// How long the sample may take to read.
const SAMPLE_PATIENCE: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(5);

/// Runs a loop until it is killed.
///
/// # Errors
/// When a client fails: a loop that had to recover would measure something else.
pub async fn run(contender: Contender, config: Config, changelog: Changelog) -> anyhow::Result<()> {
    let registry = Registry::new(&config.registry)?;
    let ids = schemas::ids(&registry, &config.kafka).await?;
    tokio::task::spawn_blocking(move || Loop::new(contender, &config, &ids, &changelog)?.run(&config)).await?
}

struct Loop {
    work: Work,
    topics: Topics,
    consumer: GroupConsumer,
    producer: TransactionalProducer,
    changelog: Replay,
}

/// What becomes of a record's value.
enum Work {
    Copy,
    Code(Box<Codec>),
}

struct Topics {
    enriched: String,
    decisions: String,
    profiles: String,
    changelog: String,
}

// === impl Loop ===

impl Loop {
    fn new(
        contender: Contender,
        config: &Config,
        ids: &schemas::Ids,
        changelog: &Changelog,
    ) -> anyhow::Result<Self> {
        let group = contender.group(config);
        let work = match contender {
            Contender::CopyLoop => Work::Copy,
            _ => Work::Code(Box::new(Codec::new(ids)?)),
        };
        let topic = |name| contender.topic(config, name);
        Ok(Self {
            work,
            topics: Topics {
                enriched: topic(catalog::EVENTS_ENRICHED),
                decisions: topic(catalog::ROUTING_DECISIONS),
                profiles: topic(catalog::CUSTOMER_PROFILES),
                changelog: topic(catalog::PROCESSOR_CHANGELOG),
            },
            changelog: Replay::read(config, changelog)?,
            producer: TransactionalProducer::open(&config.kafka, &group)?,
            consumer: GroupConsumer::open(
                &config.kafka,
                &GroupSettings {
                    group,
                    instance: contender.name().to_owned(),
                    topics: vec![config.kafka.topic(catalog::EVENTS_NORMALIZED)],
                    partitions: config.kafka.partitions,
                    session_timeout: Duration::from_secs(10),
                },
            )?,
        })
    }

    fn run(mut self, config: &Config) -> anyhow::Result<()> {
        let mut offsets: BTreeMap<TopicPartition, i64> = BTreeMap::new();
        let mut outputs = Vec::new();
        let mut written = 0;
        let mut committed_at = Instant::now();
        loop {
            match self.consumer.poll(POLL)? {
                Polled::Idle => {}
                Polled::OutOfRange => anyhow::bail!("the input is not what it was"),
                Polled::Assigned(partitions) => {
                    // The group is as new as the topic.
                    let from_beginning: Vec<_> = partitions.iter().map(|p| (p.clone(), Some(0))).collect();
                    self.consumer.assign(&from_beginning)?;
                    self.consumer.resume(&partitions)?;
                }
                Polled::Revoked { partitions, .. } => {
                    anyhow::bail!("{partitions:?} were taken away: something else reads in this group")
                }
                Polled::Record(record) => {
                    if !self.producer.is_open() {
                        self.producer.begin()?;
                    }
                    let (partition, next) = (record.topic_partition(), record.offset + 1);
                    self.work.outputs(&self.topics, record, &mut outputs)?;
                    for output in outputs.drain(..) {
                        self.producer.produce(&output)?;
                        written += 1;
                    }
                    let topic = &self.topics.changelog;
                    self.changelog.owe();
                    while let Some(change) = self.changelog.next(topic, partition.partition) {
                        self.producer.produce(change)?;
                    }
                    self.producer.poll();
                    offsets.insert(partition, next);
                }
            }
            let due =
                committed_at.elapsed() >= config.processor.commit_interval || written >= OUTPUTS_PER_COMMIT;
            if due && !offsets.is_empty() {
                let finished: Vec<_> = std::mem::take(&mut offsets).into_iter().collect();
                match self.producer.commit(&finished, &self.consumer, TRANSACTION_TIMEOUT)? {
                    CommitOutcome::Committed => {}
                    CommitOutcome::Indeterminate => self.producer.reopen(INITIALISE_TIMEOUT)?,
                }
                written = 0;
            }
            if due {
                committed_at = Instant::now();
            }
        }
    }
}

// === impl Work ===

impl Work {
    fn outputs(
        &mut self,
        topics: &Topics,
        record: InboundRecord,
        outputs: &mut Vec<OutboundRecord>,
    ) -> anyhow::Result<()> {
        let (decides, ends) = match record.header_text(headers::CE_TYPE) {
            Some(event_type::CONVERSATION_STARTED) => (true, false),
            Some(event_type::CONVERSATION_ENDED) => (false, true),
            _ => (false, false),
        };
        let output = |topic: &str, key: Option<Vec<u8>>, value: Vec<u8>, headers| OutboundRecord {
            topic: topic.to_owned(),
            partition: None,
            key,
            value: Some(value),
            headers,
            timestamp: Some(record.timestamp),
        };
        match self {
            Self::Copy => {
                let value = record.value.context("an event has no value")?;
                if decides {
                    outputs.push(output(
                        &topics.decisions,
                        record.key.clone(),
                        value.clone(),
                        Headers::new(),
                    ));
                }
                if ends {
                    outputs.push(output(&topics.profiles, record.key.clone(), value.clone(), Headers::new()));
                }
                outputs.push(output(&topics.enriched, record.key, value, record.headers));
            }
            Self::Code(codec) => {
                let event =
                    codec.decoder.decode(record.value.as_deref().context("an event has no value")?)?;
                let event = codec.enriched(event);
                let key = event.key().into_bytes();
                let correlated = || {
                    headers::correlation(
                        event.conversation_id.as_deref(),
                        None,
                        None,
                        Some(&event.correlation_id),
                    )
                };
                if decides {
                    let value = codec.decision.encode_to_vec(&decision(&event))?;
                    outputs.push(output(&topics.decisions, Some(key.clone()), value, correlated()));
                }
                if ends {
                    let value = codec.profile.encode_to_vec(&codec.customer)?;
                    let key = codec.customer.key().into_bytes();
                    outputs.push(output(&topics.profiles, Some(key), value, Headers::new()));
                }
                let value = codec.encoder.encode_to_vec(&event)?;
                outputs.push(output(&topics.enriched, Some(key), value, record.headers));
            }
        }
        Ok(())
    }
}

struct Codec {
    decoder: Decoder<PlatformEvent>,
    encoder: Encoder<EnrichedEvent>,
    decision: Encoder<RoutingDecision>,
    profile: Encoder<CustomerProfile>,
    customer: CustomerProfile,
}

// === impl Codec ===

impl Codec {
    fn new(ids: &schemas::Ids) -> anyhow::Result<Self> {
        use trunkline_schemas::codec::Value as _;
        let id = |topic| ids.get(topic).context("a schema has no id");
        let mut decoder = Decoder::new();
        decoder.add_writer(id(catalog::EVENTS_NORMALIZED)?, PlatformEvent::SCHEMA)?;
        let source = |system: &str| ProfileSource {
            system: system.to_owned(),
            status: SourceStatus::Ok,
            fetched_at: Some(1_790_000_000_000),
            latency_ms: Some(12),
            source: None,
        };
        let systems = ["salesforce", "sap", "servicenow"];
        let customer = CustomerProfile {
            customer_id: "C-000123".to_owned(),
            account_name: Some("Northwind Insurance".to_owned()),
            loyalty_tier: Some("SILVER".to_owned()),
            balance: Some(48_150.into()),
            currency: Some("EUR".to_owned()),
            open_tickets: Some(2),
            last_interaction_date: Some(1_790_000_000_000),
            source_systems: systems.map(str::to_owned).to_vec(),
            sources: systems.map(source).to_vec(),
            last_updated: 1_790_000_000_000,
            identities: Vec::new(),
            balances: BTreeMap::from([("EUR".to_owned(), 48_150.into())]),
            values: BTreeMap::new(),
            parts: Vec::new(),
        };
        Ok(Self {
            decoder,
            encoder: Encoder::new(id(catalog::EVENTS_ENRICHED)?),
            decision: Encoder::new(id(catalog::ROUTING_DECISIONS)?),
            profile: Encoder::new(id(catalog::CUSTOMER_PROFILES)?),
            customer,
        })
    }

    fn enriched(&self, event: PlatformEvent) -> EnrichedEvent {
        let sources = self.customer.sources.iter().map(|source| EnrichmentSource {
            system: source.system.as_str().into(),
            status: source.status,
            age_ms: Some(2_000),
            latency_ms: source.latency_ms,
            source: None,
            resolution: Some(Resolution::Exact),
        });
        let enrichment = Enrichment { status: EnrichmentStatus::Complete, sources: sources.collect() };
        let ordering = Ordering { position: 7, mode: OrderingMode::Causal, late: false, gap_before: false };
        let conversation = ConversationSummary {
            state: "connected".to_owned(),
            started_at: Some(event.event_time),
            queued_ms: Some(8_000),
            handled_ms: None,
            transfers: 0,
            events: 7,
            ..ConversationSummary::default()
        };
        let profile = Some(Arc::new(ProfileView::from(&self.customer)));
        let findings = Findings {
            profile,
            enrichment,
            ordering,
            conversation,
            dedup_unknown: false,
            possible_repeat: false,
        };
        EnrichedEvent::new(event, findings)
    }
}

fn decision(event: &EnrichedEvent) -> RoutingDecision {
    RoutingDecision {
        decision_id: event.event_id.clone(),
        event_id: event.event_id.clone(),
        platform: event.platform.clone(),
        org_id: event.org_id.clone(),
        conversation_id: event.entity_id.clone(),
        contact_id: None,
        flow_session_id: None,
        customer_id: event.customer_id.clone(),
        queue: "general".to_owned(),
        priority: None,
        skills: Vec::new(),
        attributes: BTreeMap::new(),
        rule_id: "everybody-else".to_owned(),
        rule_set_version: "0000000000000000".to_owned(),
        enrichment_status: event.enrichment.status,
        decided_at: event.ingest_time,
        correlation_id: event.correlation_id.clone(),
    }
}

/// Trunkline's changelog records, over and over, so many per event.
struct Replay {
    records: Vec<OutboundRecord>,
    next: usize,
    per_event: f64,
    owed: f64,
}

// === impl Replay ===

impl Replay {
    fn read(config: &Config, changelog: &Changelog) -> anyhow::Result<Self> {
        let topics = [changelog.topic.clone()];
        let mut tail = Tail::open(&config.kafka, "trunkline-bench", &topics, From::Beginning)?;
        let mut records = Vec::with_capacity(CHANGELOG_SAMPLE);
        while records.len() < CHANGELOG_SAMPLE {
            match tail.next(SAMPLE_PATIENCE)? {
                Tailed::Record(record) => records.push(OutboundRecord {
                    topic: String::new(),
                    partition: None,
                    key: record.key,
                    value: record.value,
                    headers: Headers::new(),
                    timestamp: None,
                }),
                Tailed::CaughtUp => break,
                Tailed::Idle => anyhow::bail!("the changelog {} cannot be read", changelog.topic),
            }
        }
        anyhow::ensure!(!records.is_empty(), "the changelog {} is empty", changelog.topic);
        Ok(Self { records, next: 0, per_event: changelog.per_event, owed: 0.0 })
    }

    /// Takes note of one more event.
    fn owe(&mut self) {
        self.owed += self.per_event;
    }

    /// The next record owed; `None` when all are written.
    fn next(&mut self, topic: &str, partition: i32) -> Option<&OutboundRecord> {
        if self.owed < 1.0 {
            return None;
        }
        self.owed -= 1.0;
        let count = self.records.len();
        let record = self.records.get_mut(self.next % count)?;
        self.next += 1;
        if record.topic != topic {
            topic.clone_into(&mut record.topic);
        }
        record.partition = Some(partition);
        Some(record)
    }
}
