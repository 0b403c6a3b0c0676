//! What reads the payloads of a source: an adapter of this program, or the table of the source's configuration.

use std::borrow::Cow;

use serde_json::Value;
use trunkline_config::{MappingTable, Source};

use crate::adapter::{self, Loaded};
use crate::difference::{Change, Difference};
use crate::format::Mapped;
use crate::payload::Element;
use crate::schema::Violation;
use crate::table::Table;

/// What reads the payloads of a source.
#[derive(Clone, Copy)]
pub enum Reader<'a> {
    /// A version of an adapter.
    Adapter(&'static Loaded),
    /// A table of where the fields of an event stand.
    Table(Table<'a>),
}

/// What was read out of a payload, and where in it the event stands.
pub struct Read {
    /// The fields of the envelope.
    pub mapped: Mapped,
    /// JSON Pointer of the event in the payload.
    pub at: &'static str,
}

// === impl Reader ===

impl<'a> Reader<'a> {
    /// The readers of a source's payloads, the newest version first.
    pub fn of(source: &'a Source) -> impl Iterator<Item = Self> {
        let (table, kind) = match &source.mapping {
            Some(MappingTable::Events(table)) => (Some(Self::Table(Table::new(table, source))), None),
            Some(MappingTable::Changes(_)) => (None, None),
            None => (None, Some(source.kind)),
        };
        table.into_iter().chain(kind.into_iter().flat_map(adapter::of_kind).map(Self::Adapter))
    }

    /// Which shape a payload is meant to have; `None` when it is nothing that this reads.
    pub fn shape(&self, element: &Element<'_>) -> Option<&'static str> {
        match self {
            Self::Adapter(loaded) => (loaded.adapter.format.shape)(&(loaded.adapter.unwrap)(element)?),
            Self::Table(table) => table.shape(element),
        }
    }

    /// What keeps a payload from being of a shape; of a large one the first that is found.
    pub fn violations(&self, shape: &str, payload: &Value, is_large: bool) -> Vec<Violation> {
        match self {
            Self::Adapter(loaded) => loaded.schema.violations(shape, payload, is_large),
            Self::Table(table) => table.violations(payload),
        }
    }

    /// Fields that the shape does not name, at most a few.
    pub fn unknown_fields(&self, shape: &str, payload: &Value) -> Vec<Difference> {
        match self {
            Self::Adapter(loaded) => loaded.schema.unknown_fields(shape, payload),
            Self::Table(table) => table.unknown_fields(payload),
        }
    }

    /// Takes what the shape does not name out of a payload.
    pub fn without_unknown(&self, shape: &str, payload: &mut Value) {
        match self {
            Self::Adapter(loaded) => loaded.schema.without_unknown(shape, payload),
            Self::Table(table) => table.without_unknown(payload),
        }
    }

    /// Reads a payload of this shape, received at a time (UTC milliseconds) from a source with this tenant.
    pub fn read(
        &self,
        element: &Element<'_>,
        shape: &str,
        received_at: i64,
        org: Option<&str>,
    ) -> Option<Read> {
        match self {
            Self::Adapter(loaded) => {
                let mut unwrapped = (loaded.adapter.unwrap)(element)?;
                unwrapped.received_at = received_at;
                let at = unwrapped.at;
                Some(Read { mapped: (loaded.adapter.format.map)(&unwrapped, shape, org), at })
            }
            Self::Table(table) => Some(Read { mapped: table.map(element, org), at: "" }),
        }
    }

    /// What an event that names nothing lacks; `None` where such an event is about itself.
    pub fn lacks_subject(&self, mapped: &Mapped) -> Option<Difference> {
        match self {
            Self::Table(table) if mapped.conversation_id.is_none() && mapped.entity.is_none() => {
                Some(Difference::new(table.first_subject(), Change::MissingField, None))
            }
            _ => None,
        }
    }

    /// What is of a wrong type where something closer is named than what an event was taken to be about: about that
    /// it would have been.
    pub fn misread_subject(&self, mapped: &Mapped, whole: &Value) -> Option<Difference> {
        match self {
            Self::Adapter(_) => None,
            Self::Table(table) => table.misread_subject(mapped, whole),
        }
    }

    /// Whether what a payload says is a part of its identity, so that what is left out of it has to be as well.
    pub fn names_by_body(&self) -> bool {
        match self {
            Self::Adapter(_) => true,
            Self::Table(table) => table.names_by_body(),
        }
    }

    /// The platform of the events.
    pub fn platform(&self) -> &str {
        match self {
            Self::Adapter(loaded) => loaded.adapter.format.platform,
            Self::Table(table) => table.platform(),
        }
    }

    /// Version of the payload's schema.
    pub fn version(&self) -> &'static str {
        match self {
            Self::Adapter(loaded) => loaded.adapter.version,
            Self::Table(_) => Table::VERSION,
        }
    }

    /// The stream within the source that has an order of its own, where an event names none.
    pub fn channel(&self) -> Cow<'_, str> {
        match self {
            Self::Adapter(loaded) => loaded.adapter.channel.into(),
            Self::Table(table) => table.channel().into(),
        }
    }
}
