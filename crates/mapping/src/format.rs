//! Formats: from a platform's event, freed of its transport, to the fields of the envelope. Pure functions,
//! one file a format.

mod cxone_agent_session;
mod cxone_contact;
pub mod cxone_digital;
mod cxone_digital_events;
pub mod genesys_events;
pub mod genesys_open_messaging;
mod genesys_own_time;
mod genesys_snapshot;
pub mod genesys_topics;
mod identity;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

pub use self::identity::{Content, Identity, Occurrence};
use crate::event_time::Times;
use crate::field::Fields;
use crate::transport::Unwrapped;

/// How a platform writes its events, whichever transport brings them.
pub struct Format {
    /// The platform, as in `PlatformEvent::platform`.
    pub platform: &'static str,
    /// Which of the schema's shapes an event is meant to have; `None` when it is nothing this format knows.
    pub shape: fn(&Unwrapped<'_>) -> Option<&'static str>,
    /// Maps an event that has that shape. `configured_org` is the source's tenant in the configuration.
    pub map: fn(event: &Unwrapped<'_>, shape: &str, configured_org: Option<&str>) -> Mapped,
}

/// What a format reads out of an event; the rest of the envelope is the same for all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapped {
    /// Canonical type, see `trunkline_schemas::event_type`.
    pub event_type: &'static str,
    /// The platform's own name of the type.
    pub source_type: String,
    /// True when the platform's type is none this format knows: accepted all the same, and reported as drift.
    pub unknown_type: bool,
    /// JSON Pointer of what the platform's type promises to tell, where the event does not tell it: reported as drift.
    pub untold: Option<&'static str>,
    /// Parts of a known type that this format does not know: reported as the type would be.
    pub unknown_parts: Vec<String>,
    /// The tenant.
    pub org: Option<String>,
    /// What the event is about, where it is no conversation: type and native id.
    pub entity: Option<(Cow<'static, str>, String)>,
    /// As in `PlatformEvent`.
    pub conversation_id: Option<String>,
    /// As in `PlatformEvent`.
    pub contact_id: Option<String>,
    /// As in `PlatformEvent`.
    pub flow_session_id: Option<String>,
    /// As in `PlatformEvent`.
    pub participant_id: Option<String>,
    /// As in `PlatformEvent`.
    pub agent_id: Option<String>,
    /// As in `PlatformEvent`.
    pub queue_id: Option<String>,
    /// As in `PlatformEvent`.
    pub customer_id: Option<String>,
    /// As in `PlatformEvent`.
    pub media_type: Option<String>,
    /// As in `PlatformEvent`.
    pub direction: Option<String>,
    /// When it happened, as far as the payload says, the best time first.
    pub times: Times,
    /// The platform's correlation id.
    pub correlation_id: Option<String>,
    /// The stream within the source that has an order of its own, where it is another than the adapter's.
    pub channel: Option<&'static str>,
    /// The transport's own id of this delivery.
    pub transport_id: Option<String>,
    /// What makes it the same fact.
    pub identity: Identity,
    /// Flat extras for rules, of the platform's own fields.
    pub attributes: BTreeMap<String, String>,
    /// Attributes that the tenant's own flows set, under names of the tenant's choice.
    pub tenant_attributes: BTreeMap<String, String>,
}

// === impl Mapped ===

impl Mapped {
    /// Adds an extra, where there is one.
    pub fn attribute(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.attributes.insert(name.to_owned(), value);
        }
    }

    /// Adds the tenant's attributes that an object holds, where there is one; values that are lists or objects
    /// stay in the payload alone.
    pub(crate) fn tenant_attributes(&mut self, attributes: &Fields<'_>) {
        for (name, field) in attributes.members("") {
            let value = match field.value("") {
                Some(Value::String(text)) => Some(text.clone()),
                _ => field.free_text(""),
            };
            self.tenant_attributes.extend(value.map(|value| (name.to_owned(), value)));
        }
    }
}
