//! What is verified is never lost: it is an event, or it is in quarantine byte for byte.

use std::io::Write;

use axum::http::StatusCode;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;
use trunkline_schemas::QuarantinedPayload;

use crate::customer_start;
use crate::support::{Answer, Ingest, Stored, signed};

const MESSAGE: &str =
    include_str!("../../../crates/mapping/tests/fixtures/genesys-open-messaging/outbound_text.json");

/// A signed delivery of Open Messaging.
async fn post_signed(ingest: &Ingest, body: &[u8], headers: &[(&str, &str)]) -> Answer {
    let signature = signed(body);
    let headers = [headers, &[("x-hub-signature-256", signature.as_str())]].concat();
    ingest.post_with("messages", body.to_vec(), &headers).await
}

fn quarantined(ingest: &Ingest) -> Vec<QuarantinedPayload> {
    let quarantined = |stored| match stored {
        Stored::Quarantined { payload, .. } => Some(payload),
        _ => None,
    };
    ingest.stored().into_iter().filter_map(quarantined).collect()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// The message with other bytes in place of its text.
fn with_text(text: &[u8]) -> Vec<u8> {
    let (before, behind) = MESSAGE.split_once("Grüße, what can I do? 👋").unwrap();
    [before.as_bytes(), text, behind.as_bytes()].concat()
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_byte_for_byte() {
    let ingest = Ingest::start().await;
    let bodies = [
        with_text(b"Gr\xfc\xdfe"),
        with_text(b"half a character: \\ud83d"),
        with_text(b"a line\nbroken"),
        MESSAGE.as_bytes()[..200].to_vec(),
        format!("{MESSAGE} {MESSAGE}").into_bytes(),
        MESSAGE.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        format!("[{MESSAGE},{}", &MESSAGE[..100]).into_bytes(),
        format!("[{MESSAGE},]").into_bytes(),
        b"hello".to_vec(),
        b" \n".to_vec(),
        b"".to_vec(),
    ];
    for (number, body) in bodies.iter().enumerate() {
        let answer = post_signed(&ingest, body, &[]).await;
        let shown = body.escape_ascii();
        assert_eq!((answer.status.as_u16(), answer.code()), (422, "TL-2001"), "{shown}");
        let kept = quarantined(&ingest);
        assert_eq!((kept.len(), &kept[number].payload), (number + 1, body), "{shown}");
        assert_eq!(kept[number].code, "TL-2001");
        assert!(answer.message().contains(&kept[number].payload_hash), "{answer:?}");
        assert!(!answer.message().contains("Support"), "nothing of the payload: {answer:?}");
    }
    assert_eq!(ingest.events(), []);
}

#[tokio::test]
async fn a_byte_order_mark_is_ignored_and_not_a_part_of_the_event() {
    let ingest = Ingest::start().await;
    let plain = post_signed(&ingest, MESSAGE.as_bytes(), &[]).await;
    let marked = post_signed(&ingest, format!("\u{feff}{MESSAGE}").as_bytes(), &[]).await;
    assert_eq!((marked.status, &marked.json), (StatusCode::ACCEPTED, &plain.json));
    assert_eq!(ingest.events()[1].data, MESSAGE);
    let fits_no_schema = b"\xef\xbb\xbf{\"a\":1}";
    let answer = post_signed(&ingest, fits_no_schema, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (422, "TL-2005"));
    assert_eq!(quarantined(&ingest)[0].payload, fits_no_schema, "what is kept is what came");
}

#[tokio::test]
async fn what_parsers_read_differently_is_kept_as_it_came() {
    let ingest = Ingest::start().await;
    for field in [
        r#""brandNew":1e400"#,
        r#""brandNew":[{"a":-1e999}]"#,
        r#""conversationId":1e309"#,
        r#""brandNew":100000000000000000000000000000001"#,
        r#""text":"a name that comes twice""#,
        r#""brandNew":"\u0000""#,
    ] {
        let body = MESSAGE.replacen('{', &format!("{{{field},"), 1);
        let answer = post_signed(&ingest, body.as_bytes(), &[]).await;
        let (events, kept) = (ingest.events(), quarantined(&ingest));
        let found = match answer.status.as_u16() {
            202 => events.last().map(|event| event.data.as_bytes()),
            422 => kept.last().map(|payload| payload.payload.as_slice()),
            status => panic!("{field} is answered {status}"),
        };
        assert_eq!(found, Some(body.as_bytes()), "{field}");
    }
}

#[tokio::test]
async fn a_batchs_good_elements_are_accepted_and_the_others_kept() {
    let ingest = Ingest::start().await;
    let message = |id: &str| MESSAGE.replace("9f86d081884c7d659a2feaa0c55ad015", id).into_bytes();
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200)).into_bytes();
    let (first, last) = (message("m-1"), message("m-2"));
    for (bad, code) in [
        (with_text(b"Gr\xfc\xdfe"), "TL-2001"),
        (with_text(b"half a character: \\ud83d"), "TL-2001"),
        (b"{\"type\" \"Text\"}".to_vec(), "TL-2001"),
        (b"\xef\xbb\xbf{}".to_vec(), "TL-2001"),
        (deep, "TL-2009"),
        (b"{\"channel\":7,\"type\":\"Text\"}".to_vec(), "TL-2005"),
    ] {
        let (events_before, kept_before) = (ingest.events().len(), quarantined(&ingest).len());
        let bad = bad.trim_ascii();
        let body = [b"[", &first[..], b",", bad, b" , ", &last[..], b"]"].concat();
        let answer = post_signed(&ingest, &body, &[]).await;
        let (events, kept) = (ingest.events(), quarantined(&ingest));
        let [first, last] = &events[events_before..] else { panic!("{answer:?}") };
        let [kept] = &kept[kept_before..] else { panic!("{answer:?}") };
        assert_eq!((&kept.payload[..], kept.code.as_str()), (bad, code));
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        assert_eq!(
            answer.json,
            json!({ "eventIds": [first.event_id, last.event_id], "quarantined": [kept.payload_hash] })
        );
    }
}

