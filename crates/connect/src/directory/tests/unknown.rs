//! Customers of whom it cannot be found out who they are: that is unknown, and nobody is not who they are.

use parking_lot::Mutex;
use trunkline_schemas::Resolution;

use super::identity::{CONTACT, CONTACT_PATH, SEARCH, configured, resolutions};
use super::*;

const TABLE: &str = "/api/now/table/sys_user";
const PHONES: &str = "/sap/opu/odata/sap/API_BUSINESS_PARTNER/A_AddressPhoneNumber";
const EMAILS: &str = "/sap/opu/odata/sap/API_BUSINESS_PARTNER/A_AddressEmailAddress";
const NOBODY: Option<(Resolution, Option<&str>)> = Some((Resolution::None, None));

/// What a system answers that does not answer the question: its status, and what that makes of the source.
const FAILURES: [(u16, SourceStatus); 5] = [
    (500, SourceStatus::Error),
    (503, SourceStatus::Error),
    (429, SourceStatus::Unavailable),
    (400, SourceStatus::Error),
    (403, SourceStatus::Error),
];

fn failure(status: u16) -> Reply {
    Reply::json(status, "{}").header("retry-after", "600")
}

/// A contact whom no system numbers.
fn contact() -> Reply {
    let told = json!({"id": CONTACT, "cellPhone": {"e164": "+4930901820"}, "workEmail": "ada@example.com"});
    Reply::json(200, &told.to_string())
}

/// Nobody has the phone number or the address.
fn nobody(asked: &Asked) -> Reply {
    match asked.path.as_str() {
        "/token" => Reply::token("t"),
        CONTACT_PATH => contact(),
        QUERY => Reply::json(200, r#"{"records":[]}"#),
        TABLE => Reply::json(200, r#"{"result":[]}"#),
        PHONES | EMAILS => Reply::json(200, r#"{"d":{"results":[]}}"#),
        SEARCH => Reply::json(200, r#"{"contacts":[]}"#),
        _ => Reply::json(404, "{}"),
    }
}

#[tokio::test]
async fn a_search_of_which_one_question_fails_finds_nobody_and_does_not_find_that_there_is_nobody() {
    for (status, expected) in FAILURES {
        let fails = Arc::new(AtomicBool::new(true));
        let is_failing = fails.clone();
        let stub = Stub::start(move |asked| {
            // Salesforce is asked once, by the phone alone; at the others the question by the address fails.
            let is_last = match asked.path.as_str() {
                QUERY | EMAILS => true,
                TABLE => asked.query.contains("ada%40example.com"),
                _ => false,
            };
            if is_last && is_failing.load(Ordering::SeqCst) { failure(status) } else { nobody(asked) }
        })
        .await;
        let directory = Directory::from_config(&configured(&stub), Role::Enrichment).unwrap();
        let parts = directory.profile_parts(CONTACT, &[], soon(), None, None, &|| 5).await;
        assert_eq!(resolutions(&parts), [None; 3], "{status}");
        assert!(parts.iter().all(|part| (part.status, part.fetched_at) == (expected, None)), "{parts:?}");
        assert!(
            stub.asked(PHONES).len() == 1 && stub.asked(TABLE).len() == 2,
            "{status}: {:?}",
            stub.order()
        );

        // The same customer, by systems that answer.
        fails.store(false, Ordering::SeqCst);
        let directory = Directory::from_config(&configured(&stub), Role::Enrichment).unwrap();
        let parts = directory.profile_parts(CONTACT, &[], soon(), None, None, &|| 5).await;
        assert_eq!(resolutions(&parts), [NOBODY; 3]);
        assert!(parts.iter().all(|part| part.status == SourceStatus::NotFound), "{parts:?}");
    }
}

#[tokio::test]
async fn whom_the_directory_fails_to_tell_of_is_unknown_to_all() {
    for customer in [CONTACT, "+4930901820", "ada@example.com"] {
        for (status, expected) in FAILURES {
            let stub = Stub::start(move |asked| match asked.path.as_str() {
                CONTACT_PATH | SEARCH => failure(status),
                _ => nobody(asked),
            })
            .await;
            let directory = Directory::from_config(&configured(&stub), Role::Enrichment).unwrap();
            let parts = directory.profile_parts(customer, &[], soon(), None, None, &|| 5).await;
            assert_eq!(resolutions(&parts), [None; 3], "{customer} {status}");
            assert!(parts.iter().all(|part| (part.status, part.fetched_at) == (expected, None)), "{parts:?}");
        }
    }
}

#[tokio::test]
async fn where_the_directory_may_not_be_searched_and_no_system_can_be_nobody_was_asked() {
    let is_permitted = Arc::new(Mutex::new(false));
    let permitted = is_permitted.clone();
    let stub = Stub::start(move |asked| match asked.path.as_str() {
        SEARCH if !*permitted.lock() => Reply::json(403, r#"{"code":"missing.any.permissions"}"#),
        _ => nobody(asked),
    })
    .await;
    let mut config = configured(&stub);
    config.enrichment.identity.numbers = Some(Vec::new());
    // Salesforce's standard account has no field with an address.
    let ask = async || {
        let directory = Directory::from_config(&config, Role::Enrichment).unwrap();
        directory.profile_parts("ada@example.com", &[], soon(), None, None, &|| 5).await
    };
    let parts = ask().await;
    assert_eq!((parts[0].status, parts[0].fetched_at), (SourceStatus::Error, None));
    assert_eq!(resolutions(&parts), [None, NOBODY, NOBODY]);
    assert!(stub.asked(QUERY).is_empty());
    *is_permitted.lock() = true;
    assert_eq!(resolutions(&ask().await), [NOBODY; 3]);
}
