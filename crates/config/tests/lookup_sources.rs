//! `[enrichment.sources.NAME]`, and the targets that they ask.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

use std::time::Duration;

use trunkline_config::{
    Asked, BalanceAt, Config, Credentials, CurrencyAt, ExposeSecret, LookupSource, Placeholder, SourceMethod,
};
use trunkline_systems::{ProfileField, System};

const HEAD: &str = r#"
allow_env_secrets = true
[kafka]
brokers = "a:1"
[registry]
url = "http://localhost:1"
[targets.points]
system = "http"
base_url = "https://points.example"
login = "none"
[targets.crm]
system = "salesforce"
org = "acme"
base_url = "https://x.example"
token_url = "https://x.example/token"
client_id = "id"
client_secret = "env:PATH"
[enrichment]
targets = ["crm"]
"#;

const WHOLE: &str = r#"
[enrichment.sources.loyalty]
target = "points"
method = "POST"
path = "/v2/members/{customerId}"
query = { region = "eu", phone = "{phone}" }
body = { who = { mail = "{email}" }, tags = ["{{all}}", 7, true, ""] }
headers = { Accept-Language = "de" }
found = "/member/id"
cache = "1h"
[enrichment.sources.loyalty.fields]
loyaltyTier = "/member/tier"
balance = { amount = "/member/points", currency = "/member/unit" }
[enrichment.sources.loyalty.values]
segment = "/member/segment"
"#;

fn read(lines: &str) -> Result<Config, String> {
    trunkline_config::parse(&format!("{HEAD}{lines}"), "trunkline.toml")
        .map_err(|mistakes| mistakes.to_string())
}

fn source(lines: &str) -> LookupSource {
    read(lines).unwrap().enrichment.sources["loyalty"].clone()
}

#[test]
fn what_is_written_is_read() {
    let source = source(WHOLE);
    assert_eq!((source.name.as_str(), source.target.as_str()), ("loyalty", "points"));
    assert_eq!((source.asked, source.method), (Asked::Always, SourceMethod::Post));
    let mut placeholders: Vec<_> = source.placeholders().collect();
    placeholders.sort();
    assert_eq!(placeholders, [&Placeholder::CustomerId, &Placeholder::Phone, &Placeholder::Email]);
    assert_eq!(source.headers["accept-language"], "de");
    assert_eq!(source.found.as_deref(), Some("/member/id"));
    assert_eq!(source.cache, Duration::from_secs(3_600));
    assert_eq!(source.fields[&ProfileField::LoyaltyTier], "/member/tier");
    let currency = CurrencyAt::Pointer("/member/unit".to_owned());
    assert_eq!(source.balance, Some(BalanceAt { amount: "/member/points".to_owned(), currency }));
    assert_eq!(source.values["segment"], "/member/segment");
}

#[test]
fn what_is_not_written_has_defaults() {
    let lines = "freshness = \"10s\"\n[enrichment.sources.loyalty]\ntarget = \"points\"\npath = \"/{number}\"\n\
                 fields = { balance = { amount = \"/b\", currency = \"EUR\" } }\n";
    let config = read(lines).unwrap();
    let source = &config.enrichment.sources["loyalty"];
    assert_eq!((source.asked, source.method, &source.body), (Asked::Always, SourceMethod::Get, &None));
    assert_eq!(source.cache, Duration::from_secs(10), "as all answers");
    let currency = source.balance.as_ref().map(|balance| balance.currency.clone());
    assert_eq!(currency, Some(CurrencyAt::Fixed("EUR".to_owned())));
    let target = &config.targets["points"];
    assert_eq!((target.system, target.org.as_str()), (System::Http, "points"));
    assert!(config.enrichment.asks("points") && config.enrichment.asks("crm"));
    let only = read(
        "[enrichment.sources.x]\ntarget = \"points\"\nasked = \"by_plugins\"\npath = \"/\"\nvalues = { a = \"/a\" }",
    );
    assert_eq!(only.unwrap().enrichment.sources_of_profiles().count(), 0);
}

