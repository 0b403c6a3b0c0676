//! What the configuration of a contender consists of, from which the others take their settings too.

use trunkline_rig::configuration::Choices;
use trunkline_rig::configuration::sources::{EVENTBRIDGE, Source};
use trunkline_rig::configuration::targets::Rate;

use super::workload::{ORG, SOURCE};

pub use trunkline_rig::configuration::PARTITIONS;

/// How often every contender commits, in milliseconds: the processor's default.
pub const COMMIT_INTERVAL_MS: u32 = 50;

/// Calls a second that each CRM may be sent: more than any contender sends.
const CALLS: u32 = 100_000;

/// How long a profile lasts, and how long an event waits for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profiles {
    /// Never too old within a run, so each customer is looked up once, during the warm-up; a long deadline
    /// makes the first events wait for that, so that none goes out without.
    Lasting,
    /// Looked up again when older than this, in milliseconds, so that lookups go on all the time; the deadline is the
    /// processor's default.
    Renewed(u32),
}

/// Every started conversation is routed by one of two rules.
const RULES: &str = r#"
[rules]
default_queue = "general"

[[rules.routing]]
id = "gold-customers-first"
on = ["conversation.started"]
when = 'profile != null && profile.loyaltyTier == "GOLD"'
queue = '"vip"'
priority = '10'
skills = '["retention"]'

[[rules.routing]]
id = "everybody-else"
on = ["conversation.started"]
queue = '"general"'
"#;

/// One source whose events are put in order by their causes, and the CRMs as targets.
pub fn choices(profiles: Profiles) -> Choices {
    let enrichment = match profiles {
        Profiles::Lasting => "freshness = \"12h\"\ndeadline = \"30s\"\n".to_owned(),
        Profiles::Renewed(after_ms) => format!("freshness = \"{after_ms}ms\"\n"),
    };
    Choices {
        sources: vec![Source { kind: SOURCE, org: Some(ORG), order: Some("causal"), ..EVENTBRIDGE }],
        targets: &["salesforce", "sap", "servicenow"],
        rate: Rate::PerSecond(CALLS),
        processor: format!("commit_interval = \"{COMMIT_INTERVAL_MS}ms\"\n"),
        enrichment,
        rules: RULES,
        ..Choices::default()
    }
}
