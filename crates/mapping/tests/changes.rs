//! Changes of CRM records: every payload in `tests/fixtures` becomes the changes that stand beside it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::{DEPTH, NOW, configured, delivery, fixtures, json_files, source};
use trunkline_config::{Drift, ReadBy, Source, SourceKind};
use trunkline_mapping::{Changes, Delivery, ElementOutcome, map_delivery};
use trunkline_schemas::CrmChange;
use trunkline_schemas::codec::{Decoder, Encoder, Value as _};

fn kinds() -> impl Iterator<Item = SourceKind> {
    SourceKind::ALL.into_iter().filter(|kind| kind.read_by() == ReadBy::ChangeTable)
}

fn outcome(source: &Source, body: &[u8], received_at: i64) -> ElementOutcome {
    map_delivery(&delivery(source, body, received_at), DEPTH).unwrap().elements.remove(0)
}

fn changes(source: &Source, body: &[u8], received_at: i64) -> Changes {
    match outcome(source, body, received_at) {
        ElementOutcome::Changes(changes) => *changes,
        other => panic!("no change: {other:?}"),
    }
}

fn of(kind: SourceKind, payload: &Value) -> Changes {
    changes(&source(kind), payload.to_string().as_bytes(), NOW)
}

/// What all records say, with their ids as a list.
fn said(changes: &Changes) -> BTreeMap<String, Value> {
    let Value::Object(mut said) = serde_json::to_value(&changes.records[0]).unwrap() else { unreachable!() };
    let ids: Vec<&str> = changes.records.iter().map(|change| change.entity_id.as_str()).collect();
    said.insert("entityId".into(), json!(ids));
    said.insert("key".into(), json!(changes.records[0].key()));
    let drift: Vec<String> =
        changes.drift.iter().map(|found| format!("{} {}", found.change.as_str(), found.pointer)).collect();
    said.insert("drift".into(), json!(drift));
    said.into_iter().collect()
}

#[test]
fn own_fixtures_become_what_stands_beside_them() {
    for kind in kinds() {
        let files: Vec<_> = json_files(&fixtures(kind))
            .into_iter()
            .filter(|file| !file.to_str().unwrap().ends_with(".expected.json"))
            .collect();
        assert!(files.len() >= 3, "{kind}");
        for file in files {
            let body = std::fs::read(&file).unwrap();
            let found = changes(&source(kind), &body, NOW);
            let expected = std::fs::read(file.with_extension("expected.json")).unwrap();
            let expected: BTreeMap<String, Value> = serde_json::from_slice(&expected).unwrap();
            let said = said(&found);
            for (field, value) in expected {
                let value = if value == "now" { Value::from(NOW) } else { value };
                assert_eq!(said[&field], value, "{field} of {}", file.display());
            }
            // Told again, it is the same, down to each record.
            assert_eq!(found.id, changes(&source(kind), &body, NOW + 1).id, "{}", file.display());
            for change in &found.records {
                let encoded = Encoder::<CrmChange>::new(7).encode_to_vec(change).unwrap();
                let mut decoder = Decoder::<CrmChange>::new();
                decoder.add_writer(7, CrmChange::SCHEMA).unwrap();
                assert_eq!(&decoder.decode(&encoded).unwrap(), change);
            }
        }
    }
}

#[test]
fn what_lacks_what_a_change_needs_is_quarantined_and_says_what() {
    for kind in kinds() {
        let folder = fixtures(kind).join("quarantined");
        let expected = std::fs::read_to_string(folder.join("expected.txt")).unwrap();
        let expected: Vec<&str> = expected.lines().collect();
        let found: Vec<String> = json_files(&folder)
            .iter()
            .map(|file| {
                let body = std::fs::read(file).unwrap();
                let ElementOutcome::Quarantined(kept) = outcome(&source(kind), &body, NOW) else {
                    panic!("{}", file.display())
                };
                assert_eq!(kept.payload.payload, body, "it is kept to the byte");
                format!("{} {}", file.file_name().unwrap().to_str().unwrap(), kept.payload.reason)
            })
            .collect();
        assert_eq!(found, expected, "{kind}");
    }
}

