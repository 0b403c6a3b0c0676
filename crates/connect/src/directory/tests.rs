mod identity;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::json;
use trunkline_config::{ProfileMapping, Retry};
use trunkline_profiles::{ProfileData, merge};
use trunkline_schemas::SourceStatus;
use trunkline_systems::Rate;

use super::*;
use crate::testing::stub::{Asked, Reply, Stub};
use crate::testing::{command, target, target_with_token};
use crate::writes::difference;

mod correlation;
mod sources;
mod unknown;

const STATS: &str = "/api/now/stats/incident";
const QUERY: &str = "/services/data/v60.0/query";
const OPEN_ITEMS: &str = "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube";
const RECORD: &str = "/services/data/v60.0/sobjects/Contact/Number__c/C%2F1";
const CONVERSATION: &str = "/api/v2/conversations/c1";
const ATTRIBUTES: &str = "/api/v2/conversations/c1/participants/p1/attributes";

fn config(targets: Vec<Target>, enrichment: &[&str]) -> Config {
    let text = "[kafka]\nbrokers = \"127.0.0.1:1\"\n[registry]\nurl = \"http://127.0.0.1:1\"\n";
    let mut config = trunkline_config::parse(text, "trunkline.toml").unwrap();
    config.enrichment.targets = enrichment.iter().map(|name| (*name).to_owned()).collect();
    config.targets = targets.into_iter().map(|target| (target.name.clone(), target)).collect();
    config
}

fn sap(base_url: &str) -> Target {
    let profile = ProfileMapping::standard(System::Sap);
    Target { name: "erp".to_owned(), system: System::Sap, profile, ..target(base_url) }
}

fn crms(stub: &Stub) -> Config {
    let targets = vec![target_with_token(&stub.url), sap(&stub.url), target(&stub.url)];
    config(targets, &["crm", "erp", "tickets"])
}

fn genesys(stub: &Stub) -> Config {
    let genesys =
        Target { name: "cloud".to_owned(), system: System::Genesys, ..target_with_token(&stub.url) };
    config(vec![genesys, target_with_token(&stub.url)], &[])
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn answer(asked: &Asked) -> Reply {
    match asked.path.as_str() {
        "/token" => Reply::token("t"),
        QUERY => Reply::json(
            200,
            r#"{"records":[{"Id":"001","AccountNumber":"C-000001","Name":"Ada Ltd","LastActivityDate":null}]}"#,
        ),
        OPEN_ITEMS if !asked.query.contains("skiptoken") => {
            let item = json!({"AmountInCompanyCodeCurrency": "10.50", "CompanyCodeCurrency": "EUR"});
            let next = format!("http://erp.internal{OPEN_ITEMS}?$skiptoken=2");
            Reply::json(200, &json!({"d": {"results": [item], "__next": next}}).to_string())
        }
        OPEN_ITEMS => {
            let item = json!({"AmountInCompanyCodeCurrency": "0.50", "CompanyCodeCurrency": "EUR"});
            Reply::json(200, &json!({"d": {"results": [item]}}).to_string())
        }
        STATS => Reply::json(200, r#"{"result":{"stats":{"count":"3"}}}"#),
        _ => Reply::json(404, "{}"),
    }
}

#[tokio::test]
async fn all_systems_are_asked_at_once_and_make_one_profile() {
    let stub = Stub::start(answer).await;
    let directory = Directory::from_config(&crms(&stub), Role::Enrichment).unwrap();
    let parts = directory.profile_parts("C-000001", &[], soon(), None, None, &|| 5).await;
    let profile = merge("C-000001", &parts, 7);
    assert_eq!(profile.account_name.as_deref(), Some("Ada Ltd"));
    assert_eq!((profile.balance, profile.currency.as_deref()), (Some(Decimal::new(1_100, 2)), Some("EUR")));
    assert_eq!(profile.open_tickets, Some(3));
    assert_eq!(profile.source_systems, ["salesforce", "sap", "servicenow"]);
    let classes: Vec<&str> = directory.status().iter().map(|status| status.class).collect();
    assert_eq!(classes, ["query", "open_items", "stats"]);
}

/// Asks each system once and no more, whatever it answers.
fn asking_once(stub: &Stub) -> Directory {
    let mut config = crms(stub);
    for target in config.targets.values_mut() {
        target.retry = Retry { attempts: 1, ..Retry::default() };
    }
    Directory::from_config(&config, Role::Enrichment).unwrap()
}

#[tokio::test]
async fn an_answer_is_stamped_when_it_is_there_by_the_clock_of_who_asks() {
    let clock = Arc::new(AtomicI64::new(1_000));
    let while_asked = Arc::clone(&clock);
    let stub = Stub::start(move |asked| {
        // Nobody is asked before; a minute passes until the answer.
        while_asked.store(61_000, Ordering::SeqCst);
        match asked.path.as_str() {
            STATS => Reply::json(500, "{}"),
            _ => answer(asked),
        }
    })
    .await;
    let directory = asking_once(&stub);
    let now = || clock.load(Ordering::SeqCst);
    let parts = directory.profile_parts("C-000001", &[], soon(), None, None, &now).await;
    let stamps: Vec<_> = parts.iter().map(|part| part.fetched_at).collect();
    assert_eq!(stamps, [Some(61_000), Some(61_000), None]);
}

#[tokio::test]
async fn what_does_not_answer_in_time_leaves_the_rest_of_the_profile() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        OPEN_ITEMS => answer(asked).after(Duration::from_secs(60)),
        STATS => Reply::json(500, "{}"),
        _ => answer(asked),
    })
    .await;
    let directory = asking_once(&stub);
    let began = Instant::now();
    let parts =
        directory.profile_parts("C-000001", &[], began + Duration::from_millis(700), None, None, &|| 5).await;
    assert!(began.elapsed() < Duration::from_secs(10));
    let statuses: Vec<SourceStatus> = parts.iter().map(|part| part.status).collect();
    assert_eq!(statuses, [SourceStatus::Ok, SourceStatus::Timeout, SourceStatus::Error]);
    assert_eq!(parts[1].data, ProfileData::default());
}

