//! A run as records of the topics, taken in by the code that takes in real ones.

use std::collections::BTreeMap;
use std::path::Path;

use apache_avro::Decimal;
use apache_avro::types::Value;
use trunkline_verifier::avro::Fields;
use trunkline_verifier::configuration::Configuration;
use trunkline_verifier::decode::Intake;
use trunkline_verifier::evidence::{Evidence, Figures, Place};
use trunkline_verifier::rules::Rules;
use trunkline_verifier::topics::Record;

use crate::play::{Emitted, Event, PARTITIONS, Played};

/// The systems that are asked about customers, in this order.
pub const SYSTEMS: [&str; 3] = ["salesforce", "sap", "servicenow"];

const CONFIGURATION: &str = r#"
    [kafka]
    brokers = "127.0.0.1:1"
    [registry]
    url = "http://127.0.0.1:1"
    [sources.bridge]
    kind = "genesys-eventbridge"
    [sources.chat]
    kind = "cxone-digital"
    [sources.numbered]
    kind = "cxone-digital"
    order = "sequenced"
    [targets.genesys]
    system = "genesys"
    org = "org"
    [targets.salesforce]
    system = "salesforce"
    org = "acme"
    [targets.sap]
    system = "sap"
    [targets.servicenow]
    system = "servicenow"
    [enrichment]
    targets = ["salesforce", "sap", "servicenow"]
    [[rules.routing]]
    id = "gold"
    on = ["conversation.started"]
    when = 'profile != null && profile.loyaltyTier == "GOLD"'
    queue = '"vip"'
    priority = '7'
    [[rules.routing]]
    id = "others"
    on = ["conversation.started", "queue.entered"]
    when = 'event.eventType == "conversation.started" || event.customerId == null'
    queue = '"general"'
    [[rules.writeback]]
    id = "agent"
    on = ["participant.connected"]
    target = "genesys"
    operation = "participant_attributes"
    [rules.writeback.parameters]
    participantId = '"p1"'
    [rules.writeback.fields]
    agent = 'event.agentId'
    at = 'string(conversation.events)'
    [[rules.writeback]]
    id = "case"
    on = ["conversation.ended"]
    when = 'event.customerId != null'
    target = "salesforce"
    operation = "upsert"
    expires = "1h"
    [rules.writeback.parameters]
    object = '"Case"'
    externalIdField = '"Ext__c"'
    externalId = 'event.conversationId'
    [rules.writeback.fields]
    Customer__c = 'event.customerId'
    Transfers__c = 'string(conversation.transfers)'
    [[rules.writeback]]
    id = "trial"
    on = ["conversation.ended"]
    target = "salesforce"
    operation = "upsert"
    observe = true
    [rules.writeback.parameters]
    object = '"Trial"'
    externalIdField = '"Ext__c"'
    externalId = 'event.conversationId'
    [rules.writeback.fields]
    State__c = 'conversation.state'
"#;

pub fn configuration() -> Configuration {
    Configuration::parse(CONFIGURATION, Path::new("trunkline.toml")).unwrap()
}

/// What the CRMs know of a customer; a function of its number.
pub struct Customer {
    pub name: String,
    pub tier: Option<&'static str>,
    /// In hundredths of a euro; `None` for somebody without open items.
    pub cents: Option<i64>,
    pub tickets: i64,
}

pub fn customer(id: &str) -> Customer {
    let number: i64 = id[2..].parse().unwrap();
    Customer {
        name: format!("Company {number}"),
        tier: [Some("GOLD"), Some("SILVER"), None][(number % 3) as usize],
        cents: (number % 4 != 0).then_some(number * 1_250),
        tickets: number % 5,
    }
}

/// When the systems last answered about a customer, and when a conversation of it last ended.
#[derive(Clone, Copy)]
pub struct Known {
    /// When each answer was stamped, in the order of [`SYSTEMS`].
    pub fetched: [i64; 3],
    pub interaction: Option<i64>,
}

/// Milliseconds from each answer to the event that waited for it, in the order of [`SYSTEMS`].
const FETCHED_BEFORE: [i64; 3] = [12, 9, 4];
const LATENCY: i64 = 21;
const FRESHNESS: i64 = 30_000;

