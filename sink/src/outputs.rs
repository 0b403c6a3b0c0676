//! The records that the sink writes: results, dead letters, reports and its state.

use trunkline_kafka::{InboundRecord, OutboundRecord, SavedOffsets, SavedOffsetsError};
use trunkline_schemas::codec::{self, Encoder};
use trunkline_schemas::headers::{self, Headers};
use trunkline_schemas::{PipelineError, WriteBack, WriteBackResult, catalog};

use crate::command::{Ended, Issued, Poison};
use crate::ending::Ending;
use crate::lanes::PartitionProgress;
use crate::saved_state;

/// Longest difference kept in a result, in bytes; a record must stay far below the brokers' limit of 1 MB.
const DIFFERENCE_MAX: usize = 64 * 1024;

/// Longest message kept in a result or a header, in bytes.
const MESSAGE_MAX: usize = 4 * 1024;

/// Names of the topics written, with their prefix.
#[derive(Debug, Clone)]
pub struct Topics {
    /// `writeback.results`.
    pub results: String,
    /// `writeback.dlq`.
    pub dead_letters: String,
    /// `pipeline.errors`.
    pub reports: String,
    /// `sink.state`.
    pub state: String,
}

/// Why a record could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its value does not fit its schema.
    #[error("a record for {topic} cannot be encoded: {source}")]
    Encode {
        /// Topic it is for.
        topic: String,
        /// What does not fit.
        source: codec::Error,
    },
    /// The state of a partition cannot be written down.
    #[error("the state of {partition} cannot be encoded: {source}")]
    State {
        /// The partition.
        partition: String,
        /// What is wrong.
        source: SavedOffsetsError,
    },
}

/// Builds the records that the sink writes.
pub struct Outputs {
    topics: Topics,
    results: Encoder<WriteBackResult>,
    reports: Encoder<PipelineError>,
}

// === impl Topics ===

impl Topics {
    /// Their names in a deployment.
    pub fn of(kafka: &trunkline_config::Kafka) -> Self {
        Self {
            results: kafka.topic(catalog::WRITEBACK_RESULTS),
            dead_letters: kafka.topic(catalog::WRITEBACK_DLQ),
            reports: kafka.topic(catalog::PIPELINE_ERRORS),
            state: kafka.topic(catalog::SINK_STATE),
        }
    }
}

// === impl Outputs ===

impl Outputs {
    /// Writes under these schema ids.
    pub fn new(topics: Topics, result_schema: u32, report_schema: u32) -> Self {
        Self { topics, results: Encoder::new(result_schema), reports: Encoder::new(report_schema) }
    }

    /// The names of the topics written.
    pub fn topics(&self) -> &Topics {
        &self.topics
    }

    /// What a record that is done with leaves behind: its result, its dead letter, or both.
    ///
    /// # Errors
    /// [`Error::Encode`] when the result does not fit its schema.
    pub fn ended(&mut self, ended: &Ended) -> Result<Vec<OutboundRecord>, Error> {
        match ended {
            Ended::Poison(poison) => Ok(vec![self.poison(poison)]),
            Ended::Command { issued, ending, attempts, finished_at_ms } => {
                let mut records = vec![self.result(issued, ending, *attempts, *finished_at_ms)?];
                if ending.is_dead_letter() {
                    records.push(self.dead_letter(issued, ending, *attempts));
                }
                Ok(records)
            }
        }
    }

    /// A report for the operator.
    ///
    /// # Errors
    /// [`Error::Encode`] when it does not fit its schema.
    pub fn report(&mut self, error: &PipelineError) -> Result<OutboundRecord, Error> {
        let value = self
            .reports
            .encode_to_vec(error)
            .map_err(|source| Error::Encode { topic: self.topics.reports.clone(), source })?;
        let mut headers = headers::correlation(
            error.conversation_id.as_deref(),
            error.contact_id.as_deref(),
            error.flow_session_id.as_deref(),
            error.correlation_id.as_deref(),
        );
        headers.push(headers::CONTENT_TYPE, headers::AVRO);
        Ok(OutboundRecord {
            topic: self.topics.reports.clone(),
            partition: None,
            key: Some(error.subject.clone().unwrap_or_else(|| error.component.clone()).into_bytes()),
            value: Some(value),
            headers,
            timestamp: Some(error.occurred_at),
        })
    }

    /// The state of a partition, where it changed.
    ///
    /// # Errors
    /// [`Error::State`] when its offsets are not in order.
    pub fn state(&self, progress: &PartitionProgress) -> Result<Option<OutboundRecord>, Error> {
        let Some(finished) = &progress.finished else { return Ok(None) };
        let value = SavedOffsets { watermark: progress.watermark, finished: finished.clone() }
            .encode()
            .map_err(|source| Error::State { partition: progress.partition.to_string(), source })?;
        Ok(Some(OutboundRecord {
            topic: self.topics.state.clone(),
            partition: Some(progress.partition.partition),
            key: Some(saved_state::key(&progress.partition)),
            value: Some(value),
            headers: Headers::new(),
            timestamp: None,
        }))
    }

