//! Each kind of login at the simulated systems: let in, or refused as the vendor does.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::Method;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;
use trunkline_config::{Config, load};
use trunkline_connect::{CallError, CallErrorKind, Directory, Event, Repeat, Request, Response, Role};
use trunkline_simulators::{Credentials, FaultProfile, Sandbox, SandboxSettings, System};

const CLASS: &str = "query";
/// Too short for a second attempt at a token endpoint.
const HASTY: Duration = Duration::from_millis(400);
const LONG: Duration = Duration::from_secs(30);

/// The simulated systems, without latency, and a folder of their secrets.
struct World {
    sandbox: Sandbox,
    folder: TempDir,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let credentials = Some(Credentials::kept_in(folder.path()).unwrap());
        std::fs::write(folder.path().join("wrong"), "n0t-the-s3cret").unwrap();
        let settings =
            SandboxSettings { credentials, latency: BTreeMap::new(), ..SandboxSettings::default() };
        Self { sandbox: Sandbox::start(settings).await.unwrap(), folder }
    }

    /// A configuration with one target `x`.
    fn config(&self, system: &str, fields: &str) -> Config {
        let at = &self.sandbox.addresses;
        let (api, token_url) = match system {
            "genesys" => (&at.genesys_api, format!("{}/oauth/token", at.genesys_login)),
            "cxone" => (&at.cxone_api, format!("{}/auth/token", at.cxone_auth)),
            "salesforce" => (&at.salesforce, format!("{}/services/oauth2/token", at.salesforce)),
            "sap" => (&at.sap, format!("{}/sap/bc/sec/oauth2/token?sap-client=100", at.sap)),
            _ => (&at.servicenow, format!("{}/oauth_token.do", at.servicenow)),
        };
        let base_url = format!("base_url = \"{api}\"");
        let text = format!(
            "[kafka]\nbrokers = \"a:9092\"\n[registry]\nurl = \"http://localhost:1\"\n[targets.x]\n\
             system = \"{system}\"\norg = \"acme\"\n{}",
            fields.replace("BASE", &base_url).replace("TOKEN_URL", &format!("token_url = \"{token_url}\""))
        );
        let path = self.folder.path().join("trunkline.toml");
        std::fs::write(&path, text).unwrap();
        load(&path).unwrap_or_else(|mistakes| panic!("{mistakes}"))
    }

    fn directory(&self, system: &str, fields: &str) -> Directory {
        Directory::from_config(&self.config(system, fields), Role::WriteBack).unwrap()
    }
}

/// Reads something small that is there.
async fn read(directory: &Directory, system: &str, within: Duration) -> Result<Response, CallError> {
    let path = match system {
        "genesys" => "/api/v2/conversations/5f0e1b6a-7f0e-4c55-9d62-6b3f6ad2f001",
        "cxone" => "/incontactapi/services/v30.0/business-unit",
        "salesforce" => "/services/data/v60.0/query?q=SELECT%20Id%20FROM%20Account%20LIMIT%201",
        "sap" => "/sap/opu/odata/sap/API_BUSINESS_PARTNER/?$format=json",
        _ => "/api/now/table/incident?sysparm_limit=1",
    };
    let request = Request {
        method: Method::GET,
        path: path.to_owned(),
        headers: Vec::new(),
        body: None,
        repeat: Repeat::Always,
        traceparent: None,
    };
    directory.outbound("x").unwrap().call(CLASS, &request, Instant::now() + within).await
}

const GENESYS: &str =
    "BASE\nTOKEN_URL\nclient_id = \"trunkline-genesys\"\nclient_secret = \"file:genesys-client-secret\"\n";
const SALESFORCE: &str = "BASE\nTOKEN_URL\nclient_id = \"trunkline-salesforce\"\nclient_secret = \"file:salesforce-client-secret\"\n";
const ASSERTION: &str = "BASE\nTOKEN_URL\nclient_id = \"trunkline-salesforce\"\nusername = \"trunkline@acme.example\"\n\
                         private_key = \"file:salesforce-private-key\"\n";
const ACCESS_KEY: &str = "TOKEN_URL\nclient_id = \"trunkline-cxone\"\nclient_secret = \"file:cxone-client-secret\"\n\
                          access_key_id = \"TRUNKLINEACCESSKEY\"\naccess_key_secret = \"file:cxone-access-key-secret\"\n";
const SAP: &str =
    "BASE\nTOKEN_URL\nclient_id = \"trunkline-sap\"\nclient_secret = \"file:sap-client-secret\"\n";