#[tokio::test]
async fn gzip_is_taken_off_after_the_signature_was_checked() {
    let ingest = Ingest::start().await;
    let plain = post_signed(&ingest, MESSAGE.as_bytes(), &[]).await;
    let packed = gzip(MESSAGE.as_bytes());
    let answer = post_signed(&ingest, &packed, &[("content-encoding", "gzip")]).await;
    assert_eq!((answer.status, &answer.json), (StatusCode::ACCEPTED, &plain.json));
    assert_eq!(ingest.events()[1].data, MESSAGE);
    let of_content = signed(MESSAGE.as_bytes());
    let headers = [("content-encoding", "gzip"), ("x-hub-signature-256", of_content.as_str())];
    let answer = ingest.post_with("messages", packed, &headers).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "what is signed is what is sent");

    let content = with_text(b"Gr\xfc\xdfe");
    let answer = post_signed(&ingest, &gzip(&content), &[("content-encoding", "gzip")]).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (422, "TL-2001"));
    let [kept] = &quarantined(&ingest)[..] else { panic!("{answer:?}") };
    assert_eq!(kept.payload, content);
    assert_eq!(kept.headers.get("content-encoding"), None, "it is no gzip any more");
}

#[tokio::test]
async fn what_is_not_the_gzip_that_it_says_is_kept_as_sent() {
    let ingest = Ingest::start().await;
    let packed = gzip(MESSAGE.as_bytes());
    let bodies = [packed[..packed.len() / 2].to_vec(), MESSAGE.as_bytes().to_vec(), Vec::new()];
    for (number, body) in bodies.iter().enumerate() {
        let answer = post_signed(&ingest, body, &[("content-encoding", "gzip")]).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (422, "TL-2001"));
        let kept = &quarantined(&ingest)[number];
        assert_eq!(&kept.payload, body);
        assert_eq!(kept.headers.get("content-encoding").map(String::as_str), Some("gzip"));
    }
}

