//! Payloads that tell changes of a CRM's records, read by a table: to the records of `crm.changes`.
//!
//! What a payload does not say stays unsaid: a field that is absent is not null, and a change that the system could not
//! tell in full says what has to be read again.

use std::collections::BTreeSet;

use serde_json::Value;
use trunkline_config::{ChangeTable, CrmChangeType, EntityPart};
use trunkline_schemas::{CrmChange, event_id};

use crate::canonical;
use crate::delivery::Delivery;
use crate::difference::{Change, Difference};
use crate::event_time::Times;
use crate::field::Fields;
use crate::limits::ID_MAX;
use crate::outcome::{Changes, ElementOutcome};
use crate::payload::Element;
use crate::quarantine;
use crate::schema::Known;

/// The version of all tables: what they say changes with this program and the configuration.
const VERSION: &str = "1";

/// Stands for a record's id where all records of the entity are meant.
const ALL_RECORDS: &str = "*";

/// The id that overflows of Salesforce have in place of a record's.
const NO_RECORD: &str = "000000000000000AAA";

/// Most records that one payload may tell a change of.
const RECORDS_MAX: usize = 1_000;

/// Most bytes that the names of fields may take in all records of a payload: each record has all of them.
const NAMES_MAX: usize = 4 << 20;

/// What has to be read again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reread {
    Nothing,
    Record,
    All,
}

/// A payload, seen from where the change stands in it.
struct Payload<'a> {
    table: &'a ChangeTable,
    element: &'a Element<'a>,
    /// JSON Pointer of the change.
    at: &'a str,
}

/// What is wrong with a payload that is no change.
enum Wrong {
    /// Nothing in it is what the table reads.
    Unnamed,
    /// It lacks what a change cannot be without, or says something else there.
    Refused(Difference),
    /// A part of it is larger than is taken.
    TooLarge(String),
}

/// Maps an element of a source whose payloads are changes.
pub fn map(table: &ChangeTable, delivery: &Delivery<'_>, element: &Element<'_>) -> ElementOutcome {
    let (reason, drift) = match read(table, delivery, element) {
        Ok(changes) => match quarantined_drift(delivery, &changes.drift) {
            None => return ElementOutcome::Changes(Box::new(changes)),
            Some(reason) => (reason, changes.drift),
        },
        Err(Wrong::Refused(difference)) => (difference.to_string(), vec![difference]),
        Err(Wrong::TooLarge(reason)) => (reason, Vec::new()),
        Err(Wrong::Unnamed) => {
            let reason = format!("nothing in it says what {} event it is", delivery.source.kind);
            return quarantine::unmatched(delivery, element, "", reason, Vec::new());
        }
    };
    quarantine::unmatched(delivery, element, VERSION, reason, drift)
}

fn quarantined_drift(delivery: &Delivery<'_>, drift: &[Difference]) -> Option<String> {
    let quarantines = delivery.source.drift == trunkline_config::Drift::Quarantine;
    let first = drift.first().filter(|_| quarantines)?;
    Some(format!("{first}, and this source quarantines drift"))
}

