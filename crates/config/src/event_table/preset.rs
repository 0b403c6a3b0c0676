//! The tables of kinds whose senders can be told what to write; configurations say more before them.

use super::EventTable;
use crate::SourceKind;

/// The table of a kind; `None` where everything is configured.
pub(super) fn of(kind: SourceKind) -> Option<EventTable> {
    match kind {
        SourceKind::Custom
        | SourceKind::GenesysEventBridge
        | SourceKind::GenesysOpenMessaging
        | SourceKind::CxoneDigital
        | SourceKind::SalesforceCdc
        | SourceKind::ServiceNowChange
        | SourceKind::SapChange => None,
    }
}
