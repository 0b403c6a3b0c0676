//! Enriched events for tests, of this crate and of those around it.

use trunkline_partition::conversation::{Callers, Conversation};
use trunkline_partition::output::Enriched;
use trunkline_schemas::codec::{Decoder, Value as _};
use trunkline_schemas::{
    EnrichedEncoder, EnrichedEvent, Enrichment, EnrichmentStatus, Findings, Ordering, OrderingMode,
};

use crate::events::{encoded, event};

/// An event as a reader of `events.enriched` sees it.
pub fn as_read(event: &Enriched) -> EnrichedEvent {
    let mut encoder = EnrichedEncoder::new(1);
    let value = event.encode(&mut encoder).unwrap();
    if let Enriched::Whole(whole, _) = event {
        assert_eq!(value, encoder.whole(whole).unwrap(), "its parts make the same bytes");
    }
    let mut decoder = Decoder::new();
    decoder.add_writer(1, EnrichedEvent::SCHEMA).unwrap();
    decoder.decode(&value).unwrap()
}

/// The same, enriched: the first of its conversation, of a customer whom nobody knows.
pub fn enriched(conversation: &str, event_type: &str, event_time: i64) -> EnrichedEvent {
    let event = event(conversation, event_type, event_time);
    let mut conversation = Conversation::default();
    conversation.apply(&encoded(&event), &Callers::default());
    let findings = Findings {
        profile: None,
        enrichment: Enrichment { status: EnrichmentStatus::Missing, sources: Vec::new() },
        ordering: Ordering { position: 1, mode: OrderingMode::Causal, late: false, gap_before: false },
        conversation: conversation.summary(1),
        dedup_unknown: false,
        possible_repeat: false,
    };
    EnrichedEvent::new(event, findings)
}
