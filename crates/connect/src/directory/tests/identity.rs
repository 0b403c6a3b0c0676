//! Customers whom events name by an external contact of Genesys Cloud.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use trunkline_config::Identity;
use trunkline_schemas::{Resolution, SystemIdentity};

use super::*;

pub(super) const CONTACT: &str = "7b8a6a1c-0000-5000-8000-000000000001";
pub(super) const CONTACT_PATH: &str =
    "/api/v2/externalcontacts/contacts/7b8a6a1c-0000-5000-8000-000000000001";

fn resolving(stub: &Stub) -> Directory {
    Directory::from_config(&configured(stub), Role::Enrichment).unwrap()
}

/// Genesys Cloud beside the three systems, each asked once and no more.
pub(super) fn configured(stub: &Stub) -> Config {
    let mut config = crms(stub);
    let genesys = Target {
        name: "cloud".to_owned(),
        system: System::Genesys,
        profile: None,
        ..target_with_token(&stub.url)
    };
    config.targets.insert(genesys.name.clone(), genesys);
    let source = |target: &str, source: &str| (target.to_owned(), source.to_owned());
    config.enrichment.identity = Identity {
        contacts: Some("cloud".to_owned()),
        sources: [source("crm", "salesforce"), source("erp", "s4"), source("tickets", "snow")].into(),
        ..Identity::default()
    };
    for target in config.targets.values_mut() {
        target.retry = Retry { attempts: 1, ..Retry::default() };
    }
    config
}

fn contact(crm_number: Option<&str>) -> Reply {
    let id = |source: &str, value: &str| json!({"externalSource": {"name": source}, "value": value});
    let mut ids = vec![id("s4", "1000001"), id("snow", "ada@example.com")];
    ids.extend(crm_number.map(|number| id("salesforce", number)));
    let answer = json!({"id": CONTACT, "externalIds": ids, "cellPhone": {"e164": "+4930901820"}});
    Reply::json(200, &answer.to_string())
}

fn asked_for_contacts(stub: &Stub) -> usize {
    stub.asked(CONTACT_PATH).len()
}

pub(super) fn resolutions(parts: &[ProfilePart]) -> Vec<Option<(Resolution, Option<&str>)>> {
    let told = |identity: &SystemIdentity| identity.resolution;
    parts.iter().map(|part| part.identity.as_ref().map(|one| (told(one), one.found_by.as_deref()))).collect()
}

#[tokio::test]
async fn each_system_is_asked_by_its_own_key_and_the_contact_once() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        CONTACT_PATH => contact(Some("C-000001")),
        _ => answer(asked),
    })
    .await;
    let directory = resolving(&stub);
    let parts = directory.profile_parts(CONTACT, &[], soon(), None, None, &|| 5).await;
    let profile = merge(CONTACT, &parts, 7);
    assert_eq!((profile.customer_id.as_str(), profile.account_name.as_deref()), (CONTACT, Some("Ada Ltd")));
    assert_eq!((profile.balance, profile.open_tickets), (Some(Decimal::new(1_100, 2)), Some(3)));
    assert_eq!(resolutions(&parts), [Some((Resolution::Exact, Some("number"))); 3]);
    assert_eq!(asked_for_contacts(&stub), 1);
    let crm = stub.asked(QUERY).remove(0);
    assert!(crm.query.contains("C-000001") && !crm.query.contains(CONTACT), "{}", crm.query);

    // What was found out holds: the systems are asked by their keys, and the contact is not.
    let parts = directory.profile_parts(CONTACT, &profile.identities, soon(), None, None, &|| 1_000).await;
    assert!(parts.iter().all(|part| part.status == SourceStatus::Ok));
    assert_eq!(resolutions(&parts), [None; 3]);
    assert_eq!(asked_for_contacts(&stub), 1);
    // Until it is too old.
    let a_day_later = || 5 + 24 * 60 * 60 * 1_000;
    directory.profile_parts(CONTACT, &profile.identities, soon(), None, None, &a_day_later).await;
    assert_eq!(asked_for_contacts(&stub), 2);
}

