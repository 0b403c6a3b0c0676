//! Outputs as records: Avro, keys, headers.

use trunkline_config::Kafka;
use trunkline_kafka::OutboundRecord;
use trunkline_kafka::schemas::Ids;
use trunkline_schemas::codec::{self, Encoder, EnrichedEncoder};
use trunkline_schemas::headers::{self, Headers};
use trunkline_schemas::{CustomerProfile, PipelineError, RoutingDecision, WriteBack, catalog};
use trunkline_telemetry::trace;

use crate::output::{DeadLetter, Emission, Enriched, Output};

/// Turns outputs into records.
pub struct Publisher {
    kafka: Kafka,
    enriched: EnrichedEncoder,
    decision: Encoder<RoutingDecision>,
    profile: Encoder<CustomerProfile>,
    write_back: Vec<Encoder<WriteBack>>,
    error: Encoder<PipelineError>,
}

// === impl Publisher ===

impl Publisher {
    /// Writes with the schema ids of the registry to topics of this prefix. `None` when an id is missing.
    pub fn new(kafka: &Kafka, ids: &Ids) -> Option<Self> {
        let write_backs = catalog::WRITEBACK_SYSTEMS.iter();
        Some(Self {
            kafka: kafka.clone(),
            enriched: EnrichedEncoder::new(ids.get(catalog::EVENTS_ENRICHED)?),
            decision: Encoder::new(ids.get(catalog::ROUTING_DECISIONS)?),
            profile: Encoder::new(ids.get(catalog::CUSTOMER_PROFILES)?),
            write_back: write_backs
                .map(|system| Some(Encoder::new(ids.get(&catalog::writebacks(system))?)))
                .collect::<Option<_>>()?,
            error: Encoder::new(ids.get(catalog::PIPELINE_ERRORS)?),
        })
    }

    /// Appends an output's records.
    ///
    /// # Errors
    /// [`codec::Error`] when a value does not fit its schema.
    pub fn records(&mut self, output: Output, records: &mut Vec<OutboundRecord>) -> Result<(), codec::Error> {
        match output {
            Output::Event(emission) => self.event(*emission, records),
            Output::Profile(profile) => {
                let value = self.profile.encode_to_vec(&profile)?;
                let timestamp = profile.last_updated;
                records.push(self.record(
                    catalog::CUSTOMER_PROFILES,
                    Some(profile.key().into_bytes()),
                    value,
                    Headers::new(),
                    timestamp,
                ));
                Ok(())
            }
            Output::DeadLetter(letter) => {
                records.push(self.dead_letter(letter));
                Ok(())
            }
        }
    }

    /// A report of the instance itself, for `pipeline.errors`.
    ///
    /// # Errors
    /// [`codec::Error`] when it does not fit its schema.
    pub fn report(&mut self, report: &PipelineError) -> Result<OutboundRecord, codec::Error> {
        let value = self.error.encode_to_vec(report)?;
        let headers = headers::correlation(None, None, None, report.correlation_id.as_deref());
        let key = report.key().into_bytes();
        Ok(self.record(catalog::PIPELINE_ERRORS, Some(key), value, headers, report.occurred_at))
    }

    fn event(&mut self, emission: Emission, records: &mut Vec<OutboundRecord>) -> Result<(), codec::Error> {
        let Emission { key, event, decision, write_backs, errors, headers: mut out, held_ms } = emission;
        let incoming = out.get(headers::TRACEPARENT);
        let span = trace::span_from(incoming, "processor.event");
        let _entered = span.enter();
        let traceparent = trace::propagated(incoming);
        let tracestate = out.get(headers::TRACESTATE).map(str::to_owned);
        out.set(headers::TRACEPARENT, &traceparent);
        if held_ms > 0 {
            out.push(headers::HELD_MS, held_ms.to_string());
        }
        let (value, ingest_time) = match &event {
            Enriched::Parts(parts) => (self.enriched.parts(parts)?, parts.event.ingest_time()),
            Enriched::Whole(event) => (self.enriched.whole(event)?, event.ingest_time),
        };
        // The event itself goes first: what came of it refers to it.
        records.push(self.record(catalog::EVENTS_ENRICHED, key, value, out, ingest_time));
        let Enriched::Whole(event) = event else { return Ok(()) };

        let correlated = || {
            let mut headers = headers::correlation(
                event.conversation_id.as_deref(),
                event.contact_id.as_deref(),
                event.flow_session_id.as_deref(),
                Some(&event.correlation_id),
            );
            headers.push(headers::TRACEPARENT, &traceparent);
            if let Some(tracestate) = &tracestate {
                headers.push(headers::TRACESTATE, tracestate);
            }
            headers
        };
        if let Some(decision) = decision {
            let value = self.decision.encode_to_vec(&decision)?;
            let (key, at) = (decision.key().into_bytes(), decision.decided_at);
            records.push(self.record(catalog::ROUTING_DECISIONS, Some(key), value, correlated(), at));
        }
        for command in write_backs {
            let system =
                catalog::WRITEBACK_SYSTEMS.iter().position(|s| *s == command.system).unwrap_or_default();
            let value = self.write_back[system].encode_to_vec(&command)?;
            let topic = catalog::writebacks(&command.system);
            let (key, at) = (command.resource.into_bytes(), command.issued_at);
            records.push(self.record(&topic, Some(key), value, correlated(), at));
        }
        for error in errors {
            let value = self.error.encode_to_vec(&error)?;
            let (key, at) = (error.key().into_bytes(), error.occurred_at);
            records.push(self.record(catalog::PIPELINE_ERRORS, Some(key), value, correlated(), at));
        }
        Ok(())
    }

    fn dead_letter(&self, letter: DeadLetter) -> OutboundRecord {
        let DeadLetter { record, code, message } = letter;
        let mut out = record.headers;
        for (name, value) in [
            (headers::DLQ_TOPIC, record.topic),
            (headers::DLQ_PARTITION, record.partition.to_string()),
            (headers::DLQ_OFFSET, record.offset.to_string()),
            (headers::DLQ_CODE, code.to_owned()),
            (headers::DLQ_MESSAGE, message),
            (headers::DLQ_ATTEMPTS, "1".to_owned()),
        ] {
            out.set(name, value);
        }
        OutboundRecord {
            topic: self.kafka.topic(catalog::PROCESSOR_DLQ),
            partition: None,
            key: record.key,
            value: record.value,
            headers: out,
            timestamp: (record.timestamp > 0).then_some(record.timestamp),
        }
    }

    fn record(
        &self,
        topic: &str,
        key: Option<Vec<u8>>,
        value: Vec<u8>,
        mut headers: Headers,
        timestamp: i64,
    ) -> OutboundRecord {
        if headers.get(headers::CONTENT_TYPE).is_none() {
            headers.push(headers::CONTENT_TYPE, headers::AVRO);
        }
        OutboundRecord {
            topic: self.kafka.topic(topic),
            partition: None,
            key,
            value: Some(value),
            headers,
            timestamp: Some(timestamp),
        }
    }
}
