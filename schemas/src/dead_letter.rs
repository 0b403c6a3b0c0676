//! Dead letters: records that could not be processed, with where they come from and why.
//!
//! A dead letter is the original record, key, value and headers byte for byte, and the record's own time. Its
//! provenance is in headers beside the original ones; what an earlier round said is replaced, so that a
//! record that was run again tells of its last round.

use crate::headers::{self, Headers};
use crate::record::{InboundRecord, OutboundRecord};

/// Longest message in a header, in bytes.
const MESSAGE_MAX: usize = 4 * 1024;

/// Bytes that the protocol and the provenance add to a record at most, besides the message.
const FRAMING_BYTES: usize = 2 << 10;

/// Why a record could not be processed, who says so and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// Stable error code `TL-nnnn`, or that of the outside system which refused it.
    pub code: &'a str,
    /// What happened, without secrets or customer data.
    pub message: &'a str,
    /// Requests made to outside systems on its behalf; 0 when it was not even understood.
    pub attempts: u32,
    /// The instance that gave it up.
    pub instance: &'a str,
    /// When; UTC milliseconds.
    pub at: i64,
}

/// Where a dead letter comes from and why it is one, as its headers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Topic of the original record, with the deployment's prefix.
    pub topic: String,
    /// Partition of the original record.
    pub partition: i32,
    /// Offset of the original record.
    pub offset: i64,
    /// The original record's own time, UTC milliseconds; `None` where it had none, or in a letter of an earlier build.
    pub timestamp: Option<i64>,
    /// As in [`Verdict`].
    pub code: String,
    /// As in [`Verdict`], at most 4 KiB of it.
    pub message: String,
    /// As in [`Verdict`]; `None` where the header is no number.
    pub attempts: Option<u32>,
    /// As in [`Verdict`]; `None` in a letter of an earlier build.
    pub instance: Option<String>,
    /// When it was given up, UTC milliseconds; `None` in a letter of an earlier build.
    pub at: Option<i64>,
}

/// Makes the dead letter of a record for `topic` (with its prefix), which takes records of up to `largest` bytes. Of a
/// record beyond that the letter says only where it lies, as long as it does.
pub fn dead_letter(
    mut record: InboundRecord,
    verdict: &Verdict<'_>,
    topic: String,
    largest: usize,
) -> OutboundRecord {
    let mut message = verdict.message.to_owned();
    let parts = [&record.key, &record.value].into_iter().flatten().map(Vec::len);
    let bytes =
        parts.sum::<usize>() + record.headers.bytes() + message.len().min(MESSAGE_MAX) + FRAMING_BYTES;
    if bytes > largest {
        let lies = "are too many for a dead letter and lie only where they were read";
        message.insert_str(0, &format!("its {bytes} bytes {lies}; "));
        (record.key, record.value, record.headers) = (None, None, Headers::new());
    }
    message.truncate(message.floor_char_boundary(MESSAGE_MAX));
    let timestamp = (record.timestamp > 0).then_some(record.timestamp);
    let mut headers = record.headers;
    for (name, value) in [
        (headers::DLQ_TOPIC, record.topic.to_string()),
        (headers::DLQ_PARTITION, record.partition.to_string()),
        (headers::DLQ_OFFSET, record.offset.to_string()),
        (headers::DLQ_CODE, verdict.code.to_owned()),
        (headers::DLQ_MESSAGE, message),
        (headers::DLQ_ATTEMPTS, verdict.attempts.to_string()),
        (headers::DLQ_INSTANCE, verdict.instance.to_owned()),
        (headers::DLQ_TIME, verdict.at.to_string()),
    ] {
        headers.set(name, value);
    }
    if let Some(timestamp) = timestamp {
        headers.set(headers::DLQ_TIMESTAMP, timestamp.to_string());
    }
    OutboundRecord { topic, partition: None, key: record.key, value: record.value, headers, timestamp }
}

// === impl Provenance ===

