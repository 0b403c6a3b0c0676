//! Two values of every type: one with everything, one with nothing that may be missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use trunkline_schemas::codec::Value;
use trunkline_schemas::*;

use crate::source_parts;

/// A type with its samples.
pub trait Sample: Value + Clone + std::fmt::Debug + PartialEq {
    /// `full` with every field set, `minimal` with every optional field null.
    fn samples() -> [(&'static str, Self); 2];
}

/// Calls a generic function for every type of value.
macro_rules! for_every_value {
    ($function:ident) => {
        $function::<trunkline_schemas::PlatformEvent>();
        $function::<trunkline_schemas::EnrichedEvent>();
        $function::<trunkline_schemas::RoutingDecision>();
        $function::<trunkline_schemas::CustomerProfile>();
        $function::<trunkline_schemas::CrmChange>();
        $function::<trunkline_schemas::WriteBack>();
        $function::<trunkline_schemas::WriteBackResult>();
        $function::<trunkline_schemas::QuarantinedPayload>();
        $function::<trunkline_schemas::SchemaDrift>();
        $function::<trunkline_schemas::PipelineError>();
        $function::<trunkline_schemas::QuotaLease>();
    };
}
pub(crate) use for_every_value;

pub const TIME: i64 = 1_700_000_000_123;

pub fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub fn balances() -> BTreeMap<String, Decimal> {
    [("EUR".to_owned(), Decimal::new(-1_234_567, 4)), ("USD".to_owned(), Decimal::new(1, 2))].into()
}

pub fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

impl Sample for PlatformEvent {
    fn samples() -> [(&'static str, Self); 2] {
        let full = Self {
            event_id: "6f1c0e0e-6f5e-5d0c-9d8f-0c1d2e3f4a5b".into(),
            event_type: "conversation.started".into(),
            source_type: "v2.detail.events.conversation.{id}.customer.start".into(),
            platform: "genesys".into(),
            org_id: "8f1c".into(),
            entity_type: "conversation".into(),
            entity_id: "c0ffee".into(),
            conversation_id: text("c0ffee"),
            contact_id: text("contact-1"),
            flow_session_id: text("flow-1"),
            participant_id: text("participant-1"),
            agent_id: text("agent-1"),
            queue_id: text("queue-1"),
            customer_id: text("C-000001"),
            media_type: text("voice"),
            direction: text("inbound"),
            event_time: TIME,
            event_time_source: EventTimeSource::Platform,
            ingest_time: TIME + 45,
            sequence: Some(17),
            correlation_id: "correlation-1".into(),
            source: SourceInfo {
                name: "genesys-eu".into(),
                kind: "genesys-eventbridge".into(),
                channel: "eventbridge".into(),
                transport_id: text("delivery-1"),
                adapter: "genesys-eventbridge/1".into(),
                schema_version: "1".into(),
                backfilled: true,
            },
            attributes: map(&[("ani", "tel:+4930123456"), ("dnis", "tel:+4989654321"), ("größe", "⅔")]),
            tenant_attributes: map(&[("customerId", "C-000001"), ("provider", "the tenant's")]),
            attributes_cut: true,
            redacted: vec!["/data/accessToken/token mask".into(), "/data/s3Url drop".into()],
            content_id: text("0c1d2e3f-6f5e-5d0c-9d8f-6f1c0e0e4a5b"),
            data: "{\"id\":\"c0ffee\",\"ünïcode\":\"✓\"}".into(),
        };
        let minimal = Self {
            conversation_id: None,
            contact_id: None,
            flow_session_id: None,
            participant_id: None,
            agent_id: None,
            queue_id: None,
            customer_id: None,
            media_type: None,
            direction: None,
            event_time_source: EventTimeSource::Ingest,
            sequence: None,
            source: SourceInfo { transport_id: None, backfilled: false, ..full.source.clone() },
            attributes: BTreeMap::new(),
            tenant_attributes: BTreeMap::new(),
            attributes_cut: false,
            redacted: Vec::new(),
            content_id: None,
            data: String::new(),
            ..full.clone()
        };
        [("full", full), ("minimal", minimal)]
    }
}

impl Sample for EnrichedEvent {
    fn samples() -> [(&'static str, Self); 2] {
        let [(_, event), (_, bare)] = PlatformEvent::samples();
        let [much, little] = findings();
        let full = Self::new(event, much);
        let minimal = Self { data: None, ..Self::new(bare, little) };
        [("full", full), ("minimal", minimal)]
    }
}

/// All that can be found out about an event, and next to nothing.
pub fn findings() -> [Findings; 2] {
    let [(_, profile), _] = CustomerProfile::samples();
    let source = |system: &str, status, age_ms, latency_ms| EnrichmentSource {
        system: system.into(),
        status,
        age_ms,
        latency_ms,
        source: (system == "sap").then(|| "erp".into()),
        resolution: (system == "sap").then_some(Resolution::Ambiguous),
    };
    let much = Findings {
        profile: Some(Arc::new(ProfileView::from(&profile))),
        enrichment: Enrichment {
            status: EnrichmentStatus::Partial,
            sources: vec![
                source("sap", SourceStatus::Ok, Some(12_000), Some(31)),
                source("servicenow", SourceStatus::Timeout, None, None),
            ],
        },
        ordering: Ordering { position: 3, mode: OrderingMode::Sorted, late: true, gap_before: true },
        conversation: ConversationSummary {
            state: "queued".into(),
            started_at: Some(TIME),
            queued_ms: Some(2_500),
            handled_ms: Some(0),
            transfers: 1,
            events: 3,
            reopened: Some(1),
            agents: Some(2),
            connected_agents: Some(0),
            alerted_ms: Some(4_000),
            held_ms: Some(1_500),
            acw_ms: Some(9_000),
            consults: Some(1),
            conferences: Some(0),
            attended_transfers: Some(1),
            blind_transfers: Some(0),
            unanswered: Some(1),
        },
        dedup_unknown: true,
        possible_repeat: true,
    };
    let little = Findings {
        profile: None,
        enrichment: Enrichment { status: EnrichmentStatus::Skipped, sources: Vec::new() },
        ordering: Ordering { position: 1, mode: OrderingMode::Causal, late: false, gap_before: false },
        conversation: ConversationSummary {
            state: "none".into(),
            started_at: None,
            queued_ms: None,
            handled_ms: None,
            transfers: 0,
            events: 1,
            ..ConversationSummary::default()
        },
        dedup_unknown: false,
        possible_repeat: false,
    };
    [much, little]
}

impl Sample for CustomerProfile {
    fn samples() -> [(&'static str, Self); 2] {
        let full = Self {
            customer_id: "C-000001".into(),
            account_name: text("Müller & Söhne"),
            loyalty_tier: text("GOLD"),
            balance: Some(Decimal::new(-1_234_567, 4)),
            currency: text("EUR"),
            open_tickets: Some(2),
            last_interaction_date: Some(TIME),
            source_systems: vec!["salesforce".into(), "sap".into()],
            sources: vec![
                ProfileSource {
                    system: "sap".into(),
                    status: SourceStatus::Ok,
                    fetched_at: Some(TIME),
                    latency_ms: Some(80),
                    source: text("erp"),
                },
                ProfileSource {
                    system: "servicenow".into(),
                    status: SourceStatus::Unavailable,
                    fetched_at: None,
                    latency_ms: None,
                    source: None,
                },
            ],
            last_updated: TIME + 1,
            identities: vec![
                SystemIdentity {
                    system: "salesforce".into(),
                    target: "crm".into(),
                    resolution: Resolution::Exact,
                    found_by: text("phone"),
                    record_id: text("001A"),
                    number: text("C-000001"),
                    candidates: Some(1),
                    resolved_at: Some(TIME),
                    settings: Some("5f".to_owned()),
                },
                SystemIdentity {
                    system: "sap".into(),
                    target: "erp".into(),
                    resolution: Resolution::None,
                    found_by: None,
                    record_id: None,
                    number: None,
                    candidates: None,
                    resolved_at: None,
                    settings: None,
                },
            ],
            balances: balances(),
            values: map(&[("loyalty.points", "1200")]),
            parts: source_parts::samples(),
        };
        let minimal = Self {
            account_name: None,
            loyalty_tier: None,
            balance: None,
            currency: None,
            open_tickets: None,
            last_interaction_date: None,
            source_systems: Vec::new(),
            sources: Vec::new(),
            identities: Vec::new(),
            balances: BTreeMap::new(),
            values: BTreeMap::new(),
            parts: Vec::new(),
            ..full.clone()
        };
        [("full", full), ("minimal", minimal)]
    }
}

impl Sample for CrmChange {
    fn samples() -> [(&'static str, Self); 2] {
        let full = Self {
            change_id: "change-1".into(),
            system: "salesforce".into(),
            entity: "Account".into(),
            entity_id: "001".into(),
            customer_id: "C-000001".into(),
            change_type: "update".into(),
            changed_fields: vec!["Name".into(), "LoyaltyTier__c".into()],
            changed_at: TIME,
            origin: text("com/salesforce/api/soap"),
            own_write: true,
            correlation_id: "correlation-1".into(),
            org_id: text("acme"),
            source: text("crm"),
            source_type: text("GAP_UPDATE"),
            reread: text("record"),
            nulled_fields: vec!["Fax".into()],
            received_at: Some(TIME + 1),
            sequence: text("10716283339728"),
        };
        let minimal = Self {
            changed_fields: Vec::new(),
            origin: None,
            own_write: false,
            org_id: None,
            source: None,
            source_type: None,
            reread: None,
            nulled_fields: Vec::new(),
            received_at: None,
            sequence: None,
            ..full.clone()
        };
        [("full", full), ("minimal", minimal)]
    }
}

impl Sample for RoutingDecision {
    fn samples() -> [(&'static str, Self); 2] {
        let full = Self {
            decision_id: "decision-1".into(),
            event_id: "event-1".into(),
            platform: "genesys".into(),
            org_id: "8f1c".into(),
            conversation_id: "c0ffee".into(),
            contact_id: text("contact-1"),
            flow_session_id: text("flow-1"),
            customer_id: text("C-000001"),
            queue: "vip".into(),
            priority: Some(-5),
            skills: vec!["german".into()],
            attributes: map(&[("tier", "GOLD")]),
            rule_id: "vip-first".into(),
            rule_set_version: "0123456789ab".into(),
            enrichment_status: EnrichmentStatus::Complete,
            decided_at: TIME,
            correlation_id: "correlation-1".into(),
        };
        let minimal = Self {
            contact_id: None,
            flow_session_id: None,
            customer_id: None,
            priority: None,
            skills: Vec::new(),
            attributes: BTreeMap::new(),
            enrichment_status: EnrichmentStatus::Missing,
            ..full.clone()
        };
        [("full", full), ("minimal", minimal)]
    }
}

impl Sample for WriteBack {
    fn samples() -> [(&'static str, Self); 2] {
        let full = Self {
            command_id: "command-1".into(),
            target: "genesys-eu".into(),
            system: "genesys".into(),
            operation: "participant_attributes".into(),
            resource: "genesys/8f1c/conversation/c0ffee".into(),
            parameters: map(&[("conversationId", "c0ffee"), ("participantId", "participant-1")]),
            fields: map(&[("tier", "GOLD")]),
            event_id: "event-1".into(),
            conversation_id: text("c0ffee"),
            contact_id: text("contact-1"),
            flow_session_id: text("flow-1"),
            customer_id: text("C-000001"),
            correlation_id: "correlation-1".into(),
            rule_id: "screen-pop".into(),
            rule_set_version: "0123456789ab".into(),
            observe: true,
            issued_at: TIME,
            expires_at: Some(TIME + 3_600_000),
        };
        let minimal = Self {
            parameters: BTreeMap::new(),
            fields: BTreeMap::new(),
            conversation_id: None,
            contact_id: None,
            flow_session_id: None,
            customer_id: None,
            observe: false,
            expires_at: None,
            ..full.clone()
        };
        [("full", full), ("minimal", minimal)]
    }
}

impl Sample for WriteBackResult {
    fn samples() -> [(&'static str, Self); 2] {
        let full = Self {
            command_id: "command-1".into(),
            target: "genesys-eu".into(),
            system: "genesys".into(),
            operation: "participant_attributes".into(),
            resource: "genesys/8f1c/conversation/c0ffee".into(),
            outcome: Outcome::Dead,
            attempts: 4,
            http_status: Some(503),
            code: text("TL-4005"),
            message: text("service unavailable"),
            difference: text("{\"tier\":[null,\"GOLD\"]}"),
            event_id: "event-1".into(),
            conversation_id: text("c0ffee"),
            contact_id: text("contact-1"),
            flow_session_id: text("flow-1"),
            correlation_id: "correlation-1".into(),
            rule_id: "screen-pop".into(),
            issued_at: TIME,
            finished_at: TIME + 250,
        };
        let minimal = Self {
            outcome: Outcome::Applied,
            http_status: None,
            code: None,
            message: None,
            difference: None,
            conversation_id: None,
            contact_id: None,
            flow_session_id: None,
            ..full.clone()
        };
        [("full", full), ("minimal", minimal)]
    }
}

impl Sample for QuarantinedPayload {
    fn samples() -> [(&'static str, Self); 2] {
        let full = Self {
            payload_hash: "ab".repeat(32),
            source: "genesys-eu".into(),
            kind: "genesys-eventbridge".into(),
            received_at: TIME,
            code: "TL-2005".into(),
            reason: "/detail/id: expected a string".into(),
            content_type: text("application/json"),
            headers: map(&[("user-agent", "Amazon/EventBridge")]),
            payload: (0..=255).collect(),
            correlation_id: "correlation-1".into(),
        };
        let minimal =
            Self { content_type: None, headers: BTreeMap::new(), payload: Vec::new(), ..full.clone() };
        [("full", full), ("minimal", minimal)]
    }
}

impl Sample for SchemaDrift {
    fn samples() -> [(&'static str, Self); 2] {
        let full = Self {
            source: "genesys-eu".into(),
            kind: "genesys-eventbridge".into(),
            schema_version: "1".into(),
            source_type: "v2.detail.events".into(),
            path: "/detail/eventBody/newField".into(),
            change: "unknown_field".into(),
            found: text("string"),
            sample_hash: "cd".repeat(32),
            first_seen: TIME,
            count: 42,
        };
        let minimal = Self { found: None, ..full.clone() };
        [("full", full), ("minimal", minimal)]
    }
}

impl Sample for PipelineError {
    fn samples() -> [(&'static str, Self); 2] {
        let full = Self {
            error_id: "error-1".into(),
            code: "TL-4001".into(),
            severity: Severity::Warning,
            component: "sink".into(),
            instance: "sink-0".into(),
            message: "breaker of genesys-eu is open".into(),
            subject: text("genesys-eu"),
            conversation_id: text("c0ffee"),
            contact_id: text("contact-1"),
            flow_session_id: text("flow-1"),
            correlation_id: text("correlation-1"),
            occurred_at: TIME,
        };
        let minimal = Self {
            subject: None,
            conversation_id: None,
            contact_id: None,
            flow_session_id: None,
            correlation_id: None,
            ..full.clone()
        };
        [("full", full), ("minimal", minimal)]
    }
}

impl Sample for QuotaLease {
    fn samples() -> [(&'static str, Self); 2] {
        let full = Self {
            limit: "genesys/8f1c/client-1/api".into(),
            kind: LeaseKind::Grant,
            holder: "sink-0".into(),
            role: "sink".into(),
            calls: 10,
            issued_at: TIME,
            expires_at: Some(TIME + 1_000),
        };
        let minimal = Self { kind: LeaseKind::Request, expires_at: None, ..full.clone() };
        [("full", full), ("minimal", minimal)]
    }
}
