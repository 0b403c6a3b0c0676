//! What the records carry.

use std::sync::Arc;

use trunkline_schemas::Outcome;
use trunkline_schemas::codec::{Decoder, Value};

use trunkline_kafka::LogPosition;

use super::*;
use crate::answer::FailureKind;
use crate::testing;

fn outputs() -> Outputs {
    let topics = Topics {
        results: "p.writeback.results".to_owned(),
        dead_letters: "p.writeback.dlq".to_owned(),
        reports: "p.pipeline.errors".to_owned(),
        state: "p.sink.state".to_owned(),
    };
    Outputs::new(topics, 7, 8, "sink-0")
}

fn ended(ending: Ending) -> Ended {
    let command = testing::command(3, 41, "salesforce/org/Contact/1", testing::terms());
    let mut issued = Issued::clone(&command.issued);
    issued.record.timestamp = 1_000;
    issued.record.headers.push("x-own", "kept");
    issued.record.headers.push(headers::DLQ_CODE, "of an earlier round");
    issued.record.headers.push(headers::TRACESTATE, "a=b");
    Ended::Command { issued: Arc::new(issued), ending, attempts: 2, finished_at_ms: 99 }
}

fn decode<T: Value>(id: u32, record: &OutboundRecord) -> T {
    let mut decoder = Decoder::new();
    decoder.add_writer(id, T::SCHEMA).unwrap();
    decoder.decode(record.value.as_deref().unwrap()).unwrap()
}

fn header<'r>(record: &'r OutboundRecord, name: &str) -> Vec<&'r str> {
    let of_name = record.headers.iter().filter(|(candidate, _)| *candidate == name);
    of_name.map(|(_, value)| std::str::from_utf8(value).unwrap()).collect()
}

#[test]
fn a_result_says_what_became_of_its_command_and_belongs_to_its_trace() {
    let records = outputs().ended(&ended(Ending::applied(204)), Form::Whole, "");
    let [record] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(record.topic, "p.writeback.results");
    assert_eq!(record.key.as_deref(), Some(b"salesforce/org/Contact/1".as_slice()));
    assert_eq!(header(record, headers::CONVERSATION_ID), ["c-1"]);
    assert_eq!(header(record, headers::CORRELATION_ID), ["k-1"]);
    assert_eq!(header(record, headers::TRACESTATE), ["a=b"]);
    assert_eq!(
        header(record, headers::TRACEPARENT),
        ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]
    );
    let result: WriteBackResult = decode(7, record);
    assert_eq!((result.command_id.as_str(), result.outcome), ("3/41", Outcome::Applied));
    assert_eq!((result.attempts, result.http_status, result.finished_at), (2, Some(204), 99));
}

#[test]
fn a_dead_letter_is_the_original_with_its_provenance_beside_a_result() {
    let failure = testing::failure(FailureKind::Conflict, true);
    let records = outputs().ended(&ended(Ending::conflict(&failure)), Form::Whole, "");
    let [result, letter] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(decode::<WriteBackResult>(7, result).outcome, Outcome::Conflict);
    assert_eq!(letter.topic, "p.writeback.dlq");
    assert_eq!(letter.value.as_deref(), Some(b"command".as_slice()));
    assert_eq!(letter.timestamp, Some(1_000), "the command's own time");
    for (name, value) in [
        (headers::DLQ_TOPIC, testing::TOPIC),
        (headers::DLQ_PARTITION, "3"),
        (headers::DLQ_OFFSET, "41"),
        (headers::DLQ_CODE, "TL-4004"),
        (headers::DLQ_MESSAGE, "it failed"),
        (headers::DLQ_ATTEMPTS, "2"),
        (headers::DLQ_TIMESTAMP, "1000"),
        (headers::DLQ_INSTANCE, "sink-0"),
        (headers::DLQ_TIME, "99"),
        (headers::CONVERSATION_ID, "c-1"),
        (headers::TRACESTATE, "a=b"),
        ("x-own", "kept"),
    ] {
        assert_eq!(header(letter, name), [value], "{name}");
    }
}

#[test]
fn poison_leaves_a_dead_letter_and_no_result() {
    let poison = Poison {
        record: InboundRecord { value: None, ..testing::record(0, 5, "r") },
        code: "TL-3001",
        message: "no value".to_owned(),
        at_ms: 77,
    };
    let records = outputs().ended(&Ended::Poison(poison), Form::Whole, "");
    let [letter] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((letter.topic.as_str(), letter.value.as_deref()), ("p.writeback.dlq", None));
    assert_eq!(header(letter, headers::DLQ_CODE), ["TL-3001"]);
    assert_eq!(header(letter, headers::DLQ_ATTEMPTS), ["0"]);
}

