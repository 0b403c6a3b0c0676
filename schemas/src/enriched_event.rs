//! An event after the processor: deduplicated, ordered, enriched.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::platform_event::{EventTimeSource, PlatformEvent, SourceInfo};
use crate::{CustomerProfile, Resolution, SourceStatus, SystemIdentity};

/// A [`PlatformEvent`] with what the processor knows about it, as published on `events.enriched`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrichedEvent {
    /// As in [`PlatformEvent`].
    pub event_id: String,
    /// As in [`PlatformEvent`].
    pub event_type: String,
    /// As in [`PlatformEvent`].
    pub source_type: String,
    /// As in [`PlatformEvent`].
    pub platform: String,
    /// As in [`PlatformEvent`].
    pub org_id: String,
    /// As in [`PlatformEvent`].
    pub entity_type: String,
    /// As in [`PlatformEvent`].
    pub entity_id: String,
    /// As in [`PlatformEvent`].
    #[serde(default)]
    pub conversation_id: Option<String>,
    /// As in [`PlatformEvent`].
    #[serde(default)]
    pub contact_id: Option<String>,
    /// As in [`PlatformEvent`].
    #[serde(default)]
    pub flow_session_id: Option<String>,
    /// As in [`PlatformEvent`].
    #[serde(default)]
    pub participant_id: Option<String>,
    /// As in [`PlatformEvent`].
    #[serde(default)]
    pub agent_id: Option<String>,
    /// As in [`PlatformEvent`].
    #[serde(default)]
    pub queue_id: Option<String>,
    /// As in [`PlatformEvent`], or as earlier events of the conversation know it, where this one names none or by
    /// weaker evidence.
    #[serde(default)]
    pub customer_id: Option<String>,
    /// As in [`PlatformEvent`].
    #[serde(default)]
    pub media_type: Option<String>,
    /// As in [`PlatformEvent`].
    #[serde(default)]
    pub direction: Option<String>,
    /// As in [`PlatformEvent`].
    pub event_time: i64,
    /// As in [`PlatformEvent`].
    pub event_time_source: EventTimeSource,
    /// As in [`PlatformEvent`].
    pub ingest_time: i64,
    /// As in [`PlatformEvent`].
    #[serde(default)]
    pub sequence: Option<i64>,
    /// As in [`PlatformEvent`].
    pub correlation_id: String,
    /// As in [`PlatformEvent`].
    pub source: SourceInfo,
    /// As in [`PlatformEvent`].
    pub attributes: BTreeMap<String, String>,
    /// As in [`PlatformEvent`].
    #[serde(default)]
    pub tenant_attributes: BTreeMap<String, String>,
    /// As in [`PlatformEvent`].
    #[serde(default)]
    pub attributes_cut: bool,
    /// As in [`PlatformEvent`].
    #[serde(default)]
    pub redacted: Vec<String>,
    /// As in [`PlatformEvent`].
    #[serde(default)]
    pub content_id: Option<String>,
    /// As in [`PlatformEvent`]; null when the deployment leaves payloads out (`include_data = false`).
    #[serde(default)]
    pub data: Option<String>,
    /// The customer, where known.
    #[serde(default)]
    pub profile: Option<ProfileView>,
    /// How complete the profile is.
    pub enrichment: Enrichment,
    /// The event's place in its conversation.
    pub ordering: Ordering,
    /// The conversation after this event.
    pub conversation: ConversationSummary,
    /// True when the event is older than the dedup window: it may have been seen before.
    #[serde(default)]
    pub dedup_unknown: bool,
    /// True when it says what was said of its entity before, and whether the platform only repeats itself cannot be
    /// known.
    #[serde(default)]
    pub possible_repeat: bool,
}

