//! What expressions see: the fields of the published values, under their published names.
//! `trunkline_config::vocabulary` lists the same fields, and refuses others before anything starts.
//!
//! Nothing is made beforehand. The interpreter asks for the longest name it can make of `event.source.name` first, so
//! most expressions get the one field they name, borrowed from the event; a whole variable is only put together where
//! one is meant (`profile != null`, `has(event.agentId)`).

use std::collections::HashMap;

use cel::common::types::{CelBool, CelDouble, CelInt, CelMap, CelMapKey, CelNull, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use rust_decimal::prelude::ToPrimitive;
use trunkline_config::vocabulary;
use trunkline_schemas::{EnrichedEvent, EventTimeSource, ProfileView, SourceInfo};

use crate::Route;

/// The variables of one event.
pub(crate) struct Variables<'a> {
    /// `event`, `profile` and `conversation`.
    pub(crate) event: &'a EnrichedEvent,
    /// `decision`, with the id of the rule that made it; null until one is made.
    pub(crate) decision: Option<(&'a str, &'a Route)>,
}

type Boxed<'a> = Box<dyn Val + 'a>;

// === impl Variables ===

impl VariableResolver for Variables<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        let value = match name.split_once('.') {
            Some((variable, field)) => self.field(variable, field),
            None => self.whole(name),
        };
        value.map(CowVal::Owned)
    }
}

impl Variables<'_> {
    fn whole(&self, variable: &str) -> Option<Boxed<'_>> {
        let (name, fields) = vocabulary::VARIABLES.iter().find(|(name, _)| *name == variable)?;
        let unknown = match *name {
            "profile" => self.event.profile.is_none(),
            "decision" => self.decision.is_none(),
            _ => false,
        };
        Some(if unknown { null() } else { object(fields, |field| self.field(name, field)) })
    }

    fn field(&self, variable: &str, field: &str) -> Option<Boxed<'_>> {
        match variable {
            "event" => self.event_field(field),
            "profile" => profile_field(self.event.profile.as_ref()?, field),
            "conversation" => self.conversation_field(field),
            "decision" => self.decision_field(field),
            _ => None,
        }
    }

    fn event_field(&self, field: &str) -> Option<Boxed<'_>> {
        let event = self.event;
        Some(match field {
            "eventId" => text(&event.event_id),
            "eventType" => text(&event.event_type),
            "sourceType" => text(&event.source_type),
            "platform" => text(&event.platform),
            "orgId" => text(&event.org_id),
            "entityType" => text(&event.entity_type),
            "entityId" => text(&event.entity_id),
            "conversationId" => optional(event.conversation_id.as_deref()),
            "contactId" => optional(event.contact_id.as_deref()),
            "flowSessionId" => optional(event.flow_session_id.as_deref()),
            "participantId" => optional(event.participant_id.as_deref()),
            "agentId" => optional(event.agent_id.as_deref()),
            "queueId" => optional(event.queue_id.as_deref()),
            "customerId" => optional(event.customer_id.as_deref()),
            "mediaType" => optional(event.media_type.as_deref()),
            "direction" => optional(event.direction.as_deref()),
            "eventTime" => integer(event.event_time),
            "eventTimeSource" => text(time_source(event.event_time_source)),
            "ingestTime" => integer(event.ingest_time),
            "correlationId" => text(&event.correlation_id),
            "sequence" => event.sequence.map_or_else(null, integer),
            "source" => object(&vocabulary::SOURCE_FIELDS, |field| source_field(&event.source, field)),
            "attributes" => map(event.attributes.iter().map(|(name, value)| (name.as_str(), text(value)))),
            "data" => optional(event.data.as_deref()),
            _ => return source_field(&event.source, field.strip_prefix("source.")?),
        })
    }

    fn conversation_field(&self, field: &str) -> Option<Boxed<'_>> {
        let conversation = &self.event.conversation;
        Some(match field {
            "state" => text(&conversation.state),
            "startedAt" => conversation.started_at.map_or_else(null, integer),
            "queuedMs" => conversation.queued_ms.map_or_else(null, integer),
            "handledMs" => conversation.handled_ms.map_or_else(null, integer),
            "transfers" => integer(conversation.transfers.into()),
            "events" => integer(conversation.events),
            _ => return None,
        })
    }

    fn decision_field(&self, field: &str) -> Option<Boxed<'_>> {
        let (rule, route) = self.decision?;
        Some(match field {
            "queue" => text(&route.queue),
            "priority" => route.priority.map_or_else(null, |priority| integer(priority.into())),
            "ruleId" => text(rule),
            _ => return None,
        })
    }
}

fn source_field<'a>(source: &'a SourceInfo, field: &str) -> Option<Boxed<'a>> {
    Some(match field {
        "name" => text(&source.name),
        "kind" => text(&source.kind),
        "channel" => text(&source.channel),
        "transportId" => optional(source.transport_id.as_deref()),
        "adapter" => text(&source.adapter),
        "schemaVersion" => text(&source.schema_version),
        "backfilled" => Box::new(CelBool::from(source.backfilled)),
        _ => return None,
    })
}

fn profile_field<'a>(profile: &'a ProfileView, field: &str) -> Option<Boxed<'a>> {
    Some(match field {
        "customerId" => text(&profile.customer_id),
        "accountName" => optional(profile.account_name.as_deref()),
        "loyaltyTier" => optional(profile.loyalty_tier.as_deref()),
        "balance" => match profile.balance.and_then(|balance| balance.to_f64()) {
            Some(balance) => Box::new(CelDouble::from(balance)),
            None => null(),
        },
        "currency" => optional(profile.currency.as_deref()),
        "openTickets" => profile.open_tickets.map_or_else(null, |number| integer(number.into())),
        "lastInteractionDate" => profile.last_interaction_date.map_or_else(null, integer),
        _ => return None,
    })
}

fn time_source(source: EventTimeSource) -> &'static str {
    match source {
        EventTimeSource::Unknown => "UNKNOWN",
        EventTimeSource::Platform => "PLATFORM",
        EventTimeSource::Ingest => "INGEST",
    }
}

fn text(text: &str) -> Boxed<'_> {
    Box::new(CelString::from(text))
}

fn optional(value: Option<&str>) -> Boxed<'_> {
    value.map_or_else(null, text)
}

fn integer<'a>(number: i64) -> Boxed<'a> {
    Box::new(CelInt::from(number))
}

fn null<'a>() -> Boxed<'a> {
    Box::new(CelNull)
}

fn object<'a>(fields: &[&'static str], value: impl Fn(&str) -> Option<Boxed<'a>>) -> Boxed<'a> {
    map(fields.iter().filter_map(|field| Some((*field, value(field)?))))
}

fn map<'a>(entries: impl Iterator<Item = (&'a str, Boxed<'a>)>) -> Boxed<'a> {
    let entries: HashMap<CelMapKey<'a>, Boxed<'a>> =
        entries.map(|(name, value)| (CelMapKey::from(name), value)).collect();
    Box::new(CelMap::from(entries))
}
