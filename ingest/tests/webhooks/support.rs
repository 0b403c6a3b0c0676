//! A whole ingest on a free port, with a stand-in for Kafka that keeps what it is given, fails or holds.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use parking_lot::Mutex;
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use trunkline_config::{
    self as config, Drift, HmacAlgorithm, KeyEncoding, ListenerTls, Networks, OrderMode, Redaction,
    Signature, SignatureEncoding, SignedBy, SignedPart, Source, SourceKind, Verify,
};
use trunkline_ingest::connections::Connections;
use trunkline_ingest::intake::Intake;
use trunkline_ingest::publish::{Publish, Unpublished};
use trunkline_ingest::{accept, files, http, key_fetches, tls};
use trunkline_mapping::records::{Destination, Records};
use trunkline_schemas::codec::{Decoder, Value as Avro};
use trunkline_schemas::{CrmChange, OutboundRecord, PlatformEvent, QuarantinedPayload, SchemaDrift};
use trunkline_telemetry::Health;

/// What every ingest's clock shows, UTC milliseconds: 2026-03-02T08:20:00Z.
pub const NOW: i64 = 1_772_439_600_000;
pub const MAX_IN_FLIGHT: usize = 4;
pub const MAX_CONNECTIONS: usize = 64;
pub const EVENT_SCHEMA_ID: u32 = 11;
const QUARANTINE_SCHEMA_ID: u32 = 12;
const CHANGE_SCHEMA_ID: u32 = 14;
const DRIFT_SCHEMA_ID: u32 = 13;
const SECRET: &str = "DEADBEEF";

/// An ingest, and a client for it.
pub struct Ingest {
    address: SocketAddr,
    client: reqwest::Client,
    intake: Arc<Intake<Memory>>,
    memory: Memory,
    health: Arc<Health>,
    sources: BTreeMap<String, Source>,
    _fetching: JoinSet<()>,
}

/// A record that was stored, decoded.
#[derive(Debug, Clone, PartialEq)]
pub enum Stored {
    Event { event: Box<PlatformEvent>, record: OutboundRecord },
    Changed { change: Box<CrmChange>, record: OutboundRecord },
    Quarantined { payload: QuarantinedPayload, record: OutboundRecord },
    Drift(SchemaDrift),
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub json: Value,
    pub retry_after: Option<String>,
    pub accept_encoding: Option<String>,
    pub allowed_origin: Option<String>,
}

/// What the stand-in does with records.
#[derive(Debug, Clone, PartialEq)]
enum Mode {
    Keep,
    Fail(String),
    Hold,
}

#[derive(Clone)]
pub struct Memory {
    mode: watch::Sender<Mode>,
    records: Arc<Mutex<Vec<OutboundRecord>>>,
    attempts: Arc<AtomicUsize>,
}

/// The signature of a body under the key of the source `messages`.
pub fn signed(body: impl AsRef<[u8]>) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_ref());
    format!("sha256={}", STANDARD.encode(mac.finalize().into_bytes()))
}

// === impl Memory ===

impl Publish for Memory {
    async fn publish(&self, record: OutboundRecord) -> Result<(), Unpublished> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        let mut mode = self.mode.subscribe();
        let mode = mode.wait_for(|mode| *mode != Mode::Hold).await.unwrap().clone();
        match mode {
            Mode::Fail(reason) => Err(Unpublished::Unavailable(reason)),
            _ => {
                self.records.lock().push(record);
                Ok(())
            }
        }
    }
}

// === impl Answer ===

impl Answer {
    async fn of(response: reqwest::Response) -> Self {
        let status = StatusCode::from_u16(response.status().as_u16()).unwrap();
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (retry_after, accept_encoding) = (header("retry-after"), header("accept-encoding"));
        let allowed_origin = header("access-control-allow-origin");
        let json = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        Self { status, json, retry_after, accept_encoding, allowed_origin }
    }

    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    pub fn message(&self) -> &str {
        self.json["message"].as_str().unwrap_or_default()
    }
}

// === impl Ingest ===

impl Ingest {
    pub async fn start() -> Self {
        Self::start_with(sources()).await
    }

    pub async fn start_with(sources: BTreeMap<String, Source>) -> Self {
        Self::start_behind(sources, Networks::default()).await
    }

    pub async fn start_with_tls(tls: ListenerTls) -> Self {
        Self::start_with_sources_and_tls(sources(), tls).await
    }

