//! Profiles of events against records, and records against answers.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::evidence::profile::EnrichmentSource;
use crate::evidence::{
    Decision, Enriched, Enrichment, ProfileFields, ProfileRecord, ProfileSource, ProfileSourcePart, Told,
};

const CUSTOMER: &str = "C-000001";

fn rules() -> EnrichmentRules {
    EnrichmentRules {
        by: ["number", "phone", "email"].map(str::to_owned).into(),
        region: None,
        sources: ["salesforce", "servicenow"].map(|name| (name.to_owned(), 30_000)).into(),
        numbers: None,
        directory_sources: BTreeMap::new(),
        freshness_ms: 30_000,
        conditional: false,
        fields: ["accountName", "loyaltyTier", "openTickets"].map(str::to_owned).into(),
        critical_fields: BTreeSet::new(),
    }
}

fn fields() -> ProfileFields {
    ProfileFields {
        customer_id: CUSTOMER.into(),
        account_name: Some("Acme".into()),
        loyalty_tier: Some("GOLD".into()),
        open_tickets: Some(3),
        ..Default::default()
    }
}

/// Salesforce answered at 1000, ServiceNow at 1010.
fn record() -> ProfileRecord {
    let source =
        |fetched_at| ProfileSource { status: "OK".into(), fetched_at: Some(fetched_at), latency_ms: Some(7) };
    ProfileRecord {
        key: CUSTOMER.into(),
        fields: fields(),
        sources: BTreeMap::from([("salesforce".into(), source(1_000)), ("servicenow".into(), source(1_010))]),
        last_updated: 1_010,
        ..Default::default()
    }
}

/// An event that got this profile at 2000.
fn event() -> Enriched {
    let source = |age_ms| EnrichmentSource {
        system: String::new(),
        status: "OK".into(),
        age_ms: Some(age_ms),
        latency_ms: Some(7),
        resolution: None,
    };
    let mut event = Enriched { profile: Some(fields()), ..Default::default() };
    event.fact.event_id = "e".into();
    event.fact.customer_id = Some(CUSTOMER.into());
    event.fact.ingest_time = 1_990;
    event.enrichment.status = "COMPLETE".into();
    event.enrichment.sources =
        BTreeMap::from([("salesforce".into(), source(1_000)), ("servicenow".into(), source(990))]);
    event
}

/// After 2000 no system answered: what is left is the last interaction, which is published with answers only.
/// A number that an event names is of the systems that the configuration says, and no other has to be asked for it.
#[test]
fn a_number_is_only_asked_for_where_it_is_one() {
    let mut record = record();
    let nobody = ProfileSource { status: "NOT_FOUND".into(), fetched_at: Some(1_000), latency_ms: None };
    record.sources.insert("sap".into(), nobody);
    let violations = |record: &ProfileRecord, numbers: Option<&str>| {
        let numbers = numbers.map(|system| [system.to_owned()].into());
        let rules = EnrichmentRules { numbers, ..rules() };
        let evidence = Evidence { profiles: vec![record.clone()], ..Evidence::default() };
        judge_answers(&evidence, &calls(), Some(&rules)).violations()
    };
    assert_eq!(violations(&record, Some("salesforce")), 0);
    assert_eq!(violations(&record, Some("sap")), 1);
    assert_eq!(violations(&record, None), 1);
    for other in ["ada@example.com", "+13172000001", "7b8a6a1c-0000-5000-8000-000000000001"] {
        let mut other = ProfileRecord { key: other.into(), ..record.clone() };
        other.fields.customer_id = other.key.clone();
        assert!(violations(&other, Some("salesforce")) > 1);
    }
}

