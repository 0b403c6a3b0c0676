//! Records forged against answers, and genuine ones.

use serde_json::{Value, json};

use super::*;
use crate::evidence::profile::{Enrichment, EnrichmentSource};

#[test]
fn whom_a_contact_leads_nowhere_need_not_be_asked_for() {
    const CONTACT: &str = "7b8a6a1c-0000-5000-8000-000000000001";
    let contact = |answer: &str| Call {
        system: "genesys".into(),
        method: "GET".into(),
        path: format!("/api/v2/externalcontacts/contacts/{CONTACT}"),
        finished_at: Some(990.0),
        status: 200,
        answer: Some(answer.into()),
        ..Call::default()
    };
    let violations = |call: Call, status: &str, fetched_at| {
        let source = ProfileSource { status: status.into(), fetched_at: Some(fetched_at), latency_ms: None };
        let record = ProfileRecord {
            key: CONTACT.into(),
            fields: ProfileFields { customer_id: CONTACT.into(), ..Default::default() },
            sources: [("sap".to_owned(), source)].into(),
            ..Default::default()
        };
        let calls = [call];
        let mut verdict = Verdict::new("answers-to-lookups");
        Answers::new(&calls, [CONTACT].into_iter(), None).judge(&record, &[], &mut verdict);
        verdict.violations()
    };
    let nowhere = || contact(r#"{"externalIds":[]}"#);
    assert_eq!(violations(nowhere(), "NOT_FOUND", 1_000), 0);
    assert_eq!(violations(Call { status: 404, ..nowhere() }, "NOT_FOUND", 1_000), 0);
    assert_eq!(violations(nowhere(), "OK", 1_000), 1);
    assert_eq!(violations(nowhere(), "NOT_FOUND", 90_000), 1, "at another time");
    let known = r#"{"externalIds":[{"externalSource":{"name":"salesforce"},"value":"C-000001"}]}"#;
    assert_eq!(violations(contact(known), "NOT_FOUND", 1_000), 1, "SAP was to be asked");
    assert_eq!(violations(Call { status: 500, ..nowhere() }, "NOT_FOUND", 1_000), 1);
}

const PHONE: &str = "+13172000001";
const ADA: &str = "0778af41-946e-40f2-b374-dbfa32411b5f";

fn answered(system: &str, path: &str, answer: &Value) -> Call {
    Call {
        system: system.into(),
        method: "GET".into(),
        path: path.into(),
        finished_at: Some(990.0),
        status: 200,
        answer: Some(answer.to_string()),
        ..Call::default()
    }
}

/// The directory has these contacts for the phone number, each with its numbers, by their external sources.
fn search(contacts: &[(&str, &[(&str, &str)])]) -> Call {
    let contact = |(id, numbers): &(&str, &[(&str, &str)])| {
        let number =
            |(source, value): &(&str, &str)| json!({"externalSource": {"name": source}, "value": value});
        let numbers: Vec<Value> = numbers.iter().map(number).collect();
        json!({"id": id, "externalIds": numbers, "workPhone": {"e164": PHONE}})
    };
    let contacts: Vec<Value> = contacts.iter().map(contact).collect();
    let path = "/api/v2/externalcontacts/reversewhitepageslookup?lookupVal=%2B13172000001";
    answered("genesys", path, &json!({"contacts": contacts}))
}

/// Salesforce's answer to a question with this word: an account for each name.
fn accounts(word: &str, names: &[&str]) -> Call {
    let records: Vec<Value> =
        names.iter().map(|name| json!({"Id": format!("001{name}"), "Name": name})).collect();
    answered("salesforce", &format!("/query?q=Key%3D%27{word}%27"), &json!({"records": records}))
}

/// What is found of a record of Salesforce alone, fetched in time; `name` is of the account.
fn found(
    calls: &[Call],
    customer: &str,
    (status, resolution, name): (&str, &str, Option<&str>),
) -> Vec<&'static str> {
    let source = ProfileSource { status: status.into(), fetched_at: Some(1_000), latency_ms: None };
    let record = ProfileRecord {
        key: customer.into(),
        fields: ProfileFields {
            customer_id: customer.into(),
            account_name: name.map(str::to_owned),
            ..Default::default()
        },
        sources: [("salesforce".to_owned(), source)].into(),
        resolutions: [("salesforce".to_owned(), resolution.to_owned())].into(),
        ..Default::default()
    };
    let mut verdict = Verdict::new("answers-to-lookups");
    Answers::new(calls, [customer, ADA].into_iter(), None).judge(&record, &[], &mut verdict);
    verdict.found.keys().copied().collect()
}

const NOBODY: (&str, &str, Option<&str>) = ("NOT_FOUND", "NONE", None);
const SEVERAL: (&str, &str, Option<&str>) = ("NOT_FOUND", "AMBIGUOUS", None);
const ACME: (&str, &str, Option<&str>) = ("OK", "EXACT", Some("Acme"));

