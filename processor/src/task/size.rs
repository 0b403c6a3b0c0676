//! What is too large for the brokers is noticed before it takes effect.

use trunkline_rules::Outcome;
use trunkline_schemas::event_id::derive;
use trunkline_schemas::{EnrichedEvent, PipelineError, Severity, WriteBack};

use super::{Arrived, Settings};
use crate::profiles::AtHand;

/// Bytes that enrichment adds to an event besides the profile: order, conversation, sources, headers, frames.
const MARGIN_BYTES: usize = 64 << 10;

// === impl Settings ===

impl Settings {
    /// Why an event cannot be published: with what enrichment adds it would exceed what the brokers take.
    pub(super) fn too_large(&self, arrived: &Arrived, at_hand: &AtHand) -> Option<String> {
        let Arrived { record, event, .. } = arrived;
        let texts = at_hand.profile.iter().flat_map(|p| {
            [Some(&p.customer_id), p.account_name.as_ref(), p.loyalty_tier.as_ref(), p.currency.as_ref()]
        });
        let profile: usize = texts.flatten().map(String::len).sum();
        let key = record.key.as_ref().map_or(0, Vec::len);
        let bytes = event.size() + key + record.headers.bytes() + profile + MARGIN_BYTES;
        (bytes > self.max_record_bytes).then(|| {
            format!(
                "the enriched event could have {bytes} bytes, and the brokers take {}: shorten what the source sends, or set include_data = false",
                self.max_record_bytes
            )
        })
    }

    /// A rule that makes a command too large for the brokers has failed: it does nothing, and says so.
    pub(super) fn drop_oversized(&self, outcome: &mut Outcome, event: &EnrichedEvent, now: i64) {
        let limit = self.max_record_bytes.saturating_sub(MARGIN_BYTES);
        let oversized = outcome.write_backs.extract_if(.., |command| size(command) > limit);
        let errors: Vec<PipelineError> = oversized
            .map(|command| PipelineError {
                error_id: derive("error", &[&event.event_id, &command.rule_id, "size"]),
                code: "TL-3002".to_owned(),
                severity: Severity::Error,
                component: "processor".to_owned(),
                instance: self.instance.clone(),
                message: format!(
                    "rule '{}' made a command of {} bytes, and the brokers take {}; it did nothing",
                    command.rule_id,
                    size(&command),
                    self.max_record_bytes
                ),
                subject: Some(command.rule_id.clone()),
                conversation_id: event.conversation_id.clone(),
                contact_id: event.contact_id.clone(),
                flow_session_id: event.flow_session_id.clone(),
                correlation_id: Some(event.correlation_id.clone()),
                occurred_at: now,
            })
            .collect();
        outcome.errors.extend(errors);
    }
}

fn size(command: &WriteBack) -> usize {
    let texts = |map: &std::collections::BTreeMap<String, String>| -> usize {
        map.iter().map(|(name, value)| name.len() + value.len()).sum()
    };
    command.resource.len() + texts(&command.parameters) + texts(&command.fields)
}