const SAP_BASIC: &str = "BASE\nusername = \"TRUNKLINE\"\npassword = \"file:sap-password\"\n";
const SERVICENOW: &str = "BASE\nTOKEN_URL\nclient_id = \"trunkline-servicenow\"\nclient_secret = \"file:servicenow-client-secret\"\n";
const SERVICENOW_BASIC: &str =
    "BASE\nusername = \"trunkline-servicenow\"\npassword = \"file:servicenow-client-secret\"\n";

#[tokio::test]
async fn every_kind_of_login_is_let_in() {
    let world = World::start().await;
    for (system, fields, more) in [
        ("genesys", GENESYS, ""),
        (
            "genesys",
            GENESYS,
            "scope = \"integration:read routing:queue:edit user:read conversations:readonly\"",
        ),
        ("salesforce", SALESFORCE, ""),
        ("salesforce", SALESFORCE, "client_auth = \"form\""),
        ("salesforce", ASSERTION, ""),
        ("cxone", ACCESS_KEY, ""),
        ("cxone", ACCESS_KEY, "BASE"),
        ("sap", SAP_BASIC, ""),
        ("sap", SAP, "scope = [\"API_BUSINESS_PARTNER_0001\"]"),
        ("servicenow", SERVICENOW_BASIC, ""),
        ("servicenow", SERVICENOW, ""),
        ("servicenow", SERVICENOW, "client_auth = \"basic\""),
    ] {
        let directory = world.directory(system, &format!("{fields}{more}"));
        let answer = read(&directory, system, LONG).await.unwrap_or_else(|error| panic!("{more}: {error}"));
        assert_eq!((answer.status, answer.attempts), (200, 1), "{system} {fields}{more}");
    }
}

#[tokio::test]
async fn a_wrong_login_is_refused_as_the_vendor_does_and_no_secret_is_told() {
    let world = World::start().await;
    let wrong = |fields: &str, from: &str, to: &str| {
        assert!(fields.contains(from), "{from}");
        fields.replace(from, to)
    };
    for (system, fields, status, code) in [
        ("genesys", wrong(GENESYS, "file:genesys-client-secret", "file:wrong"), 401, Some("invalid_client")),
        ("genesys", format!("{GENESYS}client_auth = \"form\""), 400, Some("invalid_request")),
        ("genesys", format!("{GENESYS}scope = \"admin\""), 400, Some("invalid_scope")),
        ("salesforce", wrong(SALESFORCE, "file:salesforce-client-secret", "file:wrong"), 400, Some("invalid_client")),
        ("salesforce", wrong(ASSERTION, "trunkline-salesforce", "other-app"), 400, Some("invalid_client_id")),
        ("salesforce", wrong(ASSERTION, "trunkline@acme", "other@acme"), 400, Some("invalid_grant")),
        (
            "salesforce",
            format!("{ASSERTION}audience = \"https://test.salesforce.com\""),
            400,
            Some("invalid_grant"),
        ),
        ("cxone", wrong(ACCESS_KEY, "file:cxone-access-key-secret", "file:wrong"), 400, Some("invalid_grant")),
        ("cxone", format!("{ACCESS_KEY}client_auth = \"form\""), 401, Some("invalid_client")),
        ("cxone", format!("{ACCESS_KEY}tenant_id = \"another\""), 404, None),
        (
            "cxone",
            "BASE\nTOKEN_URL\nclient_id = \"trunkline-cxone\"\nclient_secret = \"file:cxone-client-secret\"\n\
             scope = \"gen:api contactcenter.readonly\""
                .to_owned(),
            400,
            Some("unsupported_grant_type"),
        ),
        ("sap", wrong(SAP, "file:sap-client-secret", "file:wrong"), 401, Some("invalid_client")),
        ("sap", format!("{SAP}scope = \"ANOTHER_0001\""), 400, Some("invalid_scope")),
        ("sap", wrong(SAP_BASIC, "file:sap-password", "file:wrong"), 401, None),
        (
            "servicenow",
            wrong(SERVICENOW, "file:servicenow-client-secret", "file:wrong"),
            401,
            Some("invalid_client"),
        ),
        ("servicenow", format!("{SERVICENOW}scope = \"admin\""), 401, Some("invalid_scope")),
    ] {
        let directory = world.directory(system, &fields);
        let error = read(&directory, system, HASTY).await.unwrap_err();
        assert_eq!((error.kind, error.status), (CallErrorKind::Unauthorized, Some(status)), "{fields} {error}");
        if code.is_some() {
            assert_eq!(error.code.as_deref(), code, "{fields}");
        }
        assert_eq!(error.trunkline_code(), "TL-4002");
        let shown = format!("{error} {error:?} {directory:?}");
        let mut secrets = world.sandbox.secrets();
        secrets.push("n0t-the-s3cret".to_owned());
        for secret in secrets {
            assert!(!shown.contains(&secret), "a secret is told: {shown}");
        }
    }
}

