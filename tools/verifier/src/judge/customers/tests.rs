//! Who was found, forged in every way that must be objected to.

use super::*;
use crate::evidence::profile::EnrichmentSource;
use crate::evidence::{Enrichment, Fact, ProfileFields, ProfileSource};

const ALL: [&str; 3] = ["salesforce", "sap", "servicenow"];

fn lead(id: &str, of_system: &SystemLead) -> Lead {
    Lead {
        id: id.to_owned(),
        contacts: 1,
        systems: ALL.map(|system| (system.to_owned(), of_system.clone())).into(),
    }
}

fn by_number() -> SystemLead {
    SystemLead { number: Some(1), phone: Some(2), email: Some(1), has_data: true }
}

fn shared_phone() -> SystemLead {
    SystemLead { phone: Some(2), has_data: true, ..SystemLead::default() }
}

fn event(customer: &str, status: &str, timestamp: i64) -> Enriched {
    Enriched {
        fact: Fact { customer_id: Some(customer.to_owned()), timestamp, ..Fact::default() },
        enrichment: Enrichment { status: status.to_owned(), ..Enrichment::default() },
        ..Enriched::default()
    }
}

fn record(customer: &str, status: &str, resolution: &str) -> ProfileRecord {
    let source = ProfileSource { status: status.to_owned(), fetched_at: Some(1), latency_ms: Some(1) };
    ProfileRecord {
        fields: ProfileFields { customer_id: customer.to_owned(), ..ProfileFields::default() },
        sources: ALL.map(|system| (system.to_owned(), source.clone())).into(),
        resolutions: ALL.map(|system| (system.to_owned(), resolution.to_owned())).into(),
        ..ProfileRecord::default()
    }
}

fn judged(leads: &[Lead], enriched: Vec<Enriched>, profiles: Vec<ProfileRecord>) -> Verdict {
    let evidence = Evidence { enriched, profiles, ..Evidence::default() };
    judge(&evidence, leads, None, true)
}

#[test]
fn a_customer_is_complete_by_the_last_record_and_the_last_event() {
    let leads = [lead("a", &by_number())];
    let whole = || record("a", "OK", "EXACT");
    let cases = [
        (vec![event("a", "PARTIAL", 1), event("a", "COMPLETE", 2)], vec![whole()], 1),
        (vec![event("a", "COMPLETE", 1), event("a", "PARTIAL", 2)], vec![whole()], 0),
        (vec![event("a", "COMPLETE", 1)], vec![record("a", "TIMEOUT", "EXACT")], 0),
        (vec![event("a", "COMPLETE", 1)], vec![whole(), record("a", "NOT_FOUND", "EXACT")], 0),
        (vec![event("a", "COMPLETE", 1)], vec![], 0),
    ];
    for (events, records, complete) in cases {
        let verdict = judged(&leads, events, records);
        assert_eq!(verdict.counted("customers.complete"), complete);
        assert_eq!(verdict.counted("customers.resolvable"), 1);
        assert_eq!(verdict.found.contains_key("incomplete"), complete == 0);
    }
    assert_eq!(judged(&leads, vec![], vec![]).counted("customers.resolvable"), 0, "nobody asked for it");
}

#[test]
fn nineteen_of_twenty_are_enough_and_what_is_broken_on_purpose_excuses() {
    let leads: Vec<Lead> = (0..20).map(|number| lead(&number.to_string(), &by_number())).collect();
    let evidence = |missing: usize| Evidence {
        enriched: leads.iter().map(|lead| event(&lead.id, "COMPLETE", 1)).collect(),
        profiles: leads.iter().skip(missing).map(|lead| record(&lead.id, "OK", "EXACT")).collect(),
        ..Evidence::default()
    };
    assert_eq!(judge(&evidence(1), &leads, None, true).violations(), 0);
    assert_eq!(judge(&evidence(2), &leads, None, true).violations(), 1);
    assert_eq!(judge(&evidence(2), &leads, None, false).violations(), 0);
}

#[test]
fn an_ambiguous_one_is_reported_and_nobody_is_chosen() {
    let leads = [lead("+1317", &shared_phone())];
    let kinds = |status: &str, resolution: &str| {
        let events = vec![event("+1317", "MISSING", 1)];
        let verdict = judged(&leads, events, vec![record("+1317", status, resolution)]);
        assert_eq!(verdict.counted("customers.ambiguous"), 1);
        (verdict.counted("customers.ambiguous_reported"), verdict.found.into_keys().collect::<Vec<_>>())
    };
    assert_eq!(kinds("NOT_FOUND", "AMBIGUOUS"), (1, vec![]));
    assert_eq!(kinds("NOT_FOUND", "NONE"), (0, vec!["unreported"]));
    assert_eq!(kinds("OK", "EXACT"), (0, vec!["guessed"]));
    assert_eq!(kinds("OK", "AMBIGUOUS"), (1, vec!["guessed"]));
    let nobody = [lead("x", &SystemLead::default())];
    let chosen = judged(&nobody, vec![event("x", "COMPLETE", 1)], vec![record("x", "OK", "EXACT")]);
    assert_eq!(chosen.violations(), 3);
}