#[test]
fn several_contacts_excuse_whoever_was_looked_up_by_their_address_and_nobody_else() {
    let numbers = |number| [("salesforce", number)];
    let (ada, bob) = (numbers("C-1"), numbers("C-2"));
    let two = search(&[(ADA, &ada), ("bob", &bob)]);
    // Ada's number was asked for by her own id: that says nothing of whoever calls from the phone of both.
    let own = answered(
        "genesys",
        &format!("/api/v2/externalcontacts/contacts/{ADA}"),
        &json!({
            "externalIds": [{"externalSource": {"name": "salesforce"}, "value": "C-1"}], "workPhone": {"e164": PHONE}
        }),
    );
    let calls = [two.clone(), own, accounts("C-1", &["Acme"])];
    assert_eq!(found(&calls, PHONE, SEVERAL), [""; 0]);
    assert_eq!(found(&calls, PHONE, NOBODY), ["resolution"]);
    assert_eq!(found(&calls, PHONE, ACME), ["resolution"], "one of several was chosen");
    assert_eq!(found(&calls, ADA, ACME), [""; 0]);
    assert_eq!(found(&calls, ADA, NOBODY), ["resolution", "unanswered"], "it was not her who was looked up");
    assert_eq!(found(&calls, ADA, SEVERAL), ["resolution", "unanswered"]);
    // Where they are one customer of the system, or one has no number there, it was to be asked.
    for numbers in [[("salesforce", "C-1")].as_slice(), &[("erp", "7")], &[]] {
        let calls = [search(&[(ADA, &ada), ("bob", numbers)]), accounts("%2B13172000001", &["Acme"])];
        assert_eq!(found(&calls, PHONE, ACME), [""; 0], "{numbers:?}");
        assert_eq!(found(&calls, PHONE, NOBODY), ["resolution", "unanswered"], "{numbers:?}");
        assert_eq!(
            found(&calls[..1], PHONE, SEVERAL),
            ["resolution", "unanswered"],
            "{numbers:?}: nobody asked"
        );
    }
}

#[test]
fn who_is_meant_follows_from_what_was_answered() {
    let account = |names: &[&str]| [accounts("%2B13172000001", names)];
    for (names, right, wrong) in [
        (&["Acme"] as &[&str], ACME, [NOBODY, SEVERAL]),
        (&["Acme", "Ada"], SEVERAL, [NOBODY, ("OK", "EXACT", None)]),
        (&[], NOBODY, [SEVERAL, ("OK", "EXACT", None)]),
    ] {
        assert_eq!(found(&account(names), PHONE, right), [""; 0], "{names:?}");
        for wrong in wrong {
            assert!(found(&account(names), PHONE, wrong).contains(&"resolution"), "{names:?} {wrong:?}");
        }
    }
    // Two numbers of one contact that lead to one account each.
    let two = [accounts("%2B13172000001", &["Acme"]), accounts("%2B13172000001%27%20OR%20%27x", &["Ada"])];
    assert!(!found(&two, PHONE, SEVERAL).contains(&"resolution"));
}

#[test]
fn of_whom_a_system_only_failed_to_tell_it_is_unknown_whether_there_is_nobody() {
    for status in [429, 500] {
        let failed = Call { status, answer: None, ..accounts("%2B13172000001", &[]) };
        let nobody = accounts("%2B13172000001", &[]);
        assert_eq!(
            found(std::slice::from_ref(&failed), PHONE, NOBODY),
            ["resolution", "unanswered"],
            "{status}"
        );
        assert_eq!(found(&[failed, nobody], PHONE, NOBODY), [""; 0], "{status}");
    }
}

#[test]
fn who_is_meant_by_an_event_without_a_profile_follows_from_what_was_ever_answered() {
    let event = |resolution: &str, age_ms| Enriched {
        enrichment: Enrichment {
            status: "MISSING".into(),
            sources: [(
                "crm".to_owned(),
                EnrichmentSource {
                    system: "salesforce".to_owned(),
                    resolution: Some(resolution.into()),
                    age_ms,
                    ..Default::default()
                },
            )]
            .into(),
        },
        ..Default::default()
    };
    let objects = |calls: &[Call], event: &Enriched| {
        let mut verdict = Verdict::new("answers-to-lookups");
        Answers::new(calls, [PHONE].into_iter(), None).judge_event(event, PHONE, &mut verdict);
        verdict.violations()
    };
    let (nobody, one, two) = (
        accounts("%2B13172000001", &[]),
        accounts("%2B13172000001", &["Acme"]),
        accounts("%2B13172000001", &["Acme", "Ada"]),
    );
    let numbers = |number| [("salesforce", number)];
    let shared = search(&[(ADA, &numbers("C-1")), ("bob", &numbers("C-2"))]);
    // Refused, turned away, broken (of which no answer is kept), and one that is no answer of Salesforce's.
    let failed = |status, answer: Option<&str>| Call {
        status,
        answer: answer.map(str::to_owned),
        ..accounts("%2B13172000001", &[])
    };
    let failures = [
        failed(403, Some(r#"[{"errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#)),
        failed(429, Some("{}")),
        failed(500, None),
        failed(200, Some("<html>")),
    ];
    for (calls, right) in [
        (vec![], &[][..]),
        (failures.to_vec(), &[]),
        (vec![failures[2].clone()], &[]),
        ([&failures[..], std::slice::from_ref(&nobody)].concat(), &["NONE"]),
        ([&failures[..], std::slice::from_ref(&shared)].concat(), &["NONE", "AMBIGUOUS"]),
        (vec![nobody.clone()], &["NONE"]),
        (vec![one.clone()], &["EXACT"]),
        (vec![two.clone()], &["AMBIGUOUS"]),
        (vec![nobody, two], &["NONE", "AMBIGUOUS"]),
        (vec![shared], &["NONE", "AMBIGUOUS"]),
    ] {
        for resolution in ["NONE", "EXACT", "AMBIGUOUS"] {
            let expected = u64::from(!right.contains(&resolution));
            assert_eq!(objects(&calls, &event(resolution, Some(0))), expected, "{resolution} of {calls:?}");
            assert_eq!(objects(&calls, &event(resolution, None)), 0, "nothing was fetched");
        }
    }
}