#[test]
fn a_profile_that_no_system_contributed_to_is_not_published() {
    let silent = |last_interaction| {
        let mut event = event();
        let customer_id = CUSTOMER.to_owned();
        event.profile = Some(ProfileFields { customer_id, last_interaction, ..Default::default() });
        event.enrichment.status = "PARTIAL".into();
        event.enrichment.sources.get_mut("salesforce").unwrap().status = "TIMEOUT".into();
        event
    };
    assert_eq!(found(silent(None)), [""; 0]);
    assert_eq!(found(silent(Some(7))), ["unfounded"], "no record names this interaction");
    let mut emptied = silent(None);
    let published = ProfileRecord {
        fields: ProfileFields {
            customer_id: CUSTOMER.into(),
            last_interaction: Some(7),
            ..Default::default()
        },
        ..record()
    };
    let between = Enriched { enrichment: event().enrichment, ..silent(None) };
    let evidence = Evidence { enriched: vec![between], profiles: vec![published], ..Evidence::default() };
    let rules = EnrichmentRules { fields: ["lastInteractionDate".to_owned()].into(), ..rules() };
    assert_eq!(
        judge(&evidence, Some(&rules), false).violations(),
        0,
        "it is published when it gets an interaction"
    );
    emptied.enrichment = event().enrichment;
    assert_eq!(found(emptied), ["unfounded"], "the record of just these answers says more");
}

fn found(event: Enriched) -> Vec<&'static str> {
    let evidence = Evidence { enriched: vec![event], profiles: vec![record()], ..Evidence::default() };
    judge(&evidence, Some(&rules()), false).found.keys().copied().collect()
}

#[test]
fn a_profile_is_one_of_the_records() {
    assert_eq!(found(event()), [""; 0]);
}

#[test]
fn a_strangers_a_changed_and_a_younger_looking_profile_are_seen() {
    let mut stranger = event();
    stranger.profile.as_mut().unwrap().customer_id = "C-000002".into();
    assert_eq!(found(stranger), ["stranger"]);

    let mut changed = event();
    changed.profile.as_mut().unwrap().open_tickets = Some(0);
    assert_eq!(found(changed), ["unfounded"]);

    let mut younger = event();
    younger.enrichment.sources.get_mut("salesforce").unwrap().age_ms = Some(10);
    assert_eq!(found(younger), ["unfounded"], "the ages do not agree on a moment");

    let mut younger = event();
    younger.fact.ingest_time = 9_000;
    assert_eq!(found(younger), ["unfounded"], "the moment is before the event came");
}

/// At 2000 the answer of Salesforce is 1000 ms old, that of ServiceNow 990 ms.
#[test]
fn a_critical_field_that_is_old_is_in_no_event() {
    let mut record = record();
    let part = |source: &str, fields: ProfileFields| ProfileSourcePart {
        source: source.into(),
        system: source.into(),
        status: "OK".into(),
        fetched_at: record.sources[source].fetched_at,
        change_offset: None,
        fields,
    };
    let account = ProfileFields { open_tickets: None, ..fields() };
    let tickets = ProfileFields { account_name: None, loyalty_tier: None, ..fields() };
    record.parts = vec![part("salesforce", account), part("servicenow", tickets)];
    for (freshness_ms, tickets, violations) in
        [(989, None, 0), (989, Some(3), 1), (990, Some(3), 0), (990, None, 1)]
    {
        let critical_fields = ["openTickets".to_owned()].into();
        let mut rules = EnrichmentRules { freshness_ms, critical_fields, ..rules() };
        rules.sources.values_mut().for_each(|freshness| *freshness = freshness_ms);
        let mut event = event();
        event.profile.as_mut().unwrap().open_tickets = tickets;
        event.enrichment.status = "STALE".into();
        let evidence =
            Evidence { enriched: vec![event], profiles: vec![record.clone()], ..Evidence::default() };
        let judged = judge(&evidence, Some(&rules), false).violations();
        assert_eq!(judged, violations, "{freshness_ms} {tickets:?}");
    }
}

#[test]
fn the_moment_of_the_decision_is_the_moment_of_the_ages() {
    let decided_at = |decided_at| Evidence {
        enriched: vec![event()],
        profiles: vec![record()],
        decisions: vec![Decision { event_id: "e".into(), decided_at, ..Default::default() }],
        ..Evidence::default()
    };
    assert_eq!(judge(&decided_at(2_000), Some(&rules()), false).violations(), 0);
    assert_eq!(judge(&decided_at(2_001), Some(&rules()), false).violations(), 1);
}

