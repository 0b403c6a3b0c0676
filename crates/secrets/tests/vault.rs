//! Secrets in Vault: at the start, while they change, and while the server is away.
//!
//! They are read from a stand-in. With `TRUNKLINE_VAULT` (the address of a real Vault or OpenBao in which nothing is
//! mounted) and `TRUNKLINE_VAULT_TOKEN` (its root token), the tests that need no more than that use the real one.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

#[path = "support/log.rs"]
mod log;
#[path = "support/stand_in.rs"]
mod stand_in;
#[path = "support/mod.rs"]
mod support;

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use stand_in::{ROOT, StandIn};
use support::{folder, follow, password, until, until_is};
use trunkline_config::ExposeSecret;

/// How a token asks about itself.
const LOOKUP: &str = "GET /v1/auth/token/lookup-self";

const PASSWORD: &str = "vault:secret/trunkline/sap#password";

/// A server, as an administrator sees it.
struct Administered {
    address: String,
    root: String,
    stand_in: Option<StandIn>,
}

impl Administered {
    async fn start() -> Self {
        if let (Ok(address), Ok(root)) =
            (std::env::var("TRUNKLINE_VAULT"), std::env::var("TRUNKLINE_VAULT_TOKEN"))
        {
            return Self { address, root, stand_in: None };
        }
        let stand_in = StandIn::start().await;
        Self { address: stand_in.address.clone(), root: ROOT.to_owned(), stand_in: Some(stand_in) }
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}/v1/{path}", self.address);
        let request = reqwest::Client::new().request(method, url).header("x-vault-token", &self.root);
        let answer = request.json(&body).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null)
    }

    /// Mounts a store and a way to log in, whose tokens live so many seconds, and at most so many. Gives the lines of
    /// the login; its secret id is put into the folder later, by the file's name.
    async fn set_up(&self, life: u64, longest: u64) -> (String, String) {
        self.ask(Method::POST, "sys/mounts/secret", json!({ "type": "kv", "options": { "version": "2" } }))
            .await;
        self.ask(Method::POST, "sys/auth/approle", json!({ "type": "approle" })).await;
        let policy = r#"path "secret/data/trunkline/*" { capabilities = ["read"] }"#;
        self.ask(Method::POST, "sys/policies/acl/trunkline", json!({ "policy": policy })).await;
        let role = json!({
            "token_ttl": format!("{life}s"), "token_max_ttl": format!("{longest}s"), "token_policies": "trunkline",
        });
        self.ask(Method::POST, "auth/approle/role/trunkline", role).await;
        let role_id = self.ask(Method::GET, "auth/approle/role/trunkline/role-id", json!({})).await;
        let secret_id = self.ask(Method::POST, "auth/approle/role/trunkline/secret-id", json!({})).await;
        let login = format!(
            "method = \"approle\"\nrole_id = \"{}\"\nsecret_id = \"file:secret-id\"",
            role_id["data"]["role_id"].as_str().unwrap()
        );
        (login, secret_id["data"]["secret_id"].as_str().unwrap().to_owned())
    }

    async fn put(&self, path: &str, values: Value) {
        self.ask(Method::POST, &format!("secret/data/{path}"), json!({ "data": values })).await;
    }

    /// The section of the configuration.
    fn section(&self, login: &str) -> String {
        let address = &self.address;
        format!("[vault]\naddress = \"{address}\"\nreread_interval = \"1s\"\n[vault.login]\n{login}\n")
    }
}

/// What is said when a configuration with this password is loaded.
async fn refused(section: &str, password: &str, files: &[(&str, &str)]) -> String {
    let folder = folder(section, password);
    write(folder.path(), files);
    let mistakes = follow(folder.path()).await.map(drop).unwrap_err().to_string();
    mistakes.replace(&format!("{}/", folder.path().display()), "")
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    files.iter().for_each(|(name, content)| std::fs::write(folder.join(name), content).unwrap());
}