    pub async fn start_with_sources_and_tls(sources: BTreeMap<String, Source>, tls: ListenerTls) -> Self {
        Self::started(sources, Networks::default(), Some(tls)).await
    }

    /// Behind proxies in these networks.
    pub async fn start_behind(sources: BTreeMap<String, Source>, trusted_proxies: Networks) -> Self {
        Self::started(sources, trusted_proxies, None).await
    }

    async fn started(
        sources: BTreeMap<String, Source>,
        trusted_proxies: Networks,
        tls: Option<ListenerTls>,
    ) -> Self {
        let memory = Memory {
            mode: watch::Sender::new(Mode::Keep),
            records: Arc::default(),
            attempts: Arc::default(),
        };
        let settings = config::Ingest {
            listen: ([127, 0, 0, 1], 0).into(),
            tls,
            admin: ([127, 0, 0, 1], 0).into(),
            body_limit_bytes: 2 * 1_024 * 1_024,
            json_depth: 127,
            max_connections: MAX_CONNECTIONS,
            max_connections_per_peer: MAX_CONNECTIONS,
            trusted_proxies,
            head_timeout: Duration::from_millis(500),
            idle_timeout: Duration::from_secs(75),
            max_in_flight: MAX_IN_FLIGHT,
            max_held_bytes: 32 << 20,
            shutdown_delay: Duration::ZERO,
            drain_timeout: Duration::from_secs(10),
        };
        let destination = |topic: &str, schema_id| Destination { topic: format!("test.{topic}"), schema_id };
        let records = Records {
            normalized: destination("events.normalized", EVENT_SCHEMA_ID),
            changes: Some(destination("crm.changes", CHANGE_SCHEMA_ID)),
            quarantine: destination("quarantine", QUARANTINE_SCHEMA_ID),
            drift: destination("schema.drift", DRIFT_SCHEMA_ID),
        };
        let health = Health::new();
        health.set("test", true, "");
        let clock = || NOW;
        let intake =
            Arc::new(Intake::new(&sources, settings.clone(), records, memory.clone(), &health, clock));
        let fetching = key_fetches::follow(intake.fetched_keys(), &config::Http::default()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Connections::new(files::bounds(&settings));
        let tls = settings.tls.as_ref().map(|tls| tls::acceptor(tls).unwrap());
        let router = http::router(intake.clone());
        tokio::spawn(accept::serve(listener, router, connections, tls, std::future::pending()));
        // A connection that waits for a request is closed where there are too many.
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
        Self { address, client, intake, memory, health, sources, _fetching: fetching }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Asks what a browser asks before it calls.
    pub async fn options(&self, source: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let request = self.client.request(reqwest::Method::OPTIONS, self.webhook(source));
        headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value))
            .send()
            .await
            .unwrap()
    }

    pub async fn post(&self, source: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.post_with(source, body, &[]).await
    }

