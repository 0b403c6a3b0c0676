//! Payloads of all kinds: good, differing, bad and repeated ones.

use std::path::{Path, PathBuf};

use super::*;

const NOW: i64 = 1_772_449_200_000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/map")
}

fn report(bodies: &[(&str, &[u8])], kind: Option<SourceKind>) -> Report {
    let body = |(place, bytes): &(&str, &[u8])| Body { place: (*place).to_owned(), bytes: bytes.to_vec() };
    let bodies: Vec<Body> = bodies.iter().map(body).collect();
    Report::new(&bodies, &Sources::of_kind(kind, None).unwrap(), NOW)
}

/// The payloads of the example file, one a line.
fn example() -> Report {
    let text = std::fs::read_to_string(folder().join("payloads.jsonl")).unwrap();
    let places: Vec<String> =
        (1..).take(text.lines().count()).map(|line| format!("payloads.jsonl:{line}")).collect();
    let bodies: Vec<(&str, &[u8])> =
        places.iter().map(String::as_str).zip(text.lines().map(str::as_bytes)).collect();
    report(&bodies, None)
}

fn same_as_kept(name: &str, found: &str) {
    let path = folder().join(name);
    if std::env::var_os("TRUNKLINE_MAP_WRITE").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    for (number, (found, kept)) in found.lines().zip(kept.lines()).enumerate() {
        assert_eq!(
            found,
            kept,
            "{name}:{}; TRUNKLINE_MAP_WRITE=1 writes it anew, to be looked at",
            number + 1
        );
    }
    assert_eq!(found.lines().count(), kept.lines().count(), "{name}");
}

/// What became of a payload, in a word.
fn word(payload: &Payload) -> &'static str {
    match &payload.fate {
        Fate::Event(_) => "event",
        Fate::Changes(_) => "changes",
        Fate::Quarantined(_) => "quarantined",
        Fate::Refused { .. } => "refused",
    }
}

#[test]
fn the_example_is_shown_as_it_was_for_people_and_for_programs() {
    let report = example();
    same_as_kept("payloads.txt", &report.to_string());
    same_as_kept("payloads.json", &(serde_json::to_string_pretty(&report).unwrap() + "\n"));
}

#[test]
fn each_payload_is_shown_as_the_kind_of_source_that_fits_it() {
    let report = example();
    let kinds = [("cxone-digital", 2), ("genesys-eventbridge", 9), ("genesys-open-messaging", 1)];
    assert_eq!(report.summary.kinds, kinds.into());
    assert_eq!((report.summary.quarantined, report.summary.refused), (1, 0));
    let Fate::Quarantined(record) = &report.payloads[8].fate else { panic!("{:?}", report.payloads[8]) };
    assert_eq!((record.kind, record.topic), (Some("genesys-eventbridge"), "quarantine"));
    assert_eq!(report.summary.exit_code(), 2);
}