/// A change of an account in Salesforce, with these fields of its header and of the record.
fn account(header: Value, fields: Value) -> Value {
    let mut payload = fields;
    payload["ChangeEventHeader"] = json!({
        "entityName": "Account", "recordIds": ["001000000000001AAA"], "changeType": "UPDATE",
        "transactionKey": "t-1", "sequenceNumber": 1, "commitTimestamp": NOW - 1_000,
    });
    for (name, value) in header.as_object().unwrap() {
        payload["ChangeEventHeader"][name] = value.clone();
    }
    json!({ "payload": payload })
}

#[test]
fn a_field_that_is_absent_is_not_null() {
    for (header, fields, changed, nulled) in [
        (json!({}), json!({"Name": "A"}), vec!["Name"], vec![]),
        (json!({}), json!({"Name": {"string": "A"}, "Fax": null}), vec!["Name"], vec![]),
        (json!({"changedFields": null}), json!({"Name": "A", "Fax": null}), vec!["Name"], vec![]),
        (json!({"changedFields": 7}), json!({"Name": "A", "Fax": null}), vec!["Name"], vec![]),
        (json!({"changedFields": [{"n": 1}]}), json!({"Name": "A", "Fax": null}), vec!["Name"], vec![]),
        (json!({"nulledFields": ["Fax"]}), json!({"Name": "A", "Fax": null}), vec!["Name"], vec!["Fax"]),
        (json!({"changedFields": []}), json!({"Name": "A", "Fax": null}), vec![], vec![]),
        (json!({"changedFields": ["Name"]}), json!({}), vec!["Name"], vec![]),
        (json!({"changedFields": ["Name"]}), json!({"Name": null, "Fax": null}), vec!["Name"], vec!["Name"]),
        (json!({"changedFields": ["Name"], "nulledFields": ["Fax"]}), json!({}), vec!["Name"], vec!["Fax"]),
        (
            json!({"changedFields": ["Name.First"]}),
            json!({"Name": {"First": null}}),
            vec!["Name.First"],
            vec!["Name.First"],
        ),
        (json!({"changeType": "CREATE"}), json!({"Name": "A", "Fax": null}), vec!["Name"], vec![]),
        (json!({"changeType": "DELETE"}), json!({"Name": "kept beside it"}), vec![], vec![]),
        (json!({"changeType": "GAP_UPDATE"}), json!({"Name": null}), vec![], vec![]),
    ] {
        let change =
            of(SourceKind::SalesforceCdc, &account(header.clone(), fields.clone())).records.remove(0);
        assert_eq!(change.changed_fields, changed, "{header} {fields}");
        assert_eq!(change.nulled_fields, nulled, "{header} {fields}");
    }
}

#[test]
fn values_of_unions_are_read_and_what_cannot_be_read_is_drift() {
    let source = configured(
        "kind = 'salesforce-cdc'\nverify.method = 'none'\n[mapping]\ncustomer = '/Customer_Number__c'\n\
         correlation = '/Ticket__c'",
    );
    let of = |header: Value, fields: Value| {
        let found = changes(&source, account(header, fields).to_string().as_bytes(), NOW);
        let drift = said(&found).remove("drift").unwrap();
        let change = found.records.into_iter().next().unwrap();
        (change.customer_id, change.nulled_fields, drift)
    };
    for (customer, expected) in [
        (json!({"string": "4711"}), "4711"),
        (json!({"double": 1e3}), "1000.0"),
        (json!({"long": 4711}), "4711"),
        (json!("4711"), "4711"),
        (json!(null), ""),
        (json!(""), ""),
    ] {
        let found = of(json!({"changedFields": ["Name"]}), json!({ "Customer_Number__c": customer.clone() }));
        assert_eq!(found, (expected.to_owned(), vec![], json!([])), "{customer}");
    }
    let nulled = of(
        json!({"changedFields": ["Name", "Fax"]}),
        json!({"Name": {"string": null}, "Fax": {"string": "1"}}),
    );
    assert_eq!(nulled.1, ["Name"]);
    for wrong in [json!({"number": 1}), json!({"string": "1", "long": 1}), json!(["4711"]), json!(true)] {
        let found = of(json!({}), json!({ "Customer_Number__c": wrong.clone() }));
        assert_eq!(found.2, json!(["type_changed /payload/Customer_Number__c"]), "{wrong}");
    }
    let found = of(json!({"changeOrigin": ["x"]}), json!({"Ticket__c": {"id": 1}}));
    let expected =
        ["type_changed /payload/ChangeEventHeader/changeOrigin", "type_changed /payload/Ticket__c"];
    assert_eq!(found.2, json!(expected));
}