/// Takes a run in as it would be read from Kafka.
pub fn taken_in(played: &Played, configuration: &Configuration) -> Evidence {
    let mut log =
        Log { intake: Intake::new(Some(Rules::compile(configuration).unwrap())), offsets: BTreeMap::new() };
    for arrived in &played.arrivals {
        let fields = platform(&arrived.event, arrived.at, arrived.event.customer.as_deref());
        log.add("events.normalized", &arrived.event.key, arrived.at, fields);
    }
    let mut customers: BTreeMap<&str, &str> = BTreeMap::new();
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    for emitted in &played.emissions {
        log.emit(emitted, &mut customers, &mut known);
    }
    for topic in trunkline_verifier::floor::CATALOG {
        log.intake.evidence.topics.insert((*topic).to_owned());
    }
    log.intake.evidence
}

struct Log {
    intake: Intake,
    /// By topic and partition.
    offsets: BTreeMap<(String, i32), i64>,
}

impl Log {
    fn add(&mut self, topic: &str, key: &str, timestamp: i64, fields: Fields) {
        let partition = (key.bytes().map(i64::from).sum::<i64>() % PARTITIONS) as i32;
        // Markers of transactions take offsets too.
        let offset =
            self.offsets.entry((topic.to_owned(), partition)).and_modify(|offset| *offset += 2).or_insert(0);
        let record = Record {
            topic: topic.to_owned(),
            place: Place { partition, offset: *offset },
            timestamp,
            key: Some(key.as_bytes().to_vec()),
            value: Some(format!("{key} at {timestamp}").into_bytes()),
            headers: Vec::new(),
        };
        self.intake.take(topic, &record, &fields).unwrap();
        *self.intake.evidence.records.entry(topic.to_owned()).or_default() += 1;
    }

    fn emit<'a>(
        &mut self,
        emitted: &'a Emitted,
        customers: &mut BTreeMap<&'a str, &'a str>,
        known: &mut BTreeMap<String, Known>,
    ) {
        let Emitted { event, at, arrived_at, .. } = emitted;
        let own = event.customer.as_deref();
        let of_conversation = event.conversation.as_deref().and_then(|name| customers.get(name).copied());
        let named = own.or(of_conversation);
        if let (Some(name), Some(customer)) = (&event.conversation, own) {
            customers.entry(name).or_insert(customer);
        }
        let profile = named.map(|customer| {
            let fresh = |known: &Known| known.fetched.iter().all(|fetched| at - fetched <= FRESHNESS);
            if !known.get(customer).is_some_and(fresh) {
                let interaction = known.get(customer).and_then(|known| known.interaction);
                let fetched = FETCHED_BEFORE.map(|before| at - before);
                known.insert(customer.to_owned(), Known { fetched, interaction });
                self.profile(customer, known[customer], *at);
            }
            (customer, known[customer])
        });
        let fields = enriched(emitted, named, profile);
        self.add("events.enriched", &event.key, *arrived_at, fields);
        self.outcomes(emitted, named, profile.is_some());
        if let (Some(customer), "conversation.ended") = (named, event.event_type) {
            let of = known.get_mut(customer).unwrap();
            if of.interaction.is_none_or(|before| before < event.at) {
                of.interaction = Some(event.at);
                self.profile(customer, known[customer], *at);
            }
        }
    }

    fn profile(&mut self, customer_id: &str, known: Known, at: i64) {
        let mut fields = profile_fields(customer_id, known.interaction);
        let sources = SYSTEMS.iter().zip(known.fetched).map(|(system, fetched)| {
            record(&[
                ("system", text(system)),
                ("status", text(status(system, customer_id))),
                ("fetchedAt", long(fetched)),
                ("latencyMs", long(LATENCY)),
            ])
        });
        fields.push(("sources".to_owned(), Value::Array(sources.collect())));
        fields.push(("lastUpdated".to_owned(), long(at)));
        self.add("customer.profiles", customer_id, at, Fields::new(fields));
    }

    /// What the rules made of the event that was added last.
    fn outcomes(&mut self, emitted: &Emitted, customer: Option<&str>, with_profile: bool) {
        let event = &emitted.event;
        let expected = self.intake.evidence.expected.as_ref().unwrap();
        let Some(expected) = expected.last().filter(|expected| expected.event_id == event.id).cloned() else {
            return;
        };
        if let Some((rule, choice)) = &expected.decision {
            let status = if with_profile { "COMPLETE" } else { "SKIPPED" };
            let fields = fields(&[
                ("decisionId", text(&format!("decision-{}", event.id))),
                ("eventId", text(&event.id)),
                ("conversationId", optional(event.conversation.as_deref())),
                ("customerId", optional(customer)),
                ("ruleId", text(rule)),
                ("queue", text(&choice.queue)),
                ("priority", choice.priority.map_or(Value::Null, long)),
                ("skills", Value::Array(Vec::new())),
                ("attributes", Value::Map(Default::default())),
                ("enrichmentStatus", text(status)),
                ("correlationId", text(&format!("correlation-{}", event.id))),
                ("decidedAt", long(emitted.at)),
            ]);
            self.add("routing.decisions", &event.key, emitted.at, fields);
        }
        for (rule, (write, expires)) in &expected.commands {
            let map = |texts: &BTreeMap<String, String>| {
                Value::Map(texts.iter().map(|(name, value)| (name.clone(), text(value))).collect())
            };
            let fields = fields(&[
                ("commandId", text(&format!("command-{}-{rule}", event.id))),
                ("target", text(&write.target)),
                ("system", text(&write.system)),
                ("operation", text(&write.operation)),
                ("resource", text(&write.resource)),
                ("parameters", map(&write.parameters)),
                ("fields", map(&write.fields)),
                ("observe", Value::Boolean(write.observe)),
                ("eventId", text(&event.id)),
                ("customerId", optional(customer)),
                ("ruleId", text(rule)),
                ("correlationId", text(&format!("correlation-{}", event.id))),
                ("issuedAt", long(emitted.at)),
                ("expiresAt", expires.map_or(Value::Null, |ms| long(emitted.at + ms))),
            ]);
            self.add(&format!("writebacks.{}", write.system), &write.resource, emitted.at, fields);
        }
    }
}