#[test]
fn the_status_follows_from_the_sources() {
    for status in ["PARTIAL", "STALE", "MISSING", "SKIPPED"] {
        let mut wrong = event();
        wrong.enrichment.status = status.into();
        assert!(found(wrong).contains(&"status"), "{status}");
    }
    let mut skipped = event();
    (skipped.profile, skipped.enrichment.status) = (None, "SKIPPED".into());
    skipped.enrichment.sources.clear();
    assert_eq!(found(skipped.clone()), ["never-asked", "status"], "it names a customer");
    skipped.fact.customer_id = None;
    assert_eq!(found(skipped), [""; 0]);
    let mut missing = event();
    (missing.profile, missing.enrichment.status) = (None, "MISSING".into());
    missing.enrichment.sources.clear();
    assert_eq!(found(missing.clone()), ["never-asked"]);
    let mut given_up = missing.clone();
    let timeout = EnrichmentSource { status: "TIMEOUT".into(), ..Default::default() };
    let systems = ["salesforce", "servicenow"].map(String::from);
    given_up.enrichment.sources = systems.map(|system| (system, timeout.clone())).into();
    assert_eq!(found(given_up), ["never-asked"]);
    let evidence =
        Evidence { enriched: vec![event(), missing], profiles: vec![record()], ..Evidence::default() };
    assert_eq!(
        judge(&evidence, Some(&rules()), false).violations(),
        0,
        "its deadline came before the answers"
    );
}

#[test]
fn an_event_whose_customer_a_source_cannot_tell_apart_is_not_complete() {
    let ambiguous = |said: Option<&str>, status: &str, record_says: Option<&str>| {
        let (mut event, mut record) = (event(), record());
        for known in record.sources.values_mut().take(1) {
            known.status = "NOT_FOUND".into();
        }
        let source = event.enrichment.sources.get_mut("salesforce").unwrap();
        (source.status, source.resolution) = ("NOT_FOUND".into(), said.map(str::to_owned));
        event.enrichment.status = status.into();
        let resolutions = record_says.map(|says| ("salesforce".to_owned(), says.to_owned()));
        record.resolutions = resolutions.into_iter().collect();
        let evidence = Evidence { enriched: vec![event], profiles: vec![record], ..Evidence::default() };
        let verdict = judge(&evidence, Some(&rules()), false);
        verdict.found.keys().copied().collect::<Vec<_>>()
    };
    let several = Some("AMBIGUOUS");
    assert_eq!(ambiguous(several, "PARTIAL", several), [""; 0]);
    assert_eq!(ambiguous(several, "COMPLETE", several), ["status"]);
    assert_eq!(ambiguous(Some("NONE"), "COMPLETE", Some("NONE")), [""; 0]);
    assert_eq!(ambiguous(None, "COMPLETE", several), ["unfounded"], "the event hides it");
}

#[test]
fn whoever_calls_without_a_name_gets_the_profile_of_the_number_and_no_name() {
    const CALLER: &str = "+13172000001";
    let calling = |ani: &str, of: Option<&str>| {
        let (mut event, mut record) = (event(), record());
        event.fact.customer_id = None;
        event.fact.event_type = "conversation.started".into();
        event.fact.conversation_id = Some("c".into());
        let attributes = [("ani".to_owned(), ani.to_owned())].into();
        let direction = Some("inbound".to_owned());
        event.fact.told = Some(Box::new(Told { direction, attributes, ..Told::default() }));
        (record.key, record.fields.customer_id) = (CALLER.into(), CALLER.into());
        match (of, &mut event.profile) {
            (Some(of), Some(profile)) => profile.customer_id = of.into(),
            _ => {
                event.profile = None;
                event.enrichment = Enrichment { status: "SKIPPED".into(), ..Enrichment::default() };
            }
        }
        let evidence = Evidence { enriched: vec![event], profiles: vec![record], ..Evidence::default() };
        judge(&evidence, Some(&rules()), false).found.keys().copied().collect::<Vec<_>>()
    };
    assert_eq!(calling("tel:+13172000001", Some(CALLER)), [""; 0]);
    assert_eq!(calling("tel:+13172000001", None), ["status"], "it can be looked up");
    assert_eq!(calling("tel:+13172000002", Some(CALLER)), ["stranger"]);
    assert_eq!(calling("sip:anonymous@anonymous.invalid", Some(CALLER)), ["stranger"]);
    assert_eq!(calling("sip:anonymous@anonymous.invalid", None), [""; 0]);
}

