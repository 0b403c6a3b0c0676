//! What is judged, decoded: plain collections without any way to fetch more.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// Where a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// Partition of the topic.
    pub partition: i32,
    /// Offset in the partition.
    pub offset: i64,
}

/// One delivery by the load generator, as it wrote it down.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerLine {
    /// Configured name of the source it was posted to.
    pub source: String,
    /// Lower-case hex SHA-256 of the body.
    pub body_sha256: String,
    /// HTTP status of the answer; null or 0 when none came.
    #[serde(default)]
    pub status: Option<u16>,
    /// HTTP status that ingest should answer, where the generator knows.
    #[serde(default)]
    pub expected_status: Option<u16>,
    /// Event ids of the answer.
    #[serde(default)]
    pub event_ids: Vec<String>,
    /// When it was sent; UTC milliseconds.
    #[serde(default)]
    pub posted_at: f64,
    /// What is special about it: `clean`, `duplicate`, `late`, `malformed` or `badsignature`.
    #[serde(default)]
    pub kind: String,
    /// Elements of the body, where it has several.
    #[serde(default)]
    pub elements: Option<usize>,
}

/// One record of `events.normalized`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Normalized {
    /// Where it is.
    pub place: Place,
    /// The record's key.
    pub key: String,
    /// Identity of the fact.
    pub event_id: String,
    /// Canonical type.
    pub event_type: String,
    /// When it happened; UTC milliseconds.
    pub event_time: i64,
}

/// One record of `events.enriched`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Enriched {
    /// Where it is.
    pub place: Place,
    /// The record's key.
    pub key: String,
    /// What kind of thing it is about. A native id is unique among things of a kind only.
    pub entity_type: String,
    /// Identity of the fact.
    pub event_id: String,
    /// Canonical type.
    pub event_type: String,
    /// Configured name of its source.
    pub source: String,
    /// Stream within the source that has an order of its own.
    pub channel: String,
    /// When it happened; UTC milliseconds.
    pub event_time: i64,
    /// The source's own number.
    pub sequence: Option<i64>,
    /// Its place in the conversation.
    pub position: i64,
    /// How its source is put in order.
    pub mode: String,
    /// Marked as a straggler.
    pub late: bool,
    /// Marked as having a gap before it.
    pub gap_before: bool,
    /// Marked as older than the dedup window.
    pub dedup_unknown: bool,
    /// Completeness of the profile.
    pub enrichment: String,
    /// How long it was held to be put in order; milliseconds.
    pub held_ms: i64,
}

/// One record of `quarantine`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quarantined {
    /// Where it is.
    pub place: Place,
    /// The record's key.
    pub key: String,
    /// Hash that the record claims.
    pub payload_hash: String,
    /// Hash of the bytes it holds, computed here.
    pub computed_hash: String,
    /// Error code.
    pub code: String,
}

/// One record of `routing.decisions`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decision {
    /// Identity of the decision.
    pub decision_id: String,
    /// The event that led to it.
    pub event_id: String,
    /// The queue chosen.
    pub queue: String,
    /// The rule that decided.
    pub rule_id: String,
}

/// One record of `writebacks.<system>`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Command {
    /// Where it is.
    pub place: Place,
    /// Identity of the command, its idempotency key.
    pub command_id: String,
    /// System behind the target.
    pub system: String,
    /// What to do.
    pub operation: String,
    /// The resource it changes.
    pub resource: String,
    /// Where it goes.
    pub parameters: BTreeMap<String, String>,
    /// The event that led to it.
    pub event_id: String,
    /// True when the rule only observes.
    pub observe: bool,
}

/// One record of `writeback.results`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CommandResult {
    /// Where it is.
    pub place: Place,
    /// The command.
    pub command_id: String,
    /// What became of it.
    pub outcome: String,
}

/// One dead letter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeadLetter {
    /// `processor.dlq` or `writeback.dlq`.
    pub topic: String,
    /// Error code of its provenance headers.
    pub code: String,
    /// Topic, partition and offset of the record it was, from the same headers.
    pub origin: Option<(String, Place)>,
}

/// One record of `pipeline.errors`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trouble {
    /// Error code.
    pub code: String,
    /// Component that reports it.
    pub component: String,
    /// Instance that reports it.
    pub instance: String,
    /// Source, target or endpoint concerned.
    pub subject: Option<String>,
    /// What happened.
    pub message: String,
    /// When; UTC milliseconds.
    pub occurred_at: i64,
}

/// One call in the audit log of an outside system.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Call {
    /// `genesys`, `cxone`, `salesforce`, `sap` or `servicenow`.
    pub system: String,
    /// HTTP method.
    pub method: String,
    /// Path, with or without its query.
    pub path: String,
    /// The resource it touches, in the system's own terms.
    pub resource: Option<String>,
    /// Who called.
    pub credential: Option<String>,
    /// When the request came; UTC milliseconds.
    pub started_at: f64,
    /// When the answer was on its way; UTC milliseconds.
    pub finished_at: Option<f64>,
    /// HTTP status of the answer; 0 when none was sent.
    pub status: u16,
    /// True when it changed something.
    pub effect: bool,
    /// The caller's idempotency key.
    pub idempotency_key: Option<String>,
    /// The body as sent, or the part of it that the system keeps.
    pub body: serde_json::Value,
}

/// The committed changelog of one partition, in offset order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changelog {
    /// Key, and a digest of the value or `None` for a tombstone.
    pub records: Vec<(Vec<u8>, Option<Digest>)>,
}

/// One partition's column family in one processor's state directory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StateCopy {
    /// Whose it is.
    pub holder: String,
    /// Partition of the changelog.
    pub partition: i32,
    /// Every key outside the local metadata, with a digest of its value.
    pub entries: BTreeMap<Vec<u8>, Digest>,
}

/// First 16 bytes of a SHA-256: enough to tell values apart, small enough to keep millions.
pub type Digest = [u8; 16];

/// A place where a secret was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Name of the secret; never its value.
    pub secret: String,
    /// File, or topic with partition and offset.
    pub place: String,
}

// === impl Place ===

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "partition {} offset {}", self.partition, self.offset)
    }
}

// === impl LedgerLine ===

impl LedgerLine {
    /// True when the answer was 2xx.
    pub fn accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

// === impl Call ===

impl Call {
    /// True when it asks the system for a change; token requests change nothing of a customer's.
    pub fn is_write(&self) -> bool {
        !matches!(self.method.to_ascii_uppercase().as_str(), "GET" | "HEAD" | "OPTIONS")
            && !self.is_token_request()
    }

    /// True when it was answered 2xx.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// True when it asks for an access token.
    pub fn is_token_request(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        path.ends_with("/token") || path.ends_with("oauth_token.do") || path.ends_with("/access-key")
    }
}