fn read(table: &ChangeTable, delivery: &Delivery<'_>, element: &Element<'_>) -> Result<Changes, Wrong> {
    let payload = Payload::find(table, element).ok_or(Wrong::Unnamed)?;
    let entity = payload.entity()?;
    let word = payload.required(&table.change)?;
    let records = payload.records(&entity)?;
    let mut drift = payload.unknown_fields();
    let known = table.words.iter().find(|(pattern, _)| pattern.matches(&word)).map(|(_, change)| *change);
    if known.is_none() {
        drift.push(Difference::new("", Change::UnknownEventType, Some(&word)));
    }
    // Of a change that is not known it is known that something changed.
    let change_type = known.unwrap_or(CrmChangeType::Gap);
    let times = payload.times();
    drift.extend(times.passed_over(delivery.received_at));
    let told_at = times.plausible(delivery.received_at);
    let (changed, nulled) = payload.fields(change_type, &mut drift);
    let identity = payload.identity(delivery, told_at.is_some());
    let origin = payload.first(&table.origin);
    let own_write = origin.as_ref().is_some_and(|origin| table.own.iter().any(|own| own.matches(origin)));
    let customer = payload.first(&table.customer).unwrap_or_default();
    let correlation = payload.first(&table.correlation).or_else(|| delivery.correlation_id.clone());
    too_large(
        &[Some(&entity), Some(&word), Some(&customer), origin.as_ref(), correlation.as_ref()],
        changed.iter().chain(&nulled).map(String::len).sum::<usize>() * records.len(),
    )?;
    let org = delivery.source.org.clone();
    let system = table.system.as_str();
    let of = |parts: &[&str]| {
        let head = [system, org.as_deref().unwrap_or_default(), entity.as_str()];
        let identity = identity.iter().map(String::as_str);
        event_id::derive(
            "change",
            &head.into_iter().chain(identity).chain(parts.iter().copied()).collect::<Vec<_>>(),
        )
    };
    let id = of(&[]);
    let correlation_id = correlation.unwrap_or_else(|| id.clone());
    let change = |record: String| {
        let (record, reread) = reread(change_type, record);
        CrmChange {
            change_id: of(&["record", &record]),
            system: system.to_owned(),
            entity: entity.clone(),
            entity_id: record,
            customer_id: customer.clone(),
            change_type: change_type.as_str().to_owned(),
            changed_fields: changed.clone(),
            changed_at: told_at.unwrap_or(delivery.received_at),
            origin: origin.clone(),
            own_write,
            correlation_id: correlation_id.clone(),
            org_id: org.clone(),
            source: Some(delivery.source.name.clone()),
            source_type: Some(word.clone()),
            reread: reread.as_str().map(ToOwned::to_owned),
            nulled_fields: nulled.clone(),
            received_at: Some(delivery.received_at),
        }
    };
    let records = records.into_iter().map(change).collect();
    let payload_hash = canonical::sha256_hex(element.bytes);
    Ok(Changes { id, records, source_type: word, schema_version: VERSION.to_owned(), payload_hash, drift })
}

/// Refuses what would make records too large, or too much of all of them.
fn too_large(texts: &[Option<&String>], names: usize) -> Result<(), Wrong> {
    if let Some(long) = texts.iter().flatten().find(|text| text.len() > ID_MAX) {
        let reason =
            format!("a text of {} bytes stands for a name or an id, at most {ID_MAX} are taken", long.len());
        return Err(Wrong::TooLarge(reason));
    }
    if names > NAMES_MAX {
        let reason = format!("the names of fields would take {names} bytes, at most {NAMES_MAX} are taken");
        return Err(Wrong::TooLarge(reason));
    }
    Ok(())
}

/// The record that is meant, and what has to be read again.
fn reread(change: CrmChangeType, record: String) -> (String, Reread) {
    // A prefix with a star stands for all records of a kind.
    let all = record == NO_RECORD || record.ends_with('*') || change == CrmChangeType::Overflow;
    match (all, change) {
        (true, _) => (ALL_RECORDS.to_owned(), Reread::All),
        (false, CrmChangeType::Gap) => (record, Reread::Record),
        (false, _) => (record, Reread::Nothing),
    }
}

// === impl Reread ===

impl Reread {
    /// As in `CrmChange::reread`.
    fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Record => Some("record"),
            Self::All => Some("all"),
        }
    }
}

// === impl Payload ===

impl<'a> Payload<'a> {
    /// Where the change stands, if it does.
    fn find(table: &'a ChangeTable, element: &'a Element<'a>) -> Option<Self> {
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
        let pointer = format!("{}{pointer}", self.at);
        let written = self.element.written.as_ref().and_then(|written| written.pointer(&pointer));
        Some(Fields::of(self.element.value.pointer(&pointer)?).with_written(written))
    }

    fn first(&self, pointers: &[String]) -> Option<String> {
        pointers.iter().find_map(|pointer| self.at(pointer)?.id(""))
    }

