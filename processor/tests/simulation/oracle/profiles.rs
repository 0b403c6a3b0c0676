//! Whose profile events have.

use trunkline_schemas::EnrichedEvent;

use super::{ONCE, violation};
use crate::input::CALLERS;
use crate::world::Violation;

/// An event has the profile of the customer whom its conversation names, else of whoever calls; and once a tenant's
/// attribute named the customer of a conversation, no contact does.
pub(super) fn judge(entity: &str, events: &[&EnrichedEvent]) -> Result<(), Violation> {
    let mut of_tenant = None;
    for event in events {
        of_tenant = of_tenant.or(event.tenant_attributes.get("customerId"));
        let conversational = event.conversation_id.is_some();
        if let Some(customer) = of_tenant.filter(|_| conversational)
            && event.customer_id.as_ref() != Some(customer)
        {
            let what =
                format!("event {} of {entity} names another customer than the tenant did", event.event_id);
            return Err(violation(ONCE, what));
        }
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
