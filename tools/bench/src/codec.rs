//! Why the hot path encodes and decodes with serde_avro_fast while everything else may use apache-avro.
//!
//! Both sides work on the same event, in turn, round by round; what counts is the thread's processor time. The peers
//! are the fastest ways apache-avro offers: `write_ser` with the writer kept, and `read_deser`.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use anyhow::Context;
use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use trunkline_schemas::codec::{Decoder, Encoder, FRAME_LENGTH, Value};
use trunkline_schemas::{EventTimeSource, PlatformEvent, SourceInfo};

use crate::cpu::timed;
use crate::report::{Report, median};

/// Rounds of each side.
const ROUNDS: usize = 15;

/// Events per round.
const EVENTS: usize = 5_000;

/// Measures.
///
/// # Errors
/// When a codec refuses the event, or both disagree on its bytes: then there is nothing to compare.
pub fn run() -> anyhow::Result<Report> {
    let event = event();
    let schema = Schema::parse_str(PlatformEvent::SCHEMA)?;
    let writer = GenericDatumWriter::builder(&schema).build()?;
    let reader = GenericDatumReader::builder(&schema).build()?;
    let mut encoder = Encoder::<PlatformEvent>::new(1);
    let mut decoder = Decoder::<PlatformEvent>::new();
    decoder.add_writer(1, PlatformEvent::SCHEMA)?;

    let framed = encoder.encode_to_vec(&event)?;
    let body = framed.get(FRAME_LENGTH..).context("an encoded event is shorter than its frame")?;
    anyhow::ensure!(writer.write_ser_to_vec(&event)? == body, "the codecs do not give the same bytes");
    anyhow::ensure!(decoder.decode(&framed)? == event, "the event does not survive its encoding");

    let (mut ours, mut theirs) = (Sides::default(), Sides::default());
    let mut buffer = Vec::with_capacity(framed.len());
    for _ in 0..ROUNDS {
        ours.encode.push(timed(|| {
            for _ in 0..EVENTS {
                encoder.encode(black_box(&event), &mut buffer)?;
            }
            Ok(())
        })?);
        theirs.encode.push(timed(|| {
            for _ in 0..EVENTS {
                buffer.clear();
                writer.write_ser(&mut buffer, black_box(&event))?;
            }
            Ok(())
        })?);
        ours.decode.push(timed(|| {
            for _ in 0..EVENTS {
                black_box(decoder.decode(black_box(&framed))?);
            }
            Ok(())
        })?);
        theirs.decode.push(timed(|| {
            for _ in 0..EVENTS {
                black_box(reader.read_deser::<PlatformEvent>(&mut black_box(body))?);
            }
            Ok(())
        })?);
    }

    let mut report = Report::default();
    for (name, ours, theirs) in
        [("encode", &ours.encode, &theirs.encode), ("decode", &ours.decode, &theirs.decode)]
    {
        report.figures.insert(format!("{name}_serde_avro_fast_us"), microseconds(ours));
        report.figures.insert(format!("{name}_apache_avro_us"), microseconds(theirs));
        let pairs = ours.iter().zip(theirs).map(|(o, t)| t.as_secs_f64() / o.as_secs_f64());
        report.ratios.insert(format!("{name}_vs_apache_avro"), median(pairs.collect()));
    }
    report.conditions.insert("event_bytes".to_owned(), body.len().to_string());
    report
        .conditions
        .insert("rounds".to_owned(), format!("{ROUNDS} of {EVENTS} events, thread processor time, medians"));
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    report.conditions.insert("build".to_owned(), build.to_owned());
    Ok(report)
}

#[derive(Default)]
struct Sides {
    encode: Vec<Duration>,
    decode: Vec<Duration>,
}

/// Median microseconds per event.
fn microseconds(rounds: &[Duration]) -> f64 {
    median(rounds.iter().map(|round| round.as_secs_f64() * 1e6 / EVENTS as f64).collect())
}

fn event() -> PlatformEvent {
    let text = |text: &str| Some(text.to_owned());
    PlatformEvent {
        event_id: "335ecde3-afe9-59d9-8112-c5bf062fae94".to_owned(),
        event_type: "conversation.started".to_owned(),
        source_type: "v2.detail.events.conversation.{id}.customer.start".to_owned(),
        platform: "genesys".to_owned(),
        org_id: "32aa07aa-db1b-4987-abd0-9483601ec29d".to_owned(),
        entity_type: "conversation".to_owned(),
        entity_id: "2f7bf00a-0fc2-4d6a-9b56-92238191433e".to_owned(),
        conversation_id: text("2f7bf00a-0fc2-4d6a-9b56-92238191433e"),
        contact_id: None,
        flow_session_id: None,
        participant_id: text("9fb2ca78-8389-4758-b76a-9b0300de1fce"),
        agent_id: None,
        queue_id: None,
        customer_id: text("C-000123"),
        media_type: text("voice"),
        direction: text("inbound"),
        event_time: 1_649_237_444_949,
        event_time_source: EventTimeSource::Platform,
        ingest_time: 1_649_237_445_020,
        sequence: None,
        correlation_id: "fe8a8579-b83f-4f07-b371-2b39398f91a8".to_owned(),
        source: SourceInfo {
            name: "genesys-eventbridge".to_owned(),
            kind: "genesys-eventbridge".to_owned(),
            channel: "eventbridge".to_owned(),
            transport_id: text("adbcfa5b-0116-4baa-b66b-a3f5902e95bf"),
            adapter: "genesys-eventbridge/1".to_owned(),
            schema_version: "1".to_owned(),
            backfilled: false,
        },
        attributes: BTreeMap::from([("provider".to_owned(), "Edge".to_owned())]),
        tenant_attributes: BTreeMap::new(),
        attributes_cut: false,
        redacted: Vec::new(),
        content_id: None,
        data: r#"{"eventTime":1649237444949,"mediaType":"VOICE","direction":"INBOUND"}"#.repeat(8),
    }
}
