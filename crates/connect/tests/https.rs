//! HTTPS through a company's proxy, with its own certificate authority.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

#[path = "https/world.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod world;

use std::time::{Duration, Instant};

use reqwest::Method;
use trunkline_config::{Config, load};
use trunkline_connect::{CallError, CallErrorKind, Directory, Repeat, Request, Response, Role};
use world::{Company, Heads, Proxy};

const HOST: &str = "api.acme.example";
/// Set in the process that must not ask it.
const CHILD: &str = "TRUNKLINE_TEST_CALL";

const PASSWORD: &str = "username = \"u\"\npassword = \"file:secret\"\n";
const TOKEN: &str = "token_url = \"https://login.acme.example/token\"\nclient_id = \"c\"\n\
                     client_secret = \"file:secret\"\nclient_auth = \"basic\"\n";

/// A configuration with this `[http]` and these fields of its target.
fn configured(company: &Company, http: &str, fields: &str) -> Config {
    let text = format!(
        "[kafka]\nbrokers = \"a:9092\"\n[registry]\nurl = \"http://localhost:1\"\n[http]\n{http}\n[targets.x]\n\
         system = \"servicenow\"\norg = \"acme\"\nbase_url = \"https://{HOST}\"\nretry.attempts = 1\n{fields}"
    );
    let path = company.path().join("trunkline.toml");
    std::fs::write(&path, text).unwrap();
    load(&path).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// Calls the system once, as a configuration with this `[http]` and these fields of the target says.
async fn call(company: &Company, http: &str, fields: &str) -> Result<Response, CallError> {
    let config = configured(company, http, fields);
    call_through(&Directory::from_config(&config, Role::WriteBack).unwrap()).await
}

async fn call_through(directory: &Directory) -> Result<Response, CallError> {
    let request = Request {
        method: Method::GET,
        path: "/api/now/table/incident?sysparm_limit=1".to_owned(),
        headers: Vec::new(),
        body: None,
        repeat: Repeat::Always,
        traceparent: None,
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    directory.outbound("x").unwrap().call("query", &request, deadline).await
}

fn heads(heads: &Heads) -> Vec<String> {
    heads.lock().unwrap().clone()
}

fn through(proxy: &Proxy) -> String {
    format!("proxy = \"{}\"\nca = \"ca.pem\"\n", proxy.url)
}

#[tokio::test]
async fn calls_and_tokens_go_through_the_proxy_which_sees_no_secret() {
    let company = Company::new();
    // One certificate for both hosts: the proxy leads all of them to the same system.
    let system = company.system("*.acme.example", false).await;
    let proxy = Proxy::to(&system, None).await;
    for fields in [PASSWORD, TOKEN] {
        assert_eq!(call(&company, &through(&proxy), fields).await.unwrap().status, 200);
    }
    let asked: Vec<String> =
        heads(&proxy.heads).iter().map(|head| head.lines().next().unwrap().to_owned()).collect();
    let to = |host: &str| format!("CONNECT {host}:443 HTTP/1.1");
    assert_eq!(asked, [to(HOST), to("login.acme.example"), to(HOST)]);
    for head in heads(&proxy.heads) {
        assert!(!head.contains("uthorization"), "{head}");
    }
    let logins = ["Basic dTpzM2NyM3Q=", "Basic YzpzM2NyM3Q=", "Bearer t"];
    for (head, login) in heads(&system.heads).iter().zip(logins) {
        assert!(head.contains(&format!("authorization: {login}\r\n")), "{head}");
    }
}

#[tokio::test]
async fn a_proxy_that_wants_a_login_gets_it_and_says_so_where_it_does_not() {
    let company = Company::new();
    let system = company.system(HOST, false).await;
    // The Base64 is that of `me:s3cr3t`.
    let proxy = Proxy::to(&system, Some("bWU6czNjcjN0")).await;
    let login = "proxy_username = \"me\"\nproxy_password = \"file:secret\"";
    call(&company, &format!("{}{login}", through(&proxy)), PASSWORD).await.unwrap();
    let error = call(&company, &through(&proxy), PASSWORD).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (CallErrorKind::Unavailable, false), "{error}");
    assert!(error.message.contains("set proxy_username and proxy_password"), "{error}");
    assert_eq!(heads(&system.heads).len(), 1);
}

#[tokio::test]
async fn a_host_that_is_left_out_is_called_directly() {
    let company = Company::new();
    let system = company.system(HOST, false).await;
    let proxy = Proxy::to(&system, None).await;
    let direct = "[targets.x.http]\nproxy = \"direct\"\n";
    for (http, fields) in [
        (format!("{}no_proxy = [\"acme.example\"]", through(&proxy)), PASSWORD.to_owned()),
        (through(&proxy), format!("{PASSWORD}{direct}")),
    ] {
        // No name server knows the host.
        let error = call(&company, &http, &fields).await.unwrap_err();
        assert_eq!((error.kind, error.sent), (CallErrorKind::Unavailable, false), "{error}");
    }
    assert!(heads(&proxy.heads).is_empty());
}

#[tokio::test]
async fn who_is_not_trusted_or_is_somebody_else_is_sent_nothing() {
    let company = Company::new();
    let (right, other) =
        (company.system(HOST, false).await, company.system("other.acme.example", false).await);
    let (to_right, to_other) = (Proxy::to(&right, None).await, Proxy::to(&other, None).await);
    let without_ca = format!("proxy = \"{}\"\n", to_right.url);
    for (http, part) in [
        (without_ca.as_str(), "from an authority that is not trusted here: set ca in [http]"),
        (&through(&to_other), "whoever answers there is not the host that was called"),
    ] {
        let error = call(&company, http, PASSWORD).await.unwrap_err();
        assert_eq!(
            (error.kind, error.trunkline_code()),
            (CallErrorKind::UnusableAnswer, "TL-4009"),
            "{error}"
        );
        assert!(error.message.contains(part) && !error.sent, "{error}");
    }
    assert!(heads(&right.heads).is_empty() && heads(&other.heads).is_empty());
}

#[tokio::test]
async fn a_system_that_asks_who_calls_is_shown_the_targets_certificate() {
    let company = Company::new();
    let system = company.system(HOST, true).await;
    let proxy = Proxy::to(&system, None).await;
    let identity = "[targets.x.http]\ncertificate = \"trunkline.pem\"\nkey = \"trunkline.key\"\n";
    call(&company, &through(&proxy), &format!("{PASSWORD}{identity}")).await.unwrap();
    let error = call(&company, &through(&proxy), PASSWORD).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Unavailable, "{error}");
    assert_eq!(heads(&system.heads).len(), 1);
}

