//! What ingest says to input that is wrong, and that none of it harms what is right.

use anyhow::Result;
use trunkline_load::generator::{EVENTBRIDGE, OPEN_MESSAGING};
use trunkline_load::sign::{API_KEY_HEADER, HUB_SIGNATURE_HEADER, hub_signature};
use trunkline_tests::payloads::Step;
use trunkline_tests::{Deployment, until};

/// One wrong request, and what must become of it.
struct Case {
    what: &'static str,
    source: &'static str,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    status: u16,
    /// Whether the payload must be found in quarantine, byte for byte.
    quarantined: bool,
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_input_gets_its_status_and_harms_nothing() -> Result<()> {
    let deployment = Deployment::new("bad-input", "sorted").await?;
    let _ingest = deployment.start("ingest", "ingest-0").await?;
    let key = vec![(API_KEY_HEADER.to_owned(), deployment.secrets().eventbridge_api_key.clone())];
    let good = Step { conversation: "c0", step: "customer.start", at: 1_775_000_000_000, customer: 1 };
    let unmapped_type = {
        let mut body = good.envelope("6f1c2ff0-0000-4000-8000-000000000001");
        body["detail"]["eventBody"] = serde_json::json!(["not", "an object"]);
        body.to_string().into_bytes()
    };
    let signed =
        |secret: &str, body: &[u8]| vec![(HUB_SIGNATURE_HEADER.to_owned(), hub_signature(secret, body))];
    let case = |what, body: &[u8], status, quarantined| Case {
        what,
        source: EVENTBRIDGE,
        headers: key.clone(),
        body: body.to_vec(),
        status,
        quarantined,
    };
    let deep = ["[".repeat(10_000), "]".repeat(10_000)].concat();
    let mut cases = vec![
        case("not JSON", b"conversation=started", 422, true),
        case("an empty body", b"", 422, true),
        case("invalid UTF-8", b"{\"id\":\"\xff\xfe\"}", 422, true),
        case("JSON cut off", &good.envelope("x").to_string().into_bytes()[..200], 422, true),
        case("JSON nested 10,000 deep", deep.as_bytes(), 400, false),
        case("a body of 50 MB", &vec![b' '; 50 << 20], 413, false),
        case("a body of another type", &unmapped_type, 422, true),
        case("JSON that is no event at all", br#"{"hello":"world"}"#, 422, true),
    ];
    cases.push(Case { source: "no-such-source", ..case("an unknown source", b"{}", 404, false) });
    cases.push(Case { headers: Vec::new(), ..case("no key", b"{}", 401, false) });
    cases.push(Case {
        headers: vec![(API_KEY_HEADER.to_owned(), "guess".to_owned())],
        ..case("a wrong key", b"{}", 401, false)
    });
    cases.push(Case {
        source: OPEN_MESSAGING,
        headers: signed("guess", b"{}"),
        ..case("a signature by another secret", b"{}", 401, false)
    });

    for case in &cases {
        // A server may refuse a body by its length and close before it has read all of it.
        let reply = deployment.post_to(case.source, case.headers.clone(), case.body.clone()).await;
        match reply {
            Ok(reply) => assert_eq!(reply.status, case.status, "{}: {}", case.what, reply.body),
            Err(error) => assert_eq!(case.status, 413, "{}: {error:#}", case.what),
        }
    }

    // The good one is taken in, by the same process, after all of that.
    let reply = deployment.post(good.envelope("6f1c2ff0-0000-4000-8000-000000000002")).await?;
    assert_eq!(reply.status, 202, "{}", reply.body);
    let normalized = until("the good event is in events.normalized", async || {
        Ok(Some(deployment.values("events.normalized").await?).filter(|events| !events.is_empty()))
    })
    .await?;
    assert_eq!(normalized.len(), 1, "nothing else came through");
    assert_eq!(vec![normalized[0].text("eventId")?], reply.event_ids());

    let mut expected: Vec<&[u8]> =
        cases.iter().filter(|case| case.quarantined).map(|case| case.body.as_slice()).collect();
    let quarantine = deployment.values("quarantine").await?;
    let mut found = Vec::new();
    for payload in &quarantine {
        found.push(payload.bytes("payload")?);
    }
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected, "what was refused as 422 is in quarantine as it came, and nothing else");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_body_under_a_used_transport_id_is_another_event() -> Result<()> {
    let deployment = Deployment::new("used-id", "sorted").await?;
    let _ingest = deployment.start("ingest", "ingest-0").await?;
    let first = Step { conversation: "c1", step: "customer.start", at: 1_775_000_000_000, customer: 1 };
    let other = Step { at: 1_775_000_000_500, ..first.clone() };
    let id = "6f1c2ff0-0000-4000-8000-000000000003";

    let taken = deployment.post(first.envelope(id)).await?;
    let again = deployment.post(first.envelope(id)).await?;
    let another = deployment.post(other.envelope(id)).await?;

    assert_eq!((taken.status, again.status, another.status), (202, 202, 202), "{}", another.body);
    assert_eq!(taken.event_ids(), again.event_ids(), "the same fact keeps its id");
    assert_ne!(taken.event_ids(), another.event_ids(), "another fact has its own");
    Ok(())
}