#[tokio::test]
async fn new_versions_are_followed_while_the_login_is_renewed_and_made_again() {
    let server = Administered::start().await;
    let (login, secret_id) = server.set_up(2, 4).await;
    server.put("trunkline/sap", json!({ "password": "value-0" })).await;
    let folder = folder(&server.section(&login), PASSWORD);
    write(folder.path(), &[("secret-id", &secret_id)]);
    let log = log::Log::start();
    let (config, following) = follow(folder.path()).await.unwrap();
    let password = password(&config);
    assert_eq!(password.current().expose_secret(), "value-0");
    for number in 1..=6 {
        let value = format!("value-{number}");
        server.put("trunkline/sap", json!({ "password": value })).await;
        until_is(&password, &value).await;
    }
    if let Some(stand_in) = &server.stand_in {
        until("the login is made again", || stand_in.answered("POST /v1/auth/approle/login") >= 2).await;
        assert!(stand_in.answered("POST /v1/auth/token/renew-self") >= 2);
    }
    let said = format!("{} {config:?} {following:?}", log.text());
    assert!(!said.contains("TL-1003"), "{said}");
    for secret in ["value-", "hvs.", secret_id.as_str(), server.root.as_str()] {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
}

#[tokio::test]
async fn an_outage_and_a_deleted_secret_keep_the_last_value_and_are_reported() {
    let stand_in = StandIn::start().await;
    let server = Administered { address: stand_in.address.clone(), root: ROOT.to_owned(), stand_in: None };
    let (login, secret_id) = server.set_up(0, 0).await;
    server.put("trunkline/sap", json!({ "password": "before" })).await;
    let folder = folder(&server.section(&login), PASSWORD);
    write(folder.path(), &[("secret-id", &secret_id)]);
    let log = log::Log::start();
    let (config, _following) = follow(folder.path()).await.unwrap();
    let password = password(&config);
    let reports = || log.text().matches("TL-1003").count();
    stand_in.seal(true);
    until("the outage is reported", || reports() == 1).await;
    assert_eq!(password.current().expose_secret(), "before");
    stand_in.seal(false);
    server.put("trunkline/sap", json!({ "password": "after" })).await;
    until_is(&password, "after").await;
    server.ask(Method::DELETE, "secret/data/trunkline/sap", json!({})).await;
    until("the deletion is reported", || reports() == 2).await;
    assert_eq!(password.current().expose_secret(), "after");
    server.put("trunkline/sap", json!({ "password": "again" })).await;
    until_is(&password, "again").await;
}

#[tokio::test]
async fn what_cannot_be_read_at_the_start_is_said_with_its_place_path_and_key_and_without_secrets() {
    let server = Administered::start().await;
    let (login, secret_id) = server.set_up(60, 60).await;
    server.put("trunkline/sap", json!({ "password": "hunter2", "port": 443, "empty": "" })).await;
    let section = server.section(&login);
    for (reference, expected) in [
        ("vault:secret/trunkline/sap#user", "is not there: the secret has no such key"),
        ("vault:secret/trunkline/sap#port", "has a value there that is no string"),
        ("vault:secret/trunkline/sap#empty", "is an empty secret"),
        (
            "vault:secret/trunkline/none#password",
            "cannot be read (TL-1002): Vault answered 404 for 'secret/data/trunkline/none': there is nothing; check \
             mount, path and namespace, and whether it was deleted",
        ),
        (
            "vault:secret/others/x#password",
            "cannot be read (TL-1002): Vault answered 403 for 'secret/data/others/x': check the login, its policies \
             and the namespace",
        ),
    ] {
        if server.stand_in.is_some() && reference.contains("others") {
            // The stand-in has no policies.
            continue;
        }
        let said = refused(&section, reference, &[("secret-id", &secret_id)]).await;
        assert_eq!(said, format!("trunkline.toml:18:12 {reference} {expected}"));
    }
    let said = refused(&section, PASSWORD, &[("secret-id", "wrong-secret-id")]).await;
    assert!(
        said.contains(PASSWORD) && said.contains("(TL-1002): Vault answered 400 for 'auth/approle/login'")
    );
    assert!(!said.contains("wrong-secret-id"), "{said}");
}

#[tokio::test]
async fn a_server_that_is_away_at_the_start_is_asked_a_few_times_and_named() {
    let away = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let section = format!(
        "[vault]\naddress = \"http://{away}\"\n[vault.login]\nmethod = \"token\"\ntoken = \"file:token\"\n"
    );
    let said = refused(&section, PASSWORD, &[("token", "hvs.hunter2")]).await;
    let expected = format!(
        "trunkline.toml:16:12 {PASSWORD} cannot be read (TL-1002): Vault at http://{away} gave no answer: "
    );
    assert!(said.starts_with(&expected) && !said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn a_token_that_is_replaced_in_its_file_is_taken_when_the_old_one_has_ended() {
    let server = Administered::start().await;
    server.set_up(60, 60).await;
    server.put("trunkline/sap", json!({ "password": "before" })).await;
    let token = async |ttl: &str| {
        let role = json!({ "ttl": ttl, "renewable": false, "policies": ["trunkline"] });
        let created = server.ask(Method::POST, "auth/token/create", role).await;
        created["auth"]["client_token"].as_str().unwrap().to_owned()
    };
    let section = server.section("method = \"token\"\ntoken = \"file:token\"");
    let folder = folder(&format!("{section}[secrets]\ncheck_interval = \"100ms\"\n"), PASSWORD);
    write(folder.path(), &[("token", &token("3s").await)]);
    let log = log::Log::start();
    let (config, _following) = follow(folder.path()).await.unwrap();
    until("the end of the token is reported", || log.text().contains("TL-1003")).await;
    server.put("trunkline/sap", json!({ "password": "after" })).await;
    write(folder.path(), &[("token", &token("60s").await)]);
    until_is(&password(&config), "after").await;
    assert!(!log.text().contains("hvs."), "{}", log.text());
}

#[tokio::test]
async fn a_pod_logs_in_with_the_token_that_kubernetes_gave_it_last() {
    let stand_in = StandIn::start().await;
    let server = Administered { address: stand_in.address.clone(), root: ROOT.to_owned(), stand_in: None };
    server.set_up(60, 60).await;
    server.put("trunkline/sap", json!({ "password": "before" })).await;
    stand_in.trust_service_account("jwt-1");
    let section = server.section("method = \"kubernetes\"\nrole = \"trunkline\"\njwt = \"file:jwt\"");
    let folder = folder(&format!("{section}[secrets]\ncheck_interval = \"100ms\"\n"), PASSWORD);
    write(folder.path(), &[("jwt", "jwt-1")]);
    let (config, _following) = follow(folder.path()).await.unwrap();
    // Kubernetes has replaced it, and the login that was made with the first one is ended.
    write(folder.path(), &[("jwt", "jwt-2")]);
    stand_in.trust_service_account("jwt-2");
    stand_in.revoke_all();
    server.put("trunkline/sap", json!({ "password": "after" })).await;
    until_is(&password(&config), "after").await;
    assert_eq!(stand_in.answered("POST /v1/auth/kubernetes/login"), 2);
}

#[tokio::test]
async fn a_path_that_is_denied_costs_no_login() {
    let stand_in = StandIn::start().await;
    let server = Administered { address: stand_in.address.clone(), root: ROOT.to_owned(), stand_in: None };
    let (login, secret_id) = server.set_up(0, 0).await;
    server.put("trunkline/sap", json!({ "password": "before" })).await;
    let folder = folder(&server.section(&login), PASSWORD);
    write(folder.path(), &[("secret-id", &secret_id)]);
    let (config, _following) = follow(folder.path()).await.unwrap();
    let mut asked = 0;
    for status in [403, 400, 405] {
        stand_in.deny("secret/data/trunkline/sap", Some(status));
        // As often as it is read again, the login is asked about and found to be good.
        until("the login is asked about", || stand_in.answered(LOOKUP) >= asked + 2).await;
        asked = stand_in.answered(LOOKUP);
    }
    server.put("trunkline/sap", json!({ "password": "after" })).await;
    stand_in.deny("secret/data/trunkline/sap", None);
    until_is(&password(&config), "after").await;
    assert_eq!(stand_in.answered("POST /v1/auth/approle/login"), 1);
}

#[tokio::test]
async fn a_token_is_used_until_the_one_that_takes_its_place_is_let_in() {
    let stand_in = StandIn::start().await;
    let server = Administered { address: stand_in.address.clone(), root: ROOT.to_owned(), stand_in: None };
    server.put("trunkline/sap", json!({ "password": "before" })).await;
    let section = server.section("method = \"token\"\ntoken = \"file:token\"");
    let folder = folder(&format!("{section}[secrets]\ncheck_interval = \"100ms\"\n"), PASSWORD);
    write(folder.path(), &[("token", ROOT)]);
    let log = log::Log::start();
    let (config, _following) = follow(folder.path()).await.unwrap();
    write(folder.path(), &[("token", "hvs.none")]);
    until("the new token is tried", || log.text().contains("cannot be renewed or made again")).await;
    server.put("trunkline/sap", json!({ "password": "after" })).await;
    until_is(&password(&config), "after").await;
    assert!(!log.text().contains("cannot be read again"), "{}", log.text());
}
