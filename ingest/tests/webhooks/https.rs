//! Webhooks over TLS: certificates that are replaced, callers that have to show one, and those that begin and stop.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use trunkline_config::{ListenerTls, OwnCertificate, Secret, SecretHandle};

use crate::customer_start;
use crate::support::{Ingest, MAX_CONNECTIONS};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate and its key.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// A client that trusts this authority alone; with a certificate of its own where there is one.
    fn client(&self, own: Option<(String, String)>) -> reqwest::Client {
        let trusted = reqwest::Certificate::from_pem(self.pem().as_bytes()).unwrap();
        let builder = reqwest::Client::builder().tls_certs_only([trusted]).pool_max_idle_per_host(0);
        match own {
            Some((certificate, key)) => {
                builder.identity(reqwest::Identity::from_pem((certificate + "\n" + &key).as_bytes()).unwrap())
            }
            None => builder,
        }
        .build()
        .unwrap()
    }
}

fn tls(own: &(String, String), client_ca: Option<&Authority>) -> ListenerTls {
    ListenerTls {
        own: OwnCertificate { certificate: own.0.as_str().into(), key: own.1.as_str().into() },
        client_ca: client_ca.map(|authority| SecretHandle::from(authority.pem().as_str())),
        without_certificate: false,
    }
}

fn replace(secret: &SecretHandle, value: &str) {
    secret.replace(Secret::from(value), Instant::now(), Duration::ZERO).unwrap();
}

/// The status of a genuine webhook; `None` where there is no connection.
async fn posted(ingest: &Ingest, client: &reqwest::Client, scheme: &str) -> Option<StatusCode> {
    let url = format!("{scheme}://localhost:{}/v1/webhooks/token", ingest.port());
    let request = client.post(url).bearer_auth("right").body(customer_start("c").to_string());
    Some(request.send().await.ok()?.status())
}

#[tokio::test]
async fn webhooks_come_over_tls_and_a_replaced_certificate_is_shown_from_the_next_connection_on() {
    let (first, second) = (Authority::new(), Authority::new());
    let tls = tls(&first.issue("localhost"), None);
    let ingest = Ingest::start_with_tls(tls.clone()).await;
    let (old, new) = (first.client(None), second.client(None));
    assert_eq!(posted(&ingest, &old, "https").await, Some(StatusCode::ACCEPTED));
    assert_eq!(posted(&ingest, &new, "https").await, None, "it does not trust that");
    assert_eq!(posted(&ingest, &old, "http").await, None, "no plain HTTP there");

    let (certificate, key) = second.issue("localhost");
    replace(&tls.own.certificate, &certificate);
    assert_eq!(
        posted(&ingest, &old, "https").await,
        Some(StatusCode::ACCEPTED),
        "its key is still the old one"
    );
    replace(&tls.own.key, &key);
    assert_eq!(posted(&ingest, &new, "https").await, Some(StatusCode::ACCEPTED), "the very next connection");
    assert_eq!(posted(&ingest, &old, "https").await, None);
}

#[tokio::test]
async fn where_callers_have_to_show_a_certificate_others_are_not_let_in() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let ingest = Ingest::start_with_tls(tls(&ours.issue("localhost"), Some(&theirs))).await;
    for (own, expected) in [
        (Some(theirs.issue("genesys.example")), Some(StatusCode::ACCEPTED)),
        (Some(ours.issue("genesys.example")), None),
        (None, None),
    ] {
        assert_eq!(posted(&ingest, &ours.client(own), "https").await, expected);
    }
    assert_eq!(ingest.events().len(), 1);
}

/// Sources of which one is proved by a certificate, and one by a token; a certificate may be shown, and need not be.
const BY_CERTIFICATE: &str = r#"
[kafka]
brokers = "127.0.0.1:9092"
[registry]
url = "http://127.0.0.1:8081"
[ingest.tls]
certificate = "own.crt"
key = "own.key"
client_ca = "callers.crt"
client_certificate = "optional"
[sources.token]
kind = "genesys-eventbridge"
verify = { method = "bearer", tokens = ["file:token"] }
[sources.certificate]
kind = "genesys-eventbridge"
verify = { method = "certificate", subjects = [{ dns = "*.genesys.example" }, { cn = "nobody", o = "Acme" }] }
"#;

#[tokio::test]
async fn a_source_takes_callers_by_the_names_in_their_certificates() {
    let (ours, theirs, folder) = (Authority::new(), Authority::new(), tempfile::tempdir().unwrap());
    let (certificate, key) = ours.issue("localhost");
    let files = [("own.crt", certificate), ("own.key", key), ("callers.crt", theirs.pem())];
    for (name, content) in files.into_iter().chain([("token", "right".to_owned())]) {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let file = folder.path().join("trunkline.toml").display().to_string();
    let config = trunkline_config::parse(BY_CERTIFICATE, &file).unwrap();
    let ingest = Ingest::start_with_sources_and_tls(config.sources, config.ingest.tls.unwrap()).await;
    let genesys = || theirs.issue("hooks.genesys.example");
    let (accepted, refused) = (Some(StatusCode::ACCEPTED), Some(StatusCode::UNAUTHORIZED));
    for (own, source, expected) in [
        (Some(genesys()), "certificate", accepted),
        (Some(theirs.issue("genesys.example")), "certificate", refused),
        (None, "certificate", refused),
        (Some(ours.issue("hooks.genesys.example")), "certificate", None),
        (Some(genesys()), "token", accepted),
        (None, "token", accepted),
    ] {
        let is_shown = own.is_some();
        let client = ours.client(own);
        let url = format!("https://localhost:{}/v1/webhooks/{source}", ingest.port());
        let request = client.post(url).bearer_auth("right").body(customer_start("c").to_string());
        let status = request.send().await.ok().map(|answer| answer.status());
        assert_eq!(status, expected, "{source}, with a certificate: {is_shown}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshakes_that_never_end_keep_nobody_out() {
    let authority = Authority::new();
    let ingest = Ingest::start_with_tls(tls(&authority.issue("localhost"), None)).await;
    let client = authority.client(None);
    // A record of a handshake whose rest never comes (RFC 8446, section 5.1), nothing, and what is no TLS.
    for beginning in [&b"\x16\x03\x01\x02\x00\x01"[..], b"", b"GET / HTTP/1.1\r\n\r\n"] {
        let mut connections = Vec::new();
        for _ in 0..3 * MAX_CONNECTIONS {
            connections.push(ingest.connect(beginning).await);
        }
        assert_eq!(posted(&ingest, &client, "https").await, Some(StatusCode::ACCEPTED), "{beginning:?}");
    }
}

#[test]
fn a_certificate_without_its_key_is_refused_at_the_start() {
    let authority = Authority::new();
    let (certificate, _) = authority.issue("localhost");
    let (_, another_key) = authority.issue("localhost");
    let refused = |own: (&str, &str)| {
        let tls = tls(&(own.0.to_owned(), own.1.to_owned()), None);
        trunkline_ingest::tls::acceptor(&tls).map(drop).unwrap_err().to_string()
    };
    let message = refused((&certificate, &another_key));
    assert!(message.contains("do not fit together"), "{message}");
    let message = refused((&another_key, &another_key));
    assert!(message.contains("certificate"), "{message}");
}
