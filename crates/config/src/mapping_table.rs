//! `[sources.NAME.mapping]`: how the payloads of a source are read, where a table says it.

use crate::SourceKind;
use crate::change_table::ChangeTable;
use crate::event_table::{EventField, EventTable};
use crate::section::Section;
use crate::source_kind::ReadBy;

/// How the payloads of a source are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingTable {
    /// As events.
    Events(Box<EventTable>),
    /// As changes of a CRM's records.
    Changes(Box<ChangeTable>),
}

/// The name of its section.
const MAPPING: &str = "mapping";

// === impl MappingTable ===

impl MappingTable {
    /// Reads the table of a source; `None` where its kind has an adapter, or where it is wrong. `kind` is `None` where
    /// that is wrong itself.
    pub(crate) fn read(source: &Section<'_>, kind: Option<SourceKind>) -> Option<Self> {
        match kind.map(SourceKind::read_by) {
            Some(ReadBy::EventTable) => Self::events(source, kind?),
            Some(ReadBy::ChangeTable) => source
                .table(MAPPING, |mapping| ChangeTable::read(mapping, kind?))
                .map(|table| Self::Changes(Box::new(table))),
            Some(ReadBy::Adapter) => {
                if source.has(MAPPING) {
                    let read_so: Vec<_> = SourceKind::ALL
                        .into_iter()
                        .filter(|kind| kind.read_by() != ReadBy::Adapter)
                        .map(SourceKind::as_str)
                        .collect();
                    let message = format!(
                        "field 'mapping' is for payloads of any shape, and kind '{}' has one of its own; kinds with a \
                         mapping: {}",
                        kind?,
                        read_so.join(", ")
                    );
                    source.refuse(MAPPING, &message);
                }
                source.table(MAPPING, |mapping| mapping.allow_any_field());
                None
            }
            None => {
                source.table(MAPPING, |mapping| mapping.allow_any_field());
                None
            }
        }
    }

    fn events(source: &Section<'_>, kind: SourceKind) -> Option<Self> {
        if !source.has(MAPPING) && !kind.is_read_without_settings() {
            let message = format!(
                "kind '{kind}' needs a table [sources.{}.mapping]: the platform of its events, and where their fields \
                 stand",
                source.name()
            );
            source.refuse("kind", &message);
            return None;
        }
        let table = source.table(MAPPING, |mapping| EventTable::read(mapping, kind))?;
        if !source.has("org") && !table.fields.contains_key(&EventField::OrgId) {
            source.refuse(
                "kind",
                "field 'org' is missing, and 'mapping.fields.orgId' does not say where payloads name their \
                 organisation",
            );
        }
        Some(Self::Events(Box::new(table)))
    }
}
