//! What is taken out of payloads, and what stays.

use trunkline_config::PointerPattern;

use super::*;

fn rule(pattern: &str, action: RedactionAction) -> RedactionRule {
    RedactionRule { pattern: pattern.parse::<PointerPattern>().unwrap(), action }
}

fn hash() -> RedactionAction {
    RedactionAction::Hash { key: "key".into() }
}

fn only(rules: Vec<RedactionRule>) -> Redaction {
    Redaction { defaults: false, rules }
}

/// The text and the list after redaction by the defaults.
fn by_default(text: &str) -> (String, Vec<String>) {
    let redacted = redacted(text, &Redaction::default()).unwrap_or_else(|| panic!("{text}"));
    (redacted.text, redacted.list)
}

#[test]
fn credentials_are_masked_wherever_they_stand() {
    for (text, expected, list) in [
        (
            r#"{"postback": {"data": {"accessToken": {"token": "s3cret", "expiresIn": 3600}}}}"#,
            r#"{"postback": {"data": {"accessToken": {"token": "***", "expiresIn": 3600}}}}"#,
            "/postback/data/accessToken/token mask",
        ),
        (
            r#"{"data":{"accessToken":"s3cret"}}"#,
            r#"{"data":{"accessToken":"***"}}"#,
            "/data/accessToken mask",
        ),
        (
            r#"{"a":[{"refresh_token":"s3cret"}]}"#,
            r#"{"a":[{"refresh_token":"***"}]}"#,
            "/a/0/refresh_token mask",
        ),
        (r#"{"authorization":"s3cret"}"#, r#"{"authorization":"***"}"#, "/authorization mask"),
        (r#"{"AccessToken":["s3cret"]}"#, r#"{"AccessToken":["***"]}"#, "/AccessToken/0 mask"),
        (r#"{"x":"Bearer s3cret"}"#, r#"{"x":"***"}"#, "/x mask"),
        (r#"{"x":"eyJhbGciOiJI.eyJzdWIi.s3cret"}"#, r#"{"x":"***"}"#, "/x mask"),
    ] {
        assert_eq!(by_default(text), (expected.to_owned(), vec![list.to_owned()]), "{text}");
    }
    let text = r#"{"authorization": {"authorizationCode": "s3cret", "codeVerifier": "s3cret"}}"#;
    assert_eq!(by_default(text).1.len(), 2);
}

#[test]
fn signed_addresses_are_masked_however_they_are_escaped() {
    for address in [
        "https://bucket.example/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=s3cret",
        r"https:\/\/bucket.example\/k?X-Amz-Expires=60\u0026X-Amz-Signature=s3cret",
        "https://bucket.example/k?AWSAccessKeyId=A&Signature=s3cret",
        "https://account.blob.example/k?sv=2024&sig=s3cret",
        "HTTPS://api.example/download?x&Token=s3cret#top",
        "https://app.example/#access_token=s3cret",
    ] {
        let (text, list) = by_default(&format!(r#"{{"data":{{"s3Object":{{"url":"{address}"}}}}}}"#));
        assert_eq!(text, r#"{"data":{"s3Object":{"url":"***"}}}"#, "{address}");
        assert_eq!(list, ["/data/s3Object/url mask"]);
    }
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        r#"{"url":"https://app.example/care?redirect=no#/care/tab/1/case/2"}"#,
        r#"{"url":"https://app.example/a.png","signature":"Best regards","text":"token=1"}"#,
        r#"{"accessToken":null,"token":"","scrollToken":"Ozs2","messagesScrollToken":"Ozs2","expiresIn":3600}"#,
        r#"{"text":"eyJ is how a token begins. Is it not. Or is it"}"#,
        r#"{"x":"Bearerless"}"#,
    ] {
        assert_eq!(redacted(text, &Redaction::default()), None, "{text}");
    }
    assert_eq!(redacted(r#"{"token":"s3cret"}"#, &only(Vec::new())), None, "defaults are off");
}

#[test]
fn the_configuration_names_values_by_patterns() {
    let text = r#"{"a":{"b":"x","c":[{"b":1},{"b":[2]}]},"b":true}"#;
    for (pattern, expected) in [
        ("/a/b", r#"{"a":{"b":"***","c":[{"b":1},{"b":[2]}]},"b":true}"#),
        ("/a/c/1", r#"{"a":{"b":"x","c":[{"b":1},"***"]},"b":true}"#),
        ("/a/c/*/b", r#"{"a":{"b":"x","c":[{"b":"***"},{"b":"***"}]},"b":true}"#),
        ("/*/b", r#"{"a":{"b":"***","c":[{"b":1},{"b":[2]}]},"b":true}"#),
        ("/**/b", r#"{"a":{"b":"***","c":[{"b":"***"},{"b":"***"}]},"b":"***"}"#),
        ("/a/**/b", r#"{"a":{"b":"***","c":[{"b":"***"},{"b":"***"}]},"b":true}"#),
        ("/*", r#"{"a":"***","b":"***"}"#),
    ] {
        let redacted = redacted(text, &only(vec![rule(pattern, RedactionAction::Mask)])).unwrap();
        assert_eq!(redacted.text, expected, "{pattern}");
    }
    for pattern in ["/c", "/a/c/2", "/a/c/b", "/a/b/x", "/A/b"] {
        assert_eq!(redacted(text, &only(vec![rule(pattern, RedactionAction::Mask)])), None, "{pattern}");
    }
}

#[test]
fn the_first_rule_that_matches_applies_and_before_the_defaults() {
    let rules = vec![rule("/a", RedactionAction::Drop), rule("/*", hash())];
    let redacted =
        redacted(r#"{"a":"1","token":"2","b":"\u0032"}"#, &Redaction { defaults: true, rules }).unwrap();
    // Calculated independently: hmac.new(b'key', b'2', 'sha256').hexdigest() in Python.
    let hash = "hmac-sha256:ae7b3ee87b8c9214f714df1c2042c7a985b9d711e9938a063937ad1636775a88";
    assert_eq!(redacted.text, format!(r#"{{"token":"{hash}","b":"{hash}"}}"#));
    assert_eq!(redacted.list, ["/a drop", "/token hash", "/b hash"]);
}

#[test]
fn both_of_two_members_of_one_name_are_redacted() {
    let (text, list) = by_default(r#"{"token":"s3cret","token":"other"}"#);
    assert_eq!((text.as_str(), list.len()), (r#"{"token":"***","token":"***"}"#, 2));
}

#[test]
fn the_list_is_bounded() {
    let elements = vec![r#""s3cret""#; LISTED + 7].join(",");
    let (text, list) = by_default(&format!(r#"{{"token":[{elements}]}}"#));
    assert!(!text.contains("s3cret"));
    assert_eq!((list.len(), list[LISTED].as_str()), (LISTED + 1, "and 7 more"));
    let (_, list) = by_default(&format!(r#"{{"{}":{{"token":"s3cret"}}}}"#, "é".repeat(POINTER_BYTES)));
    assert!(list[0].len() < POINTER_BYTES + 10);
}

#[test]
fn attributes_do_not_tell_what_the_payload_does_not() {
    let attributes = [
        ("same", "customer@example.test"),
        ("within", "write to customer@example.test, please"),
        ("cut", "customer@exam"),
        ("short", "7"),
        ("other", "17 of 7"),
        ("inner", "within an object"),
    ];
    let attributes: BTreeMap<_, _> =
        attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    let text = r#"{"mail":"customer@example.test","n":7,"o":{"p":["within an object"]}}"#;
    for (action, expected) in [
        (
            RedactionAction::Mask,
            "cut=*** inner=*** other=17 of 7 same=*** short=*** within=write to ***, please",
        ),
        (RedactionAction::Drop, "other=17 of 7 within=write to , please"),
    ] {
        let rules = ["/mail", "/n", "/o"].map(|pattern| rule(pattern, action.clone()));
        let redacted = redacted(text, &only(rules.to_vec())).unwrap();
        let mut scrubbed = attributes.clone();
        scrub(&mut scrubbed, &redacted.values);
        let found: Vec<_> = scrubbed.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(found.join(" "), expected);
    }
}
