//! The example of an organisation with other objects, key fields and versions of APIs: it enriches at systems that have
//! what it says, and only that.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Uri};
use axum::response::IntoResponse;
use rust_decimal::Decimal;
use serde_json::json;
use tempfile::TempDir;
use trunkline_config::{Config, load};
use trunkline_connect::{Directory, Role};
use trunkline_load::customers::{Balance, Customer};
use trunkline_load::numbers::Numbering;
use trunkline_profiles::merge;
use trunkline_schemas::SourceStatus;
use trunkline_simulators::{Credentials, Fact, OwnField, Sandbox, SandboxSettings, System};

const EXAMPLE: &str = include_str!("../../../examples/other-organisation/trunkline.toml");

/// What the organisation has of its own.
fn own_fields() -> Vec<OwnField> {
    [
        ("Debtor__c", Fact::Number),
        ("Main_Line__c", Fact::Phone),
        ("Mail__c", Fact::Email),
        ("Trading_Name__c", Fact::Name),
        ("Status__c", Fact::Tier),
        ("Last_Seen__c", Fact::LastActivity),
    ]
    .map(|(name, fact)| OwnField::new(System::Salesforce, "Client__c", name, Some(fact)))
    .into()
}

/// Its loyalty programme: it knows who has an even number, and takes a token of its own.
async fn loyalty() -> String {
    async fn answer(uri: Uri, headers: HeaderMap) -> impl IntoResponse {
        let debtor = uri.query().unwrap_or_default().trim_start_matches("debtor=").to_owned();
        let body = match uri.path() {
            "/oauth/token" => json!({"access_token": "t0ken", "expires_in": 3_600}),
            _ if headers["authorization"] != "Bearer t0ken" => json!(null),
            _ if !debtor.ends_with(['0', '2', '4', '6', '8']) => json!({"members": []}),
            _ => json!({"members": [{"balance": {"points": 120}, "segment": debtor}]}),
        };
        ([(CONTENT_TYPE, "application/json")], body.to_string())
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    url
}

/// Its systems, and the example's configuration with their addresses.
async fn world(own_fields: Vec<OwnField>) -> (Sandbox, TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    let credentials = Some(Credentials::kept_in(&folder.path().join("secrets")).unwrap());
    let settings = SandboxSettings {
        credentials,
        own_fields,
        numbering: Numbering::Shared,
        latency: BTreeMap::new(),
        ..SandboxSettings::default()
    };
    let sandbox = Sandbox::start(settings).await.unwrap();
    std::fs::write(folder.path().join("secrets/loyalty-client-secret"), "s3cr3t").unwrap();
    let (at, loyalty) = (&sandbox.addresses, loyalty().await);
    let text = EXAMPLE
        .replace("https://umbra.my.salesforce.com", &at.salesforce)
        .replace("https://s4.umbra.example", &at.sap)
        .replace("https://umbra.service-now.com", &at.servicenow)
        .replace("https://login.points.example", &loyalty)
        .replace("https://api.points.example", &loyalty);
    assert!(!text.contains("https://"), "every system is simulated");
    let path = folder.path().join("trunkline.toml");
    std::fs::write(&path, text).unwrap();
    let config = load(&path).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    (sandbox, folder, config)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

#[tokio::test]
async fn its_customers_are_enriched() {
    let (_sandbox, _folder, config) = world(own_fields()).await;
    let directory = Directory::from_config(&config, Role::Enrichment).unwrap();
    let mut complete = 0;
    for customer in (1..=40).map(Customer::of) {
        let parts = directory.profile_parts(&customer.id, &[], soon(), None, None, &|| 5).await;
        assert!(parts.iter().all(|part| part.status != SourceStatus::Error), "{parts:?}");
        let of_loyalty = &parts[3];
        let is_member = customer.number % 2 == 0;
        assert_eq!(
            (of_loyalty.source.as_str(), of_loyalty.status == SourceStatus::Ok),
            ("loyalty", is_member)
        );
        if is_member {
            assert_eq!(
                (&*of_loyalty.data.values["points"], &of_loyalty.data.values["segment"]),
                ("120", &customer.id)
            );
        }
        let profile = merge(&customer.id, &parts, 7);
        assert_eq!(profile.account_name.as_ref(), Some(&customer.name));
        assert_eq!(profile.loyalty_tier.as_deref(), customer.tier);
        assert_eq!(profile.open_tickets, i32::try_from(customer.open_tickets).ok());
        assert_eq!(profile.last_interaction_date.is_some(), customer.last_activity_days.is_some());
        if let Balance::Single { cents, currency } = customer.balance() {
            assert_eq!(profile.balance, Some(Decimal::new(cents, 2)));
            assert_eq!(profile.currency.as_deref(), Some(currency));
            complete += 1;
        }
    }
    assert!(complete > 20, "most customers have something of every system");
}

#[tokio::test]
async fn its_systems_have_every_field_that_it_names() {
    let (_sandbox, _folder, config) = world(own_fields()).await;
    let directory = Directory::from_config(&config, Role::WriteBack).unwrap();
    for target in ["crm", "accounting", "service"] {
        let described = directory.describe(target, soon()).await.unwrap();
        let wrong: Vec<_> = described.checked.iter().filter(|field| field.wrong.is_some()).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(described.checked.len() > 3);
    }
}

#[tokio::test]
async fn a_field_that_was_renamed_is_named_with_its_like() {
    let mut fields = own_fields();
    fields.retain(|field| field.name != "Status__c");
    fields.push(OwnField::new(System::Salesforce, "Client__c", "Status_Tier__c", Some(Fact::Tier)));
    let (_sandbox, _folder, mut config) = world(fields).await;
    if let Some(related) =
        config.targets.get_mut("accounting").and_then(|target| target.profile.as_mut()?.related.as_mut())
    {
        related.object = "API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCub".to_owned();
    }
    if let Some(related) =
        config.targets.get_mut("service").and_then(|target| target.profile.as_mut()?.related.as_mut())
    {
        related.key = "acount.number".to_owned();
    }
    let directory = Directory::from_config(&config, Role::WriteBack).unwrap();
    for (target, said) in [
        (
            "crm",
            "object 'Client__c' has no field 'Status__c' that the account may read, did you mean 'Status_Tier__c'?",
        ),
        ("accounting", "did you mean 'A_OperationalAcctgDocItemCube'?"),
        ("service", "has no relation 'acount', did you mean 'account'?"),
    ] {
        let described = directory.describe(target, soon()).await.unwrap();
        let wrong: Vec<String> = described.checked.into_iter().filter_map(|field| field.wrong).collect();
        assert!(wrong.iter().any(|wrong| wrong.contains(said)), "{target}: {wrong:?}");
    }
}
