//! Gathers the evidence: reads every topic once, decodes what the judges need and searches all of it for secrets.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use crate::evidence::{
    Changelog, Command, CommandResult, DeadLetter, Decision, Enriched, Leak, Normalized, Place, Quarantined,
    Trouble,
};
use crate::judge::secrets::Needles;
use crate::registry::{self, Decoder};
use crate::topics::{self, Cluster, Record};
use crate::{avro, store};

/// Everything the topics hold.
#[derive(Debug, Default)]
pub struct Topics {
    pub normalized: Vec<Normalized>,
    pub enriched: Vec<Enriched>,
    pub quarantine: Vec<Quarantined>,
    pub decisions: Vec<Decision>,
    pub commands: Vec<Command>,
    pub results: Vec<CommandResult>,
    pub dead_letters: Vec<DeadLetter>,
    pub troubles: Vec<Trouble>,
    pub changelogs: BTreeMap<i32, Changelog>,
    pub leaks: Vec<Leak>,
    /// Records whose value does not decode.
    pub undecodable: Vec<Undecodable>,
    /// Records read, by topic without its prefix.
    pub records: BTreeMap<String, u64>,
    /// Records of `events.enriched` that only a reader of uncommitted records sees.
    pub aborted: u64,
}

/// A record whose value does not decode.
#[derive(Debug)]
pub struct Undecodable {
    /// Topic without its prefix.
    pub topic: String,
    /// Where it is.
    pub place: Place,
    /// What is wrong with it.
    pub problem: String,
}

const QUEUE: usize = 10_000;
const ENRICHED: &str = "events.enriched";

/// Reads all topics of a deployment.
pub async fn collect(
    cluster: &Cluster,
    registry: &str,
    prefix: &str,
    needles: &Needles,
) -> Result<Topics, crate::Error> {
    let mut found = Topics::default();
    let mut decoder = Decoder::new(registry);
    let listed = blocking({
        let (cluster, prefix) = (cluster.clone(), prefix.to_owned());
        move || topics::list(&cluster, &prefix)
    })
    .await?;
    for (topic, partitions) in listed {
        let name = topic.strip_prefix(prefix).unwrap_or(&topic).to_owned();
        let (sender, mut records) = mpsc::channel(QUEUE);
        let reading = tokio::task::spawn_blocking({
            let (cluster, topic) = (cluster.clone(), topic.clone());
            move || topics::read_all(&cluster, &topic, partitions, &sender)
        });
        while let Some(record) = records.recv().await {
            *found.records.entry(name.clone()).or_default() += 1;
            found.search(&name, &record, needles);
            match found.take(&name, &record, &mut decoder).await {
                Ok(()) => {}
                Err(error @ (registry::Error::Value(_) | registry::Error::Unknown { .. })) => {
                    let (topic, problem) = (name.clone(), error.to_string());
                    found.undecodable.push(Undecodable { topic, place: record.place, problem });
                }
                Err(error) => return Err(error.into()),
            }
        }
        reading.await.map_err(|_| crate::Error::Interrupted)??;
        if name == ENRICHED {
            let cluster = cluster.clone();
            let seen = blocking(move || topics::count_uncommitted(&cluster, &topic, partitions)).await?;
            found.aborted = seen.saturating_sub(found.enriched.len() as u64);
        }
    }
    Ok(found)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, topics::Error> + Send + 'static,
) -> Result<T, crate::Error> {
    Ok(tokio::task::spawn_blocking(work).await.map_err(|_| crate::Error::Interrupted)??)
}

impl Topics {
    fn search(&mut self, topic: &str, record: &Record, needles: &Needles) {
        let headers = record.headers.iter().map(|(_, value)| value.as_slice());
        let parts = headers.chain(record.key.as_deref()).chain(record.value.as_deref());
        for part in parts {
            if let Some(secret) = needles.find(part) {
                self.leaks
                    .push(Leak { secret: secret.to_owned(), place: format!("{topic} {}", record.place) });
            }
        }
    }