    fn required(&self, pointers: &[String]) -> Result<String, Wrong> {
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

    fn entity(&self) -> Result<String, Wrong> {
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
    fn records(&self, entity: &str) -> Result<Vec<String>, Wrong> {
        let part = entity.replace('~', "~0").replace('/', "~1");
        let pointers: Vec<String> =
            self.table.records.iter().map(|pointer| pointer.replace("{entity}", &part)).collect();
        let ids = |pointer: &String| {
            let found = self.at(pointer)?;
            let ids: Vec<Option<String>> = match found.value("")? {
                Value::Array(_) => found.items("").map(|item| item.id("")).collect(),
                _ => vec![found.id("")],
            };
            // One that cannot be read would be lost.
            let ids: Option<BTreeSet<String>> = ids.into_iter().collect();
            ids.filter(|ids| !ids.is_empty() && ids.len() <= RECORDS_MAX)
                .filter(|ids| ids.iter().all(|id| id.len() <= ID_MAX))
        };
        let found = pointers.iter().find_map(ids);
        found.map(|ids| ids.into_iter().collect()).ok_or_else(|| self.wrong(&pointers, Change::MissingField))
    }

    /// What the description has that is not known.
    fn unknown_fields(&self) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut at = format!("{}{}", self.at, self.table.header);
        if let Some(header) = self.element.typed().pointer(&at).filter(|_| !self.table.known.is_empty()) {
            let names = self.table.known.iter().map(|name| format!("/{name}")).collect::<Vec<_>>();
            Known::of_pointers(names.iter().map(String::as_str)).compare(header, &mut at, &mut found);
        }
        found
    }

    fn times(&self) -> Times {
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

    /// The names of the fields that changed, and of those among them that hold nothing any more.
    fn fields(&self, change: CrmChangeType, drift: &mut Vec<Difference>) -> (Vec<String>, Vec<String>) {
        let values = self.table.values.iter().find_map(|pointer| self.at(pointer)?.value("")?.as_object());
        let header = self.table.header.trim_start_matches('/');
        let told = self.names(&self.table.changed, drift);
        let carries =
            matches!(change, CrmChangeType::Create | CrmChangeType::Update | CrmChangeType::Undelete);
        let changed = told.unwrap_or_else(|| {
            let all = values.filter(|_| carries).into_iter().flatten().map(|(name, _)| name);
            all.filter(|name| *name != header).cloned().collect()
        });
        // Parts of a compound field stand below its name.
        let value_of = |name: &str| {
            let mut parts = name.split('.');
            let first = values?.get(parts.next()?)?;
            parts.try_fold(first, |found, part| found.get(part))
        };
        let is_null = |name: &&String| value_of(name).is_some_and(Value::is_null);
        let mut nulled: BTreeSet<String> =
            self.names(&self.table.nulled, drift).unwrap_or_default().into_iter().collect();
        if change == CrmChangeType::Update {
            nulled.extend(changed.iter().filter(is_null).cloned());
        }
        (changed, nulled.into_iter().collect())
    }

    /// A list of names, or a text with commas; `None` where the payload does not have one.
    fn names(&self, pointers: &[String], drift: &mut Vec<Difference>) -> Option<Vec<String>> {
        pointers.iter().find_map(|pointer| {
            let found = self.at(pointer)?;
            let names: Vec<String> = match found.value("")? {
                Value::Array(_) => found.items("").filter_map(|item| item.free_text("")).collect(),
                Value::String(text) => text
                    .split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty())
                    .map(ToOwned::to_owned)
                    .collect(),
                other => {
                    let found = Some(crate::difference::type_of(other));
                    drift.push(Difference::new(&format!("{}{pointer}", self.at), Change::TypeChanged, found));
                    return None;
                }
            };
            // Bits of a schema that is not here, as the Pub/Sub API has them: they name nothing.
            if names.iter().any(|name| is_bits(name)) {
                let pointer = format!("{}{pointer}", self.at);
                drift.push(Difference::new(&pointer, Change::TypeChanged, Some("bitmap")));
                return Some(Vec::new());
            }
            Some(names)
        })
    }

    /// What makes it the same change: what the table says, else the body, which is told once only where it holds when.
    fn identity(&self, delivery: &Delivery<'_>, is_timed: bool) -> Vec<String> {
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
