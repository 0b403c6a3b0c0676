//! Adapters: which transport and which format a kind of source is, and the schema its payloads must match.

use std::sync::LazyLock;

use trunkline_config::SourceKind;

use crate::format::{self, Format};
use crate::schema::Schema;
use crate::transport::{self, Unwrap};

/// One version of one kind of source: a format, in the wrapping of a transport.
pub struct Adapter {
    /// The kind of source it serves.
    pub kind: SourceKind,
    /// Version of the payload schema, and of the adapter with it.
    pub version: &'static str,
    /// The JSON Schema of a payload, wrapping included.
    pub schema: &'static str,
    /// JSON Schemas that the schema refers to by their `$id`.
    pub referenced: &'static [&'static str],
    /// The stream within the source that has an order of its own, as in `SourceInfo::channel`.
    pub channel: &'static str,
    /// Takes the wrapping off.
    pub unwrap: Unwrap,
    /// Maps what was in it.
    pub format: Format,
}

/// An adapter with its schema compiled.
pub struct Loaded {
    /// The adapter.
    pub adapter: &'static Adapter,
    /// Its schema.
    pub schema: Schema,
}

/// All adapters, the newest version of a kind first.
static ADAPTERS: [Adapter; 3] = [
    Adapter {
        kind: SourceKind::GenesysEventBridge,
        version: "1",
        schema: include_str!("../../../schemas/json/genesys-eventbridge/1.json"),
        referenced: &[include_str!("../../../schemas/json/genesys-events/1.json")],
        channel: "eventbridge",
        unwrap: transport::eventbridge::unwrap,
        format: format::genesys_events::FORMAT,
    },
    Adapter {
        kind: SourceKind::GenesysOpenMessaging,
        version: "1",
        schema: include_str!("../../../schemas/json/genesys-open-messaging/1.json"),
        referenced: &[],
        channel: "open-messaging",
        unwrap: transport::bare,
        format: format::genesys_open_messaging::FORMAT,
    },
    Adapter {
        kind: SourceKind::CxoneDigital,
        version: "1",
        schema: include_str!("../../../schemas/json/cxone-digital/1.json"),
        referenced: &[],
        channel: "digital",
        unwrap: transport::bare,
        format: format::cxone_digital::FORMAT,
    },
];

/// The schemas are part of this program, and a test compiles them all: failing here is a broken build, not an
/// event.
static LOADED: LazyLock<Vec<Loaded>> = LazyLock::new(|| {
    ADAPTERS
        .iter()
        .map(|adapter| match Loaded::new(adapter) {
            Ok(loaded) => loaded,
            Err(error) => panic!("{} version {}: {error}", adapter.kind, adapter.version),
        })
        .collect()
});

/// The adapters of a kind, the newest version first.
pub fn of_kind(kind: SourceKind) -> impl Iterator<Item = &'static Loaded> {
    LOADED.iter().filter(move |loaded| loaded.adapter.kind == kind)
}

// === impl Loaded ===

impl Loaded {
    /// Compiles an adapter's schema.
    ///
    /// # Errors
    /// When the schema, or one that it refers to, cannot be used.
    pub fn new(adapter: &'static Adapter) -> Result<Self, crate::schema::Error> {
        Ok(Self { adapter, schema: Schema::compile(adapter.schema, adapter.referenced)? })
    }
}

#[cfg(test)]
mod tests {
    use trunkline_config::ReadBy;

    use super::*;

    #[test]
    fn every_schema_compiles() {
        for loaded in LOADED.iter() {
            assert!(loaded.schema.shapes().count() > 1, "{} {}", loaded.adapter.kind, loaded.adapter.version);
        }
    }

    #[test]
    fn every_kind_has_an_adapter() {
        for kind in SourceKind::ALL.into_iter().filter(|kind| kind.read_by() == ReadBy::Adapter) {
            assert!(of_kind(kind).count() > 0, "{kind}");
        }
    }
}
