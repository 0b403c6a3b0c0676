//! Reports for `pipeline.errors`, the same from every program: how they are kept until a transaction takes
//! them, and what record becomes of one.

use std::collections::VecDeque;

use trunkline_schemas::codec::Encoder;
use trunkline_schemas::headers::{self, Headers};
use trunkline_schemas::{OutboundRecord, PipelineError};

use crate::limits::TakenSizes;

/// Reports kept while no transaction can be committed; beyond that the oldest are dropped, and counted.
const LIMIT: usize = 1_000;

/// Reports that wait for a transaction.
#[derive(Debug)]
pub struct ReportQueue {
    reports: VecDeque<PipelineError>,
    /// Name of the counter of dropped reports.
    dropped: &'static str,
}

/// Turns reports into records.
pub struct ReportEncoder {
    topic: String,
    encoder: Encoder<PipelineError>,
    sizes: TakenSizes,
}

// === impl ReportQueue ===

impl ReportQueue {
    /// An empty queue; what it drops is counted by the counter of this name.
    pub fn new(dropped: &'static str) -> Self {
        // The counter is there from the start: an alert on its increase sees the first report that is dropped.
        metrics::counter!(dropped).increment(0);
        Self { reports: VecDeque::new(), dropped }
    }

    /// Adds a report; the oldest is dropped when there are too many.
    pub fn push(&mut self, report: PipelineError) {
        if self.reports.len() == LIMIT {
            self.reports.pop_front();
            metrics::counter!(self.dropped).increment(1);
        }
        self.reports.push_back(report);
    }

    /// True when there is nothing to report.
    pub fn is_empty(&self) -> bool {
        self.reports.is_empty()
    }

    /// Takes all of them, the oldest first.
    pub fn take(&mut self) -> Vec<PipelineError> {
        std::mem::take(&mut self.reports).into()
    }

    /// Gives back what could not be committed, in front of what came since.
    pub fn give_back(&mut self, reports: Vec<PipelineError>) {
        let since = std::mem::take(&mut self.reports);
        for report in reports.into_iter().chain(since) {
            self.push(report);
        }
    }
}

// === impl ReportEncoder ===

impl ReportEncoder {
    /// Writes to `topic` (with its prefix) under this schema id.
    pub fn new(topic: String, schema_id: u32) -> Self {
        Self { topic, encoder: Encoder::new(schema_id), sizes: TakenSizes::default() }
    }

    /// The brokers refused a report for its size, so many bytes of key and value: as large ones are not made any more.
    /// They are in the log, and no transaction is aborted for them again and again.
    pub fn refused(&mut self, bytes: usize) {
        self.sizes.refused(bytes);
    }

    /// The record of a report, in the trace of these headers; none when the brokers would not take it, which is logged.
    pub fn record(&mut self, report: &PipelineError, trace: &Headers) -> Option<OutboundRecord> {
        let refused = |reason: String| {
            tracing::error!(code = report.code, report.message, reason, "report not published");
        };
        let value = self.encoder.encode_to_vec(report).map_err(|error| refused(error.to_string())).ok()?;
        let mut headers = headers::correlation(
            report.conversation_id.as_deref(),
            report.contact_id.as_deref(),
            report.flow_session_id.as_deref(),
            report.correlation_id.as_deref(),
        );
        headers.extend(trace.iter());
        headers.push(headers::CONTENT_TYPE, headers::AVRO);
        let record = OutboundRecord {
            topic: self.topic.clone(),
            partition: None,
            key: Some(report.key().into_bytes()),
            value: Some(value),
            headers,
            timestamp: Some(report.occurred_at),
        };
        self.sizes.fits(&record).map_err(refused).ok().map(|()| record)
    }
}

#[cfg(test)]
mod tests {
    use trunkline_schemas::Severity;
    use trunkline_schemas::codec::{Decoder, Value};

    use super::*;

    fn report(id: &str) -> PipelineError {
        PipelineError {
            error_id: id.to_owned(),
            code: "TL-4001".to_owned(),
            severity: Severity::Warning,
            component: "sink".to_owned(),
            instance: "sink-0".to_owned(),
            message: "m".to_owned(),
            subject: Some("crm/write".to_owned()),
            conversation_id: None,
            contact_id: None,
            flow_session_id: None,
            correlation_id: Some("k-1".to_owned()),
            occurred_at: 5,
        }
    }

    #[test]
    fn reports_are_bounded_the_oldest_are_dropped_and_they_keep_their_order() {
        let mut queue = ReportQueue::new("test_reports_dropped_total");
        for n in 0..LIMIT {
            queue.push(report(&n.to_string()));
        }
        let taken = queue.take();
        assert!(queue.is_empty());
        queue.push(report(&LIMIT.to_string()));
        queue.give_back(taken);
        let ids: Vec<_> = queue.take().into_iter().map(|report| report.error_id).collect();
        assert_eq!(ids.len(), LIMIT);
        assert_eq!((ids[0].as_str(), ids.last().unwrap().as_str()), ("1", "1000"));
    }

    #[test]
    fn a_report_is_keyed_by_its_conversation_else_by_its_subject_whoever_writes_it() {
        let mut encoder = ReportEncoder::new("t.pipeline.errors".to_owned(), 8);
        let trace: Headers = [(headers::TRACEPARENT, "00-1")].into_iter().collect();
        let record = encoder.record(&report("1"), &trace).unwrap();
        assert_eq!(record.key.as_deref(), Some(b"crm/write".as_slice()));
        assert_eq!(record.headers.get(headers::CORRELATION_ID), Some("k-1"));
        assert_eq!(record.headers.get(headers::TRACEPARENT), Some("00-1"));
        let mut decoder = Decoder::new();
        decoder.add_writer(8, PipelineError::SCHEMA).unwrap();
        assert_eq!(decoder.decode(record.value.as_deref().unwrap()), Ok(report("1")));

        let of_conversation = PipelineError { conversation_id: Some("c-1".to_owned()), ..report("2") };
        let record = encoder.record(&of_conversation, &Headers::new()).unwrap();
        assert_eq!(record.key.as_deref(), Some(b"c-1".as_slice()));
    }

    #[test]
    fn a_report_that_the_brokers_would_not_take_does_not_hold_up_the_transaction() {
        let mut encoder = ReportEncoder::new("t.pipeline.errors".to_owned(), 8);
        let large = PipelineError { message: "x".repeat(crate::limits::MAX_RECORD_BYTES), ..report("1") };
        assert_eq!(encoder.record(&large, &Headers::new()), None);
        // A topic that was made to take less than it should.
        let made = |encoder: &mut ReportEncoder, length| {
            let of_length = PipelineError { message: "x".repeat(length), ..report("1") };
            encoder.record(&of_length, &Headers::new()).map(|record| record.key_and_value())
        };
        let refused = made(&mut encoder, 500).unwrap();
        encoder.refused(refused);
        assert_eq!([501, 500, 499].map(|length| made(&mut encoder, length).is_some()), [false, false, true]);
    }
}
