//! What is said about credentials that would travel unencrypted.

use super::support::EXAMPLE;
use super::{check, messages};

#[test]
fn credentials_over_plain_text_beyond_this_machine() {
    check(
        r#"url = "https://registry:8081/apis/ccompat/v7/""#,
        r#"url = "http://registry:8081/apis/ccompat/v7/""#,
        &[
            "trunkline.toml:12:7 registry: field 'url' is 'http://registry:8081/apis/ccompat/v7': credentials would travel \
           unencrypted; use https:// (or set allow_plaintext = true at the top for a sandbox)",
        ],
    );
    check(
        r#"protocol = "scram_sha_512""#,
        "protocol = \"sasl_plain\"\ntls = false",
        &[
            "trunkline.toml:8:7 kafka security: credentials would travel unencrypted beyond this machine; leave 'tls' out \
           (or set allow_plaintext = true at the top for a sandbox)",
        ],
    );
}

#[test]
fn credentials_over_plain_text_on_this_machine_or_where_it_is_allowed() {
    let scram = "protocol = \"scram_sha_256\"\ntls = false";
    let unencrypted = EXAMPLE
        .replace(r#"protocol = "scram_sha_512""#, scram)
        .replace("https://registry:8081", "http://registry:8081");
    assert_eq!(messages(&format!("allow_plaintext = true\n{unencrypted}")), "no mistake");
    let local = unencrypted
        .replace("kafka-0:9092,kafka-1:9092", "localhost:9092, 127.0.0.1:9093,[::1]:9094")
        .replace("http://registry:8081", "http://[::1]:8081");
    assert_eq!(messages(&local), "no mistake");
    let one_remote = local.replace("127.0.0.1:9093", "127.0.0.1.example.com:9093");
    assert!(messages(&one_remote).contains("credentials would travel unencrypted"));
    let anonymous = EXAMPLE.replace("https://registry:8081", "http://registry:8081").replacen(
        "username = \"trunkline\"\npassword = \"file:secrets/two\"",
        "",
        1,
    );
    assert_eq!(messages(&anonymous), "no mistake", "nothing secret travels");
}
