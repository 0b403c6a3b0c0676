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
    let timed = |time: &str, prefix: &str| {
        let prefixes = format!("timestamp_prefix = \"{time}\"\nprefix = \"{prefix}\"");
        format!("separator = \",\"\nsigned = \"{{timestamp}}.{{body}}\"\n{prefixes}")
    };
    let begins_alike = |time: &str, prefix: &str| {
        format!(
            "field 'timestamp_prefix' is '{time}', with which signatures may begin as well: they begin with 'prefix', \
             which is '{prefix}'"
        )
    };
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
        (&timed("t,", "v1="), vec!["field 'timestamp_prefix' must not hold the separator".to_owned()]),
        (&timed("t=", ""), vec![]),
        (&timed("v1t=", "v1"), vec![]),
        (&timed("v", "v1="), vec![begins_alike("v", "v1=")]),
        (&timed("v1=", "v1="), vec![begins_alike("v1=", "v1=")]),
        (&timed("t", ""), vec![begins_alike("t", "")]),
        (&timed("v1=t", "v1="), vec![begins_alike("v1=t", "v1=")]),
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

const KEYS: &str = "keys = [\"secrets/ca.pem\"]";

#[test]
fn a_token_has_an_issuer_an_audience_and_keys() {
    let token = |more: &str| format!("method = \"jwt\"\nissuer = \"i\"\naudience = [\"a\", \"b\"]\n{more}");
    let url = "keys_url = \"https://issuer.example/jwks.json\"";
    let no_keys = "field 'keys' is missing: references to public keys in PEM or to a JSON Web Key Set; or 'keys_url', \
                   where such a set is";
    for (more, expected) in [
        (KEYS.to_owned(), vec![]),
        (format!("{url}\nkeys_refresh = \"1h\"\nclaims = {{ azp = \"x\" }}"), vec![]),
        (String::new(), vec![no_keys]),
        (format!("{url}\n{KEYS}"), vec!["either 'keys' or 'keys_url'"]),
        (
            format!("{url}\nkeys_refresh = \"1s\""),
            vec!["field 'keys_refresh' must be between 10s and 1d: a withdrawn key is accepted for so long"],
        ),
        (
            format!("{KEYS}\nkeys_refresh = \"1h\""),
            vec!["field 'keys_refresh' needs 'keys_url': files are followed anyway"],
        ),
        (
            "keys_url = \"http://issuer.example/jwks.json\"".to_owned(),
            vec![
                "field 'keys_url' is 'http://issuer.example/jwks.json': what is sent there would travel unencrypted; use \
             https:// (or set insecure = true in this section, or at the top for a sandbox)",
            ],
        ),
        (
            format!("{KEYS}\nalgorithms = [\"none\"]"),
            vec![
                "field 'algorithms' holds 'none': a token that is not signed by a private key proves nothing here",
            ],
        ),
        (
            format!("{KEYS}\nalgorithms = [\"ES256\", \"HS256\"]"),
            vec![
                "field 'algorithms' holds 'HS256': a token that is not signed by a private key proves nothing here",
            ],
        ),
        (
            format!("{KEYS}\nalgorithms = [\"ES255\"]"),
            vec!["field 'algorithms' is 'ES255', did you mean 'ES256'?"],
        ),
        (format!("{KEYS}\nalgorithms = []"), vec!["field 'algorithms' must hold at least 1"]),
        (
            format!("{KEYS}\nclock_skew = \"1h\""),
            vec!["field 'clock_skew' must be at most 10m: for so long a token is good after its end"],
        ),
        (
            "keys = [\"secrets/own.key\"]".to_owned(),
            vec!["field 'keys' refers to a private key, which is its owner's alone; store the public one"],
        ),
        (
            "keys = [\"file:secrets/one\"]".to_owned(),
            vec![
                "field 'keys' refers to what holds no public key in PEM (it begins with '-----BEGIN PUBLIC KEY-----') and no \
             JSON Web Key Set (it has a list 'keys')",
            ],
        ),
    ] {
        assert_eq!(about(&token(&more)), expected, "{more}");
    }
    let mut missing = about(&format!("method = \"jwt\"\n{KEYS}"));
    missing.sort();
    assert_eq!(missing, ["field 'audience' is missing", "field 'issuer' is missing"]);
}

#[test]
fn a_signature_by_a_public_key_has_an_algorithm() {
    let signature = |more: &str| format!("method = \"public_key\"\n{KEYS}\n{more}");
    assert!(about(&signature("algorithm = \"ES256\"")).is_empty());
    assert_eq!(about(&signature("")), ["field 'algorithm' is missing"]);
    assert_eq!(
        about(&signature("algorithm = \"HS256\"")),
        ["field 'algorithm' is 'HS256', did you mean 'ES256'?"]
    );
    assert_eq!(about(&signature("algorithm = \"PS256\"\nsecrets = []")), ["unknown field 'secrets'"]);
}

#[test]
fn a_certificate_has_a_subject_and_a_listener_that_asks_for_it() {
    let with_authority = "[ingest.tls]\ncertificate = \"secrets/own.pem\"\nkey = \"secrets/own.key\"\n\
                          client_ca = \"secrets/ca.pem\"\n";
    let about = |more: &str, tls: &str| {
        let mut found = about(&format!("method = \"certificate\"\n{more}\n{tls}"));
        found.sort();
        found
    };
    let part = "a '*' stands for a whole part of a name, or is none";
    for (more, expected) in [
        ("subjects = [{ dns = \"*.acme.example\" }, { cn = \"hooks\", o = \"Acme\" }]", vec![]),
        ("subjects = [{ uri = \"spiffe://acme/ns/*/sa/hooks\", email = \"*@acme.example\" }]", vec![]),
        ("", vec![
            "field 'subjects' is missing: whose certificate it may be, such as [{ dns = \"hooks.acme.example\" }]"
                .to_owned(),
        ]),
        ("subjects = []", vec!["field 'subjects' must hold at least 1".to_owned()]),
        ("header = \"X\"\nsubjects = [{ cn = \"a\" }]", vec!["unknown field 'header'".to_owned()]),
    ] {
        assert_eq!(about(more, with_authority), expected, "{more}");
    }
    let needs = "method 'certificate' needs 'client_ca' in [ingest.tls]: the authorities of those who call";
    assert_eq!(about("subjects = [{ cn = \"a\" }]", ""), [needs]);
    for (subject, expected) in [
        ("{ }", "a subject needs one of: dns, uri, email, cn, o".to_owned()),
        ("{ dns = \"a*.acme.example\" }", format!("field 'dns' is 'a*.acme.example': {part}")),
        ("{ cn = \"*\" }", format!("field 'cn' is '*': {part}")),
        ("{ dns = \"*.*\" }", "field 'dns' is '*.*', which every certificate would have".to_owned()),
        ("{ organization = \"Acme\" }", "a subject needs one of: dns, uri, email, cn, o".to_owned()),
    ] {
        let text = format!("method = \"certificate\"\nsubjects = [{subject}]\n{with_authority}");
        let found =
            messages(&EXAMPLE.replace("method = \"hmac\"\nsecrets = [\"file:secrets/one\"]\n", &text));
        assert!(found.contains(&expected), "{subject}: {found}");
    }
}
