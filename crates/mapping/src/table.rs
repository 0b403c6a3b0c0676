//! Payloads read by a table of a configuration: the fields of the envelope stand where it says.
//!
//! The table is the schema as well: what it reads as one value must be one, what it requires must be there, and what it
//! does not name is drift where it lists what payloads are known to have.

use std::borrow::Cow;

use serde_json::Value;
use trunkline_config::{EventField, EventTable, Source, WordPattern};
use trunkline_schemas::event_type;

use crate::difference::{Change, Difference, type_of};
use crate::event_time::Times;
use crate::field::Fields;
use crate::format::{Identity, Mapped, Occurrence};
use crate::payload::Element;
use crate::schema::{Known, Violation};

/// A table, and the source that is read by it.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    table: &'a EventTable,
    source: &'a Source,
}

/// The only shape that a table has.
const SHAPE: &str = "event";

/// The type of what names none.
const UNNAMED: &str = "unnamed";

/// What an event is about, the closest first, where no conversation is named and nothing else is configured.
const SUBJECTS: [(EventField, &str); 3] =
    [(EventField::AgentId, "agent"), (EventField::QueueId, "queue"), (EventField::CustomerId, "customer")];

// === impl Table ===

impl<'a> Table<'a> {
    /// The version of all tables: what they say changes with the configuration.
    pub const VERSION: &'static str = "1";

    /// The table of a source.
    pub fn new(table: &'a EventTable, source: &'a Source) -> Self {
        Self { table, source }
    }

