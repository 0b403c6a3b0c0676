//! Signatures as well-known senders write them, by the examples that they publish, and everything that is refused.

use super::*;

#[test]
fn github_slack_and_the_rfcs_of_hmac() {
    // Test case 2 of RFC 4231 (SHA-256, SHA-512) and of RFC 2202 (SHA-1).
    const JEFE: &str = "what do ya want for nothing?";
    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    const GITHUB: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    // https://api.slack.com/authentication/verifying-requests-from-slack
    const SLACK: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    const SLACK_BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
        &channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
        &command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J\
        %2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121\
        .803a0bc887a14d10d2c447fce8b6703c";
    let github = "method = \"hmac\"\nencoding = \"hex\"\nsecrets = [KEY]";
    let slack = "method = \"hmac\"\nheader = \"X-Slack-Signature\"\nprefix = \"v0=\"\nencoding = \"hex\"\n\
        signed = \"v0:{timestamp}:{body}\"\ntimestamp_header = \"X-Slack-Request-Timestamp\"\nsecrets = [KEY]";
    let plain = |algorithm: &str, encoding: &str| {
        format!(
            "method = \"hmac\"\nheader = \"x\"\nprefix = \"\"\nalgorithm = \"{algorithm}\"\n\
             encoding = \"{encoding}\"\nsecrets = [KEY]"
        )
    };
    let sha512 = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd\
        caeab1a34d4a6b4b636e070a38bce737";
    for (name, verify, key, entries, body) in [
        (
            "GitHub",
            github,
            "It's a Secret to Everybody",
            &[("x-hub-signature-256", GITHUB)][..],
            "Hello, World!",
        ),
        (
            "Slack",
            slack,
            "8f742231b10e8888abcd99yyyzzz85a5",
            &[("x-slack-signature", SLACK), ("x-slack-request-timestamp", "1531420618")],
            SLACK_BODY,
        ),
        (
            "SHA-256",
            &plain("sha256", "base64url"),
            "Jefe",
            &[("x", "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM")],
            JEFE,
        ),
        ("SHA-512", &plain("sha512", "hex"), "Jefe", &[("x", sha512)], JEFE),
        ("SHA-1", &plain("sha1", "hex"), "Jefe", &[("x", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")], JEFE),
    ] {
        let right = configured(verify, [key, "other"]);
        let signed_at = 1_531_420_618_000;
        assert_eq!(verify_at(&right, entries, body, signed_at), Ok(Proof::Hmac), "{name}");
        let changed = format!("{body} ");
        assert_eq!(verify_at(&right, entries, &changed, signed_at), Err(Failure::Mismatch), "{name}");
        let wrong = configured(verify, ["other", "other"]);
        assert_eq!(verify_at(&wrong, entries, body, signed_at), Err(Failure::Mismatch), "{name}");
    }
}

#[test]
fn a_key_may_be_written_in_hexadecimal_digits_or_base64() {
    for (encoding, key) in [("hex", "4a656665"), ("base64", "SmVmZQ=="), ("text", "Jefe")] {
        let verify = format!(
            "method = \"hmac\"\nheader = \"Authorization\"\nprefix = \"HMAC \"\nsecret_encoding = \"{encoding}\"\n\
             secrets = [KEY]"
        );
        let signature = [("authorization", "HMAC W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=")];
        let verifier = configured(&verify, [key, "x"]);
        let verified = verify_at(&verifier, &signature, "what do ya want for nothing?", NOW);
        assert_eq!(verified, Ok(Proof::Hmac), "{encoding}");
    }
}

/// Stripe's way: time and signatures in one header. The signatures were calculated with Python's `hmac`.
const STRIPE: &str = "method = \"hmac\"\nheader = \"Stripe-Signature\"\nprefix = \"v1=\"\nseparator = \",\"\n\
    timestamp_prefix = \"t=\"\nencoding = \"hex\"\nsigned = \"{timestamp}.{body}\"\nsecrets = [KEY, KEY2]";

#[test]
fn one_header_may_hold_the_time_and_signatures_by_several_keys() {
    use Failure::{Malformed, Mismatch, Missing, Repeated, Stale};
    let by_key = "v1=8c1a00c47d6b9f72cbeb1c009e324419d877cb08edb0805dd9fde8dddc59848c";
    let by_key2 = "v1=4282da208b84382f1346b21167a3b5cc6151f77e380a925466f1d4392f957b64";
    let other = format!("v1={}", "0".repeat(64));
    let many = |count: usize| vec![other.as_str(); count].join(",");
    let verifier = configured(STRIPE, ["whsec_test_secret", "other"]);
    for (value, expected) in [
        (format!("t=1614265330,{by_key}"), Ok(Proof::Hmac)),
        (format!("t=1614265330,{by_key2}"), Ok(Proof::Hmac)),
        (format!("t=1614265330, {other}, {by_key} ,v0=zz"), Ok(Proof::Hmac)),
        (format!("{by_key},t=1614265330"), Ok(Proof::Hmac)),
        (format!("t=1614265330,{},{by_key}", many(7)), Ok(Proof::Hmac)),
        (format!("t=1614265330,{},{by_key}", many(8)), Err(Malformed)),
        (format!("t=1614265330,{other}"), Err(Mismatch)),
        (format!("t=1614265331,{by_key}"), Err(Mismatch)),
        (format!("t=1614265030,{by_key}"), Err(Stale)),
        (format!("t=1614265330,t=1614265330,{by_key}"), Err(Repeated)),
        (by_key.to_owned(), Err(Missing)),
        ("t=1614265330".to_owned(), Err(Malformed)),
        ("t=1614265330,v1=".to_owned(), Err(Malformed)),
        (format!("t=1614265330,{by_key}0"), Err(Malformed)),
        (format!("t=1614265330,{}", &by_key[..by_key.len() - 2]), Err(Malformed)),
    ] {
        assert_eq!(verify_at(&verifier, &[("stripe-signature", &value)], "{}", NOW), expected, "{value}");
    }
}

/// By the key `whsec_test_secret` over `1614265330.{}`, as above; in base64 without a prefix, and beside what is none.
#[test]
fn what_is_no_signature_in_a_header_keeps_none_from_being_looked_at() {
    use Failure::{Malformed, Mismatch};
    let verify = STRIPE.replace("\"v1=\"", "\"\"").replace("\"hex\"", "\"base64\"");
    let verifier = configured(&verify, ["whsec_test_secret", "other"]);
    let signature = "jBoAxH1rn3LL6xwAnjJEGdh3ywjtsIBd2f3o3dxZhIw=";
    for (value, expected) in [
        (format!("t=1614265330,{signature}"), Ok(Proof::Hmac)),
        (format!("{signature}, t=1614265330"), Ok(Proof::Hmac)),
        (format!("t=1614265330,v0=some,{signature},,?"), Ok(Proof::Hmac)),
        (format!("t=1614265330,?,{}", signature.replace('j', "k")), Err(Mismatch)),
        ("t=1614265330".to_owned(), Err(Malformed)),
        ("t=1614265330,v0=some,?".to_owned(), Err(Malformed)),
    ] {
        assert_eq!(verify_at(&verifier, &[("stripe-signature", &value)], "{}", NOW), expected, "{value}");
    }
}

/// The example of the specification's own libraries,
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/javascript/src/webhook.test.ts> and
/// `libraries/go/webhook_asymmetric_test.go`.
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const TIMESTAMP: &str = "1614265330";
const PAYLOAD: &str = r#"{"test": 2432232314}"#;
const SYMMETRIC: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const ASYMMETRIC: &str =
    "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==";

fn webhook(
    id: &str,
    timestamp: &str,
    signature: &str,
    utc_ms: i64,
    verifier: &Verifier,
) -> Result<Proof, Failure> {
    let entries = [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)];
    verify_at(verifier, &entries, PAYLOAD, utc_ms)
}

#[test]
fn standard_webhooks_by_a_secret() {
    use Failure::{Malformed, Mismatch, Stale};
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let preset = "method = \"standard_webhooks\"\nsecrets = [KEY, KEY2]";
    let verifier = configured(preset, [secret, "whsec_aGk="]);
    let wrong = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
    let several = format!("{wrong} {} {SYMMETRIC} {wrong}", wrong.replace("v1", "v2"));
    let spaced = format!("{SYMMETRIC} ");
    for (id, timestamp, signature, now, expected) in [
        (ID, TIMESTAMP, SYMMETRIC, NOW, Ok(Proof::Hmac)),
        (ID, TIMESTAMP, &several, NOW, Ok(Proof::Hmac)),
        (ID, TIMESTAMP, &spaced, NOW, Ok(Proof::Hmac)),
        (ID, TIMESTAMP, SYMMETRIC, NOW + 299_000, Ok(Proof::Hmac)),
        (ID, TIMESTAMP, SYMMETRIC, NOW + 300_000, Err(Stale)),
        (ID, TIMESTAMP, SYMMETRIC, NOW - 301_000, Err(Stale)),
        (ID, "hello", SYMMETRIC, NOW, Err(Malformed)),
        (ID, "1614265331", SYMMETRIC, NOW, Err(Mismatch)),
        ("msg_other", TIMESTAMP, SYMMETRIC, NOW, Err(Mismatch)),
        ("", TIMESTAMP, SYMMETRIC, NOW, Err(Malformed)),
        (ID, TIMESTAMP, wrong, NOW, Err(Mismatch)),
        (ID, TIMESTAMP, "v1,", NOW, Err(Malformed)),
        (ID, TIMESTAMP, "v1,dawfeoifkpqwoekfpqoekf", NOW, Err(Malformed)),
        (ID, TIMESTAMP, &SYMMETRIC[..8], NOW, Err(Malformed)),
        (ID, TIMESTAMP, &SYMMETRIC[3..], NOW, Err(Malformed)),
        (ID, TIMESTAMP, &SYMMETRIC.replace("v1", "v1a"), NOW, Err(Malformed)),
    ] {
        assert_eq!(
            webhook(id, timestamp, signature, now, &verifier),
            expected,
            "{id} {timestamp} {signature}"
        );
    }
    let without_prefix = configured(preset, [&secret["whsec_".len()..], "aGk="]);
    assert_eq!(webhook(ID, TIMESTAMP, SYMMETRIC, NOW, &without_prefix), Ok(Proof::Hmac));
    for missing in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut entries =
            vec![("webhook-id", ID), ("webhook-timestamp", TIMESTAMP), ("webhook-signature", SYMMETRIC)];
        entries.retain(|(name, _)| *name != missing);
        assert_eq!(verify_at(&verifier, &entries, PAYLOAD, NOW), Err(Failure::Missing), "{missing}");
        entries.extend([(missing, "x"), (missing, "x")]);
        assert_eq!(verify_at(&verifier, &entries, PAYLOAD, NOW), Err(Failure::Repeated), "{missing}");
    }
}

#[test]
fn standard_webhooks_by_a_public_key() {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let seed = STANDARD.decode("VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=").unwrap();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let key = format!("whpk_{}", STANDARD.encode(pair.public_key()));
    let other = format!("whpk_{}", STANDARD.encode([9; 32]));
    let verifier = configured("method = \"standard_webhooks\"\npublic_keys = [KEY2, KEY]", [&key, &other]);
    let wrong = configured("method = \"standard_webhooks\"\npublic_keys = [KEY]", [&other, &key]);
    let both = format!("{SYMMETRIC} {ASYMMETRIC}");
    assert_eq!(webhook(ID, TIMESTAMP, ASYMMETRIC, NOW, &verifier), Ok(Proof::PublicKey));
    assert_eq!(webhook(ID, TIMESTAMP, &both, NOW, &verifier), Ok(Proof::PublicKey));
    assert_eq!(webhook(ID, TIMESTAMP, ASYMMETRIC, NOW, &wrong), Err(Failure::Mismatch));
    assert_eq!(webhook(ID, "1614265331", ASYMMETRIC, NOW, &verifier), Err(Failure::Mismatch));
    assert_eq!(webhook(ID, TIMESTAMP, SYMMETRIC, NOW, &verifier), Err(Failure::Malformed));
    assert_eq!(webhook(ID, TIMESTAMP, ASYMMETRIC, NOW + 300_000, &verifier), Err(Failure::Stale));
}
