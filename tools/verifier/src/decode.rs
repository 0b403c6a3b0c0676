//! From decoded records to evidence: which fields the judges look at. Pure; a record's bytes were read elsewhere.

mod event;

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use self::event::{enriched, fact};
use crate::avro::{Error, Fields};
use crate::evidence::fingerprint::Layouts;
use crate::evidence::outcome::{Choice, Write};
use crate::evidence::profile::EnrichmentSource;
use crate::evidence::state::Change;
use crate::evidence::{
    Command, CommandResult, DeadLetter, Decision, Enrichment, Evidence, Fingerprint, Place, ProfileFields,
    ProfileRecord, ProfileSource, ProfileSourcePart, Quarantined, Trouble, ValueDigest,
};
use crate::rules::Rules;
use crate::store;
use crate::topics::Record;

/// Topics whose records are no values of a schema of the catalog.
pub const WITHOUT_SCHEMA: [&str; 4] = ["processor.changelog", "sink.state", "processor.dlq", "writeback.dlq"];

/// Fields of `EnrichedEvent` that the processor adds: not the platform's, and judged one by one.
const ADDED: [&str; 6] =
    ["profile", "enrichment", "ordering", "conversation", "dedupUnknown", "possibleRepeat"];

/// What a decision names as its event does, besides the ids that are judged one by one.
const OF_DECISION: [&str; 4] = ["platform", "orgId", "contactId", "flowSessionId"];

/// What a command names as its event does, and its result as well.
const OF_COMMAND: [&str; 3] = ["conversationId", "contactId", "flowSessionId"];

/// Takes records into evidence.
#[derive(Debug, Default)]
pub struct Intake {
    /// What was taken in so far.
    pub evidence: Evidence,
    layouts: Layouts,
    rules: Option<Rules>,
}

// === impl Intake ===

impl Intake {
    /// Starts with nothing. With rules, what they must have made of each enriched event is noted as it passes.
    pub fn new(rules: Option<Rules>) -> Self {
        let expected = rules.is_some().then(Vec::new);
        Self { evidence: Evidence { expected, ..Evidence::default() }, layouts: Layouts::default(), rules }
    }

    /// Takes a record of a topic (named without its prefix) that has no schema.
    pub fn take_bytes(&mut self, topic: &str, record: &Record) {
        match topic {
            "processor.changelog" => self.take_changelog(record),
            "processor.dlq" | "writeback.dlq" => self.evidence.dead_letters.push(dead_letter(topic, record)),
            _ => {}
        }
    }

    /// Takes a record of a topic (named without its prefix), decoded.
    ///
    /// # Errors
    /// When a field is missing or of another type.
    pub fn take(&mut self, topic: &str, record: &Record, fields: &Fields) -> Result<(), Error> {
        let evidence = &mut self.evidence;
        match topic {
            "events.normalized" => {
                let event = fact(record, fields, &mut self.layouts)?;
                evidence.normalized.push(event);
            }
            "events.enriched" => {
                let event = enriched(record, fields, &mut self.layouts)?;
                if let (Some(rules), Some(expected)) = (&self.rules, &mut evidence.expected) {
                    expected.extend(rules.apply(fields)?);
                }
                evidence.enriched.push(event);
            }
            "quarantine" => evidence.quarantine.push(quarantined(record, fields)?),
            "routing.decisions" => {
                evidence.decisions.push(decision(record, fields, &mut self.layouts)?);
            }
            "customer.profiles" => evidence.profiles.push(profile(record, fields)?),
            "writeback.results" => evidence.results.push(result(record, fields, &mut self.layouts)?),
            "pipeline.errors" => evidence.troubles.push(trouble(fields)?),
            _ if topic.starts_with("writebacks.") => {
                evidence.commands.push(command(topic, record, fields, &mut self.layouts)?);
            }
            _ => {}
        }
        Ok(())
    }

