//! Targets and commands for this crate's unit tests.

pub(crate) mod stub;

use std::collections::BTreeMap;
use std::time::Duration;

use trunkline_config::{
    Breaker, Client, Credentials, Http, Mode, ProfileMapping, Proof, Retry, Target, TokenLogin,
};
use trunkline_schemas::WriteBack;
use trunkline_systems::{ClientAuthentication, Rate, System};

/// A ServiceNow target with a password, so that no token is needed.
pub(crate) fn target(base_url: &str) -> Target {
    Target {
        name: "tickets".to_owned(),
        system: System::ServiceNow,
        org: "acme".to_owned(),
        base_url: base_url.to_owned(),
        credentials: Credentials::Basic { username: "trunkline".to_owned(), password: "s3cr3t".into() },
        api_version: None,
        headers: BTreeMap::new(),
        profile: ProfileMapping::standard(System::ServiceNow),
        mode: Mode::Apply,
        timeout: Duration::from_secs(5),
        rate: Rate { calls: 1_000, per: Duration::from_secs(1) },
        breaker: Breaker::default(),
        retry: Retry { base: Duration::from_millis(2), ..Retry::default() },
        http: Http::default(),
        answer_limit_bytes: 2 << 20,
    }
}

/// A Salesforce target that logs in at the stub's `/token`.
pub(crate) fn target_with_token(base_url: &str) -> Target {
    Target {
        name: "crm".to_owned(),
        system: System::Salesforce,
        profile: ProfileMapping::standard(System::Salesforce),
        credentials: Credentials::Token(token_login(&format!("{base_url}/token"))),
        ..target(base_url)
    }
}

/// A login by client credentials at this token endpoint.
pub(crate) fn token_login(token_url: &str) -> TokenLogin {
    let client = Client {
        id: "trunkline".to_owned(),
        secret: "s3cr3t".into(),
        authentication: ClientAuthentication::Header,
    };
    TokenLogin {
        token_url: token_url.to_owned(),
        proof: Proof::Client(client),
        scope: None,
        grace: Duration::from_secs(300),
        life: Duration::from_secs(900),
        introspection: None,
    }
}

/// A path and its query, decoded for people.
pub(crate) fn decoded(path: &str) -> String {
    let url = reqwest::Url::parse(&format!("http://x{path}")).unwrap();
    let pairs: Vec<String> = url.query_pairs().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}?{}", url.path(), pairs.join("&"))
}

/// A command to write fields.
pub(crate) fn command(operation: &str, parameters: &[(&str, &str)], fields: &[(&str, &str)]) -> WriteBack {
    let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    WriteBack {
        command_id: "0b8a6a1c-0000-5000-8000-000000000001".to_owned(),
        target: "crm".to_owned(),
        system: "salesforce".to_owned(),
        operation: operation.to_owned(),
        resource: "salesforce/acme/Contact/1".to_owned(),
        parameters: map(parameters),
        fields: map(fields),
        event_id: "e".to_owned(),
        conversation_id: None,
        contact_id: None,
        flow_session_id: None,
        customer_id: None,
        correlation_id: "c".to_owned(),
        rule_id: "r".to_owned(),
        rule_set_version: "v".to_owned(),
        observe: false,
        issued_at: 0,
        expires_at: None,
    }
}
