//! What happened, when: printed, written down as JSON lines, and counted.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use chrono::Utc;
use parking_lot::Mutex;
use serde::Serialize;
use trunkline_rig::supervisor::Listener;

/// Kinds of faults that are counted, as the report names them.
pub const COUNTED: [&str; 21] = [
    PROCESSOR_KILLS,
    STATES_LOST,
    ZOMBIES,
    ZOMBIES_MID_COMMIT,
    BROKER_KILLS,
    DELAYED_END_TXN,
    OVERTAKEN_END_TXN,
    LOST_END_TXN_ANSWERS,
    CUTS,
    SLOW_CONNECTIONS,
    BLACKHOLES,
    FULL_DISKS,
    ROLLING_RESTARTS,
    SINK_KILLS,
    SINK_FREEZES,
    INGEST_KILLS,
    INGEST_FREEZES,
    SYSTEM_OUTAGES,
    SLOW_SYSTEMS,
    LOST_SYSTEM_ANSWERS,
    TOKEN_REVOCATIONS,
];
/// `kill -9` of processors.
pub const PROCESSOR_KILLS: &str = "processor_kills";
/// Those of them that came back without their state.
pub const STATES_LOST: &str = "states_lost";
/// Processors frozen for longer than the session timeout, and woken up.
pub const ZOMBIES: &str = "zombies";
/// Those of them that had an EndTxn under way, which reached the broker while they were frozen.
pub const ZOMBIES_MID_COMMIT: &str = "zombies_mid_commit";
/// `kill -9` of brokers.
pub const BROKER_KILLS: &str = "broker_kills";
/// EndTxn requests that reached the broker after their client had given them up.
pub const DELAYED_END_TXN: &str = "delayed_end_txn";
/// EndTxn requests that reached the broker shortly after their client had been cut off.
pub const OVERTAKEN_END_TXN: &str = "overtaken_end_txn";
/// EndTxn requests that reached the broker and whose answer did not come back.
pub const LOST_END_TXN_ANSWERS: &str = "lost_end_txn_answers";
/// Times that a processor's connections were cut.
pub const CUTS: &str = "cuts";
/// Times that they were slow.
pub const SLOW_CONNECTIONS: &str = "slow_connections";
/// Times that nothing came through.
pub const BLACKHOLES: &str = "blackholes";
/// Times that a state disk was full.
pub const FULL_DISKS: &str = "full_disks";
/// Times that all processors were restarted in turn.
pub const ROLLING_RESTARTS: &str = "rolling_restarts";
/// `kill -9` of the sink.
pub const SINK_KILLS: &str = "sink_kills";
/// The sink frozen for a while.
pub const SINK_FREEZES: &str = "sink_freezes";
/// `kill -9` of ingest.
pub const INGEST_KILLS: &str = "ingest_kills";
/// Ingest frozen for a while.
pub const INGEST_FREEZES: &str = "ingest_freezes";
/// Outside systems that answered 503 for a while.
pub const SYSTEM_OUTAGES: &str = "system_outages";
/// Outside systems that took long to answer for a while.
pub const SLOW_SYSTEMS: &str = "slow_systems";
/// Outside systems that kept answers to themselves for a while.
pub const LOST_SYSTEM_ANSWERS: &str = "lost_system_answers";
/// Outside systems that revoked every token.
pub const TOKEN_REVOCATIONS: &str = "token_revocations";

/// One thing that happened.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// When; UTC milliseconds, to be compared with the logs.
    pub at_ms: i64,
    /// When, in seconds since the journal began.
    pub seconds: f64,
    /// What.
    pub what: String,
}

/// A processor that was away for longer than the session timeout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Its instance name.
    pub instance: String,
    /// From when; UTC milliseconds.
    pub from_ms: i64,
    /// Until when it was started or woken up again; UTC milliseconds.
    pub to_ms: i64,
}

/// Keeps the record of a run.
#[derive(Debug)]
pub struct Journal {
    began: Instant,
    file: Mutex<File>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    absences: Mutex<Vec<Absence>>,
    end_txn_answers: Mutex<BTreeMap<String, u64>>,
}

// === impl Journal ===

impl Journal {
    /// Begins a journal, in a file of its own.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn begin(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self {
            began: Instant::now(),
            file: Mutex::new(file),
            counts: Mutex::new(COUNTED.map(|kind| (kind, 0)).into()),
            absences: Mutex::default(),
            end_txn_answers: Mutex::default(),
        })
    }

    /// Notes and prints what happened.
    pub fn say(&self, what: impl Into<String>) {
        let seconds = self.began.elapsed().as_secs_f64();
        let entry = Entry { at_ms: Utc::now().timestamp_millis(), seconds, what: what.into() };
        println!("[{seconds:6.1} s] {}", entry.what);
        // A journal that cannot be written is no reason to stop: everything is printed as well.
        if let Ok(line) = serde_json::to_string(&entry) {
            let _ = writeln!(self.file.lock(), "{line}");
        }
    }

    /// Notes what happens to programs under supervision.
    pub fn listener(self: &Arc<Self>) -> Listener {
        let journal = self.clone();
        Arc::new(move |notice| journal.say(notice.to_string()))
    }

    /// Counts something that really happened.
    pub fn count(&self, kind: &'static str) {
        *self.counts.lock().entry(kind).or_default() += 1;
    }

    /// Notes that a processor was away for so long that its partitions went to others.
    pub fn absent(&self, absence: Absence) {
        self.absences.lock().push(absence);
    }

    /// Notes what a broker answered to an EndTxn that came late.
    pub fn answered_late(&self, error: String) {
        *self.end_txn_answers.lock().entry(error).or_default() += 1;
    }

    /// How often what happened; every kind is there.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.counts.lock().clone()
    }

    /// The absences so far.
    pub fn absences(&self) -> Vec<Absence> {
        self.absences.lock().clone()
    }

    /// What brokers answered to EndTxn requests that came late, by error.
    pub fn late_answers(&self) -> BTreeMap<String, u64> {
        self.end_txn_answers.lock().clone()
    }
}

/// Now, as the journal and the logs have it.
pub fn now_ms() -> i64 {
    Utc::now().timestamp_millis()
}