    fn take_changelog(&mut self, record: &Record) {
        let Place { partition, offset } = record.place;
        let key = record.key.clone().unwrap_or_default();
        let value = record.value.as_deref().map(store::digest);
        let changelog = self.evidence.changelogs.entry(partition).or_default();
        changelog.records.push(Change { offset, key, value });
    }
}

fn enrichment(fields: &Fields) -> Result<Enrichment, Error> {
    let mut enrichment = Enrichment { status: fields.text("status")?, ..Enrichment::default() };
    for source in fields.records("sources")? {
        let asked = EnrichmentSource {
            system: source.text("system")?,
            status: source.text("status")?,
            age_ms: source.optional_integer("ageMs")?,
            latency_ms: source.optional_integer("latencyMs")?,
            resolution: match source.has("resolution") {
                true => source.optional_text("resolution")?,
                false => None,
            },
        };
        enrichment.sources.insert(name_of(&source)?, asked);
    }
    Ok(enrichment)
}

/// The configured name of a source, which is that of its system where it has none of its own.
fn name_of(source: &Fields) -> Result<String, Error> {
    let own = if source.has("source") { source.optional_text("source")? } else { None };
    own.map_or_else(|| source.text("system"), Ok)
}

fn profile_fields(fields: &Fields) -> Result<ProfileFields, Error> {
    Ok(ProfileFields {
        customer_id: fields.text("customerId")?,
        account_name: fields.optional_text("accountName")?,
        loyalty_tier: fields.optional_text("loyaltyTier")?,
        balance: fields.optional_amount("balance")?,
        currency: fields.optional_text("currency")?,
        balances: fields.amounts("balances")?,
        open_tickets: fields.optional_integer("openTickets")?,
        last_interaction: fields.optional_integer("lastInteractionDate")?,
        values: values(fields)?,
    })
}

fn values(fields: &Fields) -> Result<BTreeMap<String, String>, Error> {
    if fields.has("values") { Ok(fields.texts("values")?.into_iter().collect()) } else { Ok(BTreeMap::new()) }
}

fn profile(record: &Record, fields: &Fields) -> Result<ProfileRecord, Error> {
    let mut profile = ProfileRecord {
        place: record.place,
        key: record.key_text(),
        fields: profile_fields(fields)?,
        last_updated: fields.integer("lastUpdated")?,
        ..ProfileRecord::default()
    };
    for source in fields.records("sources")? {
        let asked = ProfileSource {
            status: source.text("status")?,
            fetched_at: source.optional_integer("fetchedAt")?,
            latency_ms: source.optional_integer("latencyMs")?,
        };
        profile.sources.insert(name_of(&source)?, asked);
    }
    if fields.has("parts") {
        let customer = &profile.fields.customer_id;
        let parts = fields.records("parts")?;
        profile.parts = parts.iter().map(|part| source_part(part, customer)).collect::<Result<_, _>>()?;
    }
    // Records of older builds have none.
    if fields.has("identities") {
        for identity in fields.records("identities")? {
            profile.resolutions.insert(identity.text("target")?, identity.text("resolution")?);
        }
    }
    Ok(profile)
}

fn source_part(part: &Fields, customer_id: &str) -> Result<ProfileSourcePart, Error> {
    Ok(ProfileSourcePart {
        source: part.text("source")?,
        system: part.text("system")?,
        status: part.text("status")?,
        fetched_at: part.optional_integer("fetchedAt")?,
        change_offset: part.optional_integer("changeOffset")?,
        fields: ProfileFields {
            customer_id: customer_id.to_owned(),
            account_name: part.optional_text("accountName")?,
            loyalty_tier: part.optional_text("loyaltyTier")?,
            balance: None,
            currency: None,
            balances: part.amounts("balances")?,
            open_tickets: part.optional_integer("openTickets")?,
            last_interaction: part.optional_integer("lastInteractionDate")?,
            values: values(part)?,
        },
    })
}

fn quarantined(record: &Record, fields: &Fields) -> Result<Quarantined, Error> {
    Ok(Quarantined {
        place: record.place,
        key: record.key_text(),
        payload_hash: fields.text("payloadHash")?,
        computed_hash: hex::encode(Sha256::digest(fields.bytes("payload")?)),
        code: fields.text("code")?,
    })
}

