//! Outputs as records: Avro, keys, headers.

use trunkline_config::Kafka;
use trunkline_kafka::limits::TakenSizes;
use trunkline_kafka::schemas::Ids;
use trunkline_kafka::{OutboundRecord, ReportEncoder, limits};
use trunkline_partition::output::{DeadLetter, Emission, Enriched, Output};
use trunkline_schemas::codec::{self, Encoder};
use trunkline_schemas::dead_letter::{Verdict, dead_letter};
use trunkline_schemas::event_id::derive;
use trunkline_schemas::headers::{self, Headers};
use trunkline_schemas::{
    CustomerProfile, EnrichedEncoder, EnrichedEvent, PipelineError, RoutingDecision, WriteBack, catalog,
    error_codes,
};
use trunkline_telemetry::trace;

use crate::{metrics, record_time};

/// Turns outputs into records.
pub struct Publisher {
    kafka: Kafka,
    /// The topic of enriched events, with its prefix.
    enriched_topic: String,
    instance: String,
    enriched: EnrichedEncoder,
    decision: Encoder<RoutingDecision>,
    profile: Encoder<CustomerProfile>,
    profile_sizes: TakenSizes,
    write_back: Vec<Encoder<WriteBack>>,
    reports: ReportEncoder,
}

/// A profile that was refused and is smaller than this, in bytes, was not refused for its own size: brokers measure
/// batches. The transactions that follow are small, and take it.
const LEAST_REFUSED_PROFILE: usize = 16 << 10;

// === impl Publisher ===

impl Publisher {
    /// Writes with the schema ids of the registry to topics of this prefix; `instance` is named in reports.
    /// `None` when an id is missing.
    pub fn new(kafka: &Kafka, ids: &Ids, instance: &str) -> Option<Self> {
        let write_backs = catalog::WRITEBACK_SYSTEMS.iter();
        Some(Self {
            kafka: kafka.clone(),
            enriched_topic: kafka.topic(catalog::EVENTS_ENRICHED),
            instance: instance.to_owned(),
            enriched: EnrichedEncoder::new(ids.get(catalog::EVENTS_ENRICHED)?),
            decision: Encoder::new(ids.get(catalog::ROUTING_DECISIONS)?),
            profile: Encoder::new(ids.get(catalog::CUSTOMER_PROFILES)?),
            profile_sizes: TakenSizes::default(),
            write_back: write_backs
                .map(|system| Some(Encoder::new(ids.get(&catalog::writebacks(system))?)))
                .collect::<Option<_>>()?,
            reports: ReportEncoder::new(
                kafka.topic(catalog::PIPELINE_ERRORS),
                ids.get(catalog::PIPELINE_ERRORS)?,
            ),
        })
    }

    /// Appends an output's records, made at `now` (UTC milliseconds). What came of an event, but for the
    /// event itself, gives way to a report when the brokers would not take it or its schema does not hold it.
    ///
    /// # Errors
    /// [`codec::Error`] when an event does not fit its schema.
    pub fn records(
        &mut self,
        output: Output,
        now: i64,
        records: &mut Vec<OutboundRecord>,
    ) -> Result<(), codec::Error> {
        match output {
            Output::Event(emission) => self.event(*emission, records),
            Output::Profile(profile) => {
                let value = self.profile.encode_to_vec(&profile);
                let (key, at) = (profile.key().into_bytes(), profile.last_updated);
                let record = self.fitting(catalog::CUSTOMER_PROFILES, key, value, Headers::new(), at);
                match record.and_then(|record| self.profile_sizes.fits(&record).map(|()| record)) {
                    Ok(record) => records.push(record),
                    Err(reason) => {
                        tracing::error!(code = %error_codes::OVERSIZED, reason, "profile not published");
                    }
                }
                Ok(())
            }
            Output::DeadLetter(letter) => {
                records.push(self.dead_letter(letter, now));
                Ok(())
            }
        }
    }