/// What the processor found out about an event: the fields that an [`EnrichedEvent`] has and a [`PlatformEvent`] lacks,
/// in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// As in [`EnrichedEvent`].
    pub profile: Option<Arc<ProfileView>>,
    /// As in [`EnrichedEvent`].
    pub enrichment: Enrichment,
    /// As in [`EnrichedEvent`].
    pub ordering: Ordering,
    /// As in [`EnrichedEvent`].
    pub conversation: ConversationSummary,
    /// As in [`EnrichedEvent`].
    pub dedup_unknown: bool,
    /// As in [`EnrichedEvent`].
    pub possible_repeat: bool,
}

/// The allowlisted part of a [`CustomerProfile`] that enters events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileView {
    /// Who.
    pub customer_id: String,
    /// As in [`CustomerProfile`].
    #[serde(default)]
    pub account_name: Option<String>,
    /// As in [`CustomerProfile`].
    #[serde(default)]
    pub loyalty_tier: Option<String>,
    /// As in [`CustomerProfile`].
    #[serde(default, with = "crate::money::option")]
    pub balance: Option<Decimal>,
    /// As in [`CustomerProfile`].
    #[serde(default)]
    pub currency: Option<String>,
    /// As in [`CustomerProfile`].
    #[serde(default)]
    pub open_tickets: Option<i32>,
    /// As in [`CustomerProfile`].
    #[serde(default)]
    pub last_interaction_date: Option<i64>,
    /// As in [`CustomerProfile`].
    #[serde(default, with = "crate::money::map")]
    pub balances: BTreeMap<String, Decimal>,
    /// The customer's number in each target, by the target's configured name, where exactly one customer was found.
    #[serde(default)]
    pub numbers: BTreeMap<String, String>,
    /// As in [`CustomerProfile`].
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

/// How complete an event's profile is, and what each system contributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Enrichment {
    /// The verdict over all systems.
    pub status: EnrichmentStatus,
    /// One entry per system asked.
    pub sources: Vec<EnrichmentSource>,
}

/// The verdict over all systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EnrichmentStatus {
    /// A symbol this build does not know.
    Unknown,
    /// Every system answered and the answers are fresh.
    Complete,
    /// Some system did not answer, or knows several customers who may be meant.
    Partial,
    /// Older than the freshness asked for, because no newer one could be had in time.
    Stale,
    /// Nothing is known of this customer.
    Missing,
    /// No customer to look up, or no rule asks for it.
    Skipped,
}

/// What one system contributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrichmentSource {
    /// The system behind the source, for instance `sap`; shared, since every event of a customer has the same.
    pub system: Arc<str>,
    /// What came of asking it.
    pub status: SourceStatus,
    /// Milliseconds since the data was fetched.
    #[serde(default)]
    pub age_ms: Option<i64>,
    /// Milliseconds the fetch took.
    #[serde(default)]
    pub latency_ms: Option<i64>,
    /// Its configured name, where that is not the system's.
    #[serde(default)]
    pub source: Option<Arc<str>>,
    /// Which of its customers is meant: exactly one, several of whom none was chosen, or none; null where that was not
    /// found out.
    #[serde(default)]
    pub resolution: Option<Resolution>,
}

/// An event's place in its conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ordering {
    /// 1, 2, 3 … per conversation (or entity), without hole or repeat.
    pub position: i64,
    /// The mode of its source.
    pub mode: OrderingMode,
    /// True when it came after events that belong behind it.
    pub late: bool,
    /// True when the events before it never came within the hold.
    pub gap_before: bool,
}

/// How a source's events are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderingMode {
    /// A symbol this build does not know.
    Unknown,
    /// By the source's own numbers.
    Sequenced,
    /// By what the conversation's state machine needs first.
    Causal,
    /// By event time, after a hold.
    Sorted,
}