/// A command with one part of this many bytes, which ended well.
fn large(part: &str, bytes: usize) -> Ended {
    let Ended::Command { issued, ending, attempts, finished_at_ms } = ended(Ending::applied(204)) else {
        panic!("no command")
    };
    let mut issued = Issued::clone(&issued);
    match part {
        "header" => issued.record.headers.push("x-large", "x".repeat(bytes)),
        "tracestate" => issued.record.headers.set(headers::TRACESTATE, "x".repeat(bytes)),
        "resource" => issued.write_back.resource = "é".repeat(bytes / 2),
        "conversation" => issued.write_back.conversation_id = Some("x".repeat(bytes)),
        "key" => issued.record.key = Some(vec![b'x'; bytes]),
        _ => panic!("{part}"),
    }
    Ended::Command { issued: Arc::new(issued), ending, attempts, finished_at_ms }
}

#[test]
fn a_command_that_grew_as_it_was_read_has_a_result_that_fits_and_its_place_is_kept() {
    for (part, whole) in [
        ("header", true),
        ("tracestate", false),
        ("resource", false),
        ("conversation", false),
        ("key", false),
    ] {
        let records = outputs().ended(&large(part, 6 << 20), Form::Whole, "");
        let topics: Vec<&str> = records.iter().map(|record| record.topic.as_str()).collect();
        let expected = ["p.writeback.results", "p.writeback.dlq", "p.pipeline.errors"];
        assert_eq!(topics, if whole { &expected[..1] } else { &expected[..] }, "{part}");
        assert!(records.iter().all(|record| record.bytes() < 1 << 20), "{part}");
        let result: WriteBackResult = decode(7, &records[0]);
        assert_eq!((result.command_id.as_str(), result.outcome), ("3/41", Outcome::Applied), "{part}");
        if !whole {
            assert_eq!((header(&records[1], headers::DLQ_OFFSET), &records[1].value), (vec!["41"], &None));
            let report: PipelineError = decode(8, &records[2]);
            assert_eq!(report.code, "TL-3012", "{part}");
            assert!(report.message.contains("offset 41"), "{}", report.message);
        }
    }
}

#[test]
fn a_dead_letter_within_its_topics_limit_is_whole_and_beyond_it_names_the_place() {
    for (bytes, whole) in [(20 << 20, true), (33 << 20, false)] {
        let Ended::Command { issued, .. } = large("header", bytes) else { panic!("no command") };
        let ending = Ending::dead(error_codes::WRITE_DEAD_LETTERED, "no".to_owned(), Some(500));
        let ended = Ended::Command { issued, ending, attempts: 2, finished_at_ms: 99 };
        let records = outputs().ended(&ended, Form::Whole, "");
        assert_eq!(records.len(), 2);
        assert_eq!(header(&records[1], "x-large").len(), usize::from(whole), "{bytes}");
        assert_eq!(header(&records[1], headers::DLQ_CODE), ["TL-4005"]);
    }
}

#[test]
fn what_was_refused_is_passed_on_in_less_and_less() {
    let ended = ended(Ending::applied(204));
    for (form, topics) in [
        (Form::Whole, &["p.writeback.results"][..]),
        (Form::Short, &["p.writeback.results", "p.writeback.dlq", "p.pipeline.errors"]),
        (Form::Place, &["p.writeback.dlq", "p.pipeline.errors"]),
    ] {
        let records = outputs().ended(&ended, form, "refused");
        let made: Vec<&str> = records.iter().map(|record| record.topic.as_str()).collect();
        assert_eq!(made, topics, "{form:?}");
    }
    let again = |_| outputs().ended(&ended, Form::Place, "refused");
    assert_eq!(again(0), again(1), "a transaction that is made again reports the same");
}

#[test]
fn a_difference_that_is_too_long_stays_json() {
    let difference = format!(r#"{{"field":"{}"}}"#, "x".repeat(DIFFERENCE_MAX));
    let command = testing::write_back("1", "r");
    let result = result_of(&command, &Ending::observed(difference.clone()), 1, 0);
    let cut: serde_json::Value = serde_json::from_str(&result.difference.unwrap()).unwrap();
    assert_eq!(cut["omittedBytes"], difference.len());
}

#[test]
fn messages_are_cut_between_characters() {
    assert_eq!(cut("aé", 2), "a");
    assert_eq!(cut("aé", 3), "aé");
}

#[test]
fn state_is_written_where_it_changed_to_the_partition_of_its_input() {
    let partition = trunkline_kafka::TopicPartition::new("p.writebacks.genesys", 4);
    let progress = |finished| PartitionProgress {
        partition: partition.clone(),
        watermark: 10,
        finished,
        position: LogPosition::at(10),
        void: false,
    };
    let [position] = &outputs().state(&progress(None)).unwrap()[..] else { panic!("one record") };
    assert_eq!(position.key, Some(saved_state::log_key(&partition)));
    assert_eq!(LogPosition::decode(position.value.as_deref().unwrap()), Ok(LogPosition::at(10)));
    let record = outputs().state(&progress(Some(vec![12]))).unwrap().remove(0);
    assert_eq!(
        (record.partition, record.key.as_deref()),
        (Some(4), Some(b"p.writebacks.genesys/4".as_slice()))
    );
    let state = saved_state::decode(record.value.as_deref().unwrap()).unwrap();
    assert_eq!(state, SavedOffsets { watermark: 10, finished: vec![12] });
}
