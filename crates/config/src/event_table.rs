//! `[sources.NAME.mapping]` of a source whose payloads are read by a table: which value of a payload becomes which
//! field of an event.

mod field;
mod preset;
mod type_rule;
mod word_pattern;

use std::collections::BTreeMap;

pub use self::field::EventField;
pub use self::type_rule::TypeRule;
pub use self::word_pattern::WordPattern;
use crate::SourceKind;
use crate::section::{Problem, Read, Section, Value};
use crate::values::{one_of, pointer, pointers, text};

/// How the payloads of a source become events. Every `Vec` of JSON Pointers (RFC 6901) is of alternatives, the best
/// first: the first one at which something stands counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTable {
    /// The platform that the events are of, the first part of their keys.
    pub platform: String,
    /// JSON Pointers of the values that together make two payloads the same fact. None: each delivery is an occurrence
    /// of its own.
    pub identity: Vec<String>,
    /// Where the platform's own name of the type stands.
    pub source_type: Vec<String>,
    /// Where one of Trunkline's own names of the type may stand, for senders that can be told what to write.
    pub canonical: Vec<String>,
    /// Which payloads are of which type; the first rule that matches applies.
    pub types: Vec<TypeRule>,
    /// What an event is about that names no conversation: the type of the entity that [`EventField::EntityId`] names.
    pub entity_type: Option<String>,
    /// Where the fields of the envelope stand.
    pub fields: BTreeMap<EventField, Vec<String>>,
    /// Where the attributes of events stand, by their names.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Where objects stand whose members the tenant's own flows set.
    pub tenant_attributes: Vec<String>,
    /// Fields without which a payload is no event: it is quarantined.
    pub required: Vec<EventField>,
    /// Further values that payloads are known to have; `*` stands for any position of a list. What neither this nor
    /// anything else here names is reported as drift; `None`: nothing is.
    pub known: Option<Vec<String>>,
}

/// The fields of the envelope that say what an event is about.
const SUBJECTS: [EventField; 5] = [
    EventField::ConversationId,
    EventField::EntityId,
    EventField::AgentId,
    EventField::QueueId,
    EventField::CustomerId,
];

// === impl EventTable ===

impl EventTable {
    /// The table of a kind of source, with what `section` (`mapping`) says before it.
    pub(crate) fn read(section: &Section<'_>, kind: SourceKind) -> Option<Self> {
        let preset = preset::of(kind);
        let platform =
            match preset.as_ref().map(|preset| preset.platform.clone()).filter(|name| !name.is_empty()) {
                Some(platform) => section.optional("platform", platform_name).or(Some(platform)),
                None => section.required("platform", platform_name),
            };
        let base = preset.unwrap_or_default();
        let own_types = section.tables("types", &format!("{}: type rule", section.title()), TypeRule::read);
        let required = section.optional("required", list_of_fields);
        let mut table = Self {
            platform: platform.clone().unwrap_or_default(),
            identity: section.or("identity", pointers, base.identity),
            source_type: section.or("source_type", pointers, base.source_type),
            canonical: section.or("canonical", pointers, base.canonical),
            types: own_types.into_iter().chain(base.types).collect(),
            entity_type: section.optional("entity_type", text).or(base.entity_type),
            fields: section.table("fields", |fields| EventField::read_all(fields, base.fields)),
            attributes: base.attributes,
            tenant_attributes: section.or("tenant_attributes", pointers, base.tenant_attributes),
            required: required.unwrap_or(base.required),
            known: base.known,
        };
        table.attributes.extend(section.map("attributes", pointers));
        if let Some(known) = section.optional("known", crate::values::list(0, pointer)) {
            table.known.get_or_insert_default().extend(known);
        }
        table.check(section);
        platform.map(|_| table)
    }

    /// Notes what is wrong with it as a whole.
    fn check(&self, section: &Section<'_>) {
        if !SUBJECTS.iter().any(|field| self.fields.contains_key(field)) {
            let names = SUBJECTS.map(EventField::as_str).join(", ");
            section.refuse(
                "fields",
                &format!("nothing says what an event is about: map at least one of {names}"),
            );
        }
        let entity = self.fields.contains_key(&EventField::EntityId);
        if entity != self.entity_type.is_some() {
            section.refuse(
                if entity { "fields" } else { "entity_type" },
                "field 'fields.entityId' says which thing an event is about and 'entity_type' what kind of thing that \
                 is: one needs the other",
            );
        }
        for field in self.required.iter().filter(|field| !self.fields.contains_key(field)) {
            let name = field.as_str();
            let message =
                format!("field 'required' names '{name}', and 'fields.{name}' does not say where it stands");
            section.refuse("required", &message);
        }
        if let Some(all) = self.types.iter().position(|rule| rule.when.is_empty())
            && all + 1 < self.types.len()
        {
            section.refuse(
                "types",
                "a type rule without 'when' matches every payload: it must be the last, those behind it never apply",
            );
        }
    }

    /// What is read as one value, each with the JSON Pointers at which it may stand, the best first.
    pub fn readings(&self) -> impl Iterator<Item = &[String]> {
        let when = self.types.iter().flat_map(|rule| rule.when.iter().map(|(pointer, _)| pointer));
        // Each of these is read by itself.
        let single = self.identity.iter().chain(when).map(std::slice::from_ref);
        // Times may be objects.
        let fields = self.fields.iter().filter(|(field, _)| **field != EventField::EventTime);
        let lists = fields.map(|(_, pointers)| pointers).chain(self.attributes.values());
        single.chain([&self.source_type, &self.canonical].into_iter().chain(lists).map(Vec::as_slice))
    }

    /// All JSON Pointers of what is read as one value.
    pub fn scalars(&self) -> impl Iterator<Item = &str> {
        self.readings().flatten().map(String::as_str)
    }

    /// Where what stands may be an object: times, and the tenant's own attributes.
    pub fn objects(&self) -> impl Iterator<Item = &str> {
        let times = self.fields.get(&EventField::EventTime).into_iter().flatten();
        times.chain(&self.tenant_attributes).map(String::as_str)
    }

    /// All JSON Pointers that it names.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        self.known.iter().flatten().map(String::as_str).chain(self.objects()).chain(self.scalars())
    }
}

impl Default for EventTable {
    /// Nothing is read.
    fn default() -> Self {
        Self {
            platform: String::new(),
            identity: Vec::new(),
            source_type: Vec::new(),
            canonical: Vec::new(),
            types: Vec::new(),
            entity_type: None,
            fields: BTreeMap::new(),
            attributes: BTreeMap::new(),
            tenant_attributes: Vec::new(),
            required: Vec::new(),
            known: None,
        }
    }
}

/// The name of a platform: part of keys, and of what rules compare.
fn platform_name(value: &Value<'_>) -> Read<String> {
    let written = text(value)?;
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    match written.bytes().all(allowed) {
        true => Ok(written),
        false => Err(Problem::new(format!(
            "is '{written}', must be lower-case letters, digits, '-' and '_', such as \"acme-ivr\""
        ))),
    }
}

fn list_of_fields(value: &Value<'_>) -> Read<Vec<EventField>> {
    crate::values::list(0, one_of(EventField::ALL.map(|field| (field.as_str(), field))))(value)
}