#[tokio::test]
async fn a_key_that_does_not_fit_any_more_is_searched_anew() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        CONTACT_PATH => contact(Some("C-000001")),
        QUERY if asked.query.contains("C-000009") => Reply::json(200, r#"{"records":[]}"#),
        _ => answer(asked),
    })
    .await;
    let directory = resolving(&stub);
    let parts = directory.profile_parts(CONTACT, &[], soon(), None, None, &|| 5).await;
    let known = parts[0].identity.clone().unwrap();
    let another = SystemIdentity { number: Some("C-000009".to_owned()), ..known.clone() };
    let parts = directory.profile_parts(CONTACT, &[another], soon(), None, None, &|| 6).await;
    assert_eq!(parts[0].status, SourceStatus::Ok);
    let found = parts[0].identity.as_ref().and_then(|identity| identity.number.as_deref());
    assert_eq!(found, Some("C-000001"));
    assert_eq!(asked_for_contacts(&stub), 2);

    // What was found under other settings, or for another target, is not used.
    let under_others = SystemIdentity { settings: Some("other".to_owned()), ..known.clone() };
    let of_another = SystemIdentity { target: "crm-2".to_owned(), ..known };
    for (times, identity) in [(3, under_others), (4, of_another)] {
        directory.profile_parts(CONTACT, &[identity], soon(), None, None, &|| 7).await;
        assert_eq!(asked_for_contacts(&stub), times);
    }
}

#[tokio::test]
async fn several_customers_are_told_and_none_is_chosen() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        CONTACT_PATH => contact(None),
        QUERY => Reply::json(
            200,
            r#"{"records":[{"Id":"001","AccountNumber":"C-1","Name":"Ada","LastActivityDate":null},
                {"Id":"002","AccountNumber":"C-2","Name":"Bob","LastActivityDate":null}]}"#,
        ),
        _ => answer(asked),
    })
    .await;
    let directory = resolving(&stub);
    let parts = directory.profile_parts(CONTACT, &[], soon(), None, None, &|| 5).await;
    assert_eq!((parts[0].status, &parts[0].data), (SourceStatus::NotFound, &ProfileData::default()));
    let identity = parts[0].identity.as_ref().unwrap();
    assert_eq!((identity.resolution, identity.candidates), (Resolution::Ambiguous, Some(2)));
    assert_eq!(identity.found_by.as_deref(), Some("phone"));

    // That holds for a while: nobody is asked again, and the answer keeps its time.
    let (known, asked) = ([identity.clone()], stub.order().len());
    let parts = directory.profile_parts(CONTACT, &known, soon(), None, None, &|| 9_000).await;
    assert_eq!((parts[0].status, parts[0].fetched_at), (SourceStatus::NotFound, Some(5)));
    let again = stub.order().split_off(asked);
    assert!(!again.contains(&QUERY.to_owned()), "{again:?}");
}

#[tokio::test]
async fn a_number_of_which_nothing_is_open_is_no_stranger() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        CONTACT_PATH => contact(Some("C-000001")),
        OPEN_ITEMS => Reply::json(200, r#"{"d":{"results":[]}}"#),
        _ => answer(asked),
    })
    .await;
    let directory = resolving(&stub);
    let parts = directory.profile_parts(CONTACT, &[], soon(), None, None, &|| 5).await;
    let identity = parts[1].identity.clone().unwrap();
    assert_eq!((parts[1].status, &parts[1].data), (SourceStatus::NotFound, &ProfileData::default()));
    assert_eq!((identity.resolution, identity.number.as_deref()), (Resolution::Exact, Some("1000001")));
    // It is not searched by anything else, then or later.
    let known: Vec<_> = parts.iter().filter_map(|part| part.identity.clone()).collect();
    directory.profile_parts(CONTACT, &known, soon(), None, None, &|| 6).await;
    assert_eq!((asked_for_contacts(&stub), stub.asked(OPEN_ITEMS).len()), (1, 2));
}

#[tokio::test]
async fn a_contact_that_was_merged_is_the_one_that_it_was_merged_into() {
    const CANONICAL: &str = "/api/v2/externalcontacts/contacts/7b8a6a1c-0000-5000-8000-000000000002";
    let stub = Stub::start(|asked| match asked.path.as_str() {
        CONTACT_PATH => {
            let canonical = json!({"id": "7b8a6a1c-0000-5000-8000-000000000002"});
            let old = json!({"externalSource": {"name": "salesforce"}, "value": "C-000009"});
            Reply::json(200, &json!({"canonicalContact": canonical, "externalIds": [old]}).to_string())
        }
        CANONICAL => contact(Some("C-000001")),
        _ => answer(asked),
    })
    .await;
    let parts = resolving(&stub).profile_parts(CONTACT, &[], soon(), None, None, &|| 5).await;
    let found = parts[0].identity.as_ref().and_then(|identity| identity.number.as_deref());
    assert_eq!(found, Some("C-000001"));
    assert_eq!((asked_for_contacts(&stub), stub.asked(CANONICAL).len()), (1, 1));
}

