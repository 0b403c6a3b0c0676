//! Salesforce as its contract says.

use serde_json::{Value, json};
use trunkline_load::customers::Customer;
use trunkline_simulators::http::{Answer, Call};
use trunkline_simulators::quota::{Rule, Window};
use trunkline_simulators::{Credentials, OwnField, Salesforce, Simulator};

use crate::support::{NOW, encoded, form};

struct Org {
    salesforce: Salesforce,
    credentials: Credentials,
    bearer: String,
}

fn org(calls: u32) -> Org {
    let credentials = Credentials::random();
    let own = OwnField::of_the_sandbox();
    let rule = Rule { calls, window_ms: 86_400_000, window: Window::Rolling, counted_every_ms: 0 };
    let salesforce =
        Salesforce::new(&credentials, Some(rule), 7200, "http://instance".into(), &own, 500, NOW);
    let mut org = Org { salesforce, credentials, bearer: String::new() };
    let token = org.token(NOW).body_json();
    org.bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    org
}

impl Org {
    fn token(&mut self, now_ms: i64) -> Answer {
        let body = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            self.credentials.salesforce_client_id, self.credentials.salesforce_client_secret
        );
        self.salesforce.answer(&form(Call::new("POST", "/services/oauth2/token"), &body), now_ms)
    }

    fn send(&mut self, call: Call, now_ms: i64) -> Answer {
        self.salesforce.answer(&call.with_header("Authorization", &self.bearer), now_ms)
    }

    fn query(&mut self, soql: &str) -> Answer {
        self.send(Call::new("GET", &format!("/services/data/v60.0/query?q={}", encoded(soql))), NOW)
    }

    fn patch(&mut self, path: &str, body: &Value) -> Answer {
        self.send(
            Call::new("PATCH", &format!("/services/data/v60.0/sobjects/{path}")).with_json(body),
            NOW + 5000,
        )
    }
}

#[test]
fn a_token_says_where_to_go_but_not_how_long() {
    let mut org = org(100);
    let token = org.token(NOW).body_json();
    assert_eq!(token["instance_url"], "http://instance");
    assert_eq!(token["issued_at"], NOW.to_string());
    assert!(token.get("expires_in").is_none());
    let wrong = form(
        Call::new("POST", "/services/oauth2/token"),
        "grant_type=client_credentials&client_id=x&client_secret=y",
    );
    let answer = org.salesforce.answer(&wrong, NOW);
    assert_eq!((answer.status, answer.body_json()["error"].as_str()), (400, Some("invalid_client_id")));
}

#[test]
fn an_assertion_buys_a_token_when_all_of_it_is_right() {
    let mut org = org(100);
    let pem = org.credentials.salesforce_private_key.clone();
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    let now = NOW / 1000;
    let right = json!({
        "iss": org.credentials.salesforce_client_id, "sub": org.credentials.salesforce_username,
        "aud": "https://login.salesforce.com", "exp": now + 180,
    });
    let with = |name: &str, value: Value| {
        let mut claims = right.clone();
        claims[name] = value;
        claims
    };
    let mut ask = |claims: &Value| {
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
        let assertion = jsonwebtoken::encode(&header, claims, &key).unwrap();
        let body =
            format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
        let answer = org.salesforce.answer(&form(Call::new("POST", "/services/oauth2/token"), &body), NOW);
        let description = answer.body_json()["error_description"].as_str().map(str::to_owned);
        (answer.status, description)
    };
    assert_eq!(ask(&right), (200, None));
    assert_eq!(ask(&with("aud", json!("http://instance"))), (200, None));
    assert_eq!(ask(&with("exp", json!(now + 300))), (200, None));
    for (claims, description) in [
        (with("iss", json!("another")), "client identifier invalid"),
        (with("aud", json!("https://test.salesforce.com")), "audience is invalid"),
        (with("exp", json!(now)), "expired authorization code"),
        (with("exp", json!(now + 301)), "expired authorization code"),
        (with("sub", json!("another")), "user hasn't approved this consumer"),
        (with("exp", json!(null)), "invalid assertion"),
    ] {
        assert_eq!(ask(&claims), (400, Some(description.to_owned())), "{claims}");
    }
    let unsigned = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=e30.e30.";
    let answer = org.salesforce.answer(&form(Call::new("POST", "/services/oauth2/token"), unsigned), NOW);
    assert_eq!((answer.status, answer.body_json()["error"].as_str()), (400, Some("invalid_grant")));
}

