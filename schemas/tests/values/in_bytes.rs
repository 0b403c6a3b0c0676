//! Events that stay in their bytes: found, refused and published as if they had been taken apart and put together.

use std::sync::Arc;

use proptest::prelude::*;
use rust_decimal::Decimal;
use trunkline_schemas::codec::{Decoder, Encoder, Error, FRAME_LENGTH, Value as _};
use trunkline_schemas::{
    ConversationSummary, EncodedEvent, EnrichedEncoder, EnrichedEvent, EnrichedParts, Enrichment,
    EnrichmentSource, EnrichmentStatus, EventReader, Findings, Ordering, OrderingMode, PlatformEvent,
    ProfileView, Resolution, SourceStatus,
};

use crate::samples::{Sample, findings};

fn reader() -> EventReader {
    let mut other: serde_json::Value = serde_json::from_str(PlatformEvent::SCHEMA).unwrap();
    let added = serde_json::json!({"name": "added", "type": ["null", "string"], "default": null});
    other["fields"].as_array_mut().unwrap().push(added);
    let mut reader = EventReader::new();
    reader.add_writer(1, PlatformEvent::SCHEMA).unwrap();
    reader.add_writer(2, &other.to_string()).unwrap();
    reader
}

fn decoder() -> Decoder<PlatformEvent> {
    let mut decoder = Decoder::new();
    decoder.add_writer(1, PlatformEvent::SCHEMA).unwrap();
    decoder
}

/// Everything that can be asked of an event in its bytes is what the event says.
fn check(read: &EncodedEvent, event: &PlatformEvent) {
    assert_eq!(
        (read.event_id(), read.event_type(), read.entity_type(), read.source(), read.channel()),
        (
            event.event_id.as_str(),
            event.event_type.as_str(),
            event.entity_type.as_str(),
            event.source.name.as_str(),
            event.source.channel.as_str()
        )
    );
    assert_eq!(
        ((read.participant_id(), read.contact_id()), read.agent_id(), read.customer_id(), read.media_type(),),
        (
            (event.participant_id.as_deref(), event.contact_id.as_deref()),
            event.agent_id.as_deref(),
            event.customer_id.as_deref(),
            event.media_type.as_deref()
        )
    );
    let attributes = event.attributes.iter().map(|(name, value)| (name.as_bytes(), value.as_str()));
    assert!(read.attributes().map(|attribute| (attribute.name, attribute.value())).eq(attributes));
    let tenants = event.tenant_attributes.iter().map(|(name, value)| (name.as_bytes(), value.as_str()));
    assert!(read.tenant_attributes().map(|attribute| (attribute.name, attribute.value())).eq(tenants));
    for (name, value) in &event.attributes {
        assert_eq!(read.attribute(name), Some(value.as_str()));
    }
    assert_eq!(read.attribute("none of this name"), None);
    assert_eq!(read.is_conversational(), event.conversation_id.is_some());
    assert_eq!(
        (read.event_time(), read.ingest_time(), read.sequence()),
        (event.event_time, event.ingest_time, event.sequence)
    );
    assert!(read.has_key(event.key().as_bytes()));
    assert!(!read.has_key(format!("{}x", event.key()).as_bytes()) && !read.has_key(b""));
    assert_eq!(read.decode().as_ref(), Ok(event));
}

/// What is published of an event in parts has the bytes of the whole one.
fn check_parts(event: &PlatformEvent, customer_id: Option<String>, include_data: bool) {
    for findings in findings() {
        check_part(event, customer_id.clone(), include_data, findings);
    }
}

fn check_part(event: &PlatformEvent, customer_id: Option<String>, include_data: bool, findings: Findings) {
    let mut whole = EnrichedEvent::new(event.clone(), findings.clone());
    if customer_id.is_some() {
        whole.customer_id.clone_from(&customer_id);
    }
    whole.data = whole.data.filter(|_| include_data);
    let event = EncodedEvent::encode(event).unwrap();
    let parts = EnrichedParts { event, customer_id: customer_id.clone(), include_data, findings };
    let mut encoder = EnrichedEncoder::new(9);
    let value = encoder.parts(&parts).unwrap();
    assert_eq!(value, encoder.whole(&whole).unwrap());
    assert_eq!(value, Encoder::<EnrichedEvent>::new(9).encode_to_vec(&whole).unwrap());
}