/// Somebody without open items is not known to SAP.
pub fn status(system: &str, customer_id: &str) -> &'static str {
    if system == "sap" && customer(customer_id).cents.is_none() { "NOT_FOUND" } else { "OK" }
}

fn profile_fields(customer_id: &str, interaction: Option<i64>) -> Vec<(String, Value)> {
    let known = customer(customer_id);
    let amount = |cents: i64| Value::Decimal(Decimal::from((cents * 100).to_be_bytes()));
    fields_of(&[
        ("customerId", text(customer_id)),
        ("accountName", text(&known.name)),
        ("loyaltyTier", optional(known.tier)),
        ("balance", known.cents.map_or(Value::Null, amount)),
        ("currency", optional(known.cents.map(|_| "EUR"))),
        (
            "balances",
            Value::Map(known.cents.map(|cents| ("EUR".to_owned(), amount(cents))).into_iter().collect()),
        ),
        ("openTickets", Value::Int(known.tickets as i32)),
        ("lastInteractionDate", interaction.map_or(Value::Null, long)),
    ])
}

/// The platform's event, as both topics have it.
fn platform(event: &Event, ingest_time: i64, customer: Option<&str>) -> Fields {
    let source = record(&[("name", text(event.source)), ("channel", text("main"))]);
    let ani = ("ani".to_owned(), text("+1317"));
    let told = event.told.iter().map(|(name, told)| (name.clone(), text(told)));
    let attributes = told.chain([ani]).collect();
    fields(&[
        ("eventId", text(&event.id)),
        ("eventType", text(event.event_type)),
        ("sourceType", text("v2.some.topic")),
        ("contentId", optional(event.content.as_deref())),
        ("contactId", Value::Null),
        ("entityType", text(if event.conversation.is_some() { "conversation" } else { "agent" })),
        ("conversationId", optional(event.conversation.as_deref())),
        ("participantId", optional(event.participant.as_deref())),
        ("mediaType", optional(Some("voice"))),
        ("direction", optional(Some("inbound"))),
        ("customerId", optional(customer)),
        ("agentId", optional(event.agent.as_deref())),
        ("queueId", optional(Some("q1"))),
        ("eventTime", long(event.at)),
        ("ingestTime", long(ingest_time)),
        ("sequence", event.sequence.map_or(Value::Null, long)),
        ("correlationId", text(&format!("correlation-{}", event.id))),
        ("source", source),
        ("attributes", Value::Map(attributes)),
        ("data", text(&format!(r#"{{"id":"{}"}}"#, event.id))),
    ])
}

fn enriched(emitted: &Emitted, customer: Option<&str>, profile: Option<(&str, Known)>) -> Fields {
    let Emitted { event, arrived_at, at, .. } = emitted;
    let mut all: Vec<(String, Value)> = platform(event, *arrived_at, customer)
        .iter()
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect();
    let mode = match event.source {
        "bridge" => "SORTED",
        "chat" => "CAUSAL",
        _ => "SEQUENCED",
    };
    let figures = &emitted.figures;
    let in_conversation = event.conversation.is_some();
    let sources = profile.into_iter().flat_map(|(customer, known)| {
        SYSTEMS.iter().zip(known.fetched).map(move |(system, fetched)| {
            record(&[
                ("system", text(system)),
                ("status", text(status(system, customer))),
                ("ageMs", long(at - fetched)),
                ("latencyMs", long(LATENCY)),
            ])
        })
    });
    all.extend(fields_of(&[
        ("possibleRepeat", Value::Boolean(event.returns)),
        ("dedupUnknown", Value::Boolean(arrived_at - event.at > crate::play::WINDOW)),
        (
            "ordering",
            record(&[
                ("position", long(emitted.position)),
                ("mode", text(mode)),
                ("late", Value::Boolean(emitted.late)),
                ("gapBefore", Value::Boolean(emitted.gap_before)),
            ]),
        ),
        ("conversation", summary(figures, in_conversation, emitted.position)),
        (
            "enrichment",
            record(&[
                ("status", text(if profile.is_some() { "COMPLETE" } else { "SKIPPED" })),
                ("sources", Value::Array(sources.collect())),
            ]),
        ),
        (
            "profile",
            profile.map_or(Value::Null, |(customer, known)| {
                Value::Record(profile_fields(customer, known.interaction))
            }),
        ),
    ]));
    Fields::new(all)
}

/// The figures of a conversation; what is none has none.
fn summary(figures: &Figures, in_conversation: bool, position: i64) -> Value {
    let number = |number: Option<i64>| number.filter(|_| in_conversation).map_or(Value::Null, long);
    let more = figures.more.clone().unwrap_or_default();
    record(&[
        ("state", text(if in_conversation { &figures.state } else { "none" })),
        ("startedAt", number(figures.started_at)),
        ("queuedMs", number(figures.queued_ms)),
        ("handledMs", number(figures.handled_ms)),
        ("transfers", Value::Int(if in_conversation { figures.transfers as i32 } else { 0 })),
        ("events", long(position)),
        ("reopened", number(more.reopened)),
        ("agents", number(more.agents)),
        ("connectedAgents", number(more.connected_agents)),
        ("alertedMs", number(more.alerted_ms)),
        ("heldMs", number(more.held_ms)),
        ("acwMs", number(more.acw_ms)),
        ("consults", number(more.consults)),
        ("conferences", number(more.conferences)),
        ("attendedTransfers", number(more.attended_transfers)),
        ("blindTransfers", number(more.blind_transfers)),
        ("unanswered", number(more.unanswered)),
    ])
}

fn fields(named: &[(&str, Value)]) -> Fields {
    Fields::new(fields_of(named))
}

fn fields_of(named: &[(&str, Value)]) -> Vec<(String, Value)> {
    named.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn record(named: &[(&str, Value)]) -> Value {
    Value::Record(fields_of(named))
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn optional(value: Option<&str>) -> Value {
    Value::Union(u32::from(value.is_some()), Box::new(value.map_or(Value::Null, text)))
}

fn long(number: i64) -> Value {
    Value::Long(number)
}
