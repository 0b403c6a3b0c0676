//! `[sources.NAME]`: where events come from.

use std::time::Duration;

use crate::SourceKind;
use crate::admission::Admission;
use crate::ingest::Ingest;
use crate::mapping_table::MappingTable;
use crate::redaction::Redaction;
use crate::section::Section;
use crate::source_kind::ReadBy;
use crate::values::{duration_or_zero, one_of, pointer, text};
use crate::verify::Verify;

/// A configured source of events; its name is the last part of its webhook's path.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name in the configuration.
    pub name: String,
    /// Which platform and transport.
    pub kind: SourceKind,
    /// The tenant, where the payload does not name one.
    pub org: Option<String>,
    /// How its events are put in order.
    pub order: OrderMode,
    /// Where the source's own number of an event stands in its payload, a JSON Pointer; `order = "sequenced"` needs
    /// it.
    pub sequence: Option<String>,
    /// Longest time an event is held for its order (default 500 ms).
    pub hold: Duration,
    /// What becomes of payloads that differ from their schema (default pass).
    pub drift: Drift,
    /// How its payloads are read, where its kind has no adapter of its own.
    pub mapping: Option<MappingTable>,
    /// What of its payloads is left out of events.
    pub redaction: Redaction,
    /// Who may call, and how often.
    pub admission: Admission,
    /// How a request proves where it comes from.
    pub verify: Verify,
}

/// How a source's events are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderMode {
    /// By the source's own numbers.
    Sequenced,
    /// By what the conversation's state machine needs first.
    Causal,
    /// By event time, after a hold.
    Sorted,
}

/// What becomes of payloads that differ from their schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// They pass, and the difference is reported.
    Pass,
    /// They are kept in quarantine.
    Quarantine,
}

// === impl Source ===

impl Source {
    pub(crate) fn read(section: &Section<'_>, ingest: &Ingest) -> Option<Self> {
        let kind = section.required("kind", one_of(SourceKind::ALL.map(|kind| (kind.as_str(), kind))));
        let org = section.optional("org", text);
        if kind == Some(SourceKind::GenesysOpenMessaging) && !section.has("org") {
            section.refuse(
                "kind",
                "field 'org' is missing: payloads of this kind do not name their organisation",
            );
        }
        let orders = [
            ("sequenced", OrderMode::Sequenced),
            ("causal", OrderMode::Causal),
            ("sorted", OrderMode::Sorted),
        ];
        let order = section.optional("order", one_of(orders));
        let sequence = section.optional("sequence", pointer);
        if order == Some(OrderMode::Sequenced) && !section.has("sequence") {
            section.refuse(
                "order",
                "order 'sequenced' needs field 'sequence': the JSON Pointer of the number in a payload, such as \
                 \"/sequence\"",
            );
        }
        let hold = section.or("hold", duration_or_zero, Duration::from_millis(500));
        let drifts = [("pass", Drift::Pass), ("quarantine", Drift::Quarantine)];
        let drift = section.or("drift", one_of(drifts), Drift::Pass);
        let mapping = MappingTable::read(section, kind);
        let redaction = Redaction::read(section);
        let admission = Admission::read(section);
        if !admission.cors_origins.is_empty() && kind.is_some_and(|kind| kind != SourceKind::DesktopSdk) {
            let message = "only kind 'desktop-sdk' is called by browsers: no page may call another source";
            section.refuse("cors_origins", message);
        }
        let verify = section.table("verify", |verify| Verify::read(verify, ingest));
        if kind.is_some_and(|kind| kind.read_by() == ReadBy::ChangeTable) {
            for field in ["order", "sequence", "hold", "redact", "redact_key", "redact_defaults"] {
                if section.has(field) {
                    section.refuse(field, &no_events(field));
                }
            }
        }
        let kind = kind?;
        if mapping.is_none() && kind.read_by() != ReadBy::Adapter {
            return None;
        }
        let order = order.unwrap_or_else(|| default_order(kind));
        Some(Self {
            name: section.name().to_owned(),
            kind,
            org,
            order,
            sequence,
            hold,
            drift,
            mapping,
            redaction,
            admission,
            verify: verify?,
        })
    }
}

/// Why a source of changes has no such field.
fn no_events(field: &str) -> String {
    format!(
        "field '{field}' is about events, and changes of CRM records are none: they have no values of fields, and \
         nobody holds them"
    )
}

/// The order mode of sources that name none: EventBridge promises no order at all, the others mostly keep it.
fn default_order(kind: SourceKind) -> OrderMode {
    match kind {
        SourceKind::GenesysEventBridge => OrderMode::Sorted,
        _ => OrderMode::Causal,
    }
}