#[test]
fn an_enriched_event_begins_with_the_fields_of_its_event() {
    let names = |schema: &str, without_types: bool| -> Vec<String> {
        let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
        let fields = schema["fields"].as_array().unwrap().iter();
        let mut texts = Vec::new();
        for field in fields.take_while(|field| field["name"] != "data") {
            texts.push(field["name"].to_string());
            if !without_types {
                texts.push(field["type"]["name"].to_string());
            }
        }
        texts
    };
    assert_eq!(names(PlatformEvent::SCHEMA, true), names(EnrichedEvent::SCHEMA, true));
    assert_eq!(names(PlatformEvent::SCHEMA, false), names(EnrichedEvent::SCHEMA, false));
}

#[test]
fn samples_are_found_and_published_whoever_wrote_them() {
    for (_, event) in PlatformEvent::samples() {
        for id in [1, 2] {
            let mut value = Encoder::<PlatformEvent>::new(id).encode_to_vec(&event).unwrap();
            if id == 2 {
                value.push(0);
            }
            let read = reader().read(value.clone()).unwrap();
            check(&read, &event);
            assert_eq!(read.into_value(), value, "a dead letter has the bytes that were read");
        }
        for customer in [None, Some(String::new()), Some("C".repeat(300))] {
            check_parts(&event, customer.clone(), true);
            check_parts(&event, customer, false);
        }
    }
}

#[test]
fn a_key_of_a_tenant_with_a_slash_is_known() {
    let [(_, mut event), _] = PlatformEvent::samples();
    event.org_id = "a/b%".to_owned();
    check(&EncodedEvent::encode(&event).unwrap(), &event);
}

#[test]
fn what_is_no_event_comes_back_as_it_was() {
    let mut reader = reader();
    let [(_, event), _] = PlatformEvent::samples();
    let good = Encoder::<PlatformEvent>::new(1).encode_to_vec(&event).unwrap();
    let unknown = [&[0, 0, 0, 0, 7][..], &good[FRAME_LENGTH..]].concat();
    for (value, malformed) in [
        (good[..good.len() - 1].to_vec(), true),
        ([&good[..], &[0]].concat(), true),
        (b"{}".to_vec(), false),
        (unknown, false),
    ] {
        let (back, error) = reader.read(value.clone()).unwrap_err();
        assert_eq!((back, matches!(error, Error::Malformed { .. })), (value, malformed), "{error}");
    }
}

/// Whatever may be found out.
fn any_status() -> impl Strategy<Value = SourceStatus> {
    proptest::sample::select(vec![
        SourceStatus::Unknown,
        SourceStatus::Ok,
        SourceStatus::NotFound,
        SourceStatus::Timeout,
        SourceStatus::Unavailable,
        SourceStatus::Error,
    ])
}

fn any_resolution() -> impl Strategy<Value = Option<Resolution>> {
    let all = [Resolution::Unknown, Resolution::Exact, Resolution::Ambiguous, Resolution::None];
    proptest::option::of(proptest::sample::select(all.to_vec()))
}

fn any_findings() -> impl Strategy<Value = Findings> {
    let number = || proptest::option::of(any::<i64>());
    let text = || proptest::option::of(".{0,70}");
    let statuses = [
        EnrichmentStatus::Unknown,
        EnrichmentStatus::Complete,
        EnrichmentStatus::Partial,
        EnrichmentStatus::Stale,
        EnrichmentStatus::Missing,
        EnrichmentStatus::Skipped,
    ];
    let modes = [OrderingMode::Unknown, OrderingMode::Sequenced, OrderingMode::Causal, OrderingMode::Sorted];
    let profile = (
        text(),
        text(),
        proptest::option::of((any::<i64>(), 0_u32..7)),
        text(),
        any::<Option<i32>>(),
        number(),
        proptest::collection::btree_map(".{0,9}", ".{0,9}", 0..3),
    );
    let source = ((".{0,9}", text(), any_status(), any_resolution()), number(), number());
    let conversation = ((".{0,9}", any::<i32>()), number(), number(), number(), any::<i64>());
    (
        proptest::option::of(profile),
        (proptest::sample::select(statuses.to_vec()), proptest::collection::vec(source, 0..4)),
        (any::<i64>(), proptest::sample::select(modes.to_vec()), any::<bool>(), any::<bool>()),
        conversation,
        (any::<bool>(), any::<bool>()),
        (any::<[Option<i32>; 8]>(), any::<[Option<i64>; 3]>()),
    )
        .prop_map(
            |(
                profile,
                (status, sources),
                (position, mode, late, gap_before),
                conversation,
                (dedup_unknown, possible_repeat),
                (counts, times),
            )| {
                let profile = profile.map(
                    |(account_name, loyalty_tier, balance, currency, open_tickets, date, values)| {
                        let balance = balance.map(|(amount, scale)| Decimal::new(amount / 1_000, scale));
                        Arc::new(ProfileView {
                            customer_id: "C-1".to_owned(),
                            account_name,
                            loyalty_tier,
                            balances: values.keys().cloned().zip(balance).collect(),
                            balance,
                            currency,
                            open_tickets,
                            last_interaction_date: date,
                            numbers: values.clone(),
                            values,
                        })
                    },
                );
                let source = |((system, name, status, resolution), age_ms, latency_ms): (
                    (String, Option<String>, _, _),
                    _,
                    _,
                )| {
                    let (system, source) = (system.into(), name.map(Into::into));
                    EnrichmentSource { system, status, age_ms, latency_ms, source, resolution }
                };
                let ((state, transfers), started_at, queued_ms, handled_ms, events) = conversation;
                Findings {
                    profile,
                    enrichment: Enrichment { status, sources: sources.into_iter().map(source).collect() },
                    ordering: Ordering { position, mode, late, gap_before },
                    conversation: ConversationSummary {
                        state,
                        started_at,
                        queued_ms,
                        handled_ms,
                        transfers,
                        events,
                        reopened: counts[0],
                        agents: counts[1],
                        connected_agents: counts[2],
                        alerted_ms: times[0],
                        held_ms: times[1],
                        acw_ms: times[2],
                        consults: counts[3],
                        conferences: counts[4],
                        attended_transfers: counts[5],
                        blind_transfers: counts[6],
                        unanswered: counts[7],
                    },
                    dedup_unknown,
                    possible_repeat,
                }
            },
        )
}