#[test]
fn a_service_takes_a_key_in_a_header_or_no_login_at_all() {
    let with = |login: &str| {
        let text = HEAD.replace("login = \"none\"", login);
        trunkline_config::parse(&text, "trunkline.toml").map_err(|mistakes| mistakes.to_string())
    };
    for (login, expected_header, expected_scheme) in [
        ("api_key = \"env:PATH\"", "authorization", Some("Bearer")),
        ("api_key = \"env:PATH\"\napi_key_scheme = \"Token\"", "authorization", Some("Token")),
        ("login = \"api_key\"\napi_key = \"env:PATH\"\napi_key_header = \"X-Api-Key\"", "x-api-key", None),
    ] {
        let config = with(login).unwrap();
        let Credentials::ApiKey { header, scheme, key } = &config.targets["points"].credentials else {
            panic!("{login}")
        };
        assert_eq!((header.as_str(), scheme.as_deref()), (expected_header, expected_scheme));
        assert_eq!(key.current().expose_secret(), std::env::var("PATH").unwrap());
        assert!(!format!("{config:?}").contains(key.current().expose_secret()));
    }
    assert!(matches!(with("login = \"none\"").unwrap().targets["points"].credentials, Credentials::None));
    for (login, said) in [
        (
            "login = \"none\"\napi_key = \"env:PATH\"",
            "'api_key' does not belong to login 'none'; which has none",
        ),
        (
            "api_key = \"env:PATH\"\napi_key_header = \"Host\"",
            "is 'host', which requests have for something else",
        ),
        ("api_key = \"env:PATH\"\napi_key_scheme = \"a b\"", "must be a word such as 'Bearer'"),
        ("login = \"api_key\"", "field 'api_key' is missing"),
        (
            "login = \"jwt_bearer\"",
            "system 'http' takes no login 'jwt_bearer', only: client_credentials, basic",
        ),
    ] {
        let mistakes = with(login).unwrap_err();
        assert!(mistakes.contains(said), "{login}: {mistakes}");
    }
}

/// One line of the whole example is another one.
fn wrong(line: &str, other: &str) -> String {
    assert!(WHOLE.contains(line), "{line}");
    read(&WHOLE.replace(line, other)).unwrap_err()
}

#[test]
fn every_mistake_says_what_is_meant() {
    for (line, other, said) in [
        ("\"points\"", "\"point\"", "names target 'point', which is not configured, did you mean 'points'?"),
        (
            "\"points\"",
            "\"crm\"",
            "names target 'crm' of system 'salesforce'; sources are asked at targets of system http",
        ),
        (
            "[enrichment.sources.loyalty]",
            "[enrichment.sources.crm]",
            "a target of [enrichment] has this name already",
        ),
        ("\"POST\"", "\"GET\"", "'body' needs method = \"POST\""),
        ("\"POST\"", "\"PUT\"", "is 'PUT'"),
        ("{customerId}\"", "{custmerId}\"", "'{custmerId}', which there is not, did you mean 'customerId'?"),
        (
            "{customerId}\"",
            "{x}\"",
            "there are {customerId}, {number}, {phone}, {email} and {parameters.NAME}",
        ),
        ("{customerId}\"", "{customerId\"", "has a '{' that no '}' closes"),
        ("{customerId}\"", "{parameters.text}\"", "comes from plugins alone; set asked = \"by_plugins\""),
        ("/v2/members/", "members/", "must be a path such as '/customers/{customerId}'"),
        ("/v2/members/", "/v2/../", "must be a path such as"),
        ("/v2/members/", "/v2?id=", "what follows a '?' has a table 'query'"),
        ("{ who =", "\"{email}\"\nbodi = { who =", "must be a table or a list"),
        ("{{all}}", "{all}", "'{all}', which there is not"),
        ("Accept-Language", "X-Api-Key", "looks like a secret"),
        ("\"/member/id\"", "\"member\"", "must be a JSON Pointer"),
        ("loyaltyTier", "loyaltyTear", "unknown field 'loyaltyTear', did you mean 'loyaltyTier'?"),
        (", currency = \"/member/unit\"", "", "field 'currency' is missing"),
        ("\"/member/unit\"", "\"euro\"", "or a currency such as \"EUR\""),
        ("segment =", "\"the segment\" =", "'the segment' is no name that rules can use"),
        ("cache = \"1h\"", "cache = 1", "must be a duration"),
        ("found", "fund", "unknown field 'fund', did you mean 'found'?"),
        (
            "cache = \"1h\"",
            "asked = \"by_plugins\"",
            "no profile gets the fields of a source that only plugins ask",
        ),
        ("cache = \"1h\"", "external_source = \"S4\"", "'{number}' comes from, which no template has"),
        ("cache = \"1h\"", "external_source = \"S4\"", "'contacts' names none to ask"),
    ] {
        let mistakes = wrong(line, other);
        assert!(mistakes.contains(said), "{other}: {mistakes}");
        assert!(mistakes.contains("enrichment source '"), "{mistakes}");
    }
    let nothing = read("[enrichment.sources.x]\ntarget = \"points\"\npath = \"/all\"\n").unwrap_err();
    assert!(nothing.contains("nothing is read of its answers"), "{nothing}");
    assert!(nothing.contains("all would be told the same"), "{nothing}");
}
