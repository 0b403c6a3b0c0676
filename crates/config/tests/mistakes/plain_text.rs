//! What is said about what would travel unencrypted beyond this machine, and what is warned of where that is allowed.

use super::support::{self, EXAMPLE};
use super::{check, messages};

/// What follows a URL that is refused.
const REFUSED: &str = "what is sent there would travel unencrypted; use https:// (or set insecure = true in this \
                       section, or at the top for a sandbox)";

/// The example with other lines: as it is written, and as it would be with plain HTTP.
const PLAIN: [(&str, &str); 5] = [
    (r#"url = "https://registry:8081/apis/ccompat/v7/""#, r#"url = "http://registry:8081/apis/ccompat/v7/""#),
    (r#"otlp_endpoint = "https://collector:4318""#, r#"otlp_endpoint = "http://collector:4318""#),
    (r#"base_url = "https://sap.acme.example""#, r#"base_url = "http://sap.acme.example""#),
    (
        r#"token_url = "https://login.mypurecloud.de/oauth/token""#,
        r#"token_url = "http://login.mypurecloud.de/oauth/token""#,
    ),
    (r#"listen = "127.0.0.1:8081""#, r#"listen = "0.0.0.0:8081""#),
];

fn replaced(pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(EXAMPLE.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[test]
fn a_url_beyond_this_machine_is_https() {
    for ((line, plain), place) in PLAIN[..4].iter().zip([
        "12:7 registry: field 'url'",
        "19:17 telemetry: field 'otlp_endpoint'",
        "57:12 target 'sap': field 'base_url'",
        "50:13 target 'genesys': field 'token_url'",
    ]) {
        let url = plain.split('"').nth(1).unwrap().trim_end_matches('/');
        check(line, plain, &[&format!("trunkline.toml:{place} is '{url}': {REFUSED}")]);
    }
    check(
        r#"base_url = "https://sap.acme.example""#,
        r#"base_url = "http://127.0.0.1:8080""#,
        &["no mistake"],
    );
}

#[test]
fn plain_http_is_listened_for_on_this_machine_only() {
    let said = |place: &str, address: &str| {
        format!(
            "trunkline.toml:{place} is '{address}', where others would send plain HTTP: listen on this machine only, \
             or set insecure = true in this section, for instance where a proxy in front of it takes TLS off"
        )
    };
    for (line, replacement, expected) in [
        (PLAIN[4].0, PLAIN[4].1, said("22:10 ingest: field 'listen'", "0.0.0.0:8081")),
        (PLAIN[4].0, r#"admin = "[::]:9101""#, said("22:9 ingest: field 'admin'", "[::]:9101")),
        // TLS without a certificate is none.
        (
            PLAIN[4].0,
            "listen = \"0.0.0.0:8081\"\ntls = {}",
            said("22:10 ingest: field 'listen'", "0.0.0.0:8081"),
        ),
        (
            r#"dedup_window = "4d""#,
            r#"admin = "10.0.0.1:9102""#,
            said("25:9 processor: field 'admin'", "10.0.0.1:9102"),
        ),
        (
            "[processor]",
            "[sink]\nadmin = \"0.0.0.0:9103\"\n[processor]",
            said("25:9 sink: field 'admin'", "0.0.0.0:9103"),
        ),
    ] {
        check(line, replacement, &[&expected]);
    }
    let tls = "tls.certificate = \"secrets/own.pem\"\ntls.key = \"file:secrets/own.key\"";
    check(PLAIN[4].0, &format!("listen = \"0.0.0.0:8081\"\n{tls}"), &["no mistake"]);
    check(
        PLAIN[4].0,
        "tls.certificate = \"secrets/own.pem\"",
        &["trunkline.toml:22:19 ingest tls: 'certificate' and 'key' go together"],
    );
    check(
        PLAIN[4].0,
        "tls.client_ca = \"secrets/ca.pem\"",
        &["trunkline.toml:22:17 ingest tls: 'client_ca' needs 'certificate' and 'key': the listener's own"],
    );
}

#[test]
fn networks_are_written_as_networks() {
    for (written, said) in [
        (
            "10.0.0.1/8",
            "is '10.0.0.1/8', which has more than its network: write '10.0.0.0/8' for the network, or \
                        '10.0.0.1' for the address",
        ),
        (
            "10.0.0",
            "is '10.0.0', must be a network such as '198.51.100.0/24' or '2001:db8::/32', or one address",
        ),
    ] {
        let expected = format!("trunkline.toml:22:20 ingest: field 'trusted_proxies' {said}");
        check(PLAIN[4].0, &format!("trusted_proxies = [\"{written}\"]"), &[&expected]);
    }
    for written in ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"] {
        check(PLAIN[4].0, &format!("trusted_proxies = [\"{written}\"]"), &["no mistake"]);
    }
}

#[test]
fn a_section_that_says_insecure_is_taken_and_warned_of_and_no_other_is() {
    let folder = support::folder();
    let plaintext = |text: &str| support::parse(&folder, text).unwrap().plaintext;
    assert!(plaintext(EXAMPLE).is_empty());
    for (line, plain) in PLAIN {
        let one = replaced(&[(line, &format!("{plain}\ninsecure = true"))]);
        let what = plain.split('"').nth(1).unwrap().trim_end_matches('/');
        assert_eq!(plaintext(&one), [what]);
        for (other, other_plain) in PLAIN.iter().filter(|(other, _)| *other != line) {
            let said = messages(&one.replace(other, other_plain));
            assert_eq!(said.lines().count(), 1, "{plain} does not allow {other_plain}: {said}");
        }
    }
    let everything = format!("insecure = true\n{}", replaced(&PLAIN));
    assert_eq!(plaintext(&everything).len(), PLAIN.len());
    check(
        r#"listen = "127.0.0.1:8081""#,
        "insecure = \"yes\"",
        &["trunkline.toml:22:12 ingest: field 'insecure' must be true or false, not a string"],
    );
}

#[test]
fn a_password_for_kafka_travels_unencrypted_on_this_machine_or_where_it_is_allowed() {
    const REFUSED: &str = "trunkline.toml:8:7 kafka security: credentials would travel unencrypted beyond this \
                           machine; leave 'tls' out (or set insecure = true in this section, or at the top for a \
                           sandbox)";
    let protocol = r#"protocol = "scram_sha_512""#;
    check(protocol, "protocol = \"sasl_plain\"\ntls = false", &[REFUSED]);
    check(protocol, "protocol = \"sasl_plain\"\ntls = false\ninsecure = true", &["no mistake"]);
    let unencrypted = EXAMPLE.replace(protocol, "protocol = \"scram_sha_256\"\ntls = false");
    assert_eq!(messages(&format!("insecure = true\n{unencrypted}")), "no mistake");
    let local = unencrypted.replace("kafka-0:9092,kafka-1:9092", "localhost:9092, 127.0.0.1:9093,[::1]:9094");
    assert_eq!(messages(&local), "no mistake");
    let one_remote = local.replace("127.0.0.1:9093", "127.0.0.1.example.com:9093");
    assert_eq!(messages(&one_remote), REFUSED);
}
