//! What became of all payloads, counted.

use std::collections::BTreeMap;

use serde::Serialize;
use trunkline_schemas::{EventTimeSource, PlatformEvent};

use super::{Event, Fate, Payload};

/// Stands in `orgId` where neither payload nor source names the tenant.
const UNKNOWN_ORG: &str = "unknown";

/// Numbers of payloads.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::map) struct Summary {
    pub(in crate::map) payloads: usize,
    pub(in crate::map) events: usize,
    /// Payloads that become changes of CRM records.
    pub(in crate::map) changes: usize,
    pub(in crate::map) quarantined: usize,
    pub(in crate::map) refused: usize,
    /// Events and changes of each kind of source.
    pub(in crate::map) kinds: BTreeMap<&'static str, usize>,
    /// Events of each canonical type.
    pub(in crate::map) event_types: BTreeMap<String, usize>,
    /// Events of each of the platform's types, or parts of them, that this version does not know.
    pub(in crate::map) unknown_types: BTreeMap<String, usize>,
    /// Differences from the schemas by kind, as `change` names them on `schema.drift`.
    pub(in crate::map) drift: BTreeMap<&'static str, usize>,
    /// The same by what differs.
    pub(in crate::map) differences: BTreeMap<String, usize>,
    /// Why payloads would be quarantined or refused.
    pub(in crate::map) reasons: BTreeMap<String, usize>,
    /// Events that name no conversation.
    pub(in crate::map) without_conversation: usize,
    /// Events that name no customer: no profile is looked up for them, unless their conversation names one.
    pub(in crate::map) without_customer: usize,
    /// Events whose time would be that of their receipt.
    pub(in crate::map) without_time: usize,
    /// Events that name no tenant.
    pub(in crate::map) without_org: usize,
    /// Events with the event id of an earlier one.
    pub(in crate::map) duplicates: usize,
    /// Events that say what was said last, under another event id.
    pub(in crate::map) possible_repeats: usize,
    /// Events that lost an attribute, or a part of one, to the limits.
    pub(in crate::map) attributes_cut: usize,
    /// Events from whose payload something was removed.
    pub(in crate::map) redacted: usize,
}

// === impl Summary ===

impl Summary {
    pub(super) fn of(payloads: &[Payload]) -> Self {
        let mut summary = Self { payloads: payloads.len(), ..Self::default() };
        for payload in payloads {
            summary.add(&payload.fate);
        }
        summary
    }

    /// 0 when all became events without drift, 2 when one did not, 3 when all did and one drifts.
    pub(in crate::map) fn exit_code(&self) -> u8 {
        match (self.quarantined + self.refused, self.drift.is_empty()) {
            (0, true) => 0,
            (0, false) => 3,
            _ => 2,
        }
    }

    fn add(&mut self, fate: &Fate) {
        let drift = match fate {
            Fate::Event(event) => {
                self.add_event(event);
                event.drift.as_slice()
            }
            Fate::Changes(changes) => {
                self.changes += 1;
                *self.kinds.entry(changes.kind).or_default() += 1;
                changes.drift.as_slice()
            }
            Fate::Quarantined(record) => {
                self.quarantined += 1;
                *self.reasons.entry(record.reason.clone()).or_default() += 1;
                record.drift.as_slice()
            }
            Fate::Refused { reason } => {
                self.refused += 1;
                *self.reasons.entry(reason.clone()).or_default() += 1;
                &[]
            }
        };
        for difference in drift {
            *self.drift.entry(difference.change).or_default() += 1;
            *self.differences.entry(difference.says.clone()).or_default() += 1;
        }
    }

    fn add_event(&mut self, record: &Event) {
        let event: &PlatformEvent = &record.event;
        self.events += 1;
        *self.kinds.entry(record.kind).or_default() += 1;
        *self.event_types.entry(event.event_type.clone()).or_default() += 1;
        for name in record.unknown_types() {
            *self.unknown_types.entry(name.to_owned()).or_default() += 1;
        }
        for (count, applies) in [
            (&mut self.without_conversation, event.conversation_id.is_none()),
            (&mut self.without_customer, event.customer_id.is_none()),
            (&mut self.without_time, event.event_time_source != EventTimeSource::Platform),
            (&mut self.without_org, event.org_id == UNKNOWN_ORG),
            (&mut self.duplicates, record.duplicate_of.is_some()),
            (&mut self.possible_repeats, record.possible_repeat_of.is_some()),
            (&mut self.attributes_cut, event.attributes_cut),
            (&mut self.redacted, !event.redacted.is_empty()),
        ] {
            *count += usize::from(applies);
        }
    }
}
