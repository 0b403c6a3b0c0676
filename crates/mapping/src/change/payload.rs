//! What a payload of changes says: a table's JSON Pointers, read from where the change stands in it.

use std::collections::BTreeSet;

use serde_json::Value;
use trunkline_config::{ChangeTable, CrmChangeType, EntityPart};
use trunkline_schemas::key;

use crate::canonical;
use crate::delivery::Delivery;
use crate::difference::{Change, Difference};
use crate::event_time::Times;
use crate::field::Fields;
use crate::limits::ID_MAX;
use crate::payload::Element;
use crate::schema::Known;

/// Most records that one payload may tell a change of.
const RECORDS_MAX: usize = 1_000;

/// The types whose names Avro's JSON encoding wraps values of unions in, as far as records of Salesforce have them.
const UNION_TYPES: [&str; 5] = ["string", "int", "long", "double", "boolean"];

/// A payload, seen from where the change stands in it.
pub(super) struct Payload<'a> {
    table: &'a ChangeTable,
    element: &'a Element<'a>,
    /// JSON Pointer of the change.
    at: &'a str,
}

/// What is wrong with a payload that is no change.
pub(super) enum Wrong {
    /// Nothing in it is what the table reads.
    Unnamed,
    /// It lacks what a change cannot be without, or says something else there.
    Refused(Difference),
    /// What it says is not taken, for this reason.
    Said(String),
}

// === impl Payload ===

impl<'a> Payload<'a> {
    /// Where the change stands, if it does.
    pub(super) fn find(table: &'a ChangeTable, element: &'a Element<'a>) -> Option<Self> {
        let is_there = |at: &&String| {
            let header = element.value.pointer(&format!("{at}{}", table.header));
            let named = |pointer: &String| element.value.pointer(&format!("{at}{pointer}")).is_some();
            header.is_some_and(Value::is_object) && table.entity.iter().chain(&table.change).any(named)
        };
        let at = table.at.iter().find(is_there)?;
        Some(Self { table, element, at })
    }