    /// The brokers refused a record for its size, so many bytes of key and value, on this topic (with prefix). True
    /// where it stems from no record of the input: reports and large profiles of that size are left out from now on,
    /// and no event is the cause.
    pub fn refused(&mut self, topic: &str, bytes: usize) -> bool {
        if topic == self.kafka.topic(catalog::PIPELINE_ERRORS) {
            self.reports.refused(bytes);
            return true;
        }
        let of_profile =
            topic == self.kafka.topic(catalog::CUSTOMER_PROFILES) && bytes >= LEAST_REFUSED_PROFILE;
        if of_profile {
            self.profile_sizes.refused(bytes);
        }
        of_profile
    }

    /// A report of the instance itself, for `pipeline.errors`; none when it cannot be published, which is logged.
    pub fn report(&mut self, report: &PipelineError) -> Option<OutboundRecord> {
        self.reports.record(report, &Headers::new())
    }

    fn dead_letter(&self, letter: DeadLetter, now: i64) -> OutboundRecord {
        let DeadLetter { record, code, message } = letter;
        // The processor asks nobody outside on behalf of a record that it cannot read or publish.
        let verdict = Verdict { code, message: &message, attempts: 0, instance: &self.instance, at: now };
        let topic = catalog::PROCESSOR_DLQ;
        dead_letter(record, &verdict, self.kafka.topic(topic), limits::largest_record(topic))
    }

    fn event(&mut self, emission: Emission, records: &mut Vec<OutboundRecord>) -> Result<(), codec::Error> {
        let Emission { key, event, decision, write_backs, mut errors, headers: mut out, appended, held_ms } =
            emission;
        let incoming = out.get(headers::TRACEPARENT);
        let span = trace::span_from(incoming, "processor.event");
        let _entered = span.enter();
        let traceparent = trace::propagated(incoming);
        let is_whole = matches!(event, Enriched::Whole(..));
        let tracestate = out.get(headers::TRACESTATE).filter(|_| is_whole).map(str::to_owned);
        out.set(headers::TRACEPARENT, &traceparent);
        if held_ms > 0 {
            out.push(headers::HELD_MS, held_ms.to_string());
        }
        // The event itself goes first: what came of it refers to it.
        records.push(self.enriched(&event, appended, key, out)?);
        let Enriched::Whole(event, _) = event else { return Ok(()) };

        let mut trace = Headers::new();
        trace.push(headers::TRACEPARENT, &traceparent);
        if let Some(tracestate) = &tracestate {
            trace.push(headers::TRACESTATE, tracestate);
        }
        let correlated = || {
            let mut headers = headers::correlation(
                event.conversation_id.as_deref(),
                event.contact_id.as_deref(),
                event.flow_session_id.as_deref(),
                Some(&event.correlation_id),
            );
            headers.extend(trace.iter());
            headers
        };
        if let Some(decision) = decision {
            let value = self.decision.encode_to_vec(&decision);
            let (key, at) = (decision.key().into_bytes(), decision.decided_at);
            match self.fitting(catalog::ROUTING_DECISIONS, key, value, correlated(), at) {
                Ok(record) => {
                    metrics::decision(&decision.rule_id);
                    records.push(record);
                }
                Err(reason) => {
                    errors.push(self.did_nothing(&event, &decision.rule_id, "decision", &reason, at));
                }
            }
        }
        for command in write_backs {
            // Whoever issued it has looked whether its system has a topic.
            let system = catalog::WRITEBACK_SYSTEMS.iter().position(|s| *s == command.system);
            let Some(encoder) = system.and_then(|system| self.write_back.get_mut(system)) else { continue };
            let value = encoder.encode_to_vec(&command);
            let topic = catalog::writebacks(&command.system);
            let (key, at) = (command.resource.into_bytes(), command.issued_at);
            match self.fitting(&topic, key, value, correlated(), at) {
                Ok(record) => {
                    metrics::write_back(&command.rule_id);
                    records.push(record);
                }
                Err(reason) => {
                    let (rule, id) = (&command.rule_id, &command.command_id);
                    errors.push(self.did_nothing(&event, rule, id, &reason, at));
                }
            }
        }
        metrics::rule_errors(errors.len());
        for error in errors {
            records.extend(self.reports.record(&error, &trace));
        }
        Ok(())
    }

