//! Two parts of a profile: one with everything, one with nothing that may be missing.

use std::collections::BTreeMap;

use trunkline_schemas::{SourcePart, SourceStatus};

use crate::samples::{TIME, balances, map, text};

/// Both.
pub fn samples() -> Vec<SourcePart> {
    vec![
        SourcePart {
            source: "erp".into(),
            system: "sap".into(),
            status: SourceStatus::Ok,
            asked_at: TIME,
            latency_ms: Some(80),
            fetched_at: Some(TIME),
            change_offset: Some(41),
            account_name: text("Müller"),
            loyalty_tier: text("GOLD"),
            balances: balances(),
            open_tickets: Some(2),
            last_interaction_date: Some(TIME),
            values: map(&[("points", "1200")]),
        },
        SourcePart {
            source: "servicenow".into(),
            system: "servicenow".into(),
            status: SourceStatus::Unavailable,
            asked_at: TIME,
            latency_ms: None,
            fetched_at: None,
            change_offset: None,
            account_name: None,
            loyalty_tier: None,
            balances: BTreeMap::new(),
            open_tickets: None,
            last_interaction_date: None,
            values: BTreeMap::new(),
        },
    ]
}
