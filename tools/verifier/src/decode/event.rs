//! Events, before and after the processor.

use super::{ADDED, enrichment, profile_fields};
use crate::avro::{Error, Fields};
use crate::evidence::fingerprint::Layouts;
use crate::evidence::{
    Enriched, Fact, Figures, Fingerprint, MoreFigures, NamedBy, Ordering, Told, ValueDigest,
};
use crate::topics::Record;

pub(super) fn fact(record: &Record, fields: &Fields, layouts: &mut Layouts) -> Result<Fact, Error> {
    let source = fields.record("source")?;
    let attributes = fields.texts("attributes")?;
    // Older builds have no such fields.
    let newer = |name: &str| if fields.has(name) { fields.optional_text(name) } else { Ok(None) };
    let attribute =
        |name: &str| attributes.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone());
    Ok(Fact {
        place: record.place,
        key: record.key_text(),
        timestamp: record.timestamp,
        event_id: fields.text("eventId")?,
        content_id: newer("contentId")?,
        declared_id: attribute("declaredId"),
        source_type: fields.text("sourceType")?,
        topic: attribute("topicName"),
        event_type: fields.text("eventType")?,
        entity_type: fields.text("entityType")?,
        conversation_id: fields.optional_text("conversationId")?,
        customer_by: customer_by(fields)?,
        customer_id: fields.optional_text("customerId")?,
        agent_id: fields.optional_text("agentId")?,
        told: told(fields)?,
        event_time: fields.integer("eventTime")?,
        ingest_time: fields.integer("ingestTime")?,
        participant_id: fields.optional_text("participantId")?,
        session_id: attribute("sessionId").or(newer("flowSessionId")?),
        sequence: fields.optional_integer("sequence")?,
        source: source.text("name")?,
        channel: source.text("channel")?,
        correlation_id: fields.text("correlationId")?,
        fields: Fingerprint::of(fields.iter().filter(|(name, _)| !ADDED.contains(name)), layouts),
        value: ValueDigest::of(record.value.as_deref()),
    })
}

/// By which field that has the same in it the customer was named.
fn customer_by(fields: &Fields) -> Result<NamedBy, Error> {
    let Some(customer) = fields.optional_text("customerId")? else { return Ok(NamedBy::default()) };
    // Older builds have no such field.
    let of_tenant =
        if fields.has("tenantAttributes") { fields.texts("tenantAttributes")? } else { Vec::new() };
    let names_it = |(name, text): &(String, String)| {
        ["customerid", "customer_id"].contains(&name.to_ascii_lowercase().as_str()) && *text == customer
    };
    Ok(if of_tenant.iter().any(names_it) {
        NamedBy::Tenant
    } else if fields.optional_text("contactId")?.is_some_and(|contact| contact == customer) {
        NamedBy::Platform
    } else {
        NamedBy::Channel
    })
}

/// Of other types of events this would only take room.
fn told(fields: &Fields) -> Result<Option<Box<Told>>, Error> {
    let event_type = fields.text("eventType")?;
    let about_sessions = ["conversation.", "queue.", "flow.", "participant.", "acw."];
    if !about_sessions.iter().any(|prefix| event_type.starts_with(prefix)) {
        return Ok(None);
    }
    Ok(Some(Box::new(Told {
        media_type: fields.optional_text("mediaType")?,
        direction: fields.optional_text("direction")?,
        attributes: fields.texts("attributes")?.into_iter().collect(),
    })))
}

fn more_figures(figures: &Fields) -> Result<Option<MoreFigures>, Error> {
    if !figures.has("reopened") {
        return Ok(None);
    }
    Ok(Some(MoreFigures {
        reopened: figures.optional_integer("reopened")?,
        agents: figures.optional_integer("agents")?,
        connected_agents: figures.optional_integer("connectedAgents")?,
        alerted_ms: figures.optional_integer("alertedMs")?,
        held_ms: figures.optional_integer("heldMs")?,
        acw_ms: figures.optional_integer("acwMs")?,
        consults: figures.optional_integer("consults")?,
        conferences: figures.optional_integer("conferences")?,
        attended_transfers: figures.optional_integer("attendedTransfers")?,
        blind_transfers: figures.optional_integer("blindTransfers")?,
        unanswered: figures.optional_integer("unanswered")?,
    }))
}

pub(super) fn enriched(record: &Record, fields: &Fields, layouts: &mut Layouts) -> Result<Enriched, Error> {
    let ordering = fields.record("ordering")?;
    let figures = fields.record("conversation")?;
    Ok(Enriched {
        fact: fact(record, fields, layouts)?,
        ordering: Ordering {
            position: ordering.integer("position")?,
            mode: ordering.text("mode")?,
            late: ordering.flag("late")?,
            gap_before: ordering.flag("gapBefore")?,
        },
        dedup_unknown: fields.flag("dedupUnknown")?,
        possible_repeat: fields.has("possibleRepeat") && fields.flag("possibleRepeat")?,
        figures: Figures {
            state: figures.text("state")?,
            started_at: figures.optional_integer("startedAt")?,
            queued_ms: figures.optional_integer("queuedMs")?,
            handled_ms: figures.optional_integer("handledMs")?,
            transfers: figures.integer("transfers")?,
            events: figures.integer("events")?,
            more: more_figures(&figures)?,
        },
        enrichment: enrichment(&fields.record("enrichment")?)?,
        profile: fields.optional_record("profile")?.as_ref().map(profile_fields).transpose()?,
        held_ms: record.header("trunkline.held-ms").and_then(|held| held.parse().ok()).unwrap_or(0),
    })
}