fn call(system: &str, at: f64, answer: &str) -> Call {
    Call {
        system: system.into(),
        method: "GET".into(),
        path: format!("/x?q=Number%3D%27{CUSTOMER}%27"),
        status: 200,
        finished_at: Some(at),
        answer: Some(answer.into()),
        ..Default::default()
    }
}

fn calls() -> Vec<Call> {
    vec![
        call("salesforce", 998.0, r#"{"records":[{"Name":"Acme","LoyaltyTier__c":"GOLD"}]}"#),
        call("servicenow", 1_009.0, r#"{"result":{"stats":{"count":"3"}}}"#),
    ]
}

fn judged(record: ProfileRecord, calls: &[Call]) -> Vec<&'static str> {
    let evidence = Evidence { profiles: vec![record], ..Evidence::default() };
    judge_answers(&evidence, calls, None).found.keys().copied().collect()
}

#[test]
fn a_record_is_what_was_answered_then() {
    assert_eq!(judged(record(), &calls()), [""; 0]);
    assert_eq!(judged(record(), &calls()[..1]), ["unanswered"]);
    let mut other = record();
    other.fields.loyalty_tier = Some("SILVER".into());
    assert_eq!(judged(other, &calls()), ["unanswered"]);
    let mut early = record();
    early.sources.get_mut("salesforce").unwrap().fetched_at = Some(800);
    assert_eq!(judged(early, &calls()), ["unanswered"]);
    let mut of_another = record();
    of_another.fields.customer_id = "C-000002".into();
    assert!(judged(of_another, &calls()).contains(&"relabelled"));
}

const ADA: &str = "0778af41-946e-40f2-b374-dbfa32411b5f";
const BOB: &str = "5846bd38-fc14-4ee9-9bab-68a6818f4a9e";
const OF_BOTH: &str = "%2B13172000001";

/// The directory's answer about a contact with a number at the CRMs, or none, and the phone of both.
fn contact(id: &str, number: Option<&str>) -> Call {
    let numbers: Vec<_> = number.iter().map(|number| serde_json::json!({"value": number})).collect();
    let answer = serde_json::json!({"externalIds": numbers, "workPhone": {"e164": "+13172000001"}});
    let path = format!("/api/v2/externalcontacts/contacts/{id}");
    Call { path, ..call("genesys", 900.0, &answer.to_string()) }
}

/// Salesforce's answer to a question with that word: an account for each name.
fn accounts(word: &str, at: f64, names: &[&str]) -> Call {
    let account = |name: &&str| serde_json::json!({"Name": name, "LoyaltyTier__c": "GOLD"});
    let records: Vec<_> = names.iter().map(account).collect();
    let answer = serde_json::json!({"records": records}).to_string();
    Call { path: format!("/query?q=Key%3D%27{word}%27"), ..call("salesforce", at, &answer) }
}

/// What a profile of a contact has from Salesforce alone.
fn record_of(customer: &str, name: Option<&str>, status: &str) -> ProfileRecord {
    let mut record = record();
    record.sources.remove("servicenow");
    record.sources.get_mut("salesforce").unwrap().status = status.into();
    record.key = customer.into();
    record.fields = ProfileFields {
        customer_id: customer.into(),
        account_name: name.map(str::to_owned),
        loyalty_tier: name.map(|_| "GOLD".into()),
        ..Default::default()
    };
    record
}

#[test]
fn a_contacts_profile_is_what_was_answered_about_the_customer_it_leads_to() {
    let calls = [
        contact(ADA, Some("C-000001")),
        contact(BOB, Some("C-000002")),
        accounts("C-000001", 998.0, &["Ada"]),
        accounts("C-000002", 999.0, &["Bob"]),
    ];
    assert_eq!(judged(record_of(ADA, Some("Ada"), "OK"), &calls), [""; 0]);
    assert_eq!(judged(record_of(BOB, Some("Bob"), "OK"), &calls), [""; 0]);
    assert_eq!(judged(record_of(ADA, Some("Bob"), "OK"), &calls), ["unanswered"], "of another");
    assert_eq!(judged(record_of(ADA, Some("Ada"), "OK"), &calls[1..]), ["unanswered"], "nothing led there");
    let mut more = record_of(ADA, Some("Ada"), "OK");
    more.fields.open_tickets = Some(3);
    assert_eq!(judged(more, &calls), ["unanswered"], "ServiceNow was not asked");
}

#[test]
fn what_several_may_be_meant_by_is_known_of_none_of_them() {
    let found = |names: &[&str]| [contact(ADA, None), contact(BOB, None), accounts(OF_BOTH, 998.0, names)];
    let of = |name, status| record_of(ADA, name, status);
    assert_eq!(judged(of(Some("Ada"), "OK"), &found(&["Ada"])), [""; 0]);
    for name in ["Ada", "Bob"] {
        assert_eq!(judged(of(Some(name), "OK"), &found(&["Ada", "Bob"])), ["unanswered"]);
    }
    assert_eq!(judged(of(None, "OK"), &found(&["Ada", "Bob"])), ["unanswered"]);
    assert_eq!(judged(of(None, "NOT_FOUND"), &found(&["Ada", "Bob"])), [""; 0]);
    // A question with Bob's number is about Bob, though the phone beside it is Ada's as well.
    let both = format!("{OF_BOTH}%27%20OR%20Number%3D%27C-000002");
    let calls = [contact(ADA, None), contact(BOB, Some("C-000002")), accounts(&both, 998.0, &["Bob"])];
    assert_eq!(judged(of(Some("Bob"), "OK"), &calls), ["unanswered"]);
    assert_eq!(judged(record_of(BOB, Some("Bob"), "OK"), &calls), [""; 0]);
}

/// Where nothing leads to what a system knows the customer by, neither record nor events tell of it.
#[test]
fn a_system_that_was_not_asked_is_told_of_nowhere() {
    let mut known = record();
    known.sources.remove("servicenow");
    known.fields.open_tickets = None;
    let mut event = event();
    event.enrichment.sources.remove("servicenow");
    event.profile = Some(known.fields.clone());
    let violations = |event: &Enriched, record: &ProfileRecord| {
        let (enriched, profiles) = (vec![event.clone()], vec![record.clone()]);
        judge(&Evidence { enriched, profiles, ..Evidence::default() }, Some(&rules()), false).violations()
    };
    assert_eq!(violations(&event, &known), 0);
    assert!(violations(&event, &record()) > 0, "the record tells of it");
    let mut missing = event.clone();
    (missing.profile, missing.enrichment.status) = (None, "MISSING".into());
    missing.enrichment.sources.get_mut("salesforce").unwrap().status = "NOT_FOUND".into();
    assert_eq!(violations(&missing, &record()), 0);
}

#[test]
fn an_interaction_is_an_ended_conversation_or_what_a_crm_tells() {
    let mut touched = record();
    touched.fields.last_interaction = Some(555);
    assert_eq!(judged(touched.clone(), &calls()), ["interaction"]);
    let mut ended = event();
    ended.fact.event_type = "conversation.ended".into();
    ended.fact.event_time = 555;
    let evidence = Evidence { profiles: vec![touched], enriched: vec![ended], ..Evidence::default() };
    assert_eq!(judge_answers(&evidence, &calls(), None).violations(), 0);
}