    fn enriched(
        &mut self,
        event: &Enriched,
        appended: i64,
        key: Option<Vec<u8>>,
        headers: Headers,
    ) -> Result<OutboundRecord, codec::Error> {
        let value = event.encode(&mut self.enriched)?;
        let at = record_time::of(event.ingest_time(), appended);
        Ok(record(self.enriched_topic.clone(), key, value, headers, at))
    }

    /// That a rule or a plugin wanted something which cannot be published.
    fn did_nothing(
        &self,
        event: &EnrichedEvent,
        rule: &str,
        what: &str,
        reason: &str,
        at: i64,
    ) -> PipelineError {
        let id = derive("error", &[&event.event_id, rule, what, "size"]);
        let message = format!("what rule '{rule}' wants cannot be published: {reason}; it did nothing");
        PipelineError::of_event(
            event,
            id,
            error_codes::RULE_FAILED.as_str(),
            &self.instance,
            rule,
            message,
            at,
        )
    }

    /// The record of a value, or why the brokers would not take it.
    fn fitting(
        &self,
        topic: &str,
        key: Vec<u8>,
        value: Result<Vec<u8>, codec::Error>,
        headers: Headers,
        timestamp: i64,
    ) -> Result<OutboundRecord, String> {
        let value = value.map_err(|error| error.to_string())?;
        let record = record(self.kafka.topic(topic), Some(key), value, headers, timestamp);
        limits::fits(&record).map(|()| record)
    }
}