#[test]
fn a_record_may_be_named_by_several_values_together() {
    let of = |source: &Source, data: Value| {
        let event = json!({"type": "sap.s4.beh.journalentry.v1.JournalEntry.Created.v1", "source": "/s",
            "id": "1", "time": "2026-03-02T08:15:30Z", "data": data, "subject": "other"});
        changes(source, event.to_string().as_bytes(), NOW).records.remove(0).entity_id
    };
    let sap = source(SourceKind::SapChange);
    let key =
        |document: Value| json!({"CompanyCode": "10", "FiscalYear": 2026, "AccountingDocument": document});
    assert_eq!(of(&sap, key(json!("900"))), "10/2026/900");
    assert_eq!(of(&sap, key(json!("9/0%"))), "10/2026/9%2F0%25");
    assert_eq!(of(&sap, key(Value::Null)), "other", "a part is not the key");
    let own = configured(
        "kind = 'sap-change'\nverify.method = 'none'\n[mapping]\nrecords = [['/data/a', '/data/b'], '/data/c']",
    );
    assert_eq!(of(&own, json!({"a": "1/2", "b": "3"})), "1%2F2/3");
    assert_eq!(of(&own, json!({"a": "1", "b": "2/3"})), "1/2%2F3");
    assert_eq!(of(&own, json!({"a": "1", "c": ["2"]})), "2");
}

#[test]
fn a_cloud_event_in_binary_mode_is_told_so() {
    let sap = source(SourceKind::SapChange);
    let headers = [("ce-type".to_owned(), "x.BusinessPartner.Changed.v1".to_owned())].into();
    let body = br#"{"BusinessPartner": "1"}"#;
    let reason = |delivery: Delivery<'_>| match map_delivery(&delivery, DEPTH).unwrap().elements.remove(0) {
        ElementOutcome::Quarantined(kept) => kept.payload.reason,
        other => panic!("{other:?}"),
    };
    assert!(reason(Delivery { headers, ..delivery(&sap, body, NOW) }).contains("structured mode"));
    assert!(!reason(delivery(&sap, body, NOW)).contains("structured mode"));
}

#[test]
fn records_that_cannot_be_read_say_why() {
    let at = "/payload/ChangeEventHeader/recordIds";
    let many: Vec<String> = (0..1_001).map(|number| number.to_string()).collect();
    for (ids, reason) in [
        (json!([]), " is an empty list: it names no record that changed"),
        (json!(many), " names 1001 records, at most 1000 are taken from a payload: tell them in several"),
        (json!(["1", "x".repeat(1_025)]), "/* has 1025 bytes, at most 1024 are an id"),
        (json!(["1", ["2"]]), "/* is array and does not match the schema"),
        (json!(["1", null]), "/* is null and does not match the schema"),
        (json!(["1", " "]), "/* is a text or a flag that names no record"),
        (json!({"id": 1}), " is object and does not match the schema"),
        (json!(null), " is required and absent"),
    ] {
        let body = account(json!({ "recordIds": ids }), json!({})).to_string();
        let found = outcome(&source(SourceKind::SalesforceCdc), body.as_bytes(), NOW);
        let ElementOutcome::Quarantined(kept) = found else { panic!("{ids}") };
        assert_eq!(kept.payload.reason, format!("{at}{reason}"));
    }
    for ids in [json!(null), json!([]), json!(["000000000000000AAA"])] {
        let header = json!({"changeType": "GAP_OVERFLOW", "recordIds": ids});
        let change = of(SourceKind::SalesforceCdc, &account(header, json!({}))).records.remove(0);
        assert_eq!((change.entity_id.as_str(), change.reread.as_deref()), ("*", Some("all")));
    }
}