#[test]
fn that_no_event_names_anybody_is_seen() {
    let found = |id: &str| {
        let leads = [lead("a", &by_number())];
        judged(&leads, vec![event(id, "COMPLETE", 1)], vec![record(id, "OK", "EXACT")]).found
    };
    assert!(found("a").is_empty());
    assert_eq!(found("stranger").into_keys().collect::<Vec<_>>(), ["nobody"]);
}

#[test]
fn nothing_open_of_a_number_is_what_sap_does_not_find() {
    let nothing_open = SystemLead { has_data: false, ..by_number() };
    let mut of_number = lead("a", &by_number());
    of_number.systems.insert("sap".to_owned(), nothing_open);
    let mut known = record("a", "OK", "EXACT");
    let complete = |record: ProfileRecord| {
        judged(&[of_number.clone()], vec![event("a", "COMPLETE", 1)], vec![record])
            .counted("customers.complete")
    };
    assert_eq!(complete(known.clone()), 0);
    known.sources.get_mut("sap").unwrap().status = "NOT_FOUND".to_owned();
    assert_eq!(complete(known), 1);
}

#[test]
fn one_system_is_enough_to_be_found_and_the_others_know_nobody() {
    let mut of_salesforce = lead("C-1", &SystemLead::default());
    of_salesforce.systems.insert("salesforce".to_owned(), by_number());
    let mut known = record("C-1", "NOT_FOUND", "NONE");
    known.sources.get_mut("salesforce").unwrap().status = "OK".to_owned();
    known.resolutions.insert("salesforce".to_owned(), "EXACT".to_owned());
    let verdict = judged(&[of_salesforce], vec![event("C-1", "COMPLETE", 1)], vec![known]);
    assert_eq!((verdict.violations(), verdict.counted("customers.complete")), (0, 1));
}

#[test]
fn questions_are_counted_beside_what_the_search_needs() {
    let by_email = SystemLead { phone: Some(2), email: Some(1), has_data: true, number: None };
    let leads = [lead("a", &by_number()), lead("b", &by_email)];
    let again = |mut record: ProfileRecord| {
        record.sources.values_mut().for_each(|source| source.fetched_at = Some(2));
        record
    };
    let profiles =
        vec![record("a", "OK", "EXACT"), record("b", "OK", "EXACT"), again(record("b", "OK", "EXACT"))];
    let calls = [
        ("salesforce", "/services/data/v60.0/query?q=x", 200),
        ("salesforce", "/services/data/v60.0/query?q=x", 503),
        ("salesforce", "/services/data/v60.0/sobjects/Account/1", 200),
        ("genesys", "/api/v2/externalcontacts/contacts/1", 404),
        ("genesys", "/api/v2/conversations/1", 200),
    ];
    let calls = calls.map(|(system, path, status)| Call {
        system: system.to_owned(),
        method: "GET".to_owned(),
        path: path.to_owned(),
        status,
        ..Call::default()
    });
    let evidence = Evidence {
        enriched: vec![event("a", "COMPLETE", 1), event("b", "COMPLETE", 1)],
        profiles,
        calls: Some(calls.into()),
        ..Evidence::default()
    };
    let verdict = judge(&evidence, &leads, None, true);
    let needed = |system: &str| verdict.counted(&format!("lookups.{system}.needed"));
    // By number 1; by phone and e-mail, then again.
    assert_eq!(needed("salesforce"), 1 + 2 + 1);
    assert_eq!(needed("sap"), 1 + (3 + 4) + 2);
    assert_eq!(needed("servicenow"), 1 + (1 + 2) + 2);
    assert_eq!(needed("genesys"), 2);
    assert_eq!(verdict.counted("lookups.salesforce.answered"), 1);
    assert_eq!(verdict.counted("lookups.salesforce.failed"), 1);
    assert_eq!(verdict.counted("lookups.genesys.answered"), 1);
}

#[test]
fn what_an_event_says_of_who_is_meant_follows_from_the_leads() {
    let none = SystemLead { phone: Some(0), ..SystemLead::default() };
    let by_phone = SystemLead { phone: Some(1), has_data: true, ..SystemLead::default() };
    for (of_system, right) in [
        (by_number(), &["EXACT", "NONE"] as &[&str]),
        (by_phone, &["EXACT"]),
        (shared_phone(), &["AMBIGUOUS"]),
        (none, &["NONE"]),
    ] {
        for stated in ["EXACT", "AMBIGUOUS", "NONE"] {
            let mut event = event("a", "MISSING", 1);
            let source =
                EnrichmentSource { resolution: Some(stated.to_owned()), ..EnrichmentSource::default() };
            event.enrichment.sources = [("sap".to_owned(), source)].into();
            let evidence = Evidence { enriched: vec![event], ..Evidence::default() };
            let leads = [lead("a", &of_system)];
            let found =
                |undisturbed| judge(&evidence, &leads, None, undisturbed).found.contains_key("misjudged");
            assert_eq!(found(true), !right.contains(&stated), "{of_system:?} {stated}");
            let is_guess = stated == "EXACT" && !right.contains(&stated);
            assert_eq!(found(false), is_guess, "{of_system:?} {stated}, where something was broken");
        }
    }
}
