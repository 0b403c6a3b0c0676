//! The simulators behind their listeners: audit log, faults, quotas, and callers who hang up.

use std::time::Duration;

use serde_json::{Value, json};
use trunkline_load::now_ms;
use trunkline_simulators::audit::Entry;
use trunkline_simulators::{FaultProfile, Latency, Sandbox, SandboxSettings, System};

const ATTRIBUTES: &str = "api/v2/conversations/2f7bf00a-0fc2-4d6a-9b56-92238191433e/participants/9fb2ca78-8389-4758-b76a-9b0300de1fce/attributes";

struct Running {
    sandbox: Sandbox,
    client: reqwest::Client,
    token: String,
}

async fn running(latency: Latency) -> Running {
    let latency = System::ALL.into_iter().map(|system| (system, latency)).collect();
    let sandbox = Sandbox::start(SandboxSettings { latency, ..SandboxSettings::default() }).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut running = Running { sandbox, client, token: String::new() };
    running.token = running.genesys_token().await;
    running
}

impl Running {
    async fn genesys_token(&self) -> String {
        let credentials = &self.sandbox.credentials;
        let response = self
            .client
            .post(format!("{}/oauth/token", self.sandbox.addresses.genesys_login))
            .basic_auth(&credentials.genesys_client_id, Some(&credentials.genesys_client_secret))
            .form(&[("grant_type", "client_credentials")])
            .send()
            .await
            .unwrap();
        let body: Value = response.json().await.unwrap();
        body["access_token"].as_str().unwrap().to_owned()
    }

    fn patch(&self, value: &str) -> reqwest::RequestBuilder {
        self.client
            .patch(format!("{}/{ATTRIBUTES}", self.sandbox.addresses.genesys_api))
            .bearer_auth(&self.token)
            .header("Idempotency-Key", format!("command-{value}"))
            .header("X-Request-Id", "request-1")
            .json(&json!({"attributes": {"tier": value}}))
    }

    async fn patched(&self, value: &str) -> u16 {
        self.patch(value).send().await.unwrap().status().as_u16()
    }

    async fn fault(&self, system: &str, fault: Value) -> u16 {
        let url = format!("{}/faults/{system}", self.sandbox.addresses.admin);
        self.client.post(url).json(&fault).send().await.unwrap().status().as_u16()
    }