    pub async fn post_with(
        &self,
        source: &str,
        body: impl Into<reqwest::Body>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.client.post(self.webhook(source)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// A connection of its own, on which the beginning of a request was sent.
    pub async fn connect(&self, beginning: &[u8]) -> tokio::net::TcpStream {
        use tokio::io::AsyncWriteExt;
        let mut stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        // Where the connection is closed for others already, what is written is lost.
        let _ = stream.write_all(beginning).await;
        stream
    }

    /// How often a record was tried to store.
    pub fn attempts(&self) -> usize {
        self.memory.attempts.load(Ordering::SeqCst)
    }

    /// Posts without announcing a length, in pieces, over a socket of its own.
    pub async fn post_chunked(&self, source: &str, body: Vec<u8>) -> Answer {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let head =
            format!("POST /v1/webhooks/{source} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        for chunk in body.chunks(1_000_000) {
            stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await.unwrap();
            stream.write_all(chunk).await.unwrap();
            stream.write_all(b"\r\n").await.unwrap();
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let json = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            json,
            retry_after: None,
            accept_encoding: None,
            allowed_origin: None,
        }
    }

    /// Sends the head of a request whose body is announced and never comes, and reads what is answered.
    pub async fn post_head_only(&self, source: &str, header: &str) -> Answer {
        use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
        let mut stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "POST /v1/webhooks/{source} HTTP/1.1\r\nhost: x\r\n{header}\r\ncontent-length: 1000\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut stream = BufReader::new(stream);
        let (mut status, mut length) = (StatusCode::OK, 0);
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(rest) = line.strip_prefix("content-length: ") {
                length = rest.trim().parse().unwrap();
            } else if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        Answer {
            status,
            json: serde_json::from_slice(&body).unwrap(),
            retry_after: None,
            accept_encoding: None,
            allowed_origin: None,
        }
    }

    pub fn post_in_background(&self, source: &str, body: String) -> JoinHandle<Answer> {
        let request = self.client.post(self.webhook(source)).body(body);
        tokio::spawn(async move { Answer::of(request.send().await.unwrap()).await })
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(format!("http://{}{path}", self.address)).send().await.unwrap()).await
    }

    pub fn stored(&self) -> Vec<Stored> {
        self.memory.records.lock().iter().map(decoded).collect()
    }

    pub fn events(&self) -> Vec<PlatformEvent> {
        let event = |stored| match stored {
            Stored::Event { event, .. } => Some(*event),
            _ => None,
        };
        self.stored().into_iter().filter_map(event).collect()
    }

    pub async fn report_drift(&self) {
        self.intake.report_drift(false).await;
    }

    pub fn fail_with(&self, reason: &str) {
        self.memory.mode.send_replace(Mode::Fail(reason.to_owned()));
    }

    pub fn hold(&self) {
        self.memory.mode.send_replace(Mode::Hold);
    }

    pub fn heal(&self) {
        self.memory.mode.send_replace(Mode::Keep);
    }

    /// Waits until so many records were tried to store.
    pub async fn wait_for_attempts(&self, attempts: usize) {
        while self.memory.attempts.load(Ordering::SeqCst) < attempts {
            tokio::task::yield_now().await;
        }
    }

    pub fn ready(&self) -> bool {
        self.health.ready()
    }

    pub fn source_drift(&self, source: &str) -> Drift {
        self.sources[source].drift
    }

    fn webhook(&self, source: &str) -> String {
        format!("http://{}/v1/webhooks/{source}", self.address)
    }
}

pub fn sources() -> BTreeMap<String, Source> {
    let source = |name: &str, kind, drift, verify| Source {
        name: name.into(),
        kind,
        org: Some("configured-org".into()),
        order: OrderMode::Causal,
        sequence: None,
        hold: Duration::ZERO,
        drift,
        mapping: None,
        redaction: Redaction::default(),
        admission: Default::default(),
        verify,
    };
    let hub = Verify::Signature(Signature {
        header: "X-Hub-Signature-256".into(),
        prefix: "sha256=".into(),
        separator: None,
        encoding: SignatureEncoding::Base64,
        signed: vec![SignedPart::Body],
        id_header: None,
        time: None,
        by: SignedBy::Hmac {
            algorithm: HmacAlgorithm::Sha256,
            encoding: KeyEncoding::Text,
            secrets: vec![SECRET.into()],
        },
    });
    [
        source("cloud", SourceKind::GenesysEventBridge, Drift::Pass, Verify::None),
        source("strict", SourceKind::GenesysEventBridge, Drift::Quarantine, Verify::None),
        source("messages", SourceKind::GenesysOpenMessaging, Drift::Pass, hub),
        source("digital", SourceKind::CxoneDigital, Drift::Pass, Verify::None),
        source(
            "token",
            SourceKind::GenesysEventBridge,
            Drift::Pass,
            Verify::Bearer { tokens: vec!["right".into()] },
        ),
        source(
            "key",
            SourceKind::GenesysEventBridge,
            Drift::Pass,
            Verify::ApiKey { header: "X-Api-Key".into(), keys: vec!["right".into()] },
        ),
    ]
    .into_iter()
    .map(|source| (source.name.clone(), source))
    .collect()
}

fn decoded(record: &OutboundRecord) -> Stored {
    let value = record.value.as_deref().unwrap();
    let record = record.clone();
    match record.topic.as_str() {
        "test.events.normalized" => Stored::Event { event: Box::new(decode(EVENT_SCHEMA_ID, value)), record },
        "test.crm.changes" => Stored::Changed { change: Box::new(decode(CHANGE_SCHEMA_ID, value)), record },
        "test.quarantine" => Stored::Quarantined { payload: decode(QUARANTINE_SCHEMA_ID, value), record },
        _ => Stored::Drift(decode(DRIFT_SCHEMA_ID, value)),
    }
}

fn decode<T: Avro>(id: u32, value: &[u8]) -> T {
    let mut decoder = Decoder::new();
    decoder.add_writer(id, T::SCHEMA).unwrap();
    decoder.decode(value).unwrap()
}