impl Provenance {
    /// Reads it from a dead letter's headers; `None` when they do not say where the original lies.
    pub fn read(headers: &Headers) -> Option<Self> {
        let text = |name| headers.get(name).map(str::to_owned);
        let number = |name| headers.get(name).and_then(|value| value.parse::<i64>().ok());
        Some(Self {
            topic: text(headers::DLQ_TOPIC)?,
            partition: i32::try_from(number(headers::DLQ_PARTITION)?).ok()?,
            offset: number(headers::DLQ_OFFSET)?,
            timestamp: number(headers::DLQ_TIMESTAMP),
            code: text(headers::DLQ_CODE).unwrap_or_default(),
            message: text(headers::DLQ_MESSAGE).unwrap_or_default(),
            attempts: number(headers::DLQ_ATTEMPTS).and_then(|attempts| u32::try_from(attempts).ok()),
            instance: text(headers::DLQ_INSTANCE),
            at: number(headers::DLQ_TIME),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERDICT: Verdict<'_> =
        Verdict { code: "TL-3001", message: "bad", attempts: 2, instance: "sink-0", at: 99 };

    fn record(bytes: usize) -> InboundRecord {
        InboundRecord {
            topic: "t.events".into(),
            partition: 3,
            offset: 77,
            key: Some(b"k".to_vec()),
            value: Some(vec![b'x'; bytes]),
            headers: [("x-own", "kept"), (headers::DLQ_CODE, "of an earlier round")].into_iter().collect(),
            timestamp: 5,
            leader_epoch: None,
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_the_original_is_whole() {
        let letter = dead_letter(record(9), &VERDICT, "t.dlq".to_owned(), 10_000);
        assert_eq!((letter.topic.as_str(), letter.timestamp), ("t.dlq", Some(5)), "the record's own time");
        assert_eq!((&letter.key, &letter.value), (&record(9).key, &record(9).value));
        assert_eq!(letter.headers.get("x-own"), Some("kept"));
        let codes = letter.headers.iter().filter(|(name, _)| *name == headers::DLQ_CODE).count();
        assert_eq!(codes, 1, "an earlier round's code is replaced");
        let expected = Provenance {
            topic: "t.events".to_owned(),
            partition: 3,
            offset: 77,
            timestamp: Some(5),
            code: "TL-3001".to_owned(),
            message: "bad".to_owned(),
            attempts: Some(2),
            instance: Some("sink-0".to_owned()),
            at: Some(99),
        };
        assert_eq!(Provenance::read(&letter.headers), Some(expected));
    }

    #[test]
    fn a_letter_of_an_earlier_build_is_read_and_other_headers_are_none() {
        let headers: Headers =
            [(headers::DLQ_TOPIC, "t"), (headers::DLQ_PARTITION, "1"), (headers::DLQ_OFFSET, "2")]
                .into_iter()
                .collect();
        let provenance = Provenance::read(&headers).unwrap();
        assert_eq!((provenance.offset, provenance.timestamp, provenance.instance), (2, None, None));
        assert_eq!(Provenance::read(&Headers::new()), None);
    }

    #[test]
    fn a_letter_beyond_the_topics_limit_says_where_the_record_lies() {
        for (bytes, whole) in [(50_000, true), (100_000, false)] {
            let letter = dead_letter(record(bytes), &VERDICT, "t.dlq".to_owned(), 100_000);
            assert_eq!((letter.value.is_some(), letter.key.is_some()), (whole, whole));
            assert!(letter.bytes() < 100_000);
            assert_eq!(letter.headers.get(headers::DLQ_OFFSET), Some("77"));
            assert_eq!(letter.headers.get(headers::DLQ_MESSAGE).unwrap().contains("lie only where"), !whole);
        }
    }

    #[test]
    fn messages_are_cut_between_characters() {
        let message = "é".repeat(MESSAGE_MAX);
        let letter =
            dead_letter(record(1), &Verdict { message: &message, ..VERDICT }, "t".to_owned(), 1 << 20);
        assert_eq!(letter.headers.get(headers::DLQ_MESSAGE).map(str::len), Some(MESSAGE_MAX));
    }
}
