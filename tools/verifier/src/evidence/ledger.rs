//! What the load generator posted, and what it was answered.

use serde::Deserialize;

/// One delivery by the load generator, as it wrote it down.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
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
    /// The generator's identity of what happened: deliveries of one occurrence share it, two occurrences never do.
    #[serde(default)]
    pub fact: Option<String>,
    /// Which behaviour of the world it belongs to, for instance `state-returns`; none for the ordinary.
    #[serde(default)]
    pub behaviour: Option<String>,
    /// When the last answer came; UTC milliseconds, 0 when unknown.
    #[serde(default)]
    pub answered_at: f64,
}

// === impl LedgerLine ===

impl LedgerLine {
    /// True when the answer was 2xx.
    pub fn accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}
