//! `[sources.NAME.mapping]` of a source that tells changes of a CRM's records: where what changed stands in a payload.

mod preset;

use trunkline_systems::System;

use crate::event_table::WordPattern;
use crate::section::{Read, Section, Value};
use crate::source_kind::SourceKind;
use crate::values::{list, one_of, pointers, text};

/// How the payloads of a source become changes. Every `Vec` of JSON Pointers (RFC 6901) is of alternatives, the best
/// first, and each pointer begins where the change stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeTable {
    /// The system whose records change.
    pub system: System,
    /// Where the change stands in a payload: what relays wrap around it is left aside. The first one at which
    /// [`header`](Self::header) is an object counts; empty is the payload itself.
    pub at: Vec<String>,
    /// Where the description of the change stands; empty where the whole is that.
    pub header: String,
    /// What of the description is known; anything else in it is drift. Empty: anything may be in it.
    pub known: Vec<String>,
    /// Where the object or table is named.
    pub entity: Vec<String>,
    /// Which part of that name is meant.
    pub entity_part: EntityPart,
    /// Where the record's id stands, or a list of ids; or where several values stand that make the id together.
    /// `{entity}` stands for the entity's name.
    pub records: Vec<Vec<String>>,
    /// Where it stands what kind of change it is.
    pub change: Vec<String>,
    /// What the words there mean; the first that matches counts.
    pub words: Vec<(WordPattern, CrmChangeType)>,
    /// Where the names of the changed fields stand: a list, or a text with commas.
    pub changed: Vec<String>,
    /// Where the names of the fields stand that hold nothing any more.
    pub nulled: Vec<String>,
    /// Where the object stands whose members are the record's fields.
    pub values: Vec<String>,
    /// Whether values may be wrapped in the name of their type, as Avro's JSON encoding writes unions
    /// (`{"string": "4711"}`).
    pub unions: bool,
    /// Whether an empty text is what a field without a value has.
    pub empty_is_null: bool,
    /// When the change was made.
    pub changed_at: Vec<String>,
    /// Whether times without a zone are in UTC; otherwise they are not read.
    pub utc: bool,
    /// Where the system's own number of the change stands, which grows from one change of a record to the next.
    pub sequence: Vec<String>,
    /// Who or what made it.
    pub origin: Vec<String>,
    /// Origins that are this deployment's own writes.
    pub own: Vec<WordPattern>,
    /// What together makes two payloads the same change; where one of them is absent, the body does.
    pub identity: Vec<String>,
    /// Where the customer's number stands.
    pub customer: Vec<String>,
    /// What correlates it with other changes.
    pub correlation: Vec<String>,
}

/// Which part of a name is the entity's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityPart {
    /// All of it.
    Whole,
    /// The part between the last two dots before a version: `BusinessPartner` of
    /// `sap.s4.beh.businesspartner.v1.BusinessPartner.Changed.v1`.
    BeforeVerb,
}

/// What kind of change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CrmChangeType {
    /// The record is new.
    Create,
    /// Fields of it changed.
    Update,
    /// The record is gone.
    Delete,
    /// The record is back.
    Undelete,
    /// Something changed, and the system could not say what: read the record again.
    Gap,
    /// More changed than the system could say: read all records of the entity again.
    Overflow,
}

// === impl CrmChangeType ===

impl CrmChangeType {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Create, Self::Update, Self::Delete, Self::Undelete, Self::Gap, Self::Overflow];

    /// As in `CrmChange::change_type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Undelete => "undelete",
            Self::Gap => "gap",
            Self::Overflow => "overflow",
        }
    }
}

// === impl ChangeTable ===

impl ChangeTable {
    /// The table of a kind of source, with what `section` (`mapping`) says instead.
    pub(crate) fn read(section: &Section<'_>, kind: SourceKind) -> Option<Self> {
        let base = preset::of(kind)?;
        let pattern = |value: &Value<'_>| Ok(WordPattern::new(&text(value)?));
        let types = CrmChangeType::ALL.map(|change| (change.as_str(), change));
        let words = section.map("changes", one_of(types));
        let words = words.iter().map(|(word, change)| (WordPattern::new(word), *change));
        Some(Self {
            entity: section.or("entity", pointers, base.entity),
            records: section.or("records", record_pointers, base.records),
            change: section.or("change", pointers, base.change),
            words: words.chain(base.words).collect(),
            changed: section.or("changed", pointers, base.changed),
            nulled: section.or("nulled", pointers, base.nulled),
            values: section.or("values", pointers, base.values),
            changed_at: section.or("changed_at", pointers, base.changed_at),
            sequence: section.or("sequence", pointers, base.sequence),
            origin: section.or("origin", pointers, base.origin),
            own: section.or("own", list(1, pattern), base.own),
            identity: section.or("identity", pointers, base.identity),
            customer: section.or("customer", pointers, base.customer),
            correlation: section.or("correlation", pointers, base.correlation),
            known: section
                .optional("known", names)
                .map_or(base.known.clone(), |more| base.known.iter().cloned().chain(more).collect()),
            ..base
        })
    }
}

/// One JSON Pointer, or a list of alternatives, each a pointer or a list of those that make an id together.
fn record_pointers(value: &Value<'_>) -> Read<Vec<Vec<String>>> {
    match value.spanned.get_ref().as_array() {
        Some(_) => list(1, pointers)(value),
        None => Ok(vec![pointers(value)?]),
    }
}

fn names(value: &Value<'_>) -> Read<Vec<String>> {
    list(0, text)(value)
}