    fn result(
        &mut self,
        issued: &Issued,
        ending: &Ending,
        attempts: u32,
        finished_at_ms: i64,
    ) -> Result<OutboundRecord, Error> {
        let result = result_of(&issued.write_back, ending, attempts, finished_at_ms);
        let value = self
            .results
            .encode_to_vec(&result)
            .map_err(|source| Error::Encode { topic: self.topics.results.clone(), source })?;
        let mut headers = correlation_of(issued);
        headers.push(headers::CONTENT_TYPE, headers::AVRO);
        Ok(OutboundRecord {
            topic: self.topics.results.clone(),
            partition: None,
            key: issued.record.key.clone(),
            value: Some(value),
            headers,
            timestamp: Some(finished_at_ms),
        })
    }

    fn dead_letter(&self, issued: &Issued, ending: &Ending, attempts: u32) -> OutboundRecord {
        let mut headers = kept(&issued.record);
        headers.extend(correlation_of(issued).iter());
        provenance(
            &mut headers,
            &issued.record,
            ending.code.as_deref().unwrap_or_default(),
            ending.message.as_deref().unwrap_or_default(),
            attempts,
        );
        self.original(&issued.record, headers)
    }

    fn poison(&self, poison: &Poison) -> OutboundRecord {
        // Nothing is known of it but its headers, which are passed on whole.
        let mut headers = poison.record.headers.clone();
        provenance(&mut headers, &poison.record, poison.code, &poison.message, 0);
        self.original(&poison.record, headers)
    }

    fn original(&self, record: &InboundRecord, headers: Headers) -> OutboundRecord {
        OutboundRecord {
            topic: self.topics.dead_letters.clone(),
            partition: None,
            key: record.key.clone(),
            value: record.value.clone(),
            headers,
            timestamp: None,
        }
    }
}

/// The terminal result of a command.
pub fn result_of(
    command: &WriteBack,
    ending: &Ending,
    attempts: u32,
    finished_at_ms: i64,
) -> WriteBackResult {
    WriteBackResult {
        command_id: command.command_id.clone(),
        target: command.target.clone(),
        system: command.system.clone(),
        operation: command.operation.clone(),
        resource: command.resource.clone(),
        outcome: ending.outcome,
        attempts: i32::try_from(attempts).unwrap_or(i32::MAX),
        http_status: ending.http_status.map(i32::from),
        code: ending.code.clone(),
        message: ending.message.as_deref().map(|message| cut(message, MESSAGE_MAX).to_owned()),
        difference: ending.difference.as_deref().map(cut_difference),
        event_id: command.event_id.clone(),
        conversation_id: command.conversation_id.clone(),
        contact_id: command.contact_id.clone(),
        flow_session_id: command.flow_session_id.clone(),
        correlation_id: command.correlation_id.clone(),
        rule_id: command.rule_id.clone(),
        issued_at: command.issued_at,
        finished_at: finished_at_ms,
    }
}

/// A difference stays valid JSON: one that is too long is replaced by its size.
fn cut_difference(difference: &str) -> String {
    if difference.len() <= DIFFERENCE_MAX {
        difference.to_owned()
    } else {
        format!(r#"{{"omittedBytes":{}}}"#, difference.len())
    }
}

fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// What ties a record to its conversation and its trace.
fn correlation_of(issued: &Issued) -> Headers {
    let command = &issued.write_back;
    let mut headers = headers::correlation(
        command.conversation_id.as_deref(),
        command.contact_id.as_deref(),
        command.flow_session_id.as_deref(),
        Some(&command.correlation_id),
    );
    headers.push(headers::TRACEPARENT, &issued.traceparent);
    if let Some(state) = issued.record.header_text(headers::TRACESTATE) {
        headers.push(headers::TRACESTATE, state);
    }
    headers
}

/// The headers of a command that are not written anew.
fn kept(record: &InboundRecord) -> Headers {
    const ANEW: [&str; 6] = [
        headers::CONVERSATION_ID,
        headers::CONTACT_ID,
        headers::FLOW_SESSION_ID,
        headers::CORRELATION_ID,
        headers::TRACEPARENT,
        headers::TRACESTATE,
    ];
    record.headers.iter().filter(|(name, _)| !ANEW.contains(name)).collect()
}

/// Where a dead letter comes from and why; what an earlier round said of it is replaced.
fn provenance(headers: &mut Headers, record: &InboundRecord, code: &str, message: &str, attempts: u32) {
    let facts = [
        (headers::DLQ_TOPIC, record.topic.as_str()),
        (headers::DLQ_PARTITION, &record.partition.to_string()),
        (headers::DLQ_OFFSET, &record.offset.to_string()),
        (headers::DLQ_CODE, code),
        (headers::DLQ_MESSAGE, cut(message, MESSAGE_MAX)),
        (headers::DLQ_ATTEMPTS, &attempts.to_string()),
    ];
    for (name, value) in facts {
        headers.set(name, value);
    }
}

#[cfg(test)]
mod tests;
