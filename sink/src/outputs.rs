//! The records that the sink writes: results, dead letters, reports and its state.

use trunkline_kafka::{
    InboundRecord, OutboundRecord, ReportEncoder, SavedOffsets, SavedOffsetsError, limits,
};
use trunkline_schemas::codec::{self, Encoder};
use trunkline_schemas::dead_letter::{Verdict, dead_letter};
use trunkline_schemas::event_id::derive;
use trunkline_schemas::headers::{self, Headers};
use trunkline_schemas::{PipelineError, Severity, WriteBack, WriteBackResult, catalog, error_codes};

use crate::command::{Ended, Issued, Poison};
use crate::ending::Ending;
use crate::lanes::PartitionProgress;
use crate::saved_state;

/// Longest difference kept in a result, in bytes: results stay small, far below what the brokers take.
const DIFFERENCE_MAX: usize = 64 * 1024;

/// Longest message kept in a result, in bytes.
const MESSAGE_MAX: usize = 4 * 1024;

/// Longest text kept in a result or a report where the whole was refused, in bytes.
const SHORT_TEXT_MAX: usize = 1024;

/// Longest key kept there, in bytes.
const KEY_MAX: usize = 64 * 1024;

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

/// How much of a record that is done with is passed on. Where more is refused, less is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// All of it.
    Whole,
    /// A result whose texts are cut, and a dead letter that only names the record's place.
    Short,
    /// A dead letter that only names the record's place.
    Place,
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
    reports: ReportEncoder,
    instance: String,
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
    /// Writes under these schema ids, in the name of this instance.
    pub fn new(topics: Topics, result_schema: u32, report_schema: u32, instance: &str) -> Self {
        let reports = ReportEncoder::new(topics.reports.clone(), report_schema);
        Self { topics, results: Encoder::new(result_schema), reports, instance: instance.to_owned() }
    }

    /// What a record that is done with leaves behind: its result, its dead letter, or both; in this form, or in a
    /// smaller one if the brokers would not take it, which a report then says. `reason` says why the form is not the
    /// whole.
    pub fn ended(&mut self, ended: &Ended, form: Form, reason: &str) -> Vec<OutboundRecord> {
        let mut reason = reason.to_owned();
        for form in [Form::Whole, Form::Short].into_iter().filter(|candidate| *candidate >= form) {
            match self.in_form(ended, form, &reason) {
                Ok(records) => return records,
                Err(refused) => reason = refused,
            }
        }
        // A place and a report are never too large, and both topics are ours.
        let mut records = vec![self.place(ended, &reason)];
        records.extend(self.put_aside(ended, &reason));
        records
    }

    /// The records of this form, or why the brokers would not take one of them.
    fn in_form(&mut self, ended: &Ended, form: Form, reason: &str) -> Result<Vec<OutboundRecord>, String> {
        let whole = form == Form::Whole;
        let mut records = match ended {
            Ended::Poison(poison) if whole => vec![self.poison(poison)],
            Ended::Poison(_) => vec![self.place(ended, reason)],
            Ended::Command { issued, ending, attempts, finished_at_ms } => {
                let result = self.result(issued, ending, *attempts, *finished_at_ms, form);
                let mut records = vec![result.map_err(|error| error.to_string())?];
                if !whole {
                    records.push(self.place(ended, reason));
                } else if ending.is_dead_letter() {
                    records.push(self.dead_letter(issued, ending, *attempts, *finished_at_ms));
                }
                records
            }
        };
        for record in &records {
            let largest = if record.topic == self.topics.dead_letters {
                limits::largest_record(catalog::WRITEBACK_DLQ)
            } else {
                limits::MAX_RECORD_BYTES
            };
            limits::fits_into(record, largest)?;
        }
        if !whole {
            records.extend(self.put_aside(ended, reason));
        }
        Ok(records)
    }

    /// A dead letter that only names the place of a record, and says how it ended.
    fn place(&self, ended: &Ended, reason: &str) -> OutboundRecord {
        let (code, outcome, attempts, at) = match ended {
            Ended::Poison(poison) => (poison.code.to_owned(), poison.message.clone(), 0, poison.at_ms),
            Ended::Command { ending, attempts, finished_at_ms, .. } => {
                let own = ending.code.clone().filter(|_| ending.is_dead_letter());
                let code = own.unwrap_or_else(|| error_codes::PUT_ASIDE.to_string());
                let message = ending.message.as_deref().unwrap_or_default();
                (code, format!("it ended {:?} {message}", ending.outcome), *attempts, *finished_at_ms)
            }
        };
        let message = format!("it cannot be passed on whole ({}); {outcome}", cut(reason, SHORT_TEXT_MAX));
        let verdict = Verdict { code: &code, message: &message, attempts, instance: &self.instance, at };
        // Nothing fits: only the place is left.
        dead_letter(ended.record().clone(), &verdict, self.topics.dead_letters.clone(), 0)
    }

    /// The report that a record is put aside.
    fn put_aside(&mut self, ended: &Ended, reason: &str) -> Option<OutboundRecord> {
        let report = put_aside_report(ended, reason, &self.instance);
        self.report(&report)
    }

    /// A report for the operator; none when it cannot be published, which is logged.
    pub fn report(&mut self, report: &PipelineError) -> Option<OutboundRecord> {
        self.reports.record(report, &Headers::new())
    }

    /// The brokers refused a record for its size, so many bytes of key and value, on this topic. True where it is a
    /// report: as large ones are left out from now on.
    pub fn refused_report(&mut self, topic: &str, bytes: usize) -> bool {
        let is_report = topic == self.topics.reports;
        if is_report {
            self.reports.refused(bytes);
        }
        is_report
    }

    /// The state of a partition: which log it is of and how far that is done, and where it changed what is done above.
    ///
    /// # Errors
    /// [`Error::State`] when its offsets are not in order.
    pub fn state(&self, progress: &PartitionProgress) -> Result<Vec<OutboundRecord>, Error> {
        let PartitionProgress { partition, watermark, finished, position, .. } = progress;
        let failed = |source| Error::State { partition: partition.to_string(), source };
        let record = |key: Vec<u8>, value: Vec<u8>| OutboundRecord {
            topic: self.topics.state.clone(),
            partition: Some(partition.partition),
            key: Some(key),
            value: Some(value),
            headers: Headers::new(),
            timestamp: None,
        };
        let mut records = Vec::with_capacity(2);
        if let Some(finished) = finished {
            let saved = SavedOffsets { watermark: *watermark, finished: finished.clone() };
            records.push(record(saved_state::key(partition), saved.encode().map_err(failed)?));
        }
        records.push(record(saved_state::log_key(partition), position.encode().map_err(failed)?));
        Ok(records)
    }

    fn result(
        &mut self,
        issued: &Issued,
        ending: &Ending,
        attempts: u32,
        finished_at_ms: i64,
        form: Form,
    ) -> Result<OutboundRecord, Error> {
        let mut result = result_of(&issued.write_back, ending, attempts, finished_at_ms);
        if form != Form::Whole {
            shorten(&mut result);
        }
        let value = self
            .results
            .encode_to_vec(&result)
            .map_err(|source| Error::Encode { topic: self.topics.results.clone(), source })?;
        let mut headers = if form == Form::Whole { correlation_of(issued) } else { Headers::new() };
        headers.push(headers::CONTENT_TYPE, headers::AVRO);
        let key = issued.record.key.clone();
        Ok(OutboundRecord {
            topic: self.topics.results.clone(),
            partition: None,
            key: key.filter(|key| form == Form::Whole || key.len() <= KEY_MAX),
            value: Some(value),
            headers,
            timestamp: Some(finished_at_ms),
        })
    }

    fn dead_letter(&self, issued: &Issued, ending: &Ending, attempts: u32, at: i64) -> OutboundRecord {
        let mut record = issued.record.clone();
        for (name, value) in correlation_of(issued).iter() {
            record.headers.set(name, value);
        }
        let code = ending.code.as_deref().unwrap_or_default();
        let message = ending.message.as_deref().unwrap_or_default();
        self.letter(record, &Verdict { code, message, attempts, instance: &self.instance, at })
    }

    /// Nothing is known of it but its headers, which are passed on whole.
    fn poison(&self, poison: &Poison) -> OutboundRecord {
        let Poison { record, code, message, at_ms } = poison;
        let verdict = Verdict { code, message, attempts: 0, instance: &self.instance, at: *at_ms };
        self.letter(record.clone(), &verdict)
    }

    fn letter(&self, record: InboundRecord, verdict: &Verdict<'_>) -> OutboundRecord {
        let largest = limits::largest_record(catalog::WRITEBACK_DLQ);
        dead_letter(record, verdict, self.topics.dead_letters.clone(), largest)
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

/// Cuts the texts of a result, all of which come from the command but the message.
fn shorten(result: &mut WriteBackResult) {
    let texts = [
        &mut result.command_id,
        &mut result.target,
        &mut result.system,
        &mut result.operation,
        &mut result.resource,
        &mut result.event_id,
        &mut result.correlation_id,
        &mut result.rule_id,
    ];
    let optional = [
        &mut result.code,
        &mut result.message,
        &mut result.conversation_id,
        &mut result.contact_id,
        &mut result.flow_session_id,
    ];
    for text in texts.into_iter().chain(optional.into_iter().flatten()) {
        text.truncate(text.floor_char_boundary(SHORT_TEXT_MAX));
    }
    result.difference = None;
}

/// The report that a record is put aside; the same each time it is made.
pub fn put_aside_report(ended: &Ended, reason: &str, instance: &str) -> PipelineError {
    let record = ended.record();
    let place = format!("{} offset {}", record.topic_partition(), record.offset);
    let (conversation_id, correlation_id, at) = match ended {
        Ended::Poison(poison) => (None, None, poison.at_ms),
        Ended::Command { issued, finished_at_ms, .. } => {
            let short = |text: &String| cut(text, SHORT_TEXT_MAX).to_owned();
            let command = &issued.write_back;
            (
                command.conversation_id.as_ref().map(short),
                Some(short(&command.correlation_id)),
                *finished_at_ms,
            )
        }
    };
    PipelineError {
        conversation_id,
        contact_id: None,
        flow_session_id: None,
        correlation_id,
        error_id: derive("error", &[&place, "put aside"]),
        code: error_codes::PUT_ASIDE.to_string(),
        severity: Severity::Error,
        component: "sink".to_owned(),
        instance: instance.to_owned(),
        message: format!(
            "what became of the record at {place} cannot be passed on whole: {}; its dead letter names its place",
            cut(reason, SHORT_TEXT_MAX)
        ),
        subject: Some(place),
        occurred_at: at,
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

#[cfg(test)]
mod tests;