fn decision(record: &Record, fields: &Fields, layouts: &mut Layouts) -> Result<Decision, Error> {
    Ok(Decision {
        place: record.place,
        key: record.key_text(),
        decision_id: fields.text("decisionId")?,
        event_id: fields.text("eventId")?,
        conversation_id: fields.text("conversationId")?,
        customer_id: fields.optional_text("customerId")?,
        rule_id: fields.text("ruleId")?,
        chosen: Choice {
            queue: fields.text("queue")?,
            priority: fields.optional_integer("priority")?,
            skills: fields.list("skills")?,
            attributes: fields.texts("attributes")?.into_iter().collect(),
        },
        enrichment_status: fields.text("enrichmentStatus")?,
        correlation_id: fields.text("correlationId")?,
        decided_at: fields.integer("decidedAt")?,
        labels: named(fields, &OF_DECISION, layouts),
    })
}

fn command(topic: &str, record: &Record, fields: &Fields, layouts: &mut Layouts) -> Result<Command, Error> {
    Ok(Command {
        place: record.place,
        topic: topic.to_owned(),
        key: record.key_text(),
        command_id: fields.text("commandId")?,
        write: Write {
            target: fields.text("target")?,
            system: fields.text("system")?,
            operation: fields.text("operation")?,
            resource: fields.text("resource")?,
            parameters: fields.texts("parameters")?.into_iter().collect(),
            fields: fields.texts("fields")?.into_iter().collect(),
            observe: fields.flag("observe")?,
        },
        event_id: fields.text("eventId")?,
        customer_id: fields.optional_text("customerId")?,
        rule_id: fields.text("ruleId")?,
        correlation_id: fields.text("correlationId")?,
        issued_at: fields.integer("issuedAt")?,
        expires_at: fields.optional_integer("expiresAt")?,
        labels: named(fields, &OF_COMMAND, layouts),
    })
}

fn result(record: &Record, fields: &Fields, layouts: &mut Layouts) -> Result<CommandResult, Error> {
    Ok(CommandResult {
        place: record.place,
        command_id: fields.text("commandId")?,
        outcome: fields.text("outcome")?,
        resource: fields.text("resource")?,
        target: fields.text("target")?,
        system: fields.text("system")?,
        operation: fields.text("operation")?,
        event_id: fields.text("eventId")?,
        correlation_id: fields.text("correlationId")?,
        rule_id: fields.text("ruleId")?,
        issued_at: fields.integer("issuedAt")?,
        finished_at: fields.integer("finishedAt")?,
        labels: named(fields, &OF_COMMAND, layouts),
    })
}

fn named(fields: &Fields, names: &[&str], layouts: &mut Layouts) -> Fingerprint {
    Fingerprint::of(fields.iter().filter(|(name, _)| names.contains(name)), layouts)
}

fn trouble(fields: &Fields) -> Result<Trouble, Error> {
    Ok(Trouble {
        code: fields.text("code")?,
        component: fields.text("component")?,
        instance: fields.text("instance")?,
        subject: fields.optional_text("subject")?,
        conversation_id: fields.optional_text("conversationId")?,
        correlation_id: fields.optional_text("correlationId")?,
        message: fields.text("message")?,
        occurred_at: fields.integer("occurredAt")?,
    })
}

fn dead_letter(topic: &str, record: &Record) -> DeadLetter {
    let number = |name: &str| record.header(name).and_then(|text| text.parse::<i64>().ok());
    let origin = || {
        let partition = i32::try_from(number("trunkline.dlq.partition")?).ok()?;
        let place = Place { partition, offset: number("trunkline.dlq.offset")? };
        Some((record.header("trunkline.dlq.topic")?.to_owned(), place))
    };
    DeadLetter {
        topic: topic.to_owned(),
        code: record.header("trunkline.dlq.code").unwrap_or("unknown").to_owned(),
        origin: origin(),
        value: ValueDigest::of(record.value.as_deref()),
    }
}