#[test]
fn a_query_finds_an_account_by_its_customer_number() {
    let mut org = org(1000);
    for number in 1..=500 {
        let customer = Customer::of(number);
        let name = customer.name.replace('\'', "\\'");
        let soql = format!(
            "SELECT Id, Name, LoyaltyTier__c, LastActivityDate FROM Account WHERE CustomerNumber__c='{}' AND Name = '{name}'",
            customer.id
        );
        let answer = org.query(&soql).body_json();
        assert_eq!((&answer["totalSize"], &answer["done"]), (&json!(1), &json!(true)), "{soql}");
        let record = &answer["records"][0];
        assert_eq!(record["attributes"]["type"], "Account");
        assert_eq!(record["Name"], customer.name);
        assert_eq!(record["LoyaltyTier__c"], json!(customer.tier));
        assert_eq!(record["LastActivityDate"].is_null(), customer.last_activity_days.is_none());
    }
    assert_eq!(
        org.query("SELECT Id FROM Account WHERE CustomerNumber__c = 'C-999999'").body_json(),
        json!({
            "totalSize": 0, "done": true, "records": [],
        })
    );
}

#[test]
fn errors_are_arrays_with_the_platforms_codes() {
    let mut org = org(1000);
    let cases = [
        (org.query("SELECT Id FROM"), 400, "MALFORMED_QUERY"),
        (org.query("SELECT Nonsense FROM Account"), 400, "INVALID_FIELD"),
        (org.query("SELECT Id FROM Nonsense"), 400, "INVALID_TYPE"),
        (org.query("SELECT Id FROM Nonsense__c"), 400, "INVALID_TYPE"),
        (org.query("SELECT Id FROM Account WHERE Nonsense__c = 'x'"), 400, "INVALID_FIELD"),
        (org.query("SELECT Account.Nonsense FROM Contact"), 400, "INVALID_FIELD"),
        (org.patch("Nonsense__c/Key__c/x", &json!({"Name": "x"})), 404, "NOT_FOUND"),
        (org.patch("Account/Nonsense__c/x", &json!({"Name": "x"})), 404, "NOT_FOUND"),
        (org.send(Call::new("GET", "/services/data/v99.0/limits"), NOW), 404, "NOT_FOUND"),
        (org.patch("Account/Namez/x", &json!({"Name": "x"})), 404, "NOT_FOUND"),
        (org.patch("Account/CustomerNumber__c/C-000001", &json!({"Nonsense": 1})), 400, "INVALID_FIELD"),
        (
            org.patch("Account/CustomerNumber__c/C-777777", &json!({"Rating": "Hot"})),
            400,
            "REQUIRED_FIELD_MISSING",
        ),
        (
            org.patch("Account/CustomerNumber__c/C-000001", &json!({"LastActivityDate": "2026-01-01"})),
            400,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
        ),
        (
            org.patch("Account/CustomerNumber__c/C-000001", &json!({"CustomerNumber__c": "C-000002"})),
            400,
            "DUPLICATE_VALUE",
        ),
        (org.patch("Account/Id/001nothing", &json!({"Rating": "Hot"})), 404, "NOT_FOUND"),
        (org.send(Call::new("GET", "/services/data/v60.0/other"), NOW), 404, "NOT_FOUND"),
        (
            org.salesforce.answer(&Call::new("GET", "/services/data/v60.0/query?q=x"), NOW),
            401,
            "INVALID_SESSION_ID",
        ),
    ];
    for (answer, status, code) in cases {
        assert_eq!((answer.status, answer.body_json()[0]["errorCode"].as_str()), (status, Some(code)));
        assert!(answer.body_json()[0]["message"].is_string() && !answer.effect);
    }
    let answer = org.patch("Account/CustomerNumber__c/C-777777", &json!({}));
    let captured = json!([{"message": "Required fields are missing: [Name]", "errorCode": "REQUIRED_FIELD_MISSING", "fields": ["Name"]}]);
    assert_eq!(answer.body_json(), captured);
}