#[test]
fn servicenow_empties_a_field_by_an_empty_text_and_its_ids_may_end_with_a_star() {
    let update = |record: Value, changed: Value| {
        json!({"table": "task", "sys_id": "a*", "operation": "update", "sys_mod_count": 1,
            "changed_fields": changed, "record": record})
    };
    let change = |payload: Value| of(SourceKind::ServiceNowChange, &payload).records.remove(0);
    let told = change(update(json!({"state": "", "note": " ", "who": ""}), json!("state,note")));
    assert_eq!(
        (told.changed_fields, told.nulled_fields),
        (vec!["state".into(), "note".into()], vec!["state".into()])
    );
    assert_eq!((told.entity_id.as_str(), told.reread), ("a*", None));
    let untold = change(update(json!({"state": "", "note": "x"}), Value::Null));
    assert_eq!((untold.changed_fields, untold.nulled_fields), (vec!["note".into()], Vec::<String>::new()));
    let account = account(json!({"changedFields": ["Name"]}), json!({"Name": ""}));
    assert!(of(SourceKind::SalesforceCdc, &account).records[0].nulled_fields.is_empty());
}

#[test]
fn copies_of_one_system_are_told_apart_by_their_source_where_no_organisation_does() {
    let body = json!({"table": "task", "sys_id": "a", "operation": "update", "sys_mod_count": 1}).to_string();
    let id = |name: &str, org: Option<&str>| {
        let base = source(SourceKind::ServiceNowChange);
        let source = Source { name: name.into(), org: org.map(Into::into), ..base };
        changes(&source, body.as_bytes(), NOW).records.remove(0).change_id
    };
    assert_ne!(id("one", None), id("two", None));
    assert_eq!(id("one", None), id("one", None));
    assert_ne!(id("one", Some("a")), id("one", Some("b")));
    assert_eq!(id("one", Some("a")), id("two", Some("a")), "two ways of one system");
    assert_ne!(id("a", None), id("b", Some("a")));
}

#[test]
fn a_change_is_named_by_what_its_system_names_it_by_and_each_record_by_itself() {
    let id = |header: Value| of(SourceKind::SalesforceCdc, &account(header, json!({"Name": "A"})));
    let first = id(json!({}));
    assert_eq!(first.id, id(json!({"commitUser": "somebody else"})).id);
    assert_ne!(first.id, id(json!({"sequenceNumber": 2})).id);
    assert_ne!(first.id, id(json!({"transactionKey": "t-2"})).id);
    let two = id(json!({"recordIds": ["001000000000002AAA", "001000000000001AAA"]}));
    assert_eq!(two.id, first.id, "the transaction says it");
    assert_eq!(two.records[0].change_id, first.records[0].change_id);
    assert_ne!(two.records[0].change_id, two.records[1].change_id);
}

