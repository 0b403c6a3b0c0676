//! The ledger: one JSON line per delivery, written when the delivery has ended.

use std::fs::File;
use std::io::{self, LineWriter, Write};
use std::path::Path;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::generator::{Behaviour, Kind};

/// What came of one delivery. Times are UTC milliseconds with microseconds as the fraction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Number of the delivery, from 1.
    pub delivery_id: u64,
    /// Source kind.
    pub source: String,
    /// What was special about it.
    pub kind: Kind,
    /// Lower-case hexadecimal SHA-256 of the body.
    pub body_sha256: String,
    /// Bytes of the body.
    pub body_len: usize,
    /// The last answer's status; 0 when there was never an answer.
    pub status: u16,
    /// The status that ingest should have answered.
    pub expected_status: u16,
    /// Ids that ingest answered with.
    pub event_ids: Vec<String>,
    /// When it was due.
    pub scheduled_at: f64,
    /// When it was first sent.
    pub posted_at: f64,
    /// When the last answer, or failure, came.
    pub answered_at: f64,
    /// Requests made.
    pub attempts: u32,
    /// Native conversation id, where there is one.
    pub conversation_id: Option<String>,
    /// The customer concerned by the CRMs' number, however the delivery names that customer; null where there is none.
    pub customer_id: Option<String>,
    /// When the fact happened.
    pub event_time: i64,
    /// Which occurrence the delivery reports: the same for all deliveries of one occurrence, however they
    /// were published, and never that of another occurrence, however equal the bodies are.
    pub fact: String,
    /// The behaviour of the world that the delivery belongs to, in lower case with hyphens (`state-returns`); null for
    /// what is ordinary.
    pub behaviour: Option<Behaviour>,
    /// The body in base64, when it was quarantined (422).
    pub body: Option<String>,
}

/// Where lines go.
#[derive(Debug)]
pub struct Ledger {
    file: Mutex<LineWriter<File>>,
}

impl Ledger {
    /// A new file, replacing an old one.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: Mutex::new(LineWriter::new(File::create(path)?)) })
    }

    /// Writes a line, and flushes it: a reader sees whole lines only.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_string(line).map_err(io::Error::other)?;
        text.push('\n');
        self.file.lock().write_all(text.as_bytes())
    }
}

/// Reads a ledger.
///
/// # Errors
/// When the file cannot be read, or a line is none of a ledger.
pub fn read(path: &Path) -> io::Result<Vec<Line>> {
    let text = std::fs::read_to_string(path)?;
    text.lines().map(|line| serde_json::from_str(line).map_err(io::Error::other)).collect()
}