#[tokio::test]
async fn a_certificate_and_its_key_are_changed_while_calls_are_made_and_none_fails() {
    let company = Company::new();
    let system = company.system(HOST, true).await;
    let proxy = Proxy::to(&system, None).await;
    let identity = "[targets.x.http]\ncertificate = \"trunkline.pem\"\nkey = \"trunkline.key\"\n";
    let config = configured(&company, &through(&proxy), &format!("{PASSWORD}{identity}"));
    let directory = Directory::from_config(&config, Role::WriteBack).unwrap();
    let shown = || system.shown.lock().unwrap().last().cloned();
    let own = config.targets["x"].http.identity.clone().unwrap();
    call_through(&directory).await.unwrap();
    let first = shown();

    // Who replaces two files replaces one of them first.
    let (certificate, key) = company.another_own();
    let now = Instant::now();
    own.certificate.replace(certificate.as_str().into(), now, Duration::ZERO).unwrap();
    for _ in 0..5 {
        call_through(&directory).await.unwrap();
        assert_eq!(shown(), first, "without its key it is not shown");
    }
    own.key.replace(key.as_str().into(), now, Duration::ZERO).unwrap();
    while shown() == first {
        assert!(now.elapsed() < Duration::from_secs(60), "the new certificate is never shown");
        call_through(&directory).await.unwrap();
    }
}

#[tokio::test]
async fn the_environment_is_not_asked_for_a_proxy() {
    let company = Company::new();
    if std::env::var_os(CHILD).is_some() {
        call(&company, "", PASSWORD).await.unwrap_err();
        return;
    }
    let system = company.system(HOST, false).await;
    let proxy = Proxy::to(&system, None).await;
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "the_environment_is_not_asked_for_a_proxy"]).env(CHILD, "1");
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(variable, &proxy.url);
    }
    let output = child.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(heads(&proxy.heads).is_empty());
}
