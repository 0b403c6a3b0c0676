//! What an event gets of a customer's profile.

use std::sync::Arc;

use trunkline_schemas::{Enrichment, EnrichmentStatus, ProfileView};

/// What an event gets, and whether asking the systems could better it.
#[derive(Debug, Clone, PartialEq)]
pub struct AtHand {
    /// The fields that enter the event.
    pub profile: Option<Arc<ProfileView>>,
    /// How good they are.
    pub enrichment: Enrichment,
    /// True when a fetch is called for.
    pub fetch: bool,
}

// === impl AtHand ===

impl AtHand {
    /// For events without a customer, or without systems to ask.
    pub fn skipped() -> Self {
        Self {
            profile: None,
            enrichment: Enrichment { status: EnrichmentStatus::Skipped, sources: Vec::new() },
            fetch: false,
        }
    }

    /// For a customer of whom nothing is known.
    pub fn missing() -> Self {
        Self {
            profile: None,
            enrichment: Enrichment { status: EnrichmentStatus::Missing, sources: Vec::new() },
            fetch: true,
        }
    }
}