    /// The platform of the events.
    pub fn platform(&self) -> &'a str {
        &self.table.platform
    }

    /// Kind and source: what two of them tell of one conversation has no common order, and no common numbers.
    pub fn channel(&self) -> String {
        format!("{}/{}", self.source.kind, self.source.name)
    }

    /// The shape of a payload that has anything of what the table reads.
    pub fn shape(&self, element: &Element<'_>) -> Option<&'static str> {
        let has = |pointer: &str| element.value.pointer(pointer).is_some_and(|found| !found.is_null());
        self.table.scalars().any(has).then_some(SHAPE)
    }

    /// What a payload has of another type than the table reads, and what it lacks.
    pub fn violations(&self, payload: &Value) -> Vec<Violation> {
        let mut found: Vec<Violation> = Vec::new();
        for violation in self.table.readings().flat_map(|pointers| self.misread(pointers, payload)) {
            if !found.contains(&violation) {
                found.push(violation);
            }
        }
        found.extend(self.missing(payload).map(|pointer| Violation {
            difference: Difference::new(pointer, Change::MissingField, None),
            value: None,
        }));
        found
    }

    /// What of another type stands at alternatives of which none can be read.
    fn misread(&self, pointers: &[String], payload: &Value) -> Vec<Violation> {
        let read = |pointer: &String| {
            payload.pointer(pointer).is_some_and(|found| Fields::of(found).free_text("").is_some())
        };
        if pointers.iter().any(read) {
            return Vec::new();
        }
        pointers.iter().filter_map(|pointer| self.wrong(pointer, payload)).collect()
    }

    /// What on the way to a value, or in its place, cannot be there: a list or an object where one value is read, and
    /// one value where more should be below it. What the table reads or knows otherwise is no reason to take it away:
    /// one payload has it so, and another so.
    fn wrong(&self, pointer: &str, payload: &Value) -> Option<Violation> {
        let violation = |at: &str, found: &Value| {
            let difference = Difference::new(at, Change::TypeChanged, Some(type_of(found)));
            Some(Violation { difference, value: Some(at.to_owned()) })
        };
        for (end, _) in pointer.match_indices('/').skip(1) {
            let at = &pointer[..end];
            match payload.pointer(at)? {
                Value::Object(_) | Value::Array(_) => {}
                Value::Null => return None,
                _ if self.table.named().any(|named| named == at) => return None,
                found => return violation(at, found),
            }
        }
        match payload.pointer(pointer)? {
            found @ (Value::Object(_) | Value::Array(_)) if !self.has_parts(pointer, found) => {
                violation(pointer, found)
            }
            _ => None,
        }
    }

    /// Whether parts of what stands at a JSON Pointer are read or known.
    fn has_parts(&self, pointer: &str, found: &Value) -> bool {
        let is_position = |part: &str| part == "*" || part.parse::<usize>().is_ok();
        let below = |named: &str| match named.strip_prefix(pointer).and_then(|rest| rest.strip_prefix('/')) {
            Some(rest) => found.is_object() || is_position(rest.split('/').next().unwrap_or_default()),
            None => false,
        };
        self.table.named().any(below)
            || (found.is_object() && self.table.objects().any(|object| object == pointer))
    }

    /// JSON Pointers of what is required and absent.
    fn missing(&self, payload: &Value) -> impl Iterator<Item = &'a str> {
        let absent = move |pointer: &String| id_at(pointer, payload, None).is_none();
        // A time may be an object.
        let nothing = move |pointer: &String| payload.pointer(pointer).is_none_or(Value::is_null);
        let fields = self.table.required.iter().filter_map(move |field| {
            let pointers = self.table.fields.get(field)?;
            let is_missing = match field {
                EventField::EventTime => pointers.iter().all(nothing),
                _ => pointers.iter().all(absent),
            };
            is_missing.then(|| pointers.first())?
        });
        let identity = self.table.identity.iter().filter(move |pointer| absent(pointer));
        fields.chain(identity).map(String::as_str)
    }

    /// Whether nothing but its content and its delivery names an event.
    pub fn names_by_body(&self) -> bool {
        self.table.identity.is_empty()
    }

    /// Where the closest thing stands that an event could be about.
    pub fn first_subject(&self) -> &'a str {
        self.subjects().filter_map(|pointers| pointers.first()).next().map_or("", String::as_str)
    }

    /// What is of a wrong type at a subject that is closer than the one that `mapped` is about.
    pub fn misread_subject(&self, mapped: &Mapped, whole: &Value) -> Option<Difference> {
        let id = |pointers: &[String]| pointers.iter().find_map(|pointer| id_at(pointer, whole, None));
        if mapped.conversation_id.is_some() {
            return None;
        }
        let closer = self.subjects().take_while(|pointers| id(pointers).is_none());
        let mut wrong = closer.flat_map(|pointers| {
            let flag = |pointer: &String| {
                let found = whole.pointer(pointer).filter(|found| found.is_boolean())?;
                Some(Difference::new(pointer, Change::TypeChanged, Some(type_of(found))))
            };
            let others = self.misread(pointers, whole).into_iter().map(|violation| violation.difference);
            others.chain(pointers.iter().filter_map(flag))
        });
        wrong.next()
    }

    /// Where each thing stands that an event can be about, the closest first.
    fn subjects(&self) -> impl Iterator<Item = &'a [String]> {
        let fields = [EventField::ConversationId, EventField::EntityId].into_iter();
        let fields = fields.chain(SUBJECTS.map(|(field, _)| field));
        fields.filter_map(|field| self.table.fields.get(&field).map(Vec::as_slice))
    }

    /// What the table does not name, where it says what payloads are known to have.
    pub fn unknown_fields(&self, payload: &Value) -> Vec<Difference> {
        let mut found = Vec::new();
        if let Some(known) = self.known() {
            known.compare(payload, &mut String::new(), &mut found);
        }
        found
    }

    /// Takes what the table does not name out of a payload.
    pub fn without_unknown(&self, payload: &mut Value) {
        if let Some(known) = self.known() {
            known.retain(payload);
        }
    }

    fn known(&self) -> Option<Known> {
        let named = || self.table.named().chain(self.source.sequence.as_deref());
        self.table.known.is_some().then(|| Known::of_pointers(named()))
    }

    /// The fields of the envelope; `configured_org` is the source's tenant in the configuration.
    pub fn map(&self, element: &Element<'_>, configured_org: Option<&str>) -> Mapped {
        let table = self.table;
        let id = |field| self.id(element, table.fields.get(&field)?);
        let (event_type, own_type) = self.types(element);
        let mut mapped = Mapped {
            event_type: event_type.unwrap_or(event_type::PLATFORM_EVENT),
            unknown_type: event_type.is_none(),
            source_type: own_type.unwrap_or_else(|| event_type.unwrap_or(UNNAMED).to_owned()),
            org: id(EventField::OrgId).or_else(|| configured_org.map(ToOwned::to_owned)),
            conversation_id: id(EventField::ConversationId),
            contact_id: id(EventField::ContactId),
            flow_session_id: id(EventField::FlowSessionId),
            participant_id: id(EventField::ParticipantId),
            agent_id: id(EventField::AgentId),
            queue_id: id(EventField::QueueId),
            customer_id: id(EventField::CustomerId),
            media_type: id(EventField::MediaType).map(|word| word.trim().to_lowercase()),
            direction: id(EventField::Direction).map(|word| word.trim().to_lowercase()),
            times: self.times(element),
            correlation_id: id(EventField::CorrelationId),
            transport_id: id(EventField::TransportId),
            ..Mapped::default()
        };
        mapped.entity = self.entity(element, &mapped);
        mapped.identity = self.identity(element, &mapped.source_type);
        for (name, pointers) in &table.attributes {
            let found = pointers.iter().find_map(|pointer| at(pointer, element)?.free_text(""));
            mapped.attribute(name, found);
        }
        for own in table.tenant_attributes.iter().filter_map(|pointer| at(pointer, element)) {
            mapped.tenant_attributes(&own);
        }
        mapped
    }

    fn id(&self, element: &Element<'_>, pointers: &[String]) -> Option<String> {
        pointers.iter().find_map(|pointer| id_at(pointer, &element.value, element.written.as_ref()))
    }

    /// Trunkline's type of a payload, and the platform's own name of it; `None` where nothing says them.
    fn types(&self, element: &Element<'_>) -> (Option<&'static str>, Option<String>) {
        let text = |pointer: &String| at(pointer, element)?.free_text("");
        let canonical = self.table.canonical.iter().filter_map(text);
        let canonical = canonical.filter_map(|name| event_type::known(name.as_bytes())).next();
        let by_rule = || {
            let holds = |(pointer, word): &(String, WordPattern)| {
                text(pointer).is_some_and(|text| word.matches(&text))
            };
            self.table.types.iter().find(|rule| rule.when.iter().all(holds)).map(|rule| rule.event_type)
        };
        let own = self.table.source_type.iter().chain(&self.table.canonical).find_map(text);
        (canonical.or_else(by_rule), own)
    }

    fn times(&self, element: &Element<'_>) -> Times {
        let pointers = self.table.fields.get(&EventField::EventTime).map(Vec::as_slice).unwrap_or_default();
        let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
        Times::read(element.typed(), "", &pointers)
    }

    /// What an event is about that names no conversation.
    fn entity(&self, element: &Element<'_>, mapped: &Mapped) -> Option<(Cow<'static, str>, String)> {
        let configured = self.table.entity_type.clone().and_then(|entity_type| {
            Some((entity_type.into(), self.id(element, self.table.fields.get(&EventField::EntityId)?)?))
        });
        let known = || {
            SUBJECTS.into_iter().find_map(|(field, entity_type)| {
                let id = match field {
                    EventField::AgentId => &mapped.agent_id,
                    EventField::QueueId => &mapped.queue_id,
                    _ => &mapped.customer_id,
                };
                Some((entity_type.into(), id.clone()?))
            })
        };
        configured.or_else(known)
    }

    /// What makes it the same fact: what the configuration says, else nothing but its delivery. Ids of two sources have
    /// nothing to do with each other, so that the source is a part of it.
    fn identity(&self, element: &Element<'_>, source_type: &str) -> Identity {
        let field = |pointer: &String| self.id(element, std::slice::from_ref(pointer)).unwrap_or_default();
        let identity = if self.table.identity.is_empty() {
            Identity::of_body(source_type, &element.value, Occurrence::Told(Vec::new()))
        } else {
            Identity::of_fields(source_type, self.table.identity.iter().map(field).collect())
        };
        identity.told_by(&self.channel())
    }
}

/// What stands at a JSON Pointer of a payload.
fn at<'e>(pointer: &str, element: &'e Element<'_>) -> Option<Fields<'e>> {
    let written = element.written.as_ref().and_then(|written| written.pointer(pointer));
    Some(Fields::of(element.value.pointer(pointer)?).with_written(written))
}

/// The id at a JSON Pointer: a text, or a number as it was written.
fn id_at(pointer: &str, payload: &Value, written: Option<&Value>) -> Option<String> {
    let written = written.and_then(|written| written.pointer(pointer));
    Fields::of(payload.pointer(pointer)?).with_written(written).id("")
}
