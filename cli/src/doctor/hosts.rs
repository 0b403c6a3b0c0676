//! What a firewall must let through.

use std::collections::BTreeSet;
use std::fmt::Write;

use reqwest::Url;
use serde::Serialize;
use trunkline_config::{Config, Credentials, Proof};

/// One connection to allow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Opening {
    /// `in` or `out`, seen from Trunkline.
    direction: &'static str,
    /// `host:port`.
    host: String,
    /// Who needs it, and what for.
    purpose: String,
}

/// Every connection that the configuration needs, without repeats.
pub(super) fn of(config: &Config) -> BTreeSet<Opening> {
    let mut openings = BTreeSet::new();
    let mut open = |direction, host: Option<String>, purpose: String| {
        openings.extend(host.map(|host| Opening { direction, host, purpose }));
    };
    for broker in config.kafka.brokers.split(',') {
        let purpose = "every binary: Kafka, and the addresses its brokers advertise".to_owned();
        open("out", Some(broker.trim().to_owned()), purpose);
    }
    open("out", host(&config.registry.url), "every binary: schema registry".to_owned());
    if let Some(vault) = &config.vault {
        open("out", host(&vault.address), "every binary: secrets".to_owned());
    }
    if let Some(endpoint) = &config.telemetry.otlp_endpoint {
        open("out", host(endpoint), "every binary: traces".to_owned());
    }
    let of_targets = config.targets.values().filter_map(|target| target.http.proxy.as_ref());
    for proxy in config.http.proxy.iter().chain(of_targets) {
        let purpose = "every binary: the proxy, which needs what is below in its place".to_owned();
        open("out", host(&proxy.url), purpose);
    }
    for target in config.targets.values() {
        let who = users(config, &target.name);
        open("out", host(&target.base_url), format!("{who}: target '{}'", target.name));
        let Credentials::Token(login) = &target.credentials else { continue };
        open("out", host(&login.token_url), format!("{who}: tokens of target '{}'", target.name));
        if let Some(introspection) = &login.introspection {
            open(
                "out",
                host(&introspection.url),
                format!("{who}: questions about those of '{}'", target.name),
            );
        }
        if matches!(login.proof, Proof::AccessKey { discovers_api: true, .. }) {
            let purpose = format!("{who}: the API of target '{}', which is discovered", target.name);
            open("out", Some("*.niceincontact.com:443".to_owned()), purpose);
        }
    }
    open("in", Some(config.ingest.listen.to_string()), "ingest: webhooks".to_owned());
    openings
}

/// The binaries that call a target.
fn users(config: &Config, target: &str) -> &'static str {
    let enriches = config.enrichment.asks(target);
    let writes = config.rules.write_backs.iter().any(|rule| rule.target == target);
    match (enriches, writes) {
        (true, true) => "processor, sink",
        (true, false) => "processor",
        (false, true) => "sink",
        (false, false) => "(no rule yet)",
    }
}

/// One line each.
pub(super) fn show(openings: &BTreeSet<Opening>) -> String {
    openings.iter().fold(String::new(), |mut lines, opening| {
        // Writing to a string never fails.
        let _ = writeln!(lines, "  {:<3}  {:<40}  {}", opening.direction, opening.host, opening.purpose);
        lines
    })
}

fn host(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_with_its_port_and_its_purpose() {
        let text = r#"
            allow_env_secrets = true
            [kafka]
            brokers = "a:9092, b:9092"
            [registry]
            url = "https://registry.example/apis/ccompat/v7"
            [telemetry]
            otlp_endpoint = "https://collector:4318"
            [vault]
            address = "https://vault.example:8200"
            [vault.login]
            method = "token"
            token = "env:PATH"
        "#;
        let hosts = of(&trunkline_config::parse(text, "trunkline.toml").unwrap());
        let lines: Vec<_> = hosts.iter().map(|o| format!("{} {}", o.direction, o.host)).collect();
        let expected = [
            "in 127.0.0.1:8080",
            "out a:9092",
            "out b:9092",
            "out collector:4318",
            "out registry.example:443",
            "out vault.example:8200",
        ];
        assert_eq!(lines, expected);
        assert!(show(&hosts).contains("schema registry"));
    }

    #[test]
    fn a_proxy_and_an_issuer_that_is_asked_about_tokens_are_opened_as_well() {
        let text = r#"
            allow_env_secrets = true
            [kafka]
            brokers = "a:9092"
            [registry]
            url = "http://localhost:1"
            [http]
            proxy = "http://proxy:3128"
            [targets.crm]
            system = "salesforce"
            org = "acme"
            base_url = "https://acme.my.salesforce.com"
            token_url = "https://acme.my.salesforce.com/services/oauth2/token"
            introspection_url = "https://login.example/introspect"
            client_id = "id"
            client_secret = "env:PATH"
        "#;
        let hosts = of(&trunkline_config::parse(text, "trunkline.toml").unwrap());
        let found = |host: &str| hosts.iter().filter(|opening| opening.host == host).count();
        assert_eq!((found("proxy:3128"), found("login.example:443")), (1, 1));
    }

    #[test]
    fn an_api_that_is_discovered_is_somewhere_in_the_vendors_domain() {
        let text = r#"
            allow_env_secrets = true
            [kafka]
            brokers = "a:9092"
            [registry]
            url = "http://localhost:1"
            [targets.cxone]
            system = "cxone"
            org = "acme"
            token_url = "https://cxone.niceincontact.com/auth/token"
            client_id = "id"
            client_secret = "env:PATH"
            access_key_id = "key"
            access_key_secret = "env:PATH"
        "#;
        let hosts = of(&trunkline_config::parse(text, "trunkline.toml").unwrap());
        let found = |host: &str| hosts.iter().filter(|opening| opening.host == host).count();
        assert_eq!(found("cxone.niceincontact.com:443"), 2, "for tokens, and for the tenant's document");
        assert_eq!(found("*.niceincontact.com:443"), 1);
    }
}