    /// What stands at a JSON Pointer of the change.
    fn at(&self, pointer: &str) -> Option<Fields<'a>> {
        let mut pointer = format!("{}{pointer}", self.at);
        let found = self.element.value.pointer(&pointer)?;
        let wrapped = Some(found).filter(|_| self.table.unions).and_then(wrapping);
        if let Some(name) = wrapped {
            pointer.push('/');
            pointer.push_str(name);
        }
        let written = self.element.written.as_ref().and_then(|written| written.pointer(&pointer));
        Some(Fields::of(self.element.value.pointer(&pointer)?).with_written(written))
    }

    fn first(&self, pointers: &[String]) -> Option<String> {
        pointers.iter().find_map(|pointer| self.at(pointer)?.id(""))
    }

    /// The same of what a change can be without; where something stands there that cannot be read, that is drift.
    pub(super) fn optional(&self, pointers: &[String], drift: &mut Vec<Difference>) -> Option<String> {
        let read = self.first(pointers);
        if read.is_none() {
            drift.extend(pointers.iter().filter_map(|pointer| {
                let found = self.at(pointer)?.value("")?;
                let is_wrong = matches!(found, Value::Object(_) | Value::Array(_) | Value::Bool(_));
                is_wrong.then(|| self.changed_type(pointer, crate::difference::type_of(found)))
            }));
        }
        read
    }

    /// That something of another type stands at a JSON Pointer of the change.
    fn changed_type(&self, pointer: &str, found: &str) -> Difference {
        Difference::new(&format!("{}{pointer}", self.at), Change::TypeChanged, Some(found))
    }

    pub(super) fn required(&self, pointers: &[String]) -> Result<String, Wrong> {
        self.first(pointers).ok_or_else(|| self.wrong(pointers, Change::MissingField))
    }

    /// That what stands at the first of some pointers is not what it must be.
    fn wrong(&self, pointers: &[String], change: Change) -> Wrong {
        let pointer = pointers.first().map_or("", String::as_str);
        let found =
            self.element.value.pointer(&format!("{}{pointer}", self.at)).filter(|found| !found.is_null());
        let change = if found.is_some() { Change::TypeChanged } else { change };
        let pointer = format!("{}{pointer}", self.at);
        Wrong::Refused(Difference::new(&pointer, change, found.map(crate::difference::type_of)))
    }

    pub(super) fn entity(&self) -> Result<String, Wrong> {
        let name = self.required(&self.table.entity)?;
        match self.table.entity_part {
            EntityPart::Whole => Ok(name),
            // … .BusinessPartner.Changed.v1
            EntityPart::BeforeVerb => name
                .rsplit('.')
                .nth(2)
                .map(ToOwned::to_owned)
                .ok_or_else(|| self.wrong(&self.table.entity, Change::TypeChanged)),
        }
    }

    /// The ids of the records that changed, each once.
    pub(super) fn records(&self, entity: &str) -> Result<Vec<String>, Wrong> {
        let part = entity.replace('~', "~0").replace('/', "~1");
        let named = |pointer: &String| pointer.replace("{entity}", &part);
        let alternatives: Vec<Vec<String>> =
            self.table.records.iter().map(|pointers| pointers.iter().map(named).collect()).collect();
        let mut refused = None;
        for pointers in &alternatives {
            let ids = match pointers.as_slice() {
                [pointer] => self.ids(pointer),
                parts => self.joined(parts).map(|id| Ok(vec![id])),
            };
            match ids {
                Some(Ok(ids)) => return Ok(ids),
                Some(Err(wrong)) => drop(refused.get_or_insert(wrong)),
                None => {}
            }
        }
        let first = alternatives.first().map(Vec::as_slice).unwrap_or_default();
        Err(refused.unwrap_or_else(|| self.wrong(first, Change::MissingField)))
    }

    /// The ids at a JSON Pointer, each once; `None` where nothing stands there.
    fn ids(&self, pointer: &str) -> Option<Result<Vec<String>, Wrong>> {
        let found = self.at(pointer)?;
        let list = format!("{}{pointer}", self.at);
        let (items, pointer): (Vec<Fields<'_>>, _) = match found.value("")? {
            Value::Array(_) => (found.items("").collect(), format!("{pointer}/*")),
            _ => (vec![found], pointer.to_owned()),
        };
        let at = format!("{}{pointer}", self.at);
        let refused = |reason: String| Some(Err(Wrong::Said(reason)));
        if items.is_empty() {
            return refused(format!("{list} is an empty list: it names no record that changed"));
        }
        let mut ids = BTreeSet::new();
        for item in &items {
            // One that cannot be read would be lost.
            match item.id("") {
                Some(id) if id.len() > ID_MAX => {
                    return refused(format!("{at} has {} bytes, at most {ID_MAX} are an id", id.len()));
                }
                Some(id) => drop(ids.insert(id)),
                None if item.free_text("").is_some() || matches!(item.value(""), Some(Value::String(_))) => {
                    return refused(format!("{at} is a text or a flag that names no record"));
                }
                None => {
                    let found = item.value("").map_or("null", crate::difference::type_of);
                    return Some(Err(Wrong::Refused(self.changed_type(&pointer, found))));
                }
            }
        }
        if ids.len() > RECORDS_MAX {
            let count = ids.len();
            let most = format!("at most {RECORDS_MAX} are taken from a payload: tell them in several");
            return refused(format!("{list} names {count} records, {most}"));
        }
        Some(Ok(ids.into_iter().collect()))
    }

    /// The id that several values make together, where all of them are there.
    fn joined(&self, pointers: &[String]) -> Option<String> {
        let parts: Option<Vec<String>> = pointers.iter().map(|pointer| self.at(pointer)?.id("")).collect();
        let joined = parts?.iter().map(|part| key::segment(part)).collect::<Vec<_>>().join("/");
        Some(joined).filter(|id| id.len() <= ID_MAX)
    }

    /// What the description has that is not known.
    pub(super) fn unknown_fields(&self) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut at = format!("{}{}", self.at, self.table.header);
        if let Some(header) = self.element.typed().pointer(&at).filter(|_| !self.table.known.is_empty()) {
            let names = self.table.known.iter().map(|name| format!("/{name}")).collect::<Vec<_>>();
            Known::of_pointers(names.iter().map(String::as_str)).compare(header, &mut at, &mut found);
        }
        found
    }

    pub(super) fn times(&self) -> Times {
        let pointers: Vec<&str> = self.table.changed_at.iter().map(String::as_str).collect();
        let change = self.element.typed().pointer(self.at).unwrap_or(&Value::Null);
        if !self.table.utc {
            return Times::read(change, self.at, &pointers);
        }
        let mut change = change.clone();
        for pointer in &pointers {
            if let Some(Value::String(time)) = change.pointer_mut(pointer) {
                *time = in_utc(time);
            }
        }
        Times::read(&change, self.at, &pointers)
    }

    /// The names of the fields that changed, and of those that hold nothing any more. Where nothing tells which
    /// changed, a field without a value says nothing: payloads may have all fields of a record, null where they did
    /// not change.
    pub(super) fn fields(
        &self,
        change: CrmChangeType,
        drift: &mut Vec<Difference>,
    ) -> (Vec<String>, Vec<String>) {
        let values = self.table.values.iter().find_map(|pointer| self.at(pointer)?.value("")?.as_object());
        let header = self.table.header.trim_start_matches('/');
        let told = self.names(&self.table.changed, drift);
        let nulled = self.names(&self.table.nulled, drift).unwrap_or_default();
        let mut nulled: BTreeSet<String> = nulled.into_iter().collect();
        let Some(changed) = told else {
            let carries =
                matches!(change, CrmChangeType::Create | CrmChangeType::Update | CrmChangeType::Undelete);
            let all = values.filter(|_| carries).into_iter().flatten();
            let changed = all.filter(|(name, value)| *name != header && !self.is_null(value));
            return (changed.map(|(name, _)| name.clone()).collect(), nulled.into_iter().collect());
        };
        // Parts of a compound field stand below its name.
        let value_of = |name: &str| {
            let mut parts = name.split('.');
            let first = values?.get(parts.next()?)?;
            parts.try_fold(first, |found, part| found.get(part))
        };
        if change == CrmChangeType::Update {
            let is_null = |name: &&String| value_of(name).is_some_and(|value| self.is_null(value));
            nulled.extend(changed.iter().filter(is_null).cloned());
        }
        (changed, nulled.into_iter().collect())
    }

    /// Whether a field holds nothing.
    fn is_null(&self, value: &Value) -> bool {
        match self.unwrapped(value) {
            Value::Null => true,
            Value::String(text) => self.table.empty_is_null && text.is_empty(),
            _ => false,
        }
    }

    /// A value without the name of its type around it.
    fn unwrapped<'v>(&self, found: &'v Value) -> &'v Value {
        Some(found)
            .filter(|_| self.table.unions)
            .and_then(wrapping)
            .and_then(|name| found.get(name))
            .unwrap_or(found)
    }

    /// A list of names, or a text with commas; `None` where the payload does not have one that can be read.
    fn names(&self, pointers: &[String], drift: &mut Vec<Difference>) -> Option<Vec<String>> {
        pointers.iter().find_map(|pointer| {
            let found = self.at(pointer)?;
            let names: Vec<String> = match found.value("")? {
                Value::Array(items) => match items.iter().find(|item| !item.is_string()) {
                    None => found.items("").filter_map(|item| item.free_text("")).collect(),
                    Some(other) => {
                        let pointer = format!("{pointer}/*");
                        drift.push(self.changed_type(&pointer, crate::difference::type_of(other)));
                        return None;
                    }
                },
                Value::String(text) => text
                    .split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty())
                    .map(ToOwned::to_owned)
                    .collect(),
                other => {
                    drift.push(self.changed_type(pointer, crate::difference::type_of(other)));
                    return None;
                }
            };
            // Bits of a schema that is not here, as the Pub/Sub API has them: they name nothing.
            if names.iter().any(|name| is_bits(name)) {
                drift.push(self.changed_type(pointer, "bitmap"));
                return Some(Vec::new());
            }
            Some(names)
        })
    }

    /// What makes it the same change: what the table says, else the body, which is told once only where it holds when.
    pub(super) fn identity(&self, delivery: &Delivery<'_>, is_timed: bool) -> Vec<String> {
        let named = |pointer: &String| self.at(pointer)?.id("");
        let named: Option<Vec<String>> = self.table.identity.iter().map(named).collect();
        named.filter(|fields| !fields.is_empty()).unwrap_or_else(|| {
            let mut fields = vec!["body".to_owned(), canonical::hash(&self.element.value)];
            if !is_timed {
                fields.extend(delivery.names(self.element));
            }
            fields
        })
    }
}

/// The name of its type that a value of a union is wrapped in.
fn wrapping(value: &Value) -> Option<&'static str> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    UNION_TYPES.into_iter().find(|name| members.contains_key(*name))
}

/// `2016-01-19 04:52:04`, as the table API of ServiceNow writes UTC, with its zone.
fn in_utc(time: &str) -> String {
    match time.trim().split_once(' ') {
        Some((date, clock)) if !clock.contains([' ', '+', 'Z']) => format!("{date}T{clock}Z"),
        _ => time.to_owned(),
    }
}

/// Whether a name is a set of bits, or bits of an inner record: `0x4A`, `12-0x4A`.
fn is_bits(name: &str) -> bool {
    let bits = name.split_once('-').map_or(name, |(_, bits)| bits);
    bits.strip_prefix("0x")
        .is_some_and(|bits| !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
