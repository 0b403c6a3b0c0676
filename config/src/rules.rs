//! `[rules]`: routing and write-backs, as CEL expressions.

use std::collections::BTreeMap;
use std::time::Duration;

/// All rules, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// First 12 hex digits of the SHA-256 of the rules in canonical form: the same rules have the same version,
    /// whatever their comments and layout.
    pub version: String,
    /// The queue of conversations that no rule decides.
    pub default_queue: String,
    /// Where conversations go; the first rule that matches decides.
    pub routing: Vec<RoutingRule>,
    /// What is written back; every rule that matches issues a command.
    pub write_backs: Vec<WriteBackRule>,
}

/// Where conversations go.
#[derive(Debug, Clone, PartialEq)]
pub struct RoutingRule {
    /// Unique among all rules.
    pub id: String,
    /// Event types it looks at; never empty.
    pub on: Vec<String>,
    /// CEL, a bool (default `true`).
    pub when: String,
    /// CEL, a string.
    pub queue: String,
    /// CEL, an int.
    pub priority: Option<String>,
    /// CEL, a list of strings.
    pub skills: Option<String>,
    /// CEL, strings.
    pub attributes: BTreeMap<String, String>,
}

/// What is written back.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteBackRule {
    /// Unique among all rules.
    pub id: String,
    /// Event types it looks at; never empty.
    pub on: Vec<String>,
    /// CEL, a bool (default `true`).
    pub when: String,
    /// Name of a target.
    pub target: String,
    /// What to do there, for instance `participant_attributes` or `upsert`.
    pub operation: String,
    /// Everything but the write (default false).
    pub observe: bool,
    /// How long after the event the write is worth doing.
    pub expires: Option<Duration>,
    /// CEL, a string: the resource changed, where the operation's own default does not fit.
    pub resource: Option<String>,
    /// CEL: ids and object names that the operation needs.
    pub parameters: BTreeMap<String, String>,
    /// CEL: fields to write.
    pub fields: BTreeMap<String, String>,
}
