//! Rules tried on events that a test file describes: the event of a case, and how what comes of it differs.

mod differences;
mod event;

pub use differences::Difference;
pub use event::{before_enrichment, event_of};

use trunkline_config::Case;

use crate::RuleSet;

/// Applies the rules to the event of a case, at the time of the event. Empty when everything is as it must be.
///
/// # Errors
/// When no event can be made of what the case says.
pub fn differences(case: &Case, rules: &mut RuleSet) -> Result<Vec<Difference>, String> {
    let event = event_of(case)?;
    let enriched = rules.enriches(&before_enrichment(&event));
    let outcome = rules.evaluate(&event, Vec::new(), event.event_time, "rules-test");
    Ok(differences::between(&case.expect, enriched, &outcome))
}