/// An event with arbitrary texts in the places that matter.
fn events() -> impl Strategy<Value = PlatformEvent> {
    let optional = || proptest::option::of(".{0,12}");
    (
        (".{0,12}", "[a-z.]{0,12}", ".{0,5}", ".{0,80}"),
        (optional(), optional(), optional(), proptest::option::of(any::<i64>())),
        (optional(), optional(), optional()),
        [(); 2].map(|()| proptest::collection::btree_map(".{0,6}", ".{0,70}", 0..4)),
        (any::<i64>(), any::<i64>()),
    )
        .prop_map(|(texts, options, (participant_id, media_type, contact_id), maps, times)| {
            let [(_, event), _] = PlatformEvent::samples();
            let (event_id, event_type, org_id, data) = texts;
            let (conversation_id, agent_id, customer_id, sequence) = options;
            let (event_time, ingest_time) = times;
            let [attributes, tenant_attributes] = maps;
            PlatformEvent {
                event_id,
                event_type,
                org_id,
                data,
                conversation_id,
                participant_id,
                agent_id,
                customer_id,
                media_type,
                sequence,
                contact_id,
                attributes,
                tenant_attributes,
                event_time,
                ingest_time,
                ..event
            }
        })
}

proptest! {
    #[test]
    fn any_event_is_found_and_published(
        event in events(),
        customer in proptest::option::of(".{0,200}"),
        findings in any_findings(),
    ) {
        let value = Encoder::<PlatformEvent>::new(1).encode_to_vec(&event).unwrap();
        check(&reader().read(value).unwrap(), &event);
        check_part(&event, customer, true, findings);
    }

    /// Whatever is broken about a record: it is refused, or the decoder takes it too, and for the same.
    #[test]
    fn nothing_is_taken_for_an_event_that_the_decoder_refuses(
        event in events(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut value = Encoder::<PlatformEvent>::new(1).encode_to_vec(&event).unwrap();
        for (at, byte) in changes {
            let at = FRAME_LENGTH + at.index(value.len() - FRAME_LENGTH);
            value[at] = byte;
        }
        if let Some(cut) = cut {
            value.truncate(FRAME_LENGTH + cut.index(value.len() - FRAME_LENGTH));
        }
        let decoded = decoder().decode(&value);
        match reader().read(value.clone()) {
            Ok(read) => {
                let decoded = decoded.unwrap();
                check(&read, &decoded);
                let [findings, _] = findings();
                let whole = EnrichedEvent::new(decoded, findings.clone());
                let parts = EnrichedParts { event: read, customer_id: None, include_data: true, findings };
                let mut encoder = EnrichedEncoder::new(9);
                prop_assert_eq!(encoder.parts(&parts).unwrap(), encoder.whole(&whole).unwrap());
            }
            Err((back, _)) => {
                prop_assert_eq!(back, value);
                prop_assert!(decoded.is_err());
            }
        }
    }

    #[test]
    fn arbitrary_bytes_are_refused_or_decode(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let value = [&[0, 0, 0, 0, 1][..], &body].concat();
        let decoded = decoder().decode(&value);
        prop_assert_eq!(reader().read(value).is_ok(), decoded.is_ok());
    }
}
