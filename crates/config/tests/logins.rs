//! Kinds of login: read by name or by their fields, and what is said about mixtures.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

use std::time::Duration;

use trunkline_config::{Config, Credentials, ExposeSecret, Proof, TokenLogin};
use trunkline_systems::ClientAuthentication;

const HEAD: &str = "[kafka]\nbrokers = \"a:9092\"\n[registry]\nurl = \"http://localhost:1\"\n";
const OAUTH: &str = r#"
token_url = "https://login.example/oauth/token"
client_id = "trunkline"
client_secret = "file:secret"
"#;
const JWT: &str = r#"
token_url = "https://acme.my.salesforce.com/services/oauth2/token"
client_id = "trunkline"
username = "integration@acme.example"
private_key = "file:key.pem"
"#;
const ACCESS_KEY: &str = r#"
token_url = "https://cxone.niceincontact.com/auth/token"
client_id = "trunkline"
client_secret = "file:secret"
access_key_id = "KEY"
access_key_secret = "file:secret"
"#;
const BASE: &str = "base_url = \"https://api.example\"\n";

/// A configuration with one target `x`, or what is wrong with it.
fn read(system: &str, fields: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in
        [("secret", "s3cr3t"), ("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")]
    {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let text = format!("{HEAD}[targets.x]\nsystem = \"{system}\"\norg = \"acme\"\n{fields}");
    let path = folder.path().join("trunkline.toml");
    trunkline_config::parse(&text, path.to_str().unwrap())
        .map_err(|mistakes| mistakes.to_string().replace(&format!("{}/", folder.path().display()), ""))
}

fn token_login(system: &str, fields: &str) -> TokenLogin {
    let config = read(system, fields).unwrap();
    let Credentials::Token(login) = config.targets["x"].credentials.clone() else { panic!("no token") };
    login
}

#[test]
fn a_login_is_known_by_its_fields_and_by_its_name() {
    for (system, fields, name) in [
        ("genesys", OAUTH, "client_credentials"),
        ("cxone", OAUTH, "client_credentials"),
        ("salesforce", JWT, "jwt_bearer"),
        ("cxone", ACCESS_KEY, "access_key"),
        ("sap", "username = \"u\"\npassword = \"file:secret\"\n", "basic"),
        ("servicenow", "username = \"u\"\npassword = \"file:secret\"\n", "basic"),
    ] {
        let by_fields = read(system, &format!("{BASE}{fields}")).unwrap();
        let by_name = read(system, &format!("{BASE}{fields}login = \"{name}\"")).unwrap();
        let shown = |config: &Config| format!("{:?}", config.targets["x"].credentials);
        assert_eq!(shown(&by_fields), shown(&by_name));
        assert!(!shown(&by_fields).contains("s3cr3t") && !shown(&by_fields).contains("AAAA"));
    }
}

#[test]
fn a_client_shows_itself_as_its_vendor_documents_or_as_configured() {
    use ClientAuthentication::{Form, Header};
    for (system, more, expected) in [
        ("genesys", "", Header),
        ("sap", "", Header),
        ("salesforce", "", Header),
        ("servicenow", "", Form),
        ("servicenow", "client_auth = \"basic\"", Header),
        ("salesforce", "client_auth = \"form\"", Form),
    ] {
        let Proof::Client(client) = token_login(system, &format!("{BASE}{OAUTH}{more}")).proof else {
            panic!("{system}")
        };
        assert_eq!(
            (client.authentication, client.secret.current().expose_secret()),
            (expected, "s3cr3t"),
            "{system}"
        );
    }
}

#[test]
fn scopes_are_a_list_or_one_string() {
    for (written, expected) in [
        (r#""integration:read  integration:write""#, "integration:read integration:write"),
        (r#"["routing:queue:edit", "user:read"]"#, "routing:queue:edit user:read"),
        (r#""gen:api contactcenter.readonly""#, "gen:api contactcenter.readonly"),
    ] {
        let login = token_login("genesys", &format!("{BASE}{OAUTH}scope = {written}"));
        assert_eq!(login.scope.as_deref(), Some(expected));
    }
    assert_eq!(token_login("genesys", &format!("{BASE}{OAUTH}")).scope, None);
    for (written, problem) in [
        (r#""  ""#, "must name at least one scope"),
        ("[]", "must hold at least 1"),
        ("7", "must be a list of strings, or one with spaces between scopes, not an integer"),
        (r#"["a b"]"#, "holds 'a b', which is no name of a scope"),
        (r#"['say"so']"#, "holds 'say\"so', which is no name of a scope"),
    ] {
        let mistakes = read("genesys", &format!("{BASE}{OAUTH}scope = {written}")).unwrap_err();
        assert_eq!(mistakes, format!("trunkline.toml:13:9 target 'x': field 'scope' {problem}"));
    }
}

#[test]
fn grace_and_life_of_tokens_have_defaults_and_can_be_chosen() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let login = token_login("salesforce", &format!("{BASE}{JWT}"));
    assert_eq!((login.grace, login.life), (minutes(5), minutes(15)));
    let chosen = format!("{BASE}{JWT}token_grace = \"1m\"\ntoken_life = \"2h\"");
    let login = token_login("salesforce", &chosen);
    assert_eq!((login.grace, login.life), (minutes(1), minutes(120)));
}

#[test]
fn an_issuer_is_asked_about_tokens_where_that_is_configured() {
    assert!(token_login("genesys", &format!("{BASE}{OAUTH}")).introspection.is_none());
    let url = "introspection_url = \"https://login.example/introspect\"\n";
    for (more, cache) in [("", 60), ("introspection_cache = \"10s\"", 10)] {
        let login = token_login("genesys", &format!("{BASE}{OAUTH}{url}{more}"));
        let introspection = login.introspection.unwrap();
        assert_eq!(introspection.url, "https://login.example/introspect");
        assert_eq!(introspection.cache, Duration::from_secs(cache));
    }
    assert_eq!(
        read("genesys", &format!("{BASE}{OAUTH}introspection_cache = \"10s\"")).unwrap_err(),
        "trunkline.toml:13:23 target 'x': 'introspection_cache' needs 'introspection_url': by default no issuer is asked"
    );
    assert_eq!(
        read("genesys", &format!("{BASE}{OAUTH}{url}introspection_cache = \"999ms\"")).unwrap_err(),
        "trunkline.toml:14:23 target 'x': 'introspection_cache' must be at least 1s"
    );
    let mistakes = read("salesforce", &format!("{BASE}{JWT}{url}")).unwrap_err();
    assert!(
        mistakes.contains("field 'introspection_url' does not belong to login 'jwt_bearer'"),
        "{mistakes}"
    );
}

#[test]
fn an_assertion_is_for_production_unless_an_audience_is_named() {
    for (more, expected) in [
        ("", "https://login.salesforce.com"),
        ("audience = \"https://test.salesforce.com\"", "https://test.salesforce.com"),
    ] {
        let proof = token_login("salesforce", &format!("{BASE}{JWT}{more}")).proof;
        assert!(matches!(proof, Proof::Assertion { audience, .. } if audience == expected));
    }
}

#[test]
fn an_access_key_lets_the_api_be_discovered_unless_it_is_named() {
    let config = read("cxone", ACCESS_KEY).unwrap();
    assert_eq!(config.targets["x"].base_url, "https://cxone.niceincontact.com");
    let discovers = |fields: &str| match token_login("cxone", fields).proof {
        Proof::AccessKey { discovers_api, tenant_id, .. } => (discovers_api, tenant_id),
        other => panic!("{other:?}"),
    };
    assert_eq!(discovers(ACCESS_KEY), (true, None));
    assert_eq!(discovers(&format!("{BASE}{ACCESS_KEY}tenant_id = \"t\"")), (false, Some("t".to_owned())));
    assert_eq!(
        read("cxone", OAUTH).unwrap_err(),
        "trunkline.toml:5:10 target 'x': field 'base_url' is missing"
    );
}

#[test]
fn what_does_not_go_together_is_refused_field_by_field() {
    let basic_fields = "its fields are: username, password";
    for (system, fields, expected) in [
        (
            "sap",
            "username = \"u\"\npassword = \"file:secret\"\nclient_id = \"c\"\nscope = \"s\"\n".to_owned(),
            vec![
                format!(
                    "11:13 target 'x': field 'client_id' does not belong to login 'basic' (which the other fields \
                     tell); {basic_fields}"
                ),
                format!(
                    "12:9 target 'x': field 'scope' does not belong to login 'basic' (which the other fields tell); \
                     {basic_fields}"
                ),
            ],
        ),
        (
            "salesforce",
            format!("login = \"jwt_bearer\"\n{JWT}client_secret = \"file:secret\""),
            vec![
                "15:17 target 'x': field 'client_secret' does not belong to login 'jwt_bearer'; its fields are: \
                 username, token_url, client_id, private_key, audience, scope, token_grace, token_life"
                    .to_owned(),
            ],
        ),
        (
            "genesys",
            "username = \"u\"\npassword = \"file:secret\"\n".to_owned(),
            vec!["5:10 target 'x': system 'genesys' takes no login 'basic', only: client_credentials".to_owned()],
        ),
        (
            "servicenow",
            format!("login = \"access_kye\"\n{OAUTH}"),
            vec!["9:9 target 'x': field 'login' is 'access_kye', did you mean 'access_key'?".to_owned()],
        ),
        (
            "salesforce",
            JWT.replace("file:key.pem", "file:secret"),
            vec![
                "13:15 target 'x': field 'private_key' refers to what is no RSA key in PEM without a passphrase (it \
                 begins with '-----BEGIN PRIVATE KEY-----')"
                    .to_owned(),
            ],
        ),
        (
            "salesforce",
            JWT.replace("private_key", "privat_key").replace("username", "login = \"jwt_bearer\"\nusername"),
            vec![
                "5:10 target 'x': field 'private_key' is missing".to_owned(),
                "14:1 target 'x': unknown field 'privat_key', did you mean 'private_key'?".to_owned(),
            ],
        ),
    ] {
        let mistakes = read(system, &format!("{BASE}{fields}")).unwrap_err();
        let expected: Vec<_> = expected.iter().map(|line| format!("trunkline.toml:{line}")).collect();
        assert_eq!(mistakes, expected.join("\n"));
    }
}