#[tokio::test]
async fn a_token_that_was_revoked_costs_no_profile_of_a_lookup_of_less_than_half_a_second() {
    let revoked = Arc::new(AtomicBool::new(false));
    let is_revoked = Arc::clone(&revoked);
    let stub = Stub::start(move |asked| match asked.path.as_str() {
        "/token" => Reply::token(&format!("t{}", asked.nth)),
        QUERY if asked.header("authorization") == "Bearer t0" && is_revoked.load(Ordering::SeqCst) => {
            Reply::json(401, r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#)
        }
        _ => answer(asked),
    })
    .await;
    let config = config(vec![target_with_token(&stub.url)], &["crm"]);
    let directory = Directory::from_config(&config, Role::Enrichment).unwrap();
    assert_eq!(
        directory.profile_parts("C-000001", &[], soon(), None, None, &|| 5).await[0].status,
        SourceStatus::Ok
    );
    revoked.store(true, Ordering::SeqCst);
    // A wait between attempts at a token takes half a second at least; the machine may be slow.
    let deadline = Instant::now() + Duration::from_millis(450);
    let parts = directory.profile_parts("C-000002", &[], deadline, None, None, &|| 5).await;
    assert_eq!(parts[0].status, SourceStatus::Ok);
    assert_eq!(parts[0].data.account_name.as_deref(), Some("Ada Ltd"));
    assert_eq!(stub.order(), ["/token", QUERY, QUERY, "/token", QUERY], "one 401, one refresh, one retry");
}

#[tokio::test]
async fn no_system_runs_what_a_customer_id_smuggles_in() {
    let stub = Stub::start(answer).await;
    let directory = Directory::from_config(&crms(&stub), Role::Enrichment).unwrap();
    directory.profile_parts("x' OR Name LIKE '%", &[], soon(), None, None, &|| 5).await;
    directory.profile_parts("x^ORactive=false", &[], soon(), None, None, &|| 5).await;
    let soql = &stub.asked(QUERY)[0].query;
    assert!(
        soql.contains("%28AccountNumber%20%3D%20%27x%5C%27%20OR%20Name%20LIKE%20%5C%27%25%27%29"),
        "{soql}"
    );
    let odata = &stub.asked(OPEN_ITEMS)[0].query;
    assert!(
        odata.starts_with("$filter=Customer%20eq%20%27x%27%27%20OR%20Name%20LIKE%20%27%27%25%27%20and"),
        "{odata}"
    );
    let tickets = stub.asked(STATS);
    assert!(tickets.iter().all(|asked| !asked.query.contains("ORactive")), "{tickets:?}");
}

fn upsert() -> Request {
    let parameters = [("object", "Contact"), ("externalIdField", "Number__c"), ("externalId", "C/1")];
    let command = command("upsert", &parameters, &[("Tier__c", "GOLD"), ("Number__c", "C/1")]);
    Request::from_write_back(&command, System::Salesforce, Some("00-1-2-01")).unwrap()
}

#[tokio::test]
async fn an_upsert_names_itself_its_key_and_only_its_fields() {
    let stub = Stub::start(|asked| match (asked.method.as_str(), asked.path.as_str(), asked.nth) {
        ("PATCH", RECORD, 0) => {
            Reply::json(400, r#"[{"errorCode":"UNABLE_TO_LOCK_ROW","message":"locked"}]"#)
        }
        ("PATCH", RECORD, _) => Reply::json(201, r#"{"id":"003","success":true,"errors":[]}"#),
        ("GET", RECORD, _) => Reply::json(200, r#"{"Tier__c":"SILVER","Number__c":"C/1"}"#),
        _ => answer(asked),
    })
    .await;
    let directory = Directory::from_config(&genesys(&stub), Role::WriteBack).unwrap();
    let write = upsert();
    let applied = directory.apply("crm", &write, soon()).await.unwrap();
    assert_eq!(applied, Applied { status: 201, attempts: 2, created: true });
    let asked = &stub.asked(RECORD)[1];
    assert_eq!(asked.body, r#"{"Tier__c":"GOLD"}"#);
    assert_eq!(asked.header("sforce-call-options"), "client=trunkline");
    assert_eq!(asked.header("idempotency-key"), write.command_id);
    assert_eq!(asked.header("traceparent"), "00-1-2-01");

    let current = directory.current("crm", &write, soon()).await.unwrap();
    assert_eq!(difference(&write, &current).to_json(), r#"{"Tier__c":{"from":"SILVER","to":"GOLD"}}"#);
}

#[tokio::test]
async fn a_write_without_an_answer_is_not_sent_again() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        "/token" => Reply::token("t"),
        RECORD => Reply::json(201, "{}").after(Duration::from_secs(60)),
        _ => Reply::json(503, "{}"),
    })
    .await;
    let mut config = genesys(&stub);
    for target in config.targets.values_mut() {
        target.timeout = Duration::from_millis(200);
    }
    let directory = Directory::from_config(&config, Role::WriteBack).unwrap();
    let error = directory.apply("crm", &upsert(), soon()).await.unwrap_err();
    assert_eq!((error.kind, error.attempts, error.sent), (CallErrorKind::Timeout, 1, true));
    assert_eq!(stub.asked(RECORD).len(), 1);
}

#[tokio::test]
async fn a_record_that_is_not_there_is_no_error_to_a_reader() {
    let stub = Stub::start(answer).await;
    let directory = Directory::from_config(&genesys(&stub), Role::WriteBack).unwrap();
    let current = directory.current("crm", &upsert(), soon()).await.unwrap();
    assert!(!current.exists);
}

#[tokio::test]
async fn attributes_are_set_and_read_back() {
    let stub = Stub::start(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("PATCH", ATTRIBUTES) => Reply::json(200, "{}"),
        ("GET", CONVERSATION) => {
            Reply::json(200, r#"{"participants":[{"id":"p1","attributes":{"tier":"GOLD"}}]}"#)
        }
        _ => answer(asked),
    })
    .await;
    let directory = Directory::from_config(&genesys(&stub), Role::WriteBack).unwrap();
    let command = command(
        "participant_attributes",
        &[("conversationId", "c1"), ("participantId", "p1")],
        &[("tier", "GOLD")],
    );
    let write = Request::from_write_back(&command, System::Genesys, None).unwrap();
    directory.apply("cloud", &write, soon()).await.unwrap();
    assert_eq!(stub.asked(ATTRIBUTES)[0].body, r#"{"attributes":{"tier":"GOLD"}}"#);
    let current = directory.current("cloud", &write, soon()).await.unwrap();
    assert!(difference(&write, &current).is_empty());
}

#[tokio::test]
async fn a_target_that_is_not_configured_is_said_so() {
    let stub = Stub::start(answer).await;
    let directory = Directory::from_config(&genesys(&stub), Role::WriteBack).unwrap();
    let error = directory.apply("gone", &upsert(), soon()).await.unwrap_err();
    assert!(!error.is_transient() && error.message.contains("[targets.gone]"), "{error}");
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused() {
    let stub = Stub::start(answer).await;
    let mut config = genesys(&stub);
    config.enrichment.targets = vec!["cloud".to_owned()];
    let error = Directory::from_config(&config, Role::Enrichment).unwrap_err();
    assert!(matches!(error, Error::Enrichment { .. }), "{error}");

    let mut config = crms(&stub);
    config.targets.get_mut("crm").unwrap().rate = Rate { calls: 1, per: Duration::from_secs(1) };
    config.rules.write_backs.push(trunkline_config::WriteBackRule {
        id: "r".to_owned(),
        place: trunkline_config::Place { line: 1, column: 1 },
        on: Vec::new(),
        when: "true".to_owned(),
        target: "crm".to_owned(),
        operation: "upsert".to_owned(),
        observe: false,
        expires: None,
        resource: None,
        parameters: BTreeMap::new(),
        fields: BTreeMap::new(),
    });
    let error = Directory::from_config(&config, Role::Enrichment).unwrap_err();
    assert!(matches!(error, Error::Quota(_)), "{error}");
}