#[test]
fn what_nothing_names_is_named_by_its_body_and_without_a_time_by_its_delivery() {
    let timed = account(json!({"transactionKey": null}), json!({})).to_string();
    let untimed = account(json!({"transactionKey": null, "commitTimestamp": null}), json!({})).to_string();
    let source = source(SourceKind::SalesforceCdc);
    let id = |body: &str, received_at, id: Option<&str>| {
        let headers = id.map(|id| ("webhook-id".to_owned(), id.to_owned())).into_iter().collect();
        let delivery = Delivery { headers, ..delivery(&source, body.as_bytes(), received_at) };
        match map_delivery(&delivery, DEPTH).unwrap().elements.remove(0) {
            ElementOutcome::Changes(changes) => changes.id,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(id(&timed, NOW, None), id(&timed, NOW + 1, None));
    assert_ne!(id(&untimed, NOW, None), id(&untimed, NOW + 1, None));
    assert_eq!(id(&untimed, NOW, Some("m")), id(&untimed, NOW + 1, Some("m")));
}

#[test]
fn what_would_make_more_records_than_memory_is_kept_as_it_came() {
    let ids: Vec<String> = (0..1_000).map(|number| format!("001{number:012}AAA")).collect();
    let one_more: Vec<&str> = ids.iter().map(String::as_str).chain(["002"]).collect();
    let names = |count: usize| (0..count).map(|number| format!("Field_{number:04}__c")).collect::<Vec<_>>();
    for (header, taken) in [
        (json!({"recordIds": ids, "changedFields": names(200)}), true),
        (json!({"recordIds": ids, "changedFields": names(1_300)}), false),
        (json!({ "recordIds": one_more }), false),
        (json!({"changeOrigin": "x".repeat(1_025)}), false),
    ] {
        let body = account(header, json!({})).to_string();
        let found = outcome(&source(SourceKind::SalesforceCdc), body.as_bytes(), NOW);
        assert_eq!(matches!(found, ElementOutcome::Changes(_)), taken);
    }
}

#[test]
fn a_batch_becomes_no_more_than_a_request_may() {
    let ids: Vec<String> = (0..1_000).map(|number| format!("001{number:012}AAA")).collect();
    let element = |ids: &[String], fields: usize| {
        let names: Vec<String> = (0..fields).map(|number| format!("Field_{number:04}__c")).collect();
        account(json!({"recordIds": ids, "changedFields": names}), json!({}))
    };
    for (element, whole) in [(element(&ids, 1), 10), (element(&ids, 150), 2)] {
        let batch = json!(vec![element.clone(); 12]).to_string();
        let source = source(SourceKind::SalesforceCdc);
        let outcome = map_delivery(&delivery(&source, batch.as_bytes(), NOW), DEPTH).unwrap();
        let taken =
            outcome.elements.iter().take_while(|one| matches!(one, ElementOutcome::Changes(_))).count();
        assert_eq!(taken, whole);
        for refused in &outcome.elements[whole..] {
            let ElementOutcome::Quarantined(kept) = refused else { panic!("{refused:?}") };
            assert!(kept.payload.reason.ends_with("send fewer in one request"), "{}", kept.payload.reason);
            // By itself it is taken: what is kept can be delivered again.
            let again = delivery(&source, &kept.payload.payload, NOW);
            let again = map_delivery(&again, DEPTH).unwrap().elements.remove(0);
            assert!(matches!(again, ElementOutcome::Changes(_)));
        }
    }
}

#[test]
fn a_source_that_quarantines_drift_keeps_what_it_does_not_know() {
    let strict = Source { drift: Drift::Quarantine, ..source(SourceKind::SalesforceCdc) };
    let body = account(json!({"changeType": "MERGE"}), json!({})).to_string();
    let ElementOutcome::Quarantined(kept) = outcome(&strict, body.as_bytes(), NOW) else {
        panic!("it passed")
    };
    assert!(kept.payload.reason.ends_with("and this source quarantines drift"), "{}", kept.payload.reason);
}

#[test]
fn a_business_rule_may_name_its_fields_otherwise() {
    let source = configured(
        "kind = 'servicenow-change'\nverify.method = 'none'\n[mapping]\nentity = '/tbl'\nrecords = ['/ids', '/id']\n\
         change = '/op'\nchanges = { 'I' = 'create', 'X*' = 'overflow' }\ncustomer = '/who'\nidentity = '/event'",
    );
    let of = |payload: Value| changes(&source, payload.to_string().as_bytes(), NOW).records.remove(0);
    let change = of(json!({"tbl": "task", "id": "7", "op": "I", "who": 4711, "event": 1}));
    assert_eq!((change.entity.as_str(), change.change_type.as_str()), ("task", "create"));
    assert_eq!(change.key(), "4711");
    let all = of(json!({"tbl": "task", "ids": ["7"], "op": "X9", "event": 2}));
    assert_eq!(
        (all.change_type.as_str(), all.reread.as_deref(), all.entity_id.as_str()),
        ("overflow", Some("all"), "*")
    );
}
