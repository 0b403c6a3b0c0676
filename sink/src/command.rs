//! A command as the sink holds it between reading and ending.

use std::sync::Arc;

use tracing::Span;
use trunkline_connect::writes::Request;
use trunkline_kafka::InboundRecord;
use trunkline_schemas::WriteBack;

use crate::decision::Terms;
use crate::ending::Ending;

/// Index of a configured target, in the order of their names.
pub type TargetIndex = usize;

/// A command that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Issued {
    /// The record, as read.
    pub record: InboundRecord,
    /// What it says.
    pub write_back: WriteBack,
    /// The trace that it and everything it causes belong to.
    pub traceparent: String,
    /// From reading to committing; disabled unless spans are exported.
    pub span: Span,
}

/// A command that can be tried.
#[derive(Debug, Clone)]
pub struct Command {
    /// What was read.
    pub issued: Arc<Issued>,
    /// Where it goes.
    pub target: TargetIndex,
    /// What is sent there.
    pub request: Request,
    /// What is fixed for it.
    pub terms: Terms,
}

/// What a record turned out to be.
#[derive(Debug, Clone)]
pub enum Parsed {
    /// A command that can be tried.
    Command(Arc<Command>),
    /// A command that cannot be tried at all, with how it ends.
    Refused(Arc<Issued>, Ending),
    /// No command: the bytes make no sense.
    Poison(Poison),
}

/// A record that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poison {
    /// The record, as read.
    pub record: InboundRecord,
    /// Stable error code, `TL-nnnn`.
    pub code: &'static str,
    /// Why, and where.
    pub message: String,
    /// When it was found out; UTC milliseconds.
    pub at_ms: i64,
}

/// A record that is done with; what goes into the next transaction.
#[derive(Debug, Clone)]
pub enum Ended {
    /// A command, with its one terminal result.
    Command {
        /// What was read.
        issued: Arc<Issued>,
        /// How it ended.
        ending: Ending,
        /// Attempts that reached the network.
        attempts: u32,
        /// When it ended; UTC milliseconds.
        finished_at_ms: i64,
    },
    /// No command.
    Poison(Poison),
}

// === impl Parsed ===

impl Parsed {
    /// The record it was read from.
    pub fn record(&self) -> &InboundRecord {
        match self {
            Self::Command(command) => &command.issued.record,
            Self::Refused(issued, _) => &issued.record,
            Self::Poison(poison) => &poison.record,
        }
    }
}

// === impl Ended ===

impl Ended {
    /// The record it was read from.
    pub fn record(&self) -> &InboundRecord {
        match self {
            Self::Command { issued, .. } => &issued.record,
            Self::Poison(poison) => &poison.record,
        }
    }
}