/// The conversation after an event.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationSummary {
    /// `new`, `started`, `ivr`, `queued`, `connected`, `wrapup`, `ended`; `none` for entities that are no conversation.
    pub state: String,
    /// When it started, where known.
    #[serde(default)]
    pub started_at: Option<i64>,
    /// Milliseconds spent waiting in queues so far.
    #[serde(default)]
    pub queued_ms: Option<i64>,
    /// Milliseconds spent with agents so far.
    #[serde(default)]
    pub handled_ms: Option<i64>,
    /// Times it went from one agent to another.
    pub transfers: i32,
    /// Events emitted so far, this one included.
    pub events: i64,
    /// Times it began again after it had ended; `None` where unknown.
    #[serde(default)]
    pub reopened: Option<i32>,
    /// Distinct agents who handled it so far; `None` where unknown.
    #[serde(default)]
    pub agents: Option<i32>,
    /// Agents connected after this event; `None` where unknown.
    #[serde(default)]
    pub connected_agents: Option<i32>,
    /// Milliseconds agents were alerted, as far as the platform says; `None` where it never did.
    #[serde(default)]
    pub alerted_ms: Option<i64>,
    /// Milliseconds on hold, as far as the platform says; `None` where it never did.
    #[serde(default)]
    pub held_ms: Option<i64>,
    /// Milliseconds of after-call work, as far as the platform says; `None` where it never did.
    #[serde(default)]
    pub acw_ms: Option<i64>,
    /// Times an agent consulted another and kept the conversation; `None` where unknown.
    #[serde(default)]
    pub consults: Option<i32>,
    /// Times another agent joined agent and customer; `None` where unknown.
    #[serde(default)]
    pub conferences: Option<i32>,
    /// Transfers that the next agent was spoken to before; `None` where unknown.
    #[serde(default)]
    pub attended_transfers: Option<i32>,
    /// Transfers without that; `None` where unknown.
    #[serde(default)]
    pub blind_transfers: Option<i32>,
    /// Times an agent was alerted and did not answer; `None` where unknown.
    #[serde(default)]
    pub unanswered: Option<i32>,
}

// === impl ProfileView ===

impl From<&CustomerProfile> for ProfileView {
    fn from(profile: &CustomerProfile) -> Self {
        Self {
            customer_id: profile.customer_id.clone(),
            account_name: profile.account_name.clone(),
            loyalty_tier: profile.loyalty_tier.clone(),
            balance: profile.balance,
            currency: profile.currency.clone(),
            open_tickets: profile.open_tickets,
            last_interaction_date: profile.last_interaction_date,
            balances: profile.balances.clone(),
            numbers: profile.identities.iter().filter_map(number).collect(),
            values: profile.values.clone(),
        }
    }
}

/// The customer's number in a target, where exactly one customer was found there.
fn number(identity: &SystemIdentity) -> Option<(String, String)> {
    let number = identity.number.clone().filter(|_| identity.resolution == Resolution::Exact)?;
    Some((identity.target.clone(), number))
}

// === impl EnrichedEvent ===

impl EnrichedEvent {
    /// Joins an event with what the processor found out about it.
    pub fn new(event: PlatformEvent, findings: Findings) -> Self {
        let Findings { profile, enrichment, ordering, conversation, dedup_unknown, possible_repeat } =
            findings;
        Self {
            event_id: event.event_id,
            event_type: event.event_type,
            source_type: event.source_type,
            platform: event.platform,
            org_id: event.org_id,
            entity_type: event.entity_type,
            entity_id: event.entity_id,
            conversation_id: event.conversation_id,
            contact_id: event.contact_id,
            flow_session_id: event.flow_session_id,
            participant_id: event.participant_id,
            agent_id: event.agent_id,
            queue_id: event.queue_id,
            customer_id: event.customer_id,
            media_type: event.media_type,
            direction: event.direction,
            event_time: event.event_time,
            event_time_source: event.event_time_source,
            ingest_time: event.ingest_time,
            sequence: event.sequence,
            correlation_id: event.correlation_id,
            source: event.source,
            attributes: event.attributes,
            tenant_attributes: event.tenant_attributes,
            attributes_cut: event.attributes_cut,
            redacted: event.redacted,
            content_id: event.content_id,
            data: Some(event.data),
            profile: profile.map(Arc::unwrap_or_clone),
            enrichment,
            ordering,
            conversation,
            dedup_unknown,
            possible_repeat,
        }
    }
}
