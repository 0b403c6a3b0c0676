//! What came of events: decisions, commands, results, dead letters, reports; and payloads that became no event.

use std::collections::BTreeMap;

use super::{Fingerprint, Place, ValueDigest};

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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// Where it is.
    pub place: Place,
    /// The record's key.
    pub key: String,
    /// Identity of the decision.
    pub decision_id: String,
    /// The event that led to it.
    pub event_id: String,
    /// The conversation that is routed.
    pub conversation_id: String,
    /// The customer, where known.
    pub customer_id: Option<String>,
    /// The rule that decided.
    pub rule_id: String,
    /// Where to.
    pub chosen: Choice,
    /// How complete the profile was.
    pub enrichment_status: String,
    /// Correlates it with its event.
    pub correlation_id: String,
    /// When; UTC milliseconds.
    pub decided_at: i64,
    /// What it names besides as its event does: platform, organisation, contact, flow.
    pub labels: Fingerprint,
}

/// Where a decision sends a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// The queue.
    pub queue: String,
    /// Its priority there.
    pub priority: Option<i64>,
    /// Skills that the agent needs.
    pub skills: Vec<String>,
    /// What else the rule says.
    pub attributes: BTreeMap<String, String>,
}

/// One record of `writebacks.<system>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Command {
    /// Where it is.
    pub place: Place,
    /// Topic without its prefix.
    pub topic: String,
    /// The record's key.
    pub key: String,
    /// Identity of the command, its idempotency key.
    pub command_id: String,
    /// What is to be written, and where.
    pub write: Write,
    /// The event that led to it.
    pub event_id: String,
    /// The customer, where known.
    pub customer_id: Option<String>,
    /// The rule that asked for it.
    pub rule_id: String,
    /// Correlates it with its event.
    pub correlation_id: String,
    /// When it was issued; UTC milliseconds.
    pub issued_at: i64,
    /// When it is no longer worth doing; UTC milliseconds.
    pub expires_at: Option<i64>,
    /// What it names besides as its event does: conversation, contact, flow.
    pub labels: Fingerprint,
}

/// What a command writes, and where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Write {
    /// Configured name of the target.
    pub target: String,
    /// System behind the target.
    pub system: String,
    /// What to do.
    pub operation: String,
    /// The resource it changes.
    pub resource: String,
    /// Where it goes.
    pub parameters: BTreeMap<String, String>,
    /// What is written.
    pub fields: BTreeMap<String, String>,
    /// True when it is only observed what it would change.
    pub observe: bool,
}

/// One record of `writeback.results`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommandResult {
    /// Where it is.
    pub place: Place,
    /// The command.
    pub command_id: String,
    /// What became of it.
    pub outcome: String,
    /// The resource that it names.
    pub resource: String,
    /// The target that it names.
    pub target: String,
    /// The system that it names.
    pub system: String,
    /// The operation that it names.
    pub operation: String,
    /// The event that it names.
    pub event_id: String,
    /// Correlates it with its event.
    pub correlation_id: String,
    /// The rule that it names.
    pub rule_id: String,
    /// When the command was issued, as the result says; UTC milliseconds.
    pub issued_at: i64,
    /// When it ended; UTC milliseconds.
    pub finished_at: i64,
    /// What it names besides as its command does: conversation, contact, flow.
    pub labels: Fingerprint,
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
    /// The value that it carries.
    pub value: ValueDigest,
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
    /// Source, target, endpoint or rule concerned.
    pub subject: Option<String>,
    /// Conversation concerned.
    pub conversation_id: Option<String>,
    /// Correlates it with what it is about.
    pub correlation_id: Option<String>,
    /// What happened.
    pub message: String,
    /// When; UTC milliseconds.
    pub occurred_at: i64,
}
