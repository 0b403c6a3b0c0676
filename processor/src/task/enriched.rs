//! An event with what the processor found out about it.

use trunkline_schemas::{EnrichedEvent, Ordering, PlatformEvent};

use super::Settings;
use crate::conversation::{Conversation, no_conversation};
use crate::profiles::AtHand;

// === impl Settings ===

impl Settings {
    /// The event as published, but for what rules and plugins make of it. `conversation` is as it stands after the event.
    pub(super) fn enriched(
        &self,
        mut event: PlatformEvent,
        at_hand: AtHand,
        ordering: Ordering,
        conversation: &Conversation,
    ) -> EnrichedEvent {
        let summary = match event.conversation_id {
            Some(_) => conversation.summary(ordering.position),
            None => no_conversation(ordering.position),
        };
        if event.customer_id.is_none() && event.conversation_id.is_some() {
            event.customer_id.clone_from(&conversation.customer_id);
        }
        let dedup_unknown = event.ingest_time - event.event_time > self.retention.ids_ms;
        let mut enriched = EnrichedEvent::new(event, at_hand.profile, at_hand.enrichment, ordering, summary);
        enriched.dedup_unknown = dedup_unknown;
        enriched
    }
}