#[tokio::test]
async fn without_the_contact_nobody_is_asked_and_it_is_said_why() {
    for (status, expected) in [(404, SourceStatus::NotFound), (403, SourceStatus::Error)] {
        let stub = Stub::start(move |asked| match asked.path.as_str() {
            CONTACT_PATH => Reply::json(status, r#"{"code":"missing.permissions","message":"no"}"#),
            _ => answer(asked),
        })
        .await;
        let parts = resolving(&stub).profile_parts(CONTACT, &[], soon(), None, None, &|| 5).await;
        assert!(parts.iter().all(|part| part.status == expected), "{status}: {parts:?}");
        let resolution = (status == 404).then_some((Resolution::None, None));
        assert_eq!(resolutions(&parts), [resolution; 3]);
        assert!([QUERY, STATS, OPEN_ITEMS].iter().all(|path| stub.asked(path).is_empty()));
    }
}

#[tokio::test]
async fn a_permission_that_is_missing_is_that_of_all_customers() {
    let code = Arc::new(parking_lot::Mutex::new("missing.any.permissions"));
    let told = code.clone();
    let stub = Stub::start(move |asked| match asked.path.as_str() {
        path if path.starts_with("/api/v2/externalcontacts/") => {
            Reply::json(403, &json!({"code": *told.lock(), "message": "no"}).to_string())
        }
        _ => answer(asked),
    })
    .await;
    let asked = |stub: &Stub| {
        stub.order().iter().filter(|path| path.starts_with("/api/v2/externalcontacts/")).count()
    };
    let directory = resolving(&stub);
    for customer in [CONTACT, "7b8a6a1c-0000-5000-8000-000000000002"] {
        let parts = directory.profile_parts(customer, &[], soon(), None, None, &|| 5).await;
        assert!(parts.iter().all(|part| part.status == SourceStatus::Error), "{parts:?}");
        assert_eq!(asked(&stub), 1);
    }
    // An address is searched all the same, in the systems alone; whether contacts can be searched is found out once.
    for customer in ["+4930901820", "+4930901821"] {
        let parts = directory.profile_parts(customer, &[], soon(), None, None, &|| 5).await;
        assert_eq!(resolutions(&parts)[0], Some((Resolution::Exact, Some("phone"))));
        assert_eq!(asked(&stub), 2);
    }
    // Another refusal may be that of one contact.
    *code.lock() = "not.authorized";
    let directory = resolving(&stub);
    for times in [3, 4] {
        directory.profile_parts(CONTACT, &[], soon(), None, None, &|| 5).await;
        assert_eq!(asked(&stub), times);
    }
}

#[test]
fn a_region_must_be_a_country() {
    let mut config = config(Vec::new(), &[]);
    config.enrichment.identity.region = Some("XX".to_owned());
    let error = Directory::from_config(&config, Role::Enrichment).unwrap_err().to_string();
    assert!(error.contains("'XX' is no country"), "{error}");
}

#[tokio::test]
async fn a_search_that_is_not_finished_goes_on_where_it_stopped() {
    let is_away = Arc::new(AtomicBool::new(true));
    let away = is_away.clone();
    let stub = Stub::start(move |asked| match asked.path.as_str() {
        CONTACT_PATH => contact(None),
        path if path.ends_with("/query") && away.load(Ordering::Relaxed) => Reply::json(503, "[]"),
        _ => answer(asked),
    })
    .await;
    let directory = resolving(&stub);
    let ask = async || directory.profile_parts(CONTACT, &[], soon(), None, None, &|| 5).await;
    assert_eq!(ask().await[0].fetched_at, None);
    assert_eq!(asked_for_contacts(&stub), 1);
    is_away.store(false, Ordering::Relaxed);
    assert_eq!(ask().await[0].status, SourceStatus::Ok);
    assert_eq!(asked_for_contacts(&stub), 1, "the contact is known");
    assert_eq!(ask().await[0].status, SourceStatus::Ok);
    assert_eq!(asked_for_contacts(&stub), 2, "what was finished begins anew");
}

pub(super) const SEARCH: &str = "/api/v2/externalcontacts/reversewhitepageslookup";

fn has_phone(id: &str, number: Option<&str>) -> serde_json::Value {
    let ids = number.map(|number| json!({"externalSource": {"name": "salesforce"}, "value": number}));
    json!({"id": id, "externalIds": ids.into_iter().collect::<Vec<_>>(), "cellPhone": {"e164": "+4930901820"}})
}

fn found(contacts: &[serde_json::Value]) -> Reply {
    Reply::json(200, &json!({"contacts": contacts, "externalOrganizations": []}).to_string())
}

#[tokio::test]
async fn whoever_has_an_address_is_who_the_one_contact_with_it_is() {
    const OTHER: &str = "7b8a6a1c-0000-5000-8000-000000000002";
    let elsewhere = json!({"id": OTHER, "workPhone": {"e164": "+4930901821"}});
    let (one, another) = (has_phone(CONTACT, Some("C-000001")), has_phone(OTHER, Some("C-000002")));
    let same = has_phone(OTHER, Some("C-000001"));
    let without = has_phone(OTHER, None);
    let stranger = has_phone(OTHER, Some("C-000003"));
    let nth = |nth: u32| format!("7b8a6a1c-0000-5000-8000-{nth:012}");
    // The answer of 26 contacts who have the number, all under the number of somebody else.
    let many: Vec<_> = (1..=26).map(|one| has_phone(&nth(one), Some("C-000003"))).take(25).collect();
    let exact = |by| Some((Resolution::Exact, Some(by)));
    for (contacts, expected) in [
        (vec![one.clone()], exact("number")),
        // One that is found by something else.
        (vec![one.clone(), elsewhere], exact("number")),
        (vec![one.clone(), same], exact("number")),
        (vec![one.clone(), another], Some((Resolution::Ambiguous, Some("number")))),
        // The system knows only one of the two: the phone is the other's as well.
        (vec![one.clone(), stranger], Some((Resolution::Ambiguous, Some("number")))),
        // As many as are told: of the others nothing is known.
        (many, exact("phone")),
        // One of them has no number, so that nobody's counts: the system itself knows one customer with the phone.
        (vec![one.clone(), without], exact("phone")),
        (Vec::new(), exact("phone")),
    ] {
        let told = contacts.clone();
        let stub = Stub::start(move |asked| match asked.path.as_str() {
            SEARCH if asked.query.contains("%2B4930901820") => found(&told),
            QUERY if asked.query.contains("C-000003") => Reply::json(200, r#"{"records":[]}"#),
            QUERY if asked.query.contains("C-000002") => Reply::json(
                200,
                r#"{"records":[{"Id":"002","AccountNumber":"C-000002","Name":"Bob","LastActivityDate":null}]}"#,
            ),
            _ => answer(asked),
        })
        .await;
        let parts = resolving(&stub).profile_parts("tel:+49 30 901820", &[], soon(), None, None, &|| 5).await;
        assert_eq!(resolutions(&parts)[0], expected, "{contacts:?}");
        assert_eq!(stub.asked(SEARCH).len(), 1, "once for all systems");
    }
}

#[tokio::test]
async fn a_contact_with_the_address_that_was_merged_is_the_one_that_it_was_merged_into() {
    let merged = json!({"id": "7b8a6a1c-0000-5000-8000-000000000009", "canonicalContact": {"id": CONTACT},
        "externalIds": [{"externalSource": {"name": "salesforce"}, "value": "C-000009"}],
        "workEmail": "Ada@example.com"});
    let stub = Stub::start(move |asked| match asked.path.as_str() {
        SEARCH => found(std::slice::from_ref(&merged)),
        CONTACT_PATH => contact(Some("C-000001")),
        _ => answer(asked),
    })
    .await;
    let parts = resolving(&stub).profile_parts("ada@example.com", &[], soon(), None, None, &|| 5).await;
    let number = parts[0].identity.as_ref().and_then(|identity| identity.number.as_deref());
    assert_eq!((number, asked_for_contacts(&stub)), (Some("C-000001"), 1));
}
