//! A company's network in small: its own certificate authority, a system behind TLS, a proxy that leads there.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

const ANSWER: &str = r#"{"access_token":"t","expires_in":3600,"result":[],"schema":"\"string\"",
    "data":{"ttl":0,"data":{"password":"in Vault"}}}"#;

/// What was sent somewhere: the heads of requests.
pub type Heads = Arc<Mutex<Vec<String>>>;

/// The company's certificate authority, and the folder with what it has issued.
pub struct Company {
    pub folder: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

/// A system behind TLS. It answers every request with what is a token, an empty result, a schema of a registry and a
/// secret of Vault at once.
pub struct System {
    pub address: SocketAddr,
    pub heads: Heads,
    /// The certificates that it was shown, with each request.
    pub shown: Arc<Mutex<Vec<Vec<u8>>>>,
    acceptor: Arc<Mutex<TlsAcceptor>>,
}

/// A proxy that opens tunnels, all of them to one system.
pub struct Proxy {
    pub url: String,
    pub heads: Heads,
}

// === impl Company ===

impl Company {
    /// A company with a certificate of `trunkline` in `trunkline.pem` and `trunkline.key`, and `ca.pem`.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let company = Self { folder, authority };
        company.write("ca.pem", &company.authority.pem());
        let (certificate, key) = company.another_own();
        company.write("trunkline.pem", &certificate);
        company.write("trunkline.key", &key);
        company.write("secret", "s3cr3t");
        company
    }

    /// Another certificate of `trunkline` with its key, both in PEM.
    pub fn another_own(&self) -> (String, String) {
        let (certificate, key) = self.issue("trunkline");
        (certificate.pem(), key.serialize_pem())
    }

    /// The company's certificate authority in PEM.
    pub fn ca(&self) -> String {
        self.authority.pem()
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, content: &str) {
        std::fs::write(self.folder.path().join(name), content).unwrap();
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.authority).unwrap(), key)
    }

    /// A system whose certificate names this host; with `asks_who` it takes nobody without one of the company's.
    pub async fn system(&self, host: &str, asks_who: bool) -> System {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let system = System {
            address: listener.local_addr().unwrap(),
            heads: Heads::default(),
            shown: Arc::default(),
            acceptor: Arc::new(Mutex::new(self.acceptor(host, asks_who))),
        };
        let (heads, shown, acceptor) =
            (Arc::clone(&system.heads), Arc::clone(&system.shown), Arc::clone(&system.acceptor));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.lock().unwrap().clone();
                let (heads, shown) = (Arc::clone(&heads), Arc::clone(&shown));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let asked = head(&mut stream).await;
                    heads.lock().unwrap().push(asked);
                    let certificate = stream.get_ref().1.peer_certificates().map(|chain| chain[0].to_vec());
                    shown.lock().unwrap().push(certificate.unwrap_or_default());
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
                         content-length: {}\r\n\r\n{ANSWER}",
                        ANSWER.len()
                    );
                    let _gone = stream.write_all(answer.as_bytes()).await;
                    let _gone = stream.shutdown().await;
                });
            }
        });
        system
    }

    fn acceptor(&self, host: &str, asks_who: bool) -> TlsAcceptor {
        let (certificate, key) = self.issue(host);
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = if asks_who {
            let mut roots = RootCertStore::empty();
            roots.add(self.authority.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

// === impl System ===

impl System {
    /// From now on the system has a certificate of this company.
    pub fn is_certified_by(&self, company: &Company, host: &str) {
        *self.acceptor.lock().unwrap() = company.acceptor(host, false);
    }
}

// === impl Proxy ===

impl Proxy {
    /// A proxy that leads to `system`, whichever host it is asked for; with a `login` (Base64) to nobody without it.
    pub async fn to(system: &System, login: Option<&'static str>) -> Self {
        let (listener, heads) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Heads::default());
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (address, log) = (system.address, Arc::clone(&heads));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let log = Arc::clone(&log);
                tokio::spawn(async move {
                    let asked = head(&mut stream).await;
                    log.lock().unwrap().push(asked.clone());
                    let known = login.is_none_or(|login| asked.contains(&format!("Basic {login}")));
                    if !known {
                        let refused =
                            "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
                        let _gone = stream.write_all(refused.as_bytes()).await;
                        return;
                    }
                    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                    let mut system = TcpStream::connect(address).await.unwrap();
                    let _gone = tokio::io::copy_bidirectional(&mut stream, &mut system).await;
                });
            }
        });
        Self { url, heads }
    }
}

/// The head of a request, up to its empty line.
async fn head(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}