    async fn take(
        &mut self,
        topic: &str,
        record: &Record,
        decoder: &mut Decoder,
    ) -> Result<(), registry::Error> {
        match topic {
            "processor.changelog" => self.take_changelog(record),
            "processor.dlq" | "writeback.dlq" => self.dead_letters.push(dead_letter(topic, record)),
            _ => {
                let Some(value) = record.value.as_deref() else { return Ok(()) };
                // Decoded whatever the topic: a value that does not fit its schema is a finding by itself.
                if topic != "sink.state" {
                    self.take_value(topic, record, &decoder.decode(value).await?)?;
                }
            }
        }
        Ok(())
    }

    fn take_value(&mut self, topic: &str, record: &Record, fields: &avro::Fields) -> Result<(), avro::Error> {
        match topic {
            "events.normalized" => self.normalized.push(normalized(record, fields)?),
            ENRICHED => self.enriched.push(enriched(record, fields)?),
            "quarantine" => self.quarantine.push(quarantined(record, fields)?),
            "routing.decisions" => self.decisions.push(decision(fields)?),
            "writeback.results" => self.results.push(result(record, fields)?),
            "pipeline.errors" => self.troubles.push(trouble(fields)?),
            _ if topic.starts_with("writebacks.") => self.commands.push(command(record, fields)?),
            _ => {}
        }
        Ok(())
    }

    fn take_changelog(&mut self, record: &Record) {
        let value = record.value.as_deref().map(store::digest);
        let changelog = self.changelogs.entry(record.place.partition).or_default();
        changelog.records.push((record.key.clone().unwrap_or_default(), value));
    }
}

fn normalized(record: &Record, fields: &avro::Fields) -> Result<Normalized, avro::Error> {
    Ok(Normalized {
        place: record.place,
        key: record.key_text(),
        event_id: fields.text("eventId")?,
        event_type: fields.text("eventType")?,
        event_time: fields.integer("eventTime")?,
    })
}

fn enriched(record: &Record, fields: &avro::Fields) -> Result<Enriched, avro::Error> {
    let source = fields.record("source")?;
    let ordering = fields.record("ordering")?;
    Ok(Enriched {
        place: record.place,
        key: record.key_text(),
        event_id: fields.text("eventId")?,
        entity_type: fields.text("entityType")?,
        event_type: fields.text("eventType")?,
        source: source.text("name")?,
        channel: source.text("channel")?,
        event_time: fields.integer("eventTime")?,
        sequence: fields.optional_integer("sequence")?,
        position: ordering.integer("position")?,
        mode: ordering.text("mode")?,
        late: ordering.flag("late")?,
        gap_before: ordering.flag("gapBefore")?,
        dedup_unknown: fields.flag("dedupUnknown")?,
        enrichment: fields.record("enrichment")?.text("status")?,
        held_ms: record.header("trunkline.held-ms").and_then(|held| held.parse().ok()).unwrap_or(0),
    })
}

fn quarantined(record: &Record, fields: &avro::Fields) -> Result<Quarantined, avro::Error> {
    Ok(Quarantined {
        place: record.place,
        key: record.key_text(),
        payload_hash: fields.text("payloadHash")?,
        computed_hash: hex::encode(Sha256::digest(fields.bytes("payload")?)),
        code: fields.text("code")?,
    })
}

fn decision(fields: &avro::Fields) -> Result<Decision, avro::Error> {
    Ok(Decision {
        decision_id: fields.text("decisionId")?,
        event_id: fields.text("eventId")?,
        queue: fields.text("queue")?,
        rule_id: fields.text("ruleId")?,
    })
}

fn command(record: &Record, fields: &avro::Fields) -> Result<Command, avro::Error> {
    Ok(Command {
        place: record.place,
        command_id: fields.text("commandId")?,
        system: fields.text("system")?,
        operation: fields.text("operation")?,
        resource: fields.text("resource")?,
        parameters: fields.texts("parameters")?.into_iter().collect(),
        event_id: fields.text("eventId")?,
        observe: fields.flag("observe")?,
    })
}

fn result(record: &Record, fields: &avro::Fields) -> Result<CommandResult, avro::Error> {
    Ok(CommandResult {
        place: record.place,
        command_id: fields.text("commandId")?,
        outcome: fields.text("outcome")?,
    })
}

fn trouble(fields: &avro::Fields) -> Result<Trouble, avro::Error> {
    Ok(Trouble {
        code: fields.text("code")?,
        component: fields.text("component")?,
        instance: fields.text("instance")?,
        subject: fields.optional_text("subject")?,
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
    }
}
