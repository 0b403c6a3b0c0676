//! What is too large for the brokers is noticed before it takes effect.

use trunkline_profiles::AtHand;

use super::{Arrived, Settings};

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
        let maps = at_hand.profile.iter().flat_map(|p| p.values.iter().chain(&p.numbers));
        let in_maps: usize = maps.map(|(name, value)| name.len() + value.len()).sum();
        let profile = texts.flatten().map(String::len).sum::<usize>() + in_maps;
        let key = record.key.as_ref().map_or(0, Vec::len);
        // What goes out without the payload needs no room for it.
        let event = if self.include_data { event.size() } else { event.size_without_data() };
        let bytes = event + key + record.headers.bytes() + profile + MARGIN_BYTES;
        (bytes > self.max_record_bytes).then(|| {
            format!(
                "the enriched event could have {bytes} bytes, and the brokers take {}: shorten what the source sends, or set include_data = false",
                self.max_record_bytes
            )
        })
    }
}
