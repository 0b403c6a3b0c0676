//! What is said about how other systems are reached, and what a target takes over from all.

use trunkline_config::{ExposeSecret, Http};

use super::support::{self, EXAMPLE};
use super::{check, messages};

/// The example with an `[http]` table, and with one for the target `sap`.
fn with(all: &str, sap: &str) -> String {
    let sap = format!("[targets.sap.http]\n{sap}\n[targets.sap.breaker]");
    format!("{}\n[http]\n{all}\n", EXAMPLE.replace("[targets.sap.breaker]", &sap))
}

fn read(all: &str, sap: &str) -> (Http, Http) {
    let folder = support::folder();
    let config = support::parse(&folder, &with(all, sap)).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(config.telemetry.http.no_proxy, config.http.no_proxy);
    assert_eq!(ca(&config.registry.http), ca(&config.targets["genesys"].http));
    (config.http, config.targets["sap"].http.clone())
}

fn ca(http: &Http) -> Option<String> {
    http.ca.as_ref().and_then(|ca| ca.reference()).map(ToString::to_string)
}

fn proxy(http: &Http) -> Option<&str> {
    http.proxy.as_ref().map(|proxy| proxy.url.as_str())
}

#[test]
fn a_target_takes_over_what_it_does_not_say_otherwise() {
    let all = "proxy = \"http://proxy.acme.example:3128/\"\nno_proxy = [\"acme.example\", \"10.0.0.0/8\"]\n\
               ca = \"secrets/ca.pem\"";
    let (http, sap) = read(all, "");
    assert_eq!(proxy(&http), Some("http://proxy.acme.example:3128"));
    assert_eq!(proxy(&sap), proxy(&http));
    assert_eq!((&sap.no_proxy, ca(&sap)), (&http.no_proxy, ca(&http)));
    assert!(sap.identity.is_none());

    let own = "proxy = \"direct\"\nca = \"file:secrets/own.pem\"\ncertificate = \"secrets/own.pem\"\n\
               key = \"file:secrets/own.key\"";
    let (http, sap) = read(all, own);
    assert_eq!(proxy(&sap), None);
    assert!(http.ca.is_some() && ca(&sap) != ca(&http) && sap.identity.is_some() && http.identity.is_none());

    let (http, sap) = read("", "proxy = \"https://other:443\"");
    assert_eq!((proxy(&http), proxy(&sap)), (None, Some("https://other:443")));
}

#[test]
fn the_password_of_a_proxy_is_a_secret_and_does_not_travel_unencrypted() {
    let login = "proxy_username = \"trunkline\"\nproxy_password = \"file:secrets/two\"";
    let (http, sap) = read(&format!("proxy = \"https://proxy:3129\"\n{login}"), "");
    for http in [http, sap] {
        let (username, password) = http.proxy.clone().unwrap().login.unwrap();
        assert_eq!((username.as_str(), password.current().expose_secret()), ("trunkline", "second secret"));
        assert!(!format!("{http:?}").contains("second"));
    }
    let plain = format!("proxy = \"http://proxy:3128\"\n{login}");
    let said = messages(&with(&plain, ""));
    assert!(said.ends_with("(or set insecure = true in this section)"), "{said}");
    let folder = support::folder();
    let allowed = support::parse(&folder, &with(&format!("insecure = true\n{plain}"), "")).unwrap();
    assert_eq!(allowed.plaintext, ["the password of http://proxy:3128"]);
}

#[test]
fn what_is_no_way_to_reach_a_system() {
    let first = "[kafka]";
    let said = |field: &str, expected: &str| {
        check(first, &format!("[http]\n{field}\n[kafka]"), &[&format!("trunkline.toml:{expected}")]);
    };
    for written in
        ["proxy:3128", "socks5://proxy:1080", "http://proxy:3128/path", "http://me:secret@proxy:3128"]
    {
        said(
            &format!("proxy = \"{written}\""),
            &format!(
                "2:9 http: field 'proxy' is '{written}', must be the address of a proxy such as \
                 'http://proxy.example:3128' (its user and password have fields of their own), or \"direct\""
            ),
        );
    }
    said(
        "no_proxy = [\"a\"]",
        "2:12 http: 'no_proxy' needs 'proxy': without it all hosts are called directly",
    );
    said("key = \"secrets/own.key\"", "1:2 http: 'certificate' and 'key' go together");
    said("proxy_username = \"a\"", "2:18 http: 'proxy_username' and 'proxy_password' go together");
    said("prox = \"a\"", "2:1 http: unknown field 'prox', did you mean 'proxy'?");
    let hosts = "no_proxy = [\"http://a\"]\nproxy = \"http://p:1\"";
    let expected = "2:13 http: field 'no_proxy' holds 'http://a', must be hosts such as \"example.com\", \"10.1.2.3\" \
                    or \"10.0.0.0/8\"";
    said(hosts, expected);
}

#[test]
fn a_certificate_is_a_path_or_a_reference_to_one_in_pem_and_never_the_pem_itself() {
    let said = |field: &str, expected: &str| {
        let expected = format!("trunkline.toml:2:6 http: field 'ca' {expected}");
        check("[kafka]", &format!("[http]\n{field}\n[kafka]"), &[&expected]);
    };
    said(
        "ca = \"secrets/one\"",
        "refers to what holds no certificate in PEM (it begins with '-----BEGIN CERTIFICATE-----')",
    );
    said(
        "ca = \"file:secrets/gone\"",
        "refers to 'secrets/gone', which cannot be read (TL-1002): No such file or directory (os error 2)",
    );
    said("ca = \"vault:secret/ca#pem\"", "refers to Vault, and there is no section [vault]");
    said(
        "ca = \"-----BEGIN CERTIFICATE-----\"",
        "must be a path, or a reference such as 'vault:MOUNT/PATH#KEY', never the PEM itself",
    );
}

#[test]
fn the_collector_has_headers_that_are_secrets_and_a_share_of_the_traces() {
    let endpoint = r#"otlp_endpoint = "https://collector:4318""#;
    let folder = support::folder();
    let text = EXAMPLE.replace(
        endpoint,
        &format!("{endpoint}\ntrace_ratio = 0.25\notlp_headers.api-key = \"file:secrets/one\""),
    );
    let telemetry = support::parse(&folder, &text).unwrap().telemetry;
    assert_eq!(
        (telemetry.trace_ratio, telemetry.otlp_headers["api-key"].current().expose_secret()),
        (0.25, "first secret")
    );
    assert!(!format!("{telemetry:?}").contains("first"));
    check(
        endpoint,
        "trace_ratio = 0.5",
        &[
            "trunkline.toml:19:15 telemetry: 'trace_ratio' needs 'otlp_endpoint': without it no spans are exported",
        ],
    );
    check(
        endpoint,
        &format!("{endpoint}\notlp_headers = {{ \"a b\" = \"file:secrets/one\" }}"),
        &["trunkline.toml:20:18 telemetry: 'a b' is no header name"],
    );
    check(
        endpoint,
        &format!("{endpoint}\notlp_headers = {{ a = \"plain\" }}"),
        &["trunkline.toml:20:22 telemetry: field 'otlp_headers.a' must be a reference such as \
         'file:/run/secrets/name', never the secret itself"],
    );
    check(
        endpoint,
        &format!("{endpoint}\ntrace_ratio = 2"),
        &["trunkline.toml:20:15 telemetry: field 'trace_ratio' is 2, must be between 0 and 1"],
    );
}