/// What is reported of what was published so far.
fn told(published: &mut Receiver<Event>) -> Vec<Event> {
    let mut told = Vec::new();
    while let Ok(event) = published.try_recv() {
        told.extend(event.code().map(|_| event));
    }
    told
}

#[tokio::test]
async fn a_token_revoked_in_mid_flow_is_one_report_one_refresh_and_one_retry_for_every_kind_of_login() {
    let world = World::start().await;
    for (system, revoked, fields) in [
        ("genesys", System::Genesys, GENESYS),
        ("salesforce", System::Salesforce, SALESFORCE),
        ("salesforce", System::Salesforce, ASSERTION),
        ("cxone", System::Cxone, ACCESS_KEY),
        ("sap", System::Sap, SAP),
        ("servicenow", System::ServiceNow, SERVICENOW),
    ] {
        let directory = world.directory(system, fields);
        let mut published = directory.events();
        assert_eq!(read(&directory, system, LONG).await.unwrap().attempts, 1);
        world.sandbox.set_fault(revoked, FaultProfile { revoke_tokens: true, ..FaultProfile::default() });
        assert_eq!(read(&directory, system, LONG).await.unwrap().attempts, 2, "{system}");
        assert_eq!(read(&directory, system, LONG).await.unwrap().attempts, 1, "{system}");
        assert_eq!(told(&mut published), [Event::TokenRevoked { target: "x".to_owned() }], "{system}");
    }
}

#[tokio::test]
async fn instances_that_start_together_ask_once_each_however_many_calls_wait() {
    const CALLS: usize = 100;
    let world = World::start().await;
    let instances = [0, 1].map(|_| world.directory("genesys", GENESYS));
    let calls = instances
        .iter()
        .flat_map(|instance| std::iter::repeat_with(move || read(instance, "genesys", LONG)).take(CALLS));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap().attempts, 1);
    }
    let entries = world.sandbox.audit().entries(Some(System::Genesys));
    assert_eq!(entries.iter().filter(|entry| entry.path == "/oauth/token").count(), instances.len());
}

#[tokio::test]
async fn a_revoked_token_that_is_asked_about_first_costs_no_attempt() {
    let world = World::start().await;
    let url = format!(
        "introspection_url = \"{}/services/oauth2/introspect\"\n",
        world.sandbox.addresses.salesforce
    );
    let mut config = world.config("salesforce", &format!("{SALESFORCE}{url}"));
    let target = config.targets.get_mut("x").unwrap();
    let trunkline_config::Credentials::Token(login) = &mut target.credentials else { panic!() };
    // Shorter than a configuration may say.
    login.introspection.as_mut().unwrap().cache = Duration::from_millis(1);
    let directory = Directory::from_config(&config, Role::WriteBack).unwrap();
    let mut published = directory.events();
    for revoke in [false, true, false] {
        let fault = FaultProfile { revoke_tokens: revoke, ..FaultProfile::default() };
        world.sandbox.set_fault(System::Salesforce, fault);
        // What is known of the token was learnt before this, and is believed for a millisecond.
        let known_before = Instant::now();
        while known_before.elapsed() <= Duration::from_millis(1) {
            tokio::task::yield_now().await;
        }
        assert_eq!(read(&directory, "salesforce", LONG).await.unwrap().attempts, 1);
    }
    assert_eq!(told(&mut published), [Event::TokenRevoked { target: "x".to_owned() }]);
}

#[tokio::test]
async fn a_key_that_cannot_sign_is_refused_before_anything_is_called() {
    let world = World::start().await;
    let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    std::fs::write(world.folder.path().join("salesforce-private-key"), broken).unwrap();
    let config = world.config("salesforce", ASSERTION);
    let refused = Directory::from_config(&config, Role::WriteBack).unwrap_err().to_string();
    assert!(refused.starts_with("target 'x': the key that private_key refers to cannot sign"), "{refused}");
    assert!(!refused.contains("AAAA"), "{refused}");
}
