//! The report for people.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use chrono::{DateTime, SecondsFormat};
use trunkline_schemas::{EventTimeSource, PlatformEvent};

use super::report::{ChangeRecord, ChangeRecords, Event, Fate, Payload, QuarantineRecord, Report, Summary};
use crate::count::count;

// === impl Report ===

impl Display for Report {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        for payload in &self.payloads {
            writeln!(formatter, "{payload}")?;
        }
        write!(formatter, "{}", self.summary)
    }
}

// === impl Payload ===

impl Display for Payload {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let place = printable(&self.place);
        match &self.fate {
            Fate::Event(event) => write!(formatter, "{place}  {}\n{event}", event.event.event_type),
            Fate::Changes(changes) => {
                let change = changes.records.first().map_or("", |record| record.change.change_type.as_str());
                write!(formatter, "{place}  {change}\n{changes}")
            }
            Fate::Quarantined(record) => write!(formatter, "{place}  quarantined\n{record}"),
            Fate::Refused { reason } => {
                writeln!(formatter, "{place}  refused, nothing is kept")?;
                field(formatter, "reason", reason)
            }
        }
    }
}

// === impl Event ===

impl Display for Event {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let event = &self.event;
        field(formatter, "kind", self.kind)?;
        field(formatter, "record", &format!("{}, key {}", self.topic, self.key))?;
        field(formatter, "sourceType", &event.source_type)?;
        field(formatter, "eventId", &event.event_id)?;
        optional(formatter, "contentId", event.content_id.as_deref())?;
        field(formatter, "eventTime", &time(event))?;
        if let Some(sequence) = event.sequence {
            field(formatter, "sequence", &sequence.to_string())?;
        }
        field(formatter, "entity", &format!("{} {}", event.entity_type, event.entity_id))?;
        for (name, id) in [
            ("conversationId", &event.conversation_id),
            ("customerId", &event.customer_id),
            ("participantId", &event.participant_id),
            ("agentId", &event.agent_id),
            ("queueId", &event.queue_id),
            ("contactId", &event.contact_id),
            ("flowSessionId", &event.flow_session_id),
            ("mediaType", &event.media_type),
            ("direction", &event.direction),
        ] {
            optional(formatter, name, id.as_deref())?;
        }
        for (name, attributes) in
            [("attributes", &event.attributes), ("tenantAttributes", &event.tenant_attributes)]
        {
            if !attributes.is_empty() {
                let names: Vec<&str> = attributes.keys().map(String::as_str).collect();
                field(formatter, name, &format!("{}: {}", names.len(), names.join(", ")))?;
            }
        }
        if event.attributes_cut {
            field(formatter, "attributesCut", "an attribute was left out or shortened; data has the whole")?;
        }
        for redacted in &event.redacted {
            field(formatter, "redacted", redacted)?;
        }
        for difference in &self.drift {
            field(formatter, "drift", &difference.says)?;
        }
        optional(formatter, "duplicate of", self.duplicate_of.as_deref())?;
        optional(formatter, "may repeat", self.possible_repeat_of.as_deref())
    }
}

// === impl ChangeRecords ===

impl Display for ChangeRecords {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        field(formatter, "kind", self.kind)?;
        for ChangeRecord { key, change } in &self.records {
            field(formatter, "record", &format!("{}, key {key}", self.topic))?;
            field(formatter, "changeId", &change.change_id)?;
            optional(formatter, "sourceType", change.source_type.as_deref())?;
            field(formatter, "entity", &format!("{} {}", change.entity, change.entity_id))?;
            field(formatter, "changedAt", &millis(change.changed_at))?;
            optional(formatter, "sequence", change.sequence.as_deref())?;
            let customer = Some(change.customer_id.as_str()).filter(|customer| !customer.is_empty());
            optional(formatter, "customerId", customer)?;
            for (name, fields) in [("changed", &change.changed_fields), ("nulled", &change.nulled_fields)] {
                if !fields.is_empty() {
                    field(formatter, name, &fields.join(", "))?;
                }
            }
            optional(formatter, "reread", change.reread.as_deref())?;
            optional(formatter, "origin", change.origin.as_deref())?;
            if change.own_write {
                field(formatter, "ownWrite", "it is the echo of a write-back")?;
            }
        }
        for difference in &self.drift {
            field(formatter, "drift", &difference.says)?;
        }
        Ok(())
    }
}

// === impl QuarantineRecord ===

impl Display for QuarantineRecord {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        optional(formatter, "kind", self.kind)?;
        field(formatter, "record", &format!("{}, key {}", self.topic, self.key))?;
        if !self.source_type.is_empty() {
            field(formatter, "sourceType", &self.source_type)?;
        }
        field(formatter, "code", &self.code)?;
        field(formatter, "reason", &self.reason)?;
        // The reason names the first of them.
        for difference in self.drift.iter().filter(|difference| !self.reason.starts_with(&difference.says)) {
            field(formatter, "drift", &difference.says)?;
        }
        Ok(())
    }
}

// === impl Summary ===

impl Display for Summary {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self { events, quarantined, refused, .. } = self;
        let (payloads, events) = (count(self.payloads, "payload"), count(*events, "event"));
        let changes = match self.changes {
            0 => String::new(),
            changes => format!(" {},", count(changes, "change")),
        };
        writeln!(formatter, "{payloads}: {events},{changes} {quarantined} quarantined, {refused} refused")?;
        for (what, number) in [
            ("without a conversation", self.without_conversation),
            ("without a customer", self.without_customer),
            ("without a time of the platform: that of receipt takes its place", self.without_time),
            ("without a tenant: --org names it, 'unknown' stands in keys and ids", self.without_org),
            ("with the eventId of an earlier one", self.duplicates),
            ("that may repeat the one before: same contentId, another eventId", self.possible_repeats),
            ("with attributes that were cut", self.attributes_cut),
            ("with something redacted", self.redacted),
        ] {
            if number > 0 {
                writeln!(formatter, "{number:>7} {what}")?;
            }
        }
        counts(formatter, "kinds", &self.kinds)?;
        counts(formatter, "event types", &self.event_types)?;
        counts(formatter, "unknown types", &self.unknown_types)?;
        counts(formatter, "drift", &self.drift)?;
        counts(formatter, "what differs", &self.differences)?;
        counts(formatter, "why not", &self.reasons)?;
        Ok(())
    }
}

/// A heading, and how often there was what.
fn counts(
    formatter: &mut Formatter<'_>,
    heading: &str,
    counts: &BTreeMap<impl AsRef<str>, usize>,
) -> fmt::Result {
    if !counts.is_empty() {
        writeln!(formatter, "{heading}")?;
    }
    for (what, number) in counts {
        writeln!(formatter, "{number:>7} {}", printable(what.as_ref()))?;
    }
    Ok(())
}

fn optional(formatter: &mut Formatter<'_>, name: &str, value: Option<&str>) -> fmt::Result {
    value.map_or(Ok(()), |value| field(formatter, name, value))
}

fn field(formatter: &mut Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    writeln!(formatter, "  {name:<17} {}", printable(value))
}

fn time(event: &PlatformEvent) -> String {
    match event.event_time_source {
        EventTimeSource::Platform => millis(event.event_time),
        _ => "none in the payload; the time of receipt takes its place".to_owned(),
    }
}

fn millis(time: i64) -> String {
    DateTime::from_timestamp_millis(time)
        .map_or_else(|| time.to_string(), |time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// What a payload says must not move the cursor or colour the screen of whoever looks at it.
fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    Cow::Owned(shown)
}