#[test]
fn a_known_type_that_has_no_canonical_one_is_not_called_unknown() {
    let of = |kind: &str| format!(r#"{{"eventType":"{kind}","eventId":"1","data":{{}}}}"#);
    let answer = |kind: &str| format!(r#"{{"eventId":"1","postback":{{"eventType":"{kind}","data":null}}}}"#);
    let cobrowse = r#"{"id":"m-1","type":"Text","text":"x","direction":"Inbound","channel":{"id":"i-1"},
        "events":[{"eventType":"CoBrowse"}]}"#;
    let bodies = [
        of("FireProactiveAction"),
        of("ChannelUpdated"),
        answer("TokenRefreshed"),
        answer("ThreadArchived"),
        of("Newest"),
        answer("Newer"),
        cobrowse.to_owned(),
    ];
    let bodies: Vec<(&str, &[u8])> = bodies.iter().map(|body| ("a", body.as_bytes())).collect();
    let summary = report(&bodies, None).summary;
    let unknown = ["CoBrowse", "Newer", "Newest"].map(|name| (name.to_owned(), 1));
    assert_eq!(summary.unknown_types, unknown.into());
    assert_eq!(summary.drift["unknown_event_type"], 3);
    assert_eq!((summary.event_types["platform.event"], summary.event_types["message.received"]), (6, 1));
}

#[test]
fn a_payload_that_looks_like_no_kind_is_not_called_one_of_them() {
    let weather: &[u8] = br#"{"weather": "rain"}"#;
    let report_of = |kind| report(&[("a", weather)], kind).payloads.remove(0).fate;
    let Fate::Quarantined(record) = report_of(None) else { panic!("no quarantine") };
    assert_eq!((record.kind, record.reason.as_str()), (None, NO_KIND));
    let Fate::Quarantined(record) = report_of(Some(SourceKind::CxoneDigital)) else {
        panic!("no quarantine")
    };
    assert_eq!(record.kind, Some("cxone-digital"));
}

#[test]
fn whatever_is_in_a_file_is_shown_and_what_is_no_event_says_why() {
    let (deep, large) = ("[".repeat(200), "x".repeat(3 << 20));
    for bad in [
        &b"{\"text\": \"Gr\xfc\xdfe\"}"[..],
        b"\x1f\x8b\x08\x00\x00",
        b"hello",
        b"[{\"eventType\": \"CaseCreated\"},",
        b"7",
        b"",
        deep.as_bytes(),
        large.as_bytes(),
    ] {
        let report = report(&[("bad", bad)], None);
        let words: Vec<_> = report.payloads.iter().map(word).collect();
        assert!(
            words == ["quarantined"] || words == ["refused"],
            "{words:?} {:.40}",
            bad.escape_ascii().to_string()
        );
        assert_eq!(report.summary.exit_code(), 2);
        assert!(report.to_string().contains("\n  reason  "), "{report}");
    }
    for strange in [
        &b"\xef\xbb\xbf{\"eventType\": \"CaseCreated\", \"eventId\": \"1\"}"[..],
        b"\xef\xbb\xbf[{\"eventType\": \"CaseCreated\"}]",
        b"{\"eventType\": \"CaseCreated\", \"eventId\": \"1\", \"x\": 1e400}",
    ] {
        assert_eq!(report(&[("strange", strange)], None).summary.payloads, 1, "{}", strange.escape_ascii());
    }
}

#[test]
fn a_batch_is_shown_element_by_element() {
    let batch =
        br#"[{"eventType": "CaseCreated", "eventId": "1"}, 7, {"eventType": "String", "eventId": "2"}]"#;
    let report = report(&[("b.json", batch)], Some(SourceKind::CxoneDigital));
    let found: Vec<_> =
        report.payloads.iter().map(|payload| (payload.place.as_str(), word(payload))).collect();
    assert_eq!(found, [("b.json#/0", "event"), ("b.json#/1", "quarantined"), ("b.json#/2", "event")]);
}

#[test]
fn the_same_delivery_is_a_duplicate_of_the_first() {
    let event = |id: &str| {
        format!(r#"{{"eventType": "CaseCreated", "eventId": "{id}", "createdAt": "2026-03-02T08:15:30Z"}}"#)
    };
    let (one, two) = (event("1"), event("2"));
    let bodies = [("a", one.as_bytes()), ("b", two.as_bytes()), ("c", one.as_bytes()), ("d", one.as_bytes())];
    let report = report(&bodies, Some(SourceKind::CxoneDigital));
    let duplicates: Vec<_> = report
        .payloads
        .iter()
        .map(|payload| match &payload.fate {
            Fate::Event(event) => event.duplicate_of.as_deref(),
            _ => panic!("{payload:?}"),
        })
        .collect();
    assert_eq!(duplicates, [None, None, Some("a"), Some("a")]);
    assert_eq!((report.summary.duplicates, report.summary.exit_code()), (2, 0));
}

#[test]
fn only_what_was_said_last_is_repeated() {
    let event = |id: &str, content: Option<&str>| {
        let payload = br#"{"eventType": "CaseCreated", "eventId": "1", "data": {"case": {"id": "7"}}}"#;
        let Fate::Event(mut event) = report(&[("x", payload)], None).payloads.remove(0).fate else {
            panic!("no event")
        };
        event.event.event_id = id.to_owned();
        event.event.content_id = content.map(ToOwned::to_owned);
        event
    };
    let mut repeats = Repeats::default();
    let mut repeated = |id, content, place| {
        let mut event = event(id, content);
        repeats.mark(&mut event, place);
        (event.duplicate_of.clone(), event.possible_repeat_of.clone())
    };
    let of = |place: &str| Some(place.to_owned());
    assert_eq!(repeated("1", Some("on"), "a"), (None, None));
    assert_eq!(repeated("2", Some("on"), "b"), (None, of("a")));
    assert_eq!(repeated("3", Some("off"), "c"), (None, None));
    assert_eq!(repeated("4", Some("on"), "d"), (None, None), "a state that returns is a new fact");
    assert_eq!(repeated("3", Some("off"), "e"), (of("c"), None), "a duplicate says nothing anew");
    assert_eq!(repeated("5", Some("on"), "f"), (None, of("d")));
    assert_eq!(repeated("6", None, "g"), (None, None));
    assert_eq!(repeated("7", Some("on"), "h"), (None, None), "what names itself comes between");
}

#[test]
fn drift_alone_has_an_exit_code_of_its_own() {
    let known = br#"{"eventType": "CaseCreated", "eventId": "1", "createdAt": "2026-03-02T08:15:30Z"}"#;
    let unknown =
        br#"{"eventType": "CaseCreated", "eventId": "2", "createdAt": "2026-03-02T08:15:30Z", "weather": 7}"#;
    assert_eq!(report(&[("a", known)], None).summary.exit_code(), 0);
    let report = report(&[("a", known), ("b", unknown)], None);
    assert_eq!(report.summary.exit_code(), 3);
    assert_eq!(report.summary.drift, [("unknown_field", 1)].into());
    assert_eq!(report.summary.differences, [("/weather (number) is not in the schema".to_owned(), 1)].into());
}

#[test]
fn control_characters_of_a_payload_do_not_reach_the_screen() {
    let payload = "{\"eventType\": \"Case\\u001b[31mCreated\\u0007\", \"eventId\": \"1\"}";
    let shown = report(&[("a\u{1b}[2J", payload.as_bytes())], None).to_string();
    assert!(!shown.contains(|character: char| character.is_control() && character != '\n'), "{shown:?}");
    assert!(shown.contains("Case\\u{1b}[31mCreated\\u{7}"), "{shown}");
}

/// A payload of the fixtures of the mapping.
fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/mapping/tests/fixtures");
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn changes_of_crm_records_are_shown_with_their_keys_and_what_has_to_be_read_again() {
    let bodies = [
        ("gap.json", fixture("salesforce-cdc/event_gap.json")),
        ("two.json", fixture("salesforce-cdc/account_updated_by_us.json")),
        ("task.json", fixture("servicenow-change/incident_updated.json")),
        ("partner.json", fixture("sap-change/business_partner_changed.json")),
    ];
    let bodies: Vec<(&str, &[u8])> = bodies.iter().map(|(place, bytes)| (*place, bytes.as_slice())).collect();
    let report = report(&bodies, None);
    let kinds = [("salesforce-cdc", 2), ("sap-change", 1), ("servicenow-change", 1)];
    assert_eq!(report.summary.kinds, kinds.into());
    assert_eq!((report.summary.changes, report.summary.events, report.summary.exit_code()), (4, 0, 0));
    let Fate::Changes(two) = &report.payloads[1].fate else { panic!("{:?}", report.payloads[1]) };
    assert_eq!((two.topic, two.records.len()), ("crm.changes", 2));
    let text = report.to_string();
    for expected in [
        "gap.json  gap",
        "  record            crm.changes, key salesforce/unknown/Event/00U000000000001EAA",
        "  reread            record",
        "  changed           Fax, LastModifiedDate",
        "  ownWrite          it is the echo of a write-back",
        "4 payloads: 0 events, 4 changes, 0 quarantined, 0 refused",
    ] {
        assert!(text.lines().any(|line| line == expected), "{expected} in\n{text}");
    }
}

#[test]
fn a_table_of_a_configuration_reads_its_source_and_no_kind_does() {
    assert!(super::super::sources::kind("custom").is_err_and(|said| said.contains("--config and --source")));
    let settings = "kafka.brokers = 'localhost:9092'\nregistry.url = 'http://localhost:8081'\n[sources.ivr]\n\
                    kind = 'custom'\norg = 'acme'\nverify.method = 'none'\n[sources.ivr.mapping]\n\
                    platform = 'acme-ivr'\nsource_type = '/event'\nfields.conversationId = '/call'\n";
    let config = trunkline_config::parse(settings, "trunkline.toml").unwrap();
    let bodies = [(r#"{"call": 7, "event": "up"}"#, "event"), (r#"{"event": "up"}"#, "quarantined")];
    for (bytes, expected) in bodies {
        let body = Body { place: "b.json".into(), bytes: bytes.as_bytes().to_vec() };
        let report = Report::new(&[body], &Sources::configured(&config, "ivr").unwrap(), NOW);
        assert_eq!(word(&report.payloads[0]), expected, "{bytes}");
    }
}
