//! What was quarantined and is delivered again.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use support::{DEPTH, NOW, delivery, fixtures, source, trace};
use trunkline_config::{Drift, Source, SourceKind};
use trunkline_mapping::{Delivery, ElementOutcome, Outcome, Proof, Quarantined, map_delivery};

/// A delivery with all that a request may bring.
fn first_receipt<'a>(source: &'a Source, bytes: &'a [u8], correlation_id: Option<&str>) -> Delivery<'a> {
    Delivery {
        correlation_id: correlation_id.map(ToOwned::to_owned),
        content_type: Some("application/json".into()),
        headers: BTreeMap::from([("x-forwarded-for".into(), "192.0.2.1, ".repeat(200))]),
        proof: Proof::Hmac,
        ..delivery(source, bytes, NOW)
    }
}

fn again(quarantined: &Quarantined, source: &Source) -> Outcome {
    map_delivery(&Delivery::from_quarantined(&quarantined.payload, source, trace()), DEPTH).unwrap()
}

fn quarantined(outcome: Outcome) -> Vec<Quarantined> {
    let quarantined = outcome.elements.into_iter().filter_map(|element| match element {
        ElementOutcome::Event(_) | ElementOutcome::Changes(_) => None,
        ElementOutcome::Quarantined(quarantined) => Some(*quarantined),
    });
    quarantined.collect()
}

#[test]
fn what_is_still_not_understood_is_quarantined_as_at_first() {
    let source = source(SourceKind::GenesysEventBridge);
    for body in [
        &br#" {"detail-type": "v2.x", "detail": 7} "#[..],
        b"7",
        br#"[7, "text", [], [1, [2]], {"detail-type": 1}, null]"#,
    ] {
        for correlation_id in [None, Some("c-1")] {
            let first =
                quarantined(map_delivery(&first_receipt(&source, body, correlation_id), DEPTH).unwrap());
            assert!(!first.is_empty());
            for quarantined in first {
                let expected = [ElementOutcome::Quarantined(Box::new(quarantined.clone()))];
                assert_eq!(again(&quarantined, &source).elements, expected);
            }
        }
    }
}

#[test]
fn what_is_understood_now_is_the_event_that_it_would_have_been() {
    let file = fixtures(SourceKind::GenesysEventBridge).join("customer_start_with_unknown_fields.json");
    let body = std::fs::read(file).unwrap();
    let lenient = source(SourceKind::GenesysEventBridge);
    let strict = Source { drift: Drift::Quarantine, ..lenient.clone() };
    let first = quarantined(map_delivery(&first_receipt(&strict, &body, Some("c-1")), DEPTH).unwrap());
    let [kept] = &first[..] else { panic!("{first:?}") };
    assert_eq!(again(kept, &strict).elements, [ElementOutcome::Quarantined(Box::new(kept.clone()))]);

    let would_have_been = map_delivery(&first_receipt(&lenient, &body, Some("c-1")), DEPTH).unwrap();
    assert!(matches!(&would_have_been.elements[..], [ElementOutcome::Event(_)]), "{would_have_been:?}");
    assert_eq!(again(kept, &lenient), would_have_been);
}

#[test]
fn an_event_that_names_no_correlation_is_tied_to_the_answer_that_its_sender_got() {
    let mut payload: Value = serde_json::from_slice(
        &std::fs::read(fixtures(SourceKind::GenesysEventBridge).join("customer_start.json")).unwrap(),
    )
    .unwrap();
    payload["detail"]["metadata"] = Value::Null;
    payload["brandNew"] = json!(1);
    let body = payload.to_string().into_bytes();
    let lenient = source(SourceKind::GenesysEventBridge);
    let strict = Source { drift: Drift::Quarantine, ..lenient.clone() };
    let kept = quarantined(map_delivery(&delivery(&strict, &body, NOW), DEPTH).unwrap()).remove(0);
    let outcome = again(&kept, &lenient);
    let [ElementOutcome::Event(accepted)] = &outcome.elements[..] else { panic!("{outcome:?}") };
    assert_eq!(accepted.event.correlation_id, kept.payload.payload_hash);
}

proptest! {
    // The inputs are small and the seed is printed: nothing to keep in files.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_that_was_quarantined_is_so_again(body in r#"[\[\]{}", :a17\\\n]{0,24}"#) {
        let source = source(SourceKind::CxoneDigital);
        if let Ok(outcome) = map_delivery(&first_receipt(&source, body.as_bytes(), None), DEPTH) {
            for quarantined in quarantined(outcome) {
                let expected = [ElementOutcome::Quarantined(Box::new(quarantined.clone()))];
                prop_assert_eq!(again(&quarantined, &source).elements, expected);
            }
        }
    }
}
