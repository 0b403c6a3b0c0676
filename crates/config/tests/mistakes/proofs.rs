//! What is said about proofs that cannot be asked for as they are written.

use super::support::EXAMPLE;
use super::{check, messages};

/// The messages about a `verify` table of the source `chat`, from its fields on; the places left out.
fn about(verify: &str) -> Vec<String> {
    let (before, rest) = EXAMPLE.split_once("method = \"hmac\"\nsecrets = [\"file:secrets/one\"]\n").unwrap();
    let messages = messages(&format!("{before}{verify}\n{rest}"));
    if messages == "no mistake" {
        return Vec::new();
    }
    let without_place = |line: &str| {
        let (_, message) = line.split_once(" source 'chat' verify: ").unwrap_or_else(|| panic!("{messages}"));
        message.to_owned()
    };
    messages.lines().map(without_place).collect()
}

#[test]
fn a_signature_is_over_what_is_told() {
    let hmac = |more: &str| format!("method = \"hmac\"\nsecrets = [\"file:secrets/one\"]\n{more}");
    let unsigned = "what is not signed anybody can change";
    for (more, expected) in [
        ("", vec![]),
        ("signed = \"{timestamp}.{body}\"\ntimestamp_header = \"X-Time\"\ntolerance = \"1m\"", vec![]),
        ("signed = \"{id}{body}\"\nid_header = \"X-Id\"", vec![]),
        ("separator = \",\"\nsigned = \"{timestamp}.{body}\"\ntimestamp_prefix = \"t=\"", vec![]),
        ("signed = \"{timestamp}.\"", vec![format!(
            "field 'signed' is '{{timestamp}}.', must hold {{body}} once: {unsigned}"
        )]),
        ("signed = \"{time}.{body}\"", vec![
            "field 'signed' is '{time}.{body}', must be made of {id}, {timestamp}, {body} and what stands between them, \
             such as \"{timestamp}.{body}\""
                .to_owned(),
        ]),
        ("signed = \"{id}.{timestamp}.{body}\"", vec![
            "field 'signed' holds {id}, which needs 'id_header'".to_owned(),
            "field 'signed' holds {timestamp}, which needs 'timestamp_header' or 'timestamp_prefix'".to_owned(),
        ]),
        ("timestamp_header = \"X-Time\"", vec![format!(
            "field 'timestamp_header' needs {{timestamp}} in 'signed': {unsigned}"
        )]),
        ("signed = \"v0:{body}\"\nid_header = \"X-Id\"", vec![format!(
            "field 'id_header' needs {{id}} in 'signed': {unsigned}"
        )]),
        ("tolerance = \"1m\"", vec![
            "field 'tolerance' needs 'timestamp_header' or 'timestamp_prefix'".to_owned(),
        ]),
        ("signed = \"{timestamp}{body}\"\ntimestamp_prefix = \"t=\"", vec![
            "field 'timestamp_prefix' needs 'separator': the time is one of the header's values".to_owned(),
        ]),
        ("signed = \"{timestamp}{body}\"\ntimestamp_header = \"X-Time\"\ntolerance = \"2d\"", vec![
            "field 'tolerance' must be at most a day: for so long a request can be sent again by others".to_owned(),
        ]),
        ("separator = \",\"\nprefix = \"v1,\"", vec!["field 'prefix' must not hold the separator".to_owned()]),
        ("algorithm = \"md5\"", vec!["field 'algorithm' is 'md5', must be one of: sha256, sha512, sha1".to_owned()]),
        ("encoding = \"base46\"", vec!["field 'encoding' is 'base46', did you mean 'base64'?".to_owned()]),
        ("secret_encoding = \"hex\"", vec!["field 'secrets' refers to what is no key in hexadecimal digits".to_owned()]),
    ] {
        assert_eq!(about(&hmac(more)), expected, "{more}");
    }
}

#[test]
fn standard_webhooks_have_secrets_or_public_keys() {
    for (more, expected) in [
        ("", vec!["field 'secrets' is missing"]),
        (
            "secrets = [\"file:secrets/one\"]",
            vec!["field 'secrets' refers to what is no secret of Standard Webhooks ('whsec_' and base64)"],
        ),
        (
            "public_keys = [\"file:secrets/one\"]",
            vec![
                "field 'public_keys' refers to what is no public key of Standard Webhooks ('whpk_' and 32 bytes in base64)",
            ],
        ),
        ("secrets = []", vec!["field 'secrets' must hold at least 1"]),
        (
            "header = \"X\"\nsecrets = []",
            vec!["field 'secrets' must hold at least 1", "unknown field 'header'"],
        ),
    ] {
        let mut found = about(&format!("method = \"standard_webhooks\"\n{more}"));
        found.sort();
        assert_eq!(found, expected, "{more}");
    }
}

#[test]
fn a_user_has_one_password_or_two() {
    let basic = |more: &str| format!("method = \"basic\"\nusername = \"genesys\"\n{more}");
    let two = "passwords = [\"file:secrets/one\", \"file:secrets/two\"]";
    assert!(about(&basic("password = \"file:secrets/one\"")).is_empty());
    assert!(about(&basic(two)).is_empty());
    assert_eq!(about(&basic("")), ["field 'password' is missing"]);
    assert_eq!(
        about(&basic(&format!("password = \"file:secrets/one\"\n{two}"))),
        ["either 'password' or 'passwords', which has both during a rotation"]
    );
    assert_eq!(
        about(&basic("passwords = [\"file:secrets/one\", \"file:secrets/one\", \"file:secrets/two\"]")),
        ["at most two keys: the current one and the one it replaces"]
    );
}

#[test]
fn a_method_has_its_own_fields() {
    check(
        r#"header = "X-Trunkline-Key""#,
        "header = \"X-Trunkline-Key\"\nprefix = \"v1=\"",
        &["trunkline.toml:35:1 source 'genesys' verify: unknown field 'prefix'"],
    );
}