#[test]
fn an_upsert_creates_updates_or_is_ambiguous() {
    let mut org = org(1000);
    let path = "Task/TrunklineCommandId__c/9d1f%2F1";
    let body = json!({"Subject": "Call ended", "Status": "Completed"});
    let created = org.patch(path, &body);
    assert_eq!(
        (created.status, created.effect, created.body_json()["success"].as_bool()),
        (201, true, Some(true))
    );
    assert_eq!(created.resource.as_deref(), Some("salesforce/Task/TrunklineCommandId__c/9d1f/1"));
    assert_eq!(created.idempotency_key.as_deref(), Some("9d1f/1"));
    let again = org.patch(path, &body);
    assert_eq!((again.status, again.effect, again.body.is_empty()), (204, false, true));
    let changed = org.patch(path, &json!({"Subject": "Call was transferred"}));
    assert_eq!((changed.status, changed.effect), (204, true));
    let get = Call::new("GET", &format!("/services/data/v60.0/sobjects/{path}"));
    let record = org.send(get, NOW).body_json();
    assert_eq!(
        (&record["Subject"], &record["TrunklineCommandId__c"]),
        (&json!("Call was transferred"), &json!("9d1f/1"))
    );
    assert!(record["SystemModstamp"].as_str().unwrap().ends_with("+0000"));
    assert_eq!(org.query("SELECT COUNT() FROM Task").body_json()["totalSize"], 1);

    let ambiguous = org.patch("Account/LegacyNumber__c/L-1", &json!({"Rating": "Hot"}));
    assert_eq!((ambiguous.status, ambiguous.effect), (300, false));
    assert_eq!(ambiguous.body_json().as_array().unwrap().len(), 2);
    assert!(
        ambiguous.body_json()[0].as_str().unwrap().starts_with("/services/data/v60.0/sobjects/Account/001")
    );
}

#[test]
fn preconditions_hold_where_the_platform_has_them() {
    let mut org = org(1000);
    let account = "/services/data/v60.0/sobjects/Account/CustomerNumber__c/C-000001";
    let etag = org.send(Call::new("GET", account), NOW).header_value("ETag").unwrap().to_owned();
    let mut patch = |target: &str, header: (&str, &str), value: &str| {
        let call = Call::new("PATCH", target)
            .with_header(header.0, header.1)
            .with_json(&json!({"Description": value}));
        org.send(call, NOW + 10_000).status
    };
    assert_eq!(patch(account, ("If-Match", "W-not-quoted"), "0"), 400);
    assert_eq!(patch(account, ("If-Match", &etag), "1"), 204);
    assert_eq!(patch(account, ("If-Match", &etag), "2"), 412);
    assert_eq!(patch(account, ("If-Unmodified-Since", "Thu, 01 Jan 2026 00:00:00 GMT"), "3"), 412);
    assert_eq!(patch(account, ("If-Unmodified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"), "4"), 204);
    // On other objects an entity tag means nothing.
    let case = "/services/data/v60.0/sobjects/Case/ExternalId__c/1";
    assert_eq!(patch(case, ("If-Match", "\"anything\""), "1"), 201);
    assert_eq!(patch(case, ("If-Match", "\"anything\""), "2"), 204);
}

