//! What is taken out of payloads, and what stays.

use std::collections::BTreeMap;

use trunkline_config::PointerPattern;

use super::*;

mod cost;
mod kinds;

use super::list::{LISTED, POINTER_BYTES};

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
    let redacted = redacted(text, &Redaction::default(), 0).unwrap_or_else(|| panic!("{text}"));
    (redacted.text, redacted.list.finish())
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
        assert_eq!(redacted(text, &Redaction::default(), 0), None, "{text}");
    }
    assert_eq!(redacted(r#"{"token":"s3cret"}"#, &only(Vec::new()), 0), None, "defaults are off");
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
        let redacted = redacted(text, &only(vec![rule(pattern, RedactionAction::Mask)]), 0).unwrap();
        assert_eq!(redacted.text, expected, "{pattern}");
    }
    for pattern in ["/c", "/a/c/2", "/a/c/b", "/a/b/x", "/A/b"] {
        assert_eq!(redacted(text, &only(vec![rule(pattern, RedactionAction::Mask)]), 0), None, "{pattern}");
    }
}

#[test]
fn the_first_rule_that_matches_applies_and_before_the_defaults() {
    let rules = vec![rule("/a", RedactionAction::Drop), rule("/*", hash())];
    let redacted =
        redacted(r#"{"a":"1","token":"2","b":"\u0032"}"#, &Redaction { defaults: true, rules }, 0).unwrap();
    // Calculated independently: hmac.new(b'key', b'2', 'sha256').hexdigest() in Python.
    let hash = "hmac-sha256:ae7b3ee87b8c9214f714df1c2042c7a985b9d711e9938a063937ad1636775a88";
    assert_eq!(redacted.text, format!(r#"{{"token":"{hash}","b":"{hash}"}}"#));
    assert_eq!(redacted.list.finish(), ["/a drop", "/token hash", "/b hash"]);
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
fn credentials_are_masked_by_names_of_every_spelling_and_numbers_with_them() {
    for (text, expected) in [
        (r#"{"Access-Token":"s3cret","n":1}"#, r#"{"Access-Token":"***","n":1}"#),
        (r#"{"a":{"session_token":"s3cret"}}"#, r#"{"a":{"session_token":"***"}}"#),
        (r#"{"apiKey":"s3cret","secretKey":"s3cret"}"#, r#"{"apiKey":"***","secretKey":"***"}"#),
        (r#"{"JWT":"s3cret"}"#, r#"{"JWT":"***"}"#),
        (r#"{"password":123456,"x":123456}"#, r#"{"password":"***","x":123456}"#),
        (r#"{"user.passwd" : -1.5e3 }"#, r#"{"user.passwd" : "***" }"#),
        (r#"{"secrets":["s3cret",{"note":"none"}]}"#, r#"{"secrets":["***",{"note":"***"}]}"#),
        (r#"{"pass\u0077ord":"s3cret"}"#, r#"{"pass\u0077ord":"***"}"#),
        (
            r#"{"token":{"value":"s3cret","tokenType":"Bearer","expiresIn":"60"}}"#,
            r#"{"token":{"value":"***","tokenType":"Bearer","expiresIn":"60"}}"#,
        ),
    ] {
        assert_eq!(by_default(text).0, expected, "{text}");
    }
}

#[test]
fn a_value_is_a_credential_when_the_name_beside_it_says_so() {
    for (text, expected) in [
        (
            r#"{"f":[{"ident":"accessToken","value":"s"}]}"#,
            r#"{"f":[{"ident":"accessToken","value":"***"}]}"#,
        ),
        (r#"{"value":1234,"name":"Password"}"#, r#"{"value":"***","name":"Password"}"#),
        (
            r#"[{"key":"api-key","values":["a","b"]},{"value":"c"}]"#,
            r#"[{"key":"api-key","values":["***","***"]},{"value":"c"}]"#,
        ),
        (r#"{"x":{"value":{"text":"s"},"id":"jwt"}}"#, r#"{"x":{"value":{"text":"***"},"id":"jwt"}}"#),
        (
            r#"{"fieldName":"client_secret","fieldValue":"s","hint":"h"}"#,
            r#"{"fieldName":"client_secret","fieldValue":"***","hint":"h"}"#,
        ),
    ] {
        assert_eq!(by_default(text).0, expected, "{text}");
    }
    for text in [
        r#"[{"ident":"mail","value":"a@example.test"},{"ident":"scrollToken","value":"b"}]"#,
        r#"{"ident":"accessToken","other":{"value":"a"}}"#,
        r#"{"a":{"name":"password"},"b":{"value":"c"}}"#,
        r#"{"name":"password","value":true,"text":"how to reset it"}"#,
    ] {
        assert_eq!(redacted(text, &Redaction::default(), 0), None, "{text}");
    }
}

#[test]
fn what_stands_in_a_text_of_json_is_redacted_like_a_payload() {
    for (text, expected) in [
        (r#"{"x":"{\"access_token\":\"s\",\"n\":1.0}"}"#, r#"{"x":"{\"access_token\":\"***\",\"n\":1.0}"}"#),
        (
            r#"{"x":" [{\"name\":\"pwd\",\"value\":7}]"}"#,
            r#"{"x":" [{\"name\":\"pwd\",\"value\":\"***\"}]"}"#,
        ),
        (
            r#"{"x":"{\"y\":\"{\\\"jwt\\\":\\\"s\\\"}\"}"}"#,
            r#"{"x":"{\"y\":\"{\\\"jwt\\\":\\\"***\\\"}\"}"}"#,
        ),
        (r#"{"x":"got {\"api_key\":\"s\"} back"}"#, r#"{"x":"got {\"api_key\":\"***\"} back"}"#),
        (r#"{"x":"{\"access_token\":\"s\",\"cut off"}"#, r#"{"x":"{\"access_token\":\"***\",\"cut off"}"#),
    ] {
        assert_eq!(by_default(text), (expected.to_owned(), vec!["/x mask".to_owned()]), "{text}");
    }
    let deep = format!(r#"{{"x":"{}"}}"#, "[".repeat(100_000));
    assert_eq!(redacted(&deep, &Redaction::default(), 0), None, "it is no JSON that a parser takes");
}

#[test]
fn only_the_secret_of_a_text_is_masked() {
    let (text, list) =
        by_default(r#"{"x":"Grüße \"A\", see https://h.example/?sig=s and \u0042earer s3cret."}"#);
    assert_eq!(text, r#"{"x":"Grüße \"A\", see *** and ***."}"#);
    assert_eq!(list, ["/x mask"]);
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn attributes_do_not_tell_what_the_payload_does_not() {
    let long = "a customer's address, ".repeat(500);
    let attributes = [
        ("same", "customer@example.test"),
        ("within", "write to customer@example.test, please"),
        ("cut", &long[..8 * 1024]),
        ("begins alike", "customer@exam"),
        ("short", "7"),
        ("other", "17 of 7"),
        ("inner", "within an object"),
    ];
    let attributes = map(&attributes);
    let text =
        format!(r#"{{"mail":"customer@example.test","n":7,"o":{{"p":["within an object","{long}"]}}}}"#);
    for (action, expected) in [
        (
            RedactionAction::Mask,
            "begins alike=customer@exam cut=*** inner=*** other=17 of 7 same=*** short=*** within=write to ***, please",
        ),
        (RedactionAction::Drop, "begins alike=customer@exam cut=*** other=17 of 7 within=write to , please"),
    ] {
        let rules = ["/mail", "/n", "/o"].map(|pattern| rule(pattern, action.clone()));
        let redacted = redacted(&text, &only(rules.to_vec()), 0).unwrap();
        let mut scrubbed = [attributes.clone(), BTreeMap::new()];
        redacted.values.scrub(&mut scrubbed, || None);
        let found: Vec<_> = scrubbed[0].iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(found.join(" "), expected);
    }
}
