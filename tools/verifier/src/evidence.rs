//! What is judged, decoded: plain collections without any way to fetch more.
//!
//! # Layout
//!
//! - [`Evidence`]: all of it together, as the judges get it
//! - [`event`]: events before and after the processor
//! - [`fingerprint`]: every field of an event in a few bytes, for comparing
//! - [`profile`]: what is known of customers, and what an event says of its own
//! - [`outcome`]: decisions, commands, results, dead letters, reports
//! - [`expected`]: what the rules must have made of an event
//! - [`call`]: calls in the audit logs of the outside systems
//! - [`lead`]: what leads from events to customers, where it is known
//! - [`ledger`]: what the load generator posted and what it was answered
//! - [`state`]: changelogs and state stores

pub mod call;
pub mod event;
pub mod expected;
pub mod fingerprint;
pub mod lead;
pub mod ledger;
pub mod outcome;
pub mod profile;
pub mod state;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

pub use call::Call;
pub use event::{Enriched, Fact, Figures, Identity, MoreFigures, NamedBy, Normalized, Ordering, Told};
pub use expected::Expected;
pub use fingerprint::Fingerprint;
pub use lead::Lead;
pub use ledger::LedgerLine;
pub use outcome::{Command, CommandResult, DeadLetter, Decision, Quarantined, Trouble};
pub use profile::{Enrichment, ProfileFields, ProfileRecord, ProfileSource, ProfileSourcePart};
pub use state::{Changelog, Digest, StateCopy};

/// Where a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// Partition of the topic.
    pub partition: i32,
    /// Offset in the partition.
    pub offset: i64,
}

/// A place where a secret was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Name of the secret; never its value.
    pub secret: String,
    /// File, or topic with partition and offset.
    pub place: String,
}

/// A record whose value does not decode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecodable {
    /// Topic without its prefix.
    pub topic: String,
    /// Where it is.
    pub place: Place,
    /// What is wrong with it.
    pub problem: String,
}

/// Everything that an examination found. What was not given, or not there, is `None`; that is never the same as empty.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Topics that exist, without their prefix.
    pub topics: BTreeSet<String>,
    /// `events.normalized`, in offset order within each partition; so for all topics.
    pub normalized: Vec<Normalized>,
    /// `events.enriched`.
    pub enriched: Vec<Enriched>,
    /// `quarantine`.
    pub quarantine: Vec<Quarantined>,
    /// `routing.decisions`.
    pub decisions: Vec<Decision>,
    /// `writebacks.*`.
    pub commands: Vec<Command>,
    /// `writeback.results`.
    pub results: Vec<CommandResult>,
    /// `processor.dlq` and `writeback.dlq`.
    pub dead_letters: Vec<DeadLetter>,
    /// `pipeline.errors`.
    pub troubles: Vec<Trouble>,
    /// `customer.profiles`.
    pub profiles: Vec<ProfileRecord>,
    /// `processor.changelog`, by partition.
    pub changelogs: BTreeMap<i32, Changelog>,
    /// What the rules must have made of each enriched event, where the configuration was given.
    pub expected: Option<Vec<Expected>>,
    /// Offsets that the processor's group has committed in `events.normalized`, by partition, where they could be had.
    pub committed: BTreeMap<i32, i64>,
    /// Places where a secret was found.
    pub leaks: Vec<Leak>,
    /// Records, lines and state values that were searched for secrets.
    pub searched: u64,
    /// Those of them that are lines of what programs served.
    pub searched_served: u64,
    /// Those of them that are of the traces that programs exported.
    pub searched_traces: u64,
    /// Services whose traces these are, of those that were looked for.
    pub traced: BTreeSet<String>,
    /// Records whose value does not decode.
    pub undecodable: Vec<Undecodable>,
    /// Records read, by topic without its prefix.
    pub records: BTreeMap<String, u64>,
    /// Records of `events.enriched` that only a reader of uncommitted records sees.
    pub aborted: u64,
    /// The load generator's ledger.
    pub ledger: Option<Vec<LedgerLine>>,
    /// Calls of all audit logs.
    pub calls: Option<Vec<Call>>,
    /// What leads from the ids in events to customers, as whoever made the world knows it.
    pub leads: Option<Vec<Lead>>,
    /// Partitions of the state stores.
    pub copies: Option<Vec<StateCopy>>,
}

// === impl Evidence ===

impl Evidence {
    /// What became of each command, by its id.
    pub fn outcomes(&self) -> HashMap<&str, &str> {
        self.results.iter().map(|result| (result.command_id.as_str(), result.outcome.as_str())).collect()
    }
}

/// A record's value in a few bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ValueDigest {
    /// Length; bytes.
    pub bytes: usize,
    /// Of two values of one length that differ, the digests differ but for one case in 2^64.
    pub digest: u64,
}

// === impl ValueDigest ===

impl ValueDigest {
    /// That of a value; of none it is that of an empty one.
    pub fn of(value: Option<&[u8]>) -> Self {
        let value = value.unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        Self { bytes: value.len(), digest: hasher.finish() }
    }
}

// === impl Place ===

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "partition {} offset {}", self.partition, self.offset)
    }
}