/// A record of a topic, which is given with its prefix.
fn record(
    topic: String,
    key: Option<Vec<u8>>,
    value: Vec<u8>,
    mut headers: Headers,
    timestamp: i64,
) -> OutboundRecord {
    if headers.get(headers::CONTENT_TYPE).is_none() {
        headers.push(headers::CONTENT_TYPE, headers::AVRO);
    }
    OutboundRecord { topic, partition: None, key, value: Some(value), headers, timestamp: Some(timestamp) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use trunkline_kafka::InboundRecord;
    use trunkline_kafka::limits::MAX_RECORD_BYTES;
    use trunkline_schemas::EnrichmentStatus;
    use trunkline_schemas::dead_letter::Provenance;

    use super::*;
    use crate::enriched::enriched;

    const NOW: i64 = 1_000;

    fn publisher() -> Publisher {
        let topics = catalog::TOPICS.iter().map(|topic| (topic.name, 1));
        let kafka = Kafka {
            brokers: "127.0.0.1:1".into(),
            prefix: "t.".into(),
            partitions: 1,
            replication: 1,
            retention: Default::default(),
            security: trunkline_config::Security::Plaintext,
        };
        Publisher::new(&kafka, &topics.collect(), "p-1").unwrap()
    }

    fn records(output: Output) -> Vec<OutboundRecord> {
        let mut records = Vec::new();
        publisher().records(output, NOW, &mut records).unwrap();
        records
    }

    fn report(record: &OutboundRecord) -> PipelineError {
        let mut decoder = codec::Decoder::new();
        decoder.add_writer(1, <PipelineError as codec::Value>::SCHEMA).unwrap();
        decoder.decode(record.value.as_deref().unwrap()).unwrap()
    }

    fn profile() -> CustomerProfile {
        serde_json::from_value(serde_json::json!({
            "customerId": "C-1", "sourceSystems": [], "sources": [], "lastUpdated": 7
        }))
        .unwrap()
    }

    fn decision(skill: String) -> RoutingDecision {
        RoutingDecision {
            decision_id: "d".to_owned(),
            event_id: "e".to_owned(),
            platform: "genesys".to_owned(),
            org_id: "org".to_owned(),
            conversation_id: "c".to_owned(),
            contact_id: None,
            flow_session_id: None,
            customer_id: None,
            queue: "q".to_owned(),
            priority: None,
            skills: vec![skill],
            attributes: BTreeMap::new(),
            rule_id: "route".to_owned(),
            rule_set_version: "1".to_owned(),
            enrichment_status: EnrichmentStatus::Missing,
            decided_at: 1,
            correlation_id: "correlation".to_owned(),
        }
    }

    fn command(note: String) -> WriteBack {
        WriteBack {
            command_id: "w".to_owned(),
            target: "crm".to_owned(),
            system: catalog::WRITEBACK_SYSTEMS[0].to_owned(),
            operation: "upsert".to_owned(),
            resource: "r".to_owned(),
            parameters: BTreeMap::new(),
            fields: BTreeMap::from([("Note".to_owned(), note)]),
            event_id: "e".to_owned(),
            conversation_id: None,
            contact_id: None,
            flow_session_id: None,
            customer_id: None,
            correlation_id: "correlation".to_owned(),
            rule_id: "note".to_owned(),
            rule_set_version: "1".to_owned(),
            observe: false,
            issued_at: 1,
            expires_at: None,
        }
    }

    #[test]
    fn a_large_profile_that_was_refused_is_left_out_and_no_event_is_blamed() {
        let mut publisher = publisher();
        let made = |publisher: &mut Publisher| {
            let large = CustomerProfile { account_name: Some("x".repeat(20_000)), ..profile() };
            let mut records = Vec::new();
            publisher.records(Output::Profile(large), 7, &mut records).unwrap();
            records.pop().map(|record| record.key_and_value())
        };
        let bytes = made(&mut publisher).unwrap();
        assert!(!publisher.refused("t.events.enriched", bytes), "it came of an event");
        assert!(!publisher.refused("t.customer.profiles", 900), "its batch was too large");
        assert!(publisher.refused("t.customer.profiles", bytes + 1) && made(&mut publisher).is_some());
        assert!(publisher.refused("t.customer.profiles", bytes) && made(&mut publisher).is_none());
        assert!(publisher.refused("t.pipeline.errors", 1));
    }

    #[test]
    fn what_the_brokers_would_not_take_gives_way_to_a_report_and_the_event_goes_on() {
        for (large, topics) in [
            (0, ["t.events.enriched", "t.routing.decisions", "t.writebacks"]),
            (MAX_RECORD_BYTES, ["t.events.enriched", "t.pipeline.errors", "t.pipeline.errors"]),
        ] {
            let made = records(Output::Event(Box::new(Emission {
                key: Some(b"k".to_vec()),
                event: Enriched::Whole(Box::new(enriched("c", "conversation.started", 1)), None),
                decision: Some(Box::new(decision("x".repeat(large)))),
                write_backs: vec![command("x".repeat(large))],
                errors: Vec::new(),
                headers: Headers::new(),
                appended: 1,
                held_ms: 0,
            })));
            assert_eq!(made.len(), 3);
            for (record, topic) in made.iter().zip(topics) {
                assert!(record.topic.starts_with(topic), "{} {topic}", record.topic);
                assert!(record.bytes() < MAX_RECORD_BYTES);
            }
            if large > 0 {
                let report = report(&made[2]);
                assert_eq!((report.code.as_str(), report.instance.as_str()), ("TL-3002", "p-1"));
                assert!(report.message.contains("brokers take 4194304"), "{}", report.message);
            }
        }
    }

    #[test]
    fn a_dead_letter_names_the_instance_and_no_attempt_at_an_outside_system() {
        let record = InboundRecord {
            topic: "t.events.normalized".into(),
            partition: 3,
            offset: 77,
            key: Some(b"k".to_vec()),
            value: Some(b"no event".to_vec()),
            headers: Headers::new(),
            timestamp: 5,
            leader_epoch: None,
        };
        let code = error_codes::UNDECODABLE_RECORD.as_str();
        let made = records(Output::DeadLetter(DeadLetter { record, code, message: "bad".into() }));
        let [letter] = made.as_slice() else { panic!("{made:?}") };
        assert_eq!(letter.topic, "t.processor.dlq");
        let provenance = Provenance::read(&letter.headers).unwrap();
        assert_eq!((provenance.attempts, provenance.at, provenance.timestamp), (Some(0), Some(NOW), Some(5)));
        assert_eq!(provenance.instance.as_deref(), Some("p-1"));
    }
}
