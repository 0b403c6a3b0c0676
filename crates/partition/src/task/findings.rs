//! What was found out about an event.

use std::borrow::Cow;

use trunkline_config::OrderMode;
use trunkline_profiles::AtHand;
use trunkline_schemas::{EncodedEvent, Findings, Ordering, OrderingMode};

use super::Settings;
use crate::conversation::{Callers, Conversation, no_conversation};

// === impl Settings ===

impl Settings {
    /// What is published of an event besides itself. `conversation` is as it stands after the event.
    pub(super) fn findings(
        &self,
        event: &EncodedEvent,
        at_hand: AtHand,
        ordering: Ordering,
        conversation: &Conversation,
    ) -> Findings {
        let summary = if event.is_conversational() {
            conversation.summary(ordering.position)
        } else {
            no_conversation(ordering.position)
        };
        Findings {
            profile: at_hand.profile,
            enrichment: at_hand.enrichment,
            ordering,
            conversation: summary,
            possible_repeat: false,
            dedup_unknown: event.ingest_time() - event.event_time() > self.retention.ids_ms,
        }
    }
}

/// Whose event it is, where only the conversation says so.
pub(super) fn customer_of(event: &EncodedEvent, conversation: &Conversation) -> Option<String> {
    let silent = event.customer_id().is_none() && event.is_conversational();
    conversation.customer_id().filter(|_| silent).map(str::to_owned)
}

/// Whose profile an event gets: of the customer whom it names or its conversation does, else of whoever calls or writes
/// from the address that the conversation tells of, the event itself included.
pub(super) fn profile_key<'a>(
    event: &'a EncodedEvent,
    before: Option<&'a Conversation>,
    callers: &Callers,
) -> Option<Cow<'a, str>> {
    let known = event.customer_id().or_else(|| before.and_then(Conversation::profile_key));
    let calling = || if event.is_conversational() { callers.caller(event) } else { None };
    known.map(Cow::Borrowed).or_else(|| calling().map(Cow::Owned))
}

/// How an event was put in order, as it is published.
pub(super) fn ordering(mode: OrderMode, late: bool, gap_before: bool, position: i64) -> Ordering {
    let mode = match mode {
        OrderMode::Sequenced => OrderingMode::Sequenced,
        OrderMode::Causal => OrderingMode::Causal,
        OrderMode::Sorted => OrderingMode::Sorted,
    };
    Ordering { position, mode, late, gap_before }
}
