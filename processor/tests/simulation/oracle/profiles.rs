//! Whose profile events have.

use trunkline_schemas::EnrichedEvent;

use super::{ONCE, violation};
use crate::input::CALLERS;
use crate::world::Violation;

/// An event has the profile of the customer whom its conversation names, else of whoever calls.
pub(super) fn judge(entity: &str, events: &[&EnrichedEvent]) -> Result<(), Violation> {
    for event in events {
        let Some(profile) = &event.profile else { continue };
        let is_right = match &event.customer_id {
            Some(customer) => profile.customer_id == *customer,
            None => profile.customer_id.starts_with(CALLERS),
        };
        if !is_right {
            let what = format!("event {} of {entity} has a stranger's profile", event.event_id);
            return Err(violation(ONCE, what));
        }
    }
    Ok(())
}
