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
use trunkline_plugin::Decision;
use trunkline_schemas::{
    ConversationSummary, EnrichedEvent, EventTimeSource, PlatformEvent, ProfileView, SourceInfo,
};

/// The variables of one event.
pub(crate) struct Variables<'a> {
    /// `event`.
    event: Event<'a>,
    /// `profile`, where the customer is known.
    profile: Option<&'a ProfileView>,
    /// `conversation`; before enrichment nothing is said of it.
    conversation: Option<&'a ConversationSummary>,
    /// `decision`; null until one is made.
    decision: Option<&'a Decision>,
}

/// An event before or after enrichment: the same fields.
#[derive(Clone, Copy)]
enum Event<'a> {
    Platform(&'a PlatformEvent),
    Enriched(&'a EnrichedEvent),
}

/// Something of the event, whichever it is.
macro_rules! of {
    ($event:expr, $known:ident => $value:expr) => {
        match $event {
            Event::Platform($known) => $value,
            Event::Enriched($known) => $value,
        }
    };
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

impl<'a> Variables<'a> {
    /// Those of an event as it will be published, after a decision or without one.
    pub(crate) fn enriched(event: &'a EnrichedEvent, decision: Option<&'a Decision>) -> Self {
        Self {
            event: Event::Enriched(event),
            profile: event.profile.as_ref(),
            conversation: Some(&event.conversation),
            decision,
        }
    }

    /// Those of an event whose customer nobody has looked up yet: `event` alone.
    pub(crate) fn before_enrichment(event: &'a PlatformEvent) -> Self {
        Self { event: Event::Platform(event), profile: None, conversation: None, decision: None }
    }

    fn whole(&self, variable: &str) -> Option<Boxed<'_>> {
        let (name, fields) = vocabulary::VARIABLES.iter().find(|(name, _)| *name == variable)?;
        let unknown = match *name {
            "profile" => self.profile.is_none(),
            "conversation" => self.conversation.is_none(),
            "decision" => self.decision.is_none(),
            _ => false,
        };
        Some(if unknown { null() } else { object(fields, |field| self.field(name, field)) })
    }

    fn field(&self, variable: &str, field: &str) -> Option<Boxed<'_>> {
        match variable {
            "event" => self.event_field(field),
            "profile" => profile_field(self.profile?, field),
            "conversation" => self.conversation_field(field),
            "decision" => self.decision_field(field),
            _ => None,
        }
    }

    fn event_field(&self, field: &str) -> Option<Boxed<'_>> {
        let event = self.event;
        Some(match field {
            "eventId" => of!(event, e => text(&e.event_id)),
            "eventType" => of!(event, e => text(&e.event_type)),
            "sourceType" => of!(event, e => text(&e.source_type)),
            "platform" => of!(event, e => text(&e.platform)),
            "orgId" => of!(event, e => text(&e.org_id)),
            "entityType" => of!(event, e => text(&e.entity_type)),
            "entityId" => of!(event, e => text(&e.entity_id)),
            "conversationId" => of!(event, e => optional(e.conversation_id.as_deref())),
            "contactId" => of!(event, e => optional(e.contact_id.as_deref())),
            "flowSessionId" => of!(event, e => optional(e.flow_session_id.as_deref())),
            "participantId" => of!(event, e => optional(e.participant_id.as_deref())),
            "agentId" => of!(event, e => optional(e.agent_id.as_deref())),
            "queueId" => of!(event, e => optional(e.queue_id.as_deref())),
            "customerId" => of!(event, e => optional(e.customer_id.as_deref())),
            "mediaType" => of!(event, e => optional(e.media_type.as_deref())),
            "direction" => of!(event, e => optional(e.direction.as_deref())),
            "eventTime" => of!(event, e => integer(e.event_time)),
            "eventTimeSource" => of!(event, e => text(time_source(e.event_time_source))),
            "ingestTime" => of!(event, e => integer(e.ingest_time)),
            "correlationId" => of!(event, e => text(&e.correlation_id)),
            "sequence" => of!(event, e => e.sequence.map_or_else(null, integer)),
            "source" => {
                let source = of!(event, e => &e.source);
                object(&vocabulary::SOURCE_FIELDS, |field| source_field(source, field))
            }
            "attributes" => {
                let attributes = of!(event, e => &e.attributes);
                map(attributes.iter().map(|(name, value)| (name.as_str(), text(value))))
            }
            "tenantAttributes" => {
                let attributes = of!(event, e => &e.tenant_attributes);
                map(attributes.iter().map(|(name, value)| (name.as_str(), text(value))))
            }
            "data" => match event {
                Event::Platform(event) => text(&event.data),
                Event::Enriched(event) => optional(event.data.as_deref()),
            },
            _ => return source_field(of!(event, e => &e.source), field.strip_prefix("source.")?),
        })
    }

    fn conversation_field(&self, field: &str) -> Option<Boxed<'_>> {
        let conversation = self.conversation?;
        Some(match field {
            "state" => text(&conversation.state),
            "startedAt" => conversation.started_at.map_or_else(null, integer),
            "queuedMs" => conversation.queued_ms.map_or_else(null, integer),
            "handledMs" => conversation.handled_ms.map_or_else(null, integer),
            "transfers" => integer(conversation.transfers.into()),
            "events" => integer(conversation.events),
            "alertedMs" => conversation.alerted_ms.map_or_else(null, integer),
            "heldMs" => conversation.held_ms.map_or_else(null, integer),
            "acwMs" => conversation.acw_ms.map_or_else(null, integer),
            _ => {
                let count = match field {
                    "reopened" => conversation.reopened,
                    "agents" => conversation.agents,
                    "connectedAgents" => conversation.connected_agents,
                    "consults" => conversation.consults,
                    "conferences" => conversation.conferences,
                    "attendedTransfers" => conversation.attended_transfers,
                    "blindTransfers" => conversation.blind_transfers,
                    "unanswered" => conversation.unanswered,
                    _ => return None,
                };
                count.map_or_else(null, |count| integer(count.into()))
            }
        })
    }

    fn decision_field(&self, field: &str) -> Option<Boxed<'_>> {
        let decision = self.decision?;
        Some(match field {
            "queue" => text(&decision.queue),
            "priority" => decision.priority.map_or_else(null, |priority| integer(priority.into())),
            "ruleId" => text(&decision.rule),
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
        "balances" => map(profile.balances.iter().filter_map(|(currency, amount)| {
            let amount: Boxed<'a> = Box::new(CelDouble::from(amount.to_f64()?));
            Some((currency.as_str(), amount))
        })),
        "numbers" => map(profile.numbers.iter().map(|(target, number)| (target.as_str(), text(number)))),
        "values" => map(profile.values.iter().map(|(name, value)| (name.as_str(), text(value)))),
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