#[test]
fn the_limit_is_told_always_and_answered_with_403() {
    let mut org = org(2);
    let soql = "SELECT Id FROM Account LIMIT 1";
    assert_eq!(org.query(soql).header_value("Sforce-Limit-Info"), Some("api-usage=1/2"));
    assert_eq!(org.query("SELECT nonsense").header_value("Sforce-Limit-Info"), Some("api-usage=2/2"));
    let refused = org.query(soql);
    let captured =
        json!([{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]);
    assert_eq!((refused.status, refused.body_json()), (403, captured));
    assert_eq!(refused.header_value("Retry-After"), None);
}

#[test]
fn a_session_ends_without_notice() {
    let mut org = org(100);
    let get = || Call::new("GET", "/services/data/v60.0/sobjects/Account/CustomerNumber__c/C-000001");
    assert_eq!(org.send(get(), NOW + 7_199_999).status, 200);
    let captured = json!([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]);
    let expired = org.send(get(), NOW + 7_200_000);
    assert_eq!((expired.status, expired.body_json()), (401, captured));
    let mut other = self::org(100);
    other.salesforce.revoke_tokens();
    assert_eq!(other.send(get(), NOW).status, 401);
}

#[test]
fn a_description_has_the_standard_fields_and_the_organisations_own() {
    let mut org = org(100);
    let describe =
        |object: &str| Call::new("GET", &format!("/services/data/v62.0/sobjects/{object}/describe"));
    let described = org.send(describe("Contact"), NOW).body_json();
    let field = |name: &str| {
        described["fields"].as_array().unwrap().iter().find(|field| field["name"] == name).cloned().unwrap()
    };
    assert_eq!(field("Email")["type"], "email");
    let account = field("AccountId");
    assert_eq!(
        (&account["relationshipName"], &account["referenceTo"]),
        (&json!("Account"), &json!(["Account"]))
    );
    let described = org.send(describe("Account"), NOW).body_json().to_string();
    assert!(described.contains("LoyaltyTier__c") && !described.contains("ExternalId__c"));
    assert_eq!(org.send(describe("Nonsense"), NOW).status, 404);
}

#[test]
fn contacts_are_found_by_phone_and_email_with_fields_of_their_account() {
    let mut org = org(100);
    let customer = Customer::of(7);
    let soql = format!(
        "SELECT Id, Account.Name, Account.CustomerNumber__c FROM Contact WHERE (Email = '{}')",
        customer.email
    );
    let found = org.query(&soql).body_json();
    assert_eq!(found["totalSize"], 1);
    assert_eq!(
        found["records"][0]["Account"],
        json!({"Name": customer.name, "CustomerNumber__c": customer.id})
    );
    let soql = format!("SELECT Id FROM Contact WHERE Account.Phone = '{}'", customer.phone);
    assert_eq!(org.query(&soql).body_json()["totalSize"], 1);
}

/// What the user may not see is not there, whatever is asked.
#[test]
fn what_is_hidden_is_as_if_it_were_not_there() {
    let mut org = org(100);
    let tier = "SELECT Id, LoyaltyTier__c FROM Account LIMIT 1";
    let found = org.query(tier).body_json()["records"][0]["Id"].as_str().unwrap().to_owned();
    org.salesforce.hide(&["Account.LoyaltyTier__c".to_owned(), "Contact".to_owned()]);
    let code = |answer: &Answer| answer.body_json()[0]["errorCode"].as_str().unwrap_or_default().to_owned();
    for (soql, expected) in [
        (tier, "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE LoyaltyTier__c = 'GOLD'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact", "INVALID_TYPE"),
        ("SELECT Id FROM Account LIMIT 1", ""),
    ] {
        assert_eq!(code(&org.query(soql)), expected, "{soql}");
    }
    let mut get = |path: &str| {
        org.send(Call::new("GET", &format!("/services/data/v60.0/sobjects/{path}")), NOW).body_json()
    };
    let described = get("Account/describe").to_string();
    assert!(described.contains("CustomerNumber__c") && !described.contains("LoyaltyTier__c"));
    assert_eq!(get("Contact/describe")[0]["errorCode"], "NOT_FOUND");
    let record = get(&format!("Account/{found}"));
    assert!(record.get("LoyaltyTier__c").is_none() && record.get("attributes").is_some(), "{record}");
    let written = org.patch(&format!("Account/{found}"), &json!({"LoyaltyTier__c": "GOLD"}));
    assert_eq!(code(&written), "INVALID_FIELD");
    org.salesforce.hide(&[]);
    assert_eq!(code(&org.query(tier)), "");
}