#[tokio::test]
async fn another_coding_is_answered_415_and_kept_as_sent() {
    let ingest = Ingest::start().await;
    for (number, coding) in ["br", "deflate", "zstd", "compress", "gzip, gzip", "new"].iter().enumerate() {
        let answer = post_signed(&ingest, MESSAGE.as_bytes(), &[("content-encoding", coding)]).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (415, "TL-2010"), "{coding}");
        assert_eq!(answer.accept_encoding.as_deref(), Some("gzip"));
        let kept = &quarantined(&ingest)[number];
        assert_eq!(kept.payload, MESSAGE.as_bytes());
        assert_eq!(kept.headers.get("content-encoding").map(String::as_str), Some(*coding));
    }
    let headers = [("content-encoding", "br"), ("x-hub-signature-256", "sha256=AAAA")];
    let answer = ingest.post_with("messages", MESSAGE, &headers).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "the proof comes first");
    assert_eq!(quarantined(&ingest).len(), 6);
}

#[tokio::test]
async fn a_body_that_unpacks_to_more_than_the_limit_is_refused() {
    let ingest = Ingest::start().await;
    let bomb = gzip(&vec![b' '; 50_000_000]);
    let answer = post_signed(&ingest, &bomb, &[("content-encoding", "gzip")]).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (413, "TL-2003"));
    assert_eq!(ingest.stored(), []);
}

/// Bodies of a verified sender: anything at all, and events with something wrong in them.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let damaged = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8).prop_map(|(at, byte, how)| {
        let mut body = customer_start("delivery-1").to_string().into_bytes();
        let at = at.index(body.len());
        match how {
            0 => body[at] = byte,
            1 => body.insert(at, byte),
            _ => body.truncate(at),
        }
        body
    });
    let batch = prop::collection::vec(damaged.clone(), 1..4)
        .prop_map(|elements| [b"[".to_vec(), elements.join(&b","[..]), b"]".to_vec()].concat());
    let packed = damaged.clone().prop_map(|body| gzip(&body));
    prop_oneof![prop::collection::vec(any::<u8>(), 0..64), damaged, batch, packed]
}

#[tokio::test]
async fn whatever_a_verified_sender_sends_is_an_event_or_in_quarantine() {
    let ingest = Ingest::start().await;
    let mut runner = TestRunner::default();
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..600 {
        let body = bodies().new_tree(&mut runner).unwrap().current();
        let (events_before, kept_before) = (ingest.events().len(), quarantined(&ingest).len());
        let answer = ingest.post("cloud", body.clone()).await;
        let (events, kept) = (ingest.events(), quarantined(&ingest));
        let (events, kept) = (&events[events_before..], &kept[kept_before..]);
        let shown = body.escape_ascii();
        match answer.status.as_u16() {
            202 if answer.json["eventId"].is_string() => {
                assert_eq!((events.len(), kept.len()), (1, 0), "{shown}");
                assert_eq!(events[0].data.as_bytes(), body, "{shown}");
                accepted += 1;
            }
            202 => {
                let ids: Vec<&str> = events.iter().map(|event| event.event_id.as_str()).collect();
                assert_eq!(answer.json["eventIds"], json!(ids), "{shown}");
                let hashes = answer.json["quarantined"].as_array().map_or(0, Vec::len);
                assert_eq!(hashes, kept.len(), "{shown}");
                accepted += 1;
            }
            422 => {
                assert!(events.is_empty() && !kept.is_empty(), "{shown}");
                let all: Vec<u8> = kept.iter().flat_map(|payload| payload.payload.clone()).collect();
                let whole = kept.len() == 1 && all == body;
                assert!(whole || body.starts_with(b"["), "kept as it came: {shown}");
                refused += 1;
            }
            status => panic!("answered {status}: {shown}"),
        }
    }
    assert!(accepted > 20 && refused > 200, "{accepted} accepted, {refused} refused");
}