    async fn audit(&self, path: &str) -> Vec<Entry> {
        let response =
            self.client.get(format!("{}/audit{path}", self.sandbox.addresses.admin)).send().await.unwrap();
        response.text().await.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Entries of attribute writes, once there are so many.
    async fn writes(&self, wanted: usize) -> Vec<Entry> {
        for _ in 0..500 {
            let entries = self.sandbox.audit().entries(Some(System::Genesys));
            let writes: Vec<Entry> = entries.into_iter().filter(|entry| entry.method == "PATCH").collect();
            if writes.len() >= wanted {
                return writes;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no {wanted} writes in the audit log");
    }
}

#[tokio::test]
async fn every_request_is_in_the_audit_log_without_its_secrets() {
    let running = running(Latency { median_ms: 5.0, p99_ms: 5.0 }).await;
    let before = now_ms();
    assert_eq!(running.patched("GOLD").await, 200);
    assert_eq!(running.patched("GOLD").await, 200);
    let writes = running.writes(2).await;
    let entry = &writes[0];
    assert_eq!((entry.status, entry.effect, writes[1].effect), (200, true, false));
    assert_eq!(entry.credential.as_deref(), Some("trunkline-genesys"));
    assert_eq!(entry.idempotency_key.as_deref(), Some("command-GOLD"));
    assert_eq!(entry.client_request_id.as_deref(), Some("request-1"));
    assert_eq!(entry.body.as_deref(), Some(r#"{"attributes":{"tier":"GOLD"}}"#));
    assert!(entry.started_at >= before && entry.finished_at - entry.started_at >= 5.0);
    assert!(entry.finished_at <= writes[1].started_at);

    let lines = running.audit("").await;
    assert_eq!(lines, running.audit("/genesys").await);
    assert_eq!(lines.len(), 3);
    assert!(running.audit("/sap").await.is_empty());
    assert!(lines.iter().all(|line| line.answer.is_none()), "writes and token requests are no lookups");
    let text = running.sandbox.audit().json_lines(None);
    let secrets = running.sandbox.secrets();
    let key = &running.sandbox.credentials.salesforce_private_key;
    let lines_of_key = key.lines().filter(|line| line.len() == 64).count();
    assert!(lines_of_key > 20 && secrets.contains(&running.token));
    assert_eq!(secrets.len(), 7 + lines_of_key + 1, "the clients' secrets, the key and the token");
    assert!(secrets.iter().all(|secret| !text.contains(secret)));
}

#[tokio::test]
async fn the_answer_to_a_lookup_is_in_the_audit_log_unless_it_was_withheld() {
    let running = running(Latency::NONE).await;
    assert_eq!(running.patched("GOLD").await, 200);
    let url = format!("{}/{ATTRIBUTES}", running.sandbox.addresses.genesys_api);
    let get = || running.client.get(&url).bearer_auth(&running.token);
    let answered = get().send().await.unwrap().text().await.unwrap();
    running.sandbox.set_fault(System::Genesys, FaultProfile { hang_rate: 1.0, ..FaultProfile::default() });
    assert!(get().timeout(Duration::from_millis(60)).send().await.unwrap_err().is_timeout());
    running.sandbox.set_fault(System::Genesys, FaultProfile { down: true, ..FaultProfile::default() });
    assert_eq!(get().send().await.unwrap().status(), 503);
    let entries = running.sandbox.audit().entries(Some(System::Genesys));
    let lookups: Vec<Option<&str>> =
        entries.iter().filter(|entry| entry.method == "GET").map(|entry| entry.answer.as_deref()).collect();
    assert_eq!(lookups, [Some(answered.as_str()), None, None]);
}

/// Each system refuses in its own words, and keeps no token from anybody.
#[tokio::test]
async fn what_a_caller_may_not_do_is_refused_and_nothing_else() {
    let running = running(Latency::NONE).await;
    let api = running.sandbox.addresses.genesys_api.clone();
    let forbidden = vec!["/api/v2/externalcontacts".to_owned(), "/oauth".to_owned()];
    running.sandbox.set_fault(System::Genesys, FaultProfile { forbidden, ..FaultProfile::default() });
    let contact = trunkline_load::customers::contact(1);
    let url = format!("{api}/api/v2/externalcontacts/contacts/{contact}");
    let refused = running.client.get(&url).bearer_auth(&running.token).send().await.unwrap();
    assert_eq!(refused.status(), 403);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["code"], "missing.any.permissions");
    assert!(body["message"].as_str().unwrap().ends_with("[externalContacts:contact:view]"));
    assert!(!running.genesys_token().await.is_empty());
    assert_eq!(running.patched("GOLD").await, 200);
}

#[tokio::test]
async fn faults_come_and_go_at_run_time() {
    let mut running = running(Latency::NONE).await;
    let cases = [
        (json!({"down": true}), 503, Some("down")),
        (json!({"errorRate": 1.0}), 500, Some("error")),
        (json!({"forbidden": ["/api/v2/conversations"], "hangRate": 1.0}), 403, Some("forbidden")),
        (json!({"rateLimit": 0}), 429, None),
        (json!({"revokeTokens": true}), 401, None),
    ];
    for (index, (fault, status, named)) in cases.into_iter().enumerate() {
        assert_eq!(running.patched(&format!("before-{index}")).await, 200);
        assert_eq!(running.fault("genesys", fault.clone()).await, 200);
        assert_eq!(running.patched(&format!("during-{index}")).await, status, "{fault}");
        let last = running.writes(2 * index + 2).await.pop().unwrap();
        assert_eq!((last.status, last.effect, last.fault.as_deref()), (status, false, named));
        assert_eq!(running.fault("genesys", json!({})).await, 200);
        if status == 401 {
            running.token = running.genesys_token().await;
        }
    }
    assert_eq!(running.patched("after").await, 200);
    assert_eq!(running.fault("genesys", json!({"dwn": true})).await, 400);
    assert_eq!(running.fault("siebel", json!({})).await, 404);
    // Who hides nothing cannot be told to.
    for (system, hidden, status) in [
        ("sap", "A_BusinessPartner.Customer", 400),
        ("servicenow", "incident", 400),
        ("servicenow", "incident.priority", 200),
        ("salesforce", "Account", 200),
    ] {
        assert_eq!(running.fault(system, json!({"hidden": [hidden]})).await, status, "{system} {hidden}");
    }
}

#[tokio::test]
async fn latency_can_be_added() {
    let running = running(Latency::NONE).await;
    running.sandbox.set_fault(System::Genesys, FaultProfile { latency_ms: 80, ..FaultProfile::default() });
    let before = now_ms();
    assert_eq!(running.patched("GOLD").await, 200);
    assert!(now_ms() - before >= 80.0);
}

#[tokio::test]
async fn one_customer_can_be_slow() {
    let running = running(Latency::NONE).await;
    assert_eq!(running.fault("servicenow", json!({"slowCustomers": {"C-000020": 400}})).await, 200);
    let url = format!("{}/api/now/stats/incident", running.sandbox.addresses.servicenow);
    for customer in ["C-000020", "C-000021"] {
        let query = format!("active=true^correlation_display={customer}");
        running.client.get(&url).query(&[("sysparm_query", query)]).send().await.unwrap();
    }
    let took: Vec<f64> = running
        .sandbox
        .audit()
        .entries(Some(System::ServiceNow))
        .iter()
        .map(|entry| entry.finished_at - entry.started_at)
        .collect();
    assert!(took[0] >= 400.0 && took[1] < 400.0, "{took:?}");
}

/// The nastiest answer is the one that never comes: the caller cannot know that its write took effect.
#[tokio::test]
async fn a_write_takes_effect_although_its_caller_hangs_up() {
    let running = running(Latency::NONE).await;
    for fault in [
        FaultProfile { latency_ms: 150, ..FaultProfile::default() },
        FaultProfile { hang_rate: 1.0, ..FaultProfile::default() },
    ] {
        let hangs = fault.hang_rate > 0.0;
        running.sandbox.set_fault(System::Genesys, fault);
        let value = format!("hangs-{hangs}");
        let error = running.patch(&value).timeout(Duration::from_millis(60)).send().await.unwrap_err();
        assert!(error.is_timeout());
        let writes = running.writes(1 + usize::from(hangs)).await;
        let last = writes.last().unwrap();
        assert_eq!((last.status, last.effect), (200, true));
        assert_eq!(last.idempotency_key, Some(format!("command-{value}")));
        assert_eq!(last.fault.as_deref(), hangs.then_some("hang"));
    }
}

#[tokio::test]
async fn quota_and_customers_can_be_asked_for() {
    let running = running(Latency::NONE).await;
    assert_eq!(running.patched("GOLD").await, 200);
    let get = |path: &str| running.client.get(format!("{}{path}", running.sandbox.addresses.admin)).send();
    let quota: Value = get("/quota").await.unwrap().json().await.unwrap();
    assert_eq!(quota["genesys"][0]["count"], 1);
    assert_eq!(quota["genesys"][0]["rule"]["calls"], 300);
    let customer: Value = get("/customers/C-000001").await.unwrap().json().await.unwrap();
    assert_eq!((&customer["customerId"], &customer["sapNumber"]), (&json!("C-000001"), &json!("1000000001")));
    assert_eq!(get("/customers/C-000501").await.unwrap().status(), 404);
}

#[tokio::test]
async fn stopping_frees_the_ports() {
    let first = Sandbox::start(SandboxSettings::default()).await.unwrap();
    let port: u16 = first.addresses.genesys_login.rsplit(':').next().unwrap().parse().unwrap();
    first.stop().await;
    std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
}
