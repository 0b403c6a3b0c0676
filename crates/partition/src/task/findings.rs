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

/// Whose event it is, where the conversation knows that and the event does not, or not as well.
pub(super) fn customer_of(event: &EncodedEvent, conversation: &Conversation) -> Option<String> {
    if !event.is_conversational() {
        return None;
    }
    let customer = conversation.customer_of(event);
    customer.filter(|_| customer != event.customer_id()).map(str::to_owned)
}

/// Whose profile an event gets: of its customer, as it or its conversation names them, else of whoever calls or writes
/// from the address that the conversation tells of, the event itself included.
pub(super) fn profile_key<'a>(
    event: &'a EncodedEvent,
    before: Option<&'a Conversation>,
    callers: &Callers,
) -> Option<Cow<'a, str>> {
    let before = before.filter(|_| event.is_conversational());
    let named = before.map_or_else(|| event.customer_id(), |before| before.customer_of(event));
    let known = named.or_else(|| before.and_then(Conversation::profile_key));
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
